"""A rule: the text of a condition, compiled once  [RuleEvaluator, ProctorUtils]."""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from proctor.core.exceptions import RuleError, RuleEvaluationError
from proctor.core.rules import nodes
from proctor.core.rules.coercion import to_boolean
from proctor.core.rules.compiler import Compiler, Evaluate, Scope
from proctor.core.rules.functions import LIBRARY, Function, extended
from proctor.core.rules.parser import parse
from proctor.core.rules.partial import has_unknowns, partial_value
from proctor.core.rules.text import is_whitespace, trim
from proctor.core.rules.typecheck import boolean_check
from proctor.core.rules.values import MaybeBool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Kind", "Rule", "boolean", "classify", "guarded", "is_blank"]

logger = logging.getLogger(__name__)

_T = TypeVar("_T")


class Kind(enum.Enum):
    """What the text of a rule is, before it is parsed."""

    #: null, blank, `${}`: true for everybody.
    EMPTY = "empty"
    #: Begins with "true", in any case; the rest is never looked at.
    TRUE = "true"
    #: Begins with "false", in any case; the rest is never looked at.
    FALSE = "false"
    #: Not of the form `${…}`: false, and the Java logs an error at each evaluation.
    INVALID = "invalid"
    #: To be parsed and evaluated.
    EXPRESSION = "expression"


def is_blank(text: str | None) -> bool:
    """StringUtils.isBlank: null, or nothing but Java's whitespace."""
    return text is None or all(map(is_whitespace, text))


def classify(text: str | None, *, whole_words: bool = False) -> Kind:
    """ProctorUtils.clasifyElExpression, and what RuleEvaluator looks at before it.

    *whole_words*: "true" and "false" count only where nothing follows, as partial
    evaluation has it.
    """
    if text is None or is_blank(text):
        return Kind.EMPTY
    if not (text.startswith("${") and text.endswith("}")):
        return Kind.INVALID
    inner = trim(text[2:-1])
    if not inner:
        return Kind.EMPTY
    for kind in (Kind.TRUE, Kind.FALSE):
        word = inner if whole_words else inner[: len(kind.value)]
        if word.lower() == kind.value:
            return kind
    return Kind.EXPRESSION


