"""A rule: the text of a condition, which is compiled once  [RuleEvaluator, ProctorUtils]."""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from proctor.core.exceptions import RuleError, RuleEvaluationError
from proctor.core.java.coercion import to_boolean
from proctor.core.java.text import is_whitespace, trim
from proctor.core.java.values import MaybeBool
from proctor.core.messages import error_text
from proctor.core.rules import nodes
from proctor.core.rules.compiler import Compiler, Evaluate
from proctor.core.rules.functions import LIBRARY, Function, extended
from proctor.core.rules.parser import parse
from proctor.core.rules.partial import has_unknowns, partial_value
from proctor.core.rules.scope import Scope, plain_scope
from proctor.core.rules.typecheck import boolean_check
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Rule", "RuleKind", "boolean", "classify", "guarded", "is_blank"]

logger = logging.getLogger("proctor.rules")

#: Rules with more characters than this do not keep their trees, because a matrix with many such
#: rules would fill the memory.
MAX_KEPT = 1000

_T = TypeVar("_T")


class RuleKind(enum.Enum):
    """The kind of a rule, which is determined from its text before parsing."""

    #: null, blank or `${}`: true for everyone.
    EMPTY = "empty"
    #: Begins with "true", ignoring case. The rest is ignored.
    TRUE = "true"
    #: Begins with "false", ignoring case. The rest is ignored.
    FALSE = "false"
    #: Not of the form `${…}`. It is false, and Java Proctor logs an error at each evaluation.
    INVALID = "invalid"
    #: An expression, which is parsed and evaluated.
    EXPRESSION = "expression"


#: Words that give a rule a fixed result. A dict, because `kind.value` is slow.
_FIXED = {kind.value: kind for kind in (RuleKind.TRUE, RuleKind.FALSE)}


def is_blank(text: str | None) -> bool:
    """Return True for null and for text that is only Java whitespace [StringUtils.isBlank]."""
    return text is None or all(map(is_whitespace, text))


def classify(text: str | None, *, whole_words: bool = False) -> RuleKind:
    """Classify a rule as ProctorUtils.clasifyElExpression does, after RuleEvaluator's own checks.

    If *whole_words* is true, "true" and "false" are recognized only if nothing follows them, as in
    partial evaluation.
    """
    if text is None or is_blank(text):
        return RuleKind.EMPTY
    if not (text.startswith("${") and text.endswith("}")):
        return RuleKind.INVALID
    inner = trim(text[2:-1])
    if not inner:
        return RuleKind.EMPTY
    for word, kind in _FIXED.items():
        if (inner if whole_words else inner[: len(word)]).lower() == word:
            return kind
    return RuleKind.EXPRESSION


class Rule:
    """An immutable rule, compiled when it is created. Safe to share between threads.

    *text* is the rule with its braces; None is always true. *constants* belong to the test and hide
    variables of the same name. *functions* adds your own functions; its keys have the form
    `prefix:name`. Each function is a Python callable with annotations, or a `Function`.

    Raises RuleSyntaxError if Java Proctor could not parse the text. Text that Java Proctor never
    parses is not an error: `${true…` is true, no matter what follows.
    """

    __slots__ = ("_compiler", "constants", "holds", "kind", "names", "node", "text")

    #: The original text of the rule.
    text: str | None
    #: The kind of rule, which depends on its text.
    kind: RuleKind
    #: The tree, if the text is an expression of at most `MAX_KEPT` characters; otherwise None.
    node: nodes.Node | None
    #: The variables that the rule mentions, without constants.
    names: frozenset[str]
    #: The constants that the rule can use.
    constants: Mapping[str, Any]
    #: Like `evaluate`, for a scope that is used for many rules. It can raise any exception that a
    #: value in the context raises, so call it through `guarded`.
    holds: Callable[[Scope], bool]

    def __init__(
        self,
        text: str | None,
        constants: Mapping[str, Any] | None = None,
        *,
        functions: Mapping[str, Function | Callable[..., Any]] | None = None,
        library: Mapping[str, Function] = LIBRARY,
        node: nodes.Node | None = None,
    ) -> None:
        self.text = text
        self.constants = constants or {}
        self.kind = classify(text)
        if functions:
            library = extended(library, functions)
        self._compiler = Compiler(self.constants, library)
        self.node = None
        self.names = frozenset()
        if self.kind is not RuleKind.EXPRESSION:
            self.holds = self._fixed()
            return
        # *node* is the tree of *text*, if the caller has already parsed it.
        node = node or parse(text or "")
        self.holds = boolean(node, self._compiler)
        self.names = nodes.names(node) - set(self.constants)
        if len(text or "") <= MAX_KEPT:
            self.node = node

    def __repr__(self) -> str:
        return f"Rule({self.text!r})"

    @property
    def tree(self) -> nodes.Node | None:
        """The rule's tree, however long the rule is, or None if the rule is not an expression."""
        if self.kind is not RuleKind.EXPRESSION:
            return None
        return self.node or parse(self.text or "")

    @property
    def compiler(self) -> Compiler:
        """The compiler for parts of the rule. It has the rule's constants and functions."""
        return self._compiler

    def evaluate(self, context: Mapping[str, Any]) -> bool:
        """Return True if the rule holds for *context*  [evaluateBooleanRule].

        Raises RuleError whenever Java Proctor throws an exception.
        """
        return guarded(self.holds, plain_scope(context)[0])

    def value(self, context: Mapping[str, Any]) -> Any:
        """Return the value before the type check and the conversion to boolean.

        Raises RuleError whenever Java Proctor throws an exception, including RuleSyntaxError,
        because this method parses every text.
        """
        node = self.node or parse(self.text or "")
        return guarded(self._compiler.compile(node), plain_scope(context)[0])

    def could_hold(self, context: Mapping[str, Any]) -> bool:
        """Return True if the rule could hold. Variables missing from *context* are unknown.

        [evaluateBooleanRulePartial] Raises RuleError whenever Java Proctor throws an exception.
        """
        if classify(self.text, whole_words=True) is not RuleKind.EXPRESSION:
            return self.evaluate(context)
        node = self.node or parse(self.text or "")
        known = {*context, *self.constants}
        if not has_unknowns(node, known):
            return guarded(boolean(node, self._compiler), plain_scope(context)[0])
        value = guarded(
            lambda scope: partial_value(node, known, self._compiler, scope), plain_scope(context)[0]
        )
        return value is not MaybeBool.FALSE

    def _fixed(self) -> Callable[[Scope], bool]:
        """Return `holds` for text that is not an expression."""
        if self.kind is RuleKind.INVALID:
            return self._complain
        answer = self.kind is not RuleKind.FALSE
        return lambda scope: answer

    def _complain(self, scope: Scope) -> bool:
        logger.error("Invalid rule %r is never true: write it between ${ and }", self.text)
        return False


def guarded(evaluate: Callable[[Scope], _T], scope: Scope) -> _T:
    """Return the result of *evaluate* for *scope*. Raises only RuleError.

    Values that a site puts into the context can raise any exception when they are compared or
    printed, and a list can be nested too deeply for the stack. In these cases only the rule fails,
    as it does after a RuntimeException in Java Proctor.
    """
    try:
        return evaluate(scope)
    except RuleError:
        raise
    except Exception as error:
        raise RuleEvaluationError(
            Sentence(
                gettext_noop("a value in the context raised an error: {error}"),
                error=error_text(error),
            )
        ) from error


#: Nodes whose result is always a Boolean.
_BOOLEAN_NODES = (nodes.Chain, nodes.Not, nodes.Empty)


def boolean(node: nodes.Node, compiler: Compiler) -> Callable[[Scope], bool]:
    """Return a function that checks the type of *node* and returns its value as a boolean."""
    evaluate = compiler.compile(node)
    check = boolean_check(node, compiler)
    if check is None:
        if isinstance(node, (_BOOLEAN_NODES, nodes.Binary)):
            return _fresh(evaluate) if _leaves_traces(node, compiler) else evaluate
        return _fresh(lambda scope: to_boolean(evaluate(scope)))
    return _fresh(lambda scope: (check(scope), to_boolean(evaluate(scope)))[1])


def _leaves_traces(node: nodes.Node, compiler: Compiler) -> bool:
    """Return True if evaluating *node* can change the state of the scope."""
    return any(
        isinstance(each, nodes.Access)
        or (isinstance(each, nodes.FunctionCall) and compiler.function(each).work is not None)
        for each in nodes.walk(node)
    )


def _fresh(evaluate: Evaluate) -> Evaluate:
    """Return a function that clears the previous rule's state and then calls *evaluate*."""

    def begin(scope: Scope) -> Any:
        scope.begin()
        return evaluate(scope)

    return begin