class Rule:
    """A rule, compiled when it is made, immutable, to be shared between threads.

    *text* is the rule with its braces, or None, which is true. *constants* are the test's;
    they hide variables of the same name. *functions* adds functions of one's own, by
    `prefix:name`: a Python callable with annotations, or a `Function`.

    Raises RuleSyntaxError where the Java could not parse the text. What the Java never
    parses is no error: `${true…` is true whatever follows.
    """

    __slots__ = ("_compiler", "constants", "holds", "kind", "node", "text")

    #: The text as it was given.
    text: str | None
    #: What the text is.
    kind: Kind
    #: The tree, where there is an expression.
    node: nodes.Node | None
    #: The constants that the rule sees.
    constants: Mapping[str, Any]
    #: `evaluate`, for a scope that a caller uses for many rules. What a value of the context
    #: raises passes as it is: call it through `guarded`.
    holds: Callable[[Scope], bool]

    def __init__(
        self,
        text: str | None,
        constants: Mapping[str, Any] | None = None,
        *,
        functions: Mapping[str, Function | Callable[..., Any]] | None = None,
        library: Mapping[str, Function] = LIBRARY,
    ) -> None:
        self.text = text
        self.constants = constants or {}
        self.kind = classify(text)
        if functions:
            library = extended(library, functions)
        self._compiler = Compiler(self.constants, library)
        self.node = parse(text or "") if self.kind is Kind.EXPRESSION else None
        self.holds = self._fixed() if self.node is None else boolean(self.node, self._compiler)

    def __repr__(self) -> str:
        return f"Rule({self.text!r})"

    @property
    def names(self) -> frozenset[str]:
        """The variables that the rule mentions; constants are none."""
        return frozenset() if self.node is None else nodes.names(self.node) - set(self.constants)

    @property
    def compiler(self) -> Compiler:
        """What makes closures of parts of the rule, with its constants and functions."""
        return self._compiler

    def evaluate(self, context: Mapping[str, Any]) -> bool:
        """Whether the rule holds for *context*  [evaluateBooleanRule].

        Raises RuleError where the Java throws.
        """
        return guarded(self.holds, Scope(context))

    def value(self, context: Mapping[str, Any]) -> Any:
        """The value before type check and conversion to boolean.

        Raises RuleError where the Java throws, RuleSyntaxError included: here every text
        is parsed.
        """
        node = self.node or parse(self.text or "")
        return guarded(self._compiler.compile(node), Scope(context))

    def could_hold(self, context: Mapping[str, Any]) -> bool:
        """Whether the rule may hold, variables that are not in *context* being unknown.

        [evaluateBooleanRulePartial] Raises RuleError where the Java throws.
        """
        if classify(self.text, whole_words=True) is not Kind.EXPRESSION:
            return self.evaluate(context)
        node = self.node or parse(self.text or "")
        known = {*context, *self.constants}
        if not has_unknowns(node, known):
            return guarded(boolean(node, self._compiler), Scope(context))
        value = guarded(
            lambda scope: partial_value(node, known, self._compiler, scope), Scope(context)
        )
        return value is not MaybeBool.FALSE

    def _fixed(self) -> Callable[[Scope], bool]:
        """`holds` of a text that is not an expression."""
        if self.kind is Kind.INVALID:
            return self._complain
        answer = self.kind is not Kind.FALSE
        return lambda scope: answer

    def _complain(self, scope: Scope) -> bool:
        logger.error("Invalid rule %r: it has to begin with ${ and end with }", self.text)
        return False


def guarded(evaluate: Callable[[Scope], _T], scope: Scope) -> _T:
    """What *evaluate* gives for *scope*. Raises RuleError and nothing else.

    What a site puts into the context may raise anything when it is compared or printed, and
    a list may be nested deeper than the stack. The Java survives every RuntimeException here.
    """
    try:
        return evaluate(scope)
    except RuleError:
        raise
    except Exception as error:
        raise RuleEvaluationError(f"a value of the context failed: {_described(error)}") from error


def _described(error: Exception) -> str:
    """*error* in a line, also where it cannot print itself."""
    try:
        return f"{type(error).__name__}: {error}"[:200]
    except Exception:  # noqa: BLE001 - the error is the site's, and so is what prints it
        return type(error).__name__


#: Nodes that give a Boolean, whatever their operands are.
_BOOLEAN_NODES = (nodes.Chain, nodes.Not, nodes.Empty)


def boolean(node: nodes.Node, compiler: Compiler) -> Callable[[Scope], bool]:
    """The closure of a whole expression: type check, value, conversion to boolean."""
    evaluate = compiler.compile(node)
    check = boolean_check(node, compiler)
    if check is None:
        if isinstance(node, (_BOOLEAN_NODES, nodes.Binary)):
            return _fresh(evaluate) if _leaves_traces(node, compiler) else evaluate
        return _fresh(lambda scope: to_boolean(evaluate(scope)))
    return _fresh(lambda scope: (check(scope), to_boolean(evaluate(scope)))[1])


def _leaves_traces(node: nodes.Node, compiler: Compiler) -> bool:
    """Whether evaluating *node* may change what the scope remembers."""
    return any(
        isinstance(each, nodes.Access)
        or (isinstance(each, nodes.Call) and compiler.function(each).work is not None)
        for each in nodes.walk(node)
    )


def _fresh(evaluate: Evaluate) -> Evaluate:
    """*evaluate*, which begins with nothing remembered from the rule before."""

    def begin(scope: Scope) -> Any:
        scope.begin()
        return evaluate(scope)

    return begin
