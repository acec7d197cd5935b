"""Explain the result of a rule: which operand determined it, and which values the variables had.

The compiler evaluates each operand. This module only finds the operand that determined the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.core.exceptions import RuleError, RuleTypeError
from proctor.core.java.coercion import to_boolean
from proctor.core.java.display import shown_value
from proctor.core.java.values import java_class
from proctor.core.messages import printable
from proctor.core.rules import nodes
from proctor.core.rules.rule import RuleKind
from proctor.core.sentences import Sentence, gettext_noop, listed, sentence_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.rules.compiler import Compiler, Scope
    from proctor.core.rules.rule import Rule

__all__ = ["Operand", "RuleExplanation", "VariableExplanation", "explain_rule"]

#: Maximum number of steps in an access (such as `a.b.c`) that is searched. An access with more
#: steps is shown as a whole, because searching it would be slow.
MAX_STEPS = 50


@dataclass(frozen=True, slots=True)
class VariableExplanation:
    """A variable or a constant that a rule mentions, and its value in the rule."""

    name: str
    #: The value in the notation of rules, shortened; None if the variable is missing.
    value: str | None
    #: The simple name of the value's Java class; None if the variable is missing.
    type: str | None = None
    #: True for a constant of the test. A constant hides a variable with the same name.
    constant: bool = False
    #: The reason why the variable is missing, if it was given but could not be converted.
    problem: str | None = None

    @property
    def text(self) -> str:
        """The variable and its value, or the reason why it is missing."""
        name = printable(self.name, 80)
        if self.value is not None:
            text = gettext_noop("{name} = {value} ({type})")
            if self.constant:
                text = gettext_noop("{name} = {value} (constant {type})")
            return Sentence(text, name=name, value=self.value, type=self.type)
        if self.problem is not None:
            text = gettext_noop("{name} could not be converted: {problem}")
            return Sentence(text, name=name, problem=printable(self.problem))
        return Sentence(gettext_noop("{name} is not in the context"), name=name)

    def __str__(self) -> str:
        return str(self.text)

    def to_dict(self) -> dict[str, Any]:
        """Return the variable as a dict that can be written as JSON."""
        return {
            "name": self.name,
            "value": self.value,
            "type": self.type,
            "constant": self.constant,
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class Operand:
    """The part of a rule that determined its result, or that failed."""

    #: The text of this part.
    text: str
    #: The column in the rule's text, counted from 1.
    column: int
    #: The variables that this part mentions.
    names: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the operand as a dict that can be written as JSON."""
        return {"text": self.text, "column": self.column, "names": list(self.names)}


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """The outcome of one rule for one visitor.

    For a false `a && b && c`, the operand is the first one that is false. For a true `a || b`, it
    is the first one that is true, and so on for nested expressions. If no single part determined
    the result (for a true `a && b`), the operand is the whole rule. For a rule that failed, the
    operand is the part that raised the error.
    """

    #: The text of the rule; None if the test has no rule and is therefore open to everyone.
    text: str | None
    kind: RuleKind
    #: True if the rule holds; None if it failed.
    result: bool | None
    #: The error, in printable form; None if the rule did not fail.
    error: str | None = None
    #: The name of the exception that Java Proctor throws in this case.
    java_class: str | None = None
    #: The operand that determined the result; None if nothing was evaluated, because there is no
    #: rule or it is not an expression.
    operand: Operand | None = None
    #: All variables in the rule, in the order in which the rule mentions them. Variables that were
    #: never read are included.
    variables: tuple[VariableExplanation, ...] = ()

    @property
    def outcome(self) -> str:
        """Return `true`, `false` or `error`."""
        return "error" if self.result is None else "true" if self.result else "false"

    @property
    def why(self) -> str:
        """The operand that determined the result, in one line, with its column and variables."""
        if self.operand is None:
            return _NOT_EVALUATED[self.kind]
        text = gettext_noop("{operand} at column {column}")
        operand = printable(self.operand.text)
        place = Sentence(text, operand=operand, column=self.operand.column)
        seen = [each.text for each in self.variables if each.name in self.operand.names]
        failed = [] if self.error is None else [self.error]
        parts = listed([place, *seen, *failed], gettext_noop("; "))
        return Sentence(gettext_noop("{parts}"), parts=parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as a dict that can be written as JSON."""
        return {
            "text": self.text,
            "result": self.result,
            "error": self.error,
            "java_class": self.java_class,
            "why": self.why,
            "operand": None if self.operand is None else self.operand.to_dict(),
            "variables": [each.to_dict() for each in self.variables],
        }


_NOT_EVALUATED = {
    RuleKind.EMPTY: Sentence(gettext_noop("no rule")),
    RuleKind.TRUE: Sentence(gettext_noop("begins with true, so the rest is ignored")),
    RuleKind.FALSE: Sentence(gettext_noop("begins with false, so the rest is ignored")),
    RuleKind.INVALID: Sentence(gettext_noop("does not begin with ${{ and end with }}")),
    RuleKind.EXPRESSION: "",
}


def explain_rule(
    rule: Rule,
    answer: bool | RuleError,
    scope: Scope,
    variable_errors: Mapping[str, str],
) -> RuleExplanation:
    """Explain why *rule* gave *answer* for *scope*.

    *variable_errors* contains the reasons why variables of the context are missing from the scope.
    """
    failed = answer if isinstance(answer, RuleError) else None
    operand: Operand | None = None
    variables: tuple[VariableExplanation, ...] = ()
    node = rule.tree
    if node is not None:
        found = _deciding(node, failed, _Probe(rule.compiler, scope))
        text = rule.text or ""
        operand = Operand(text[found.start : found.end], found.start + 1, _names(found))
        variables = tuple(
            _variable(name, rule.constants, scope, variable_errors) for name in _names(node)
        )
    return RuleExplanation(
        text=rule.text,
        kind=rule.kind,
        result=answer if isinstance(answer, bool) else None,
        error=None if failed is None else printable(sentence_of(failed), 300),
        java_class=None if failed is None else failed.java_class,
        operand=operand,
        variables=variables,
    )


def _names(node: nodes.Node) -> tuple[str, ...]:
    found = (each.name for each in nodes.walk(node) if isinstance(each, nodes.Name))
    return tuple(dict.fromkeys(found))


def _variable(
    name: str, constants: Mapping[str, Any], scope: Scope, errors: Mapping[str, str]
) -> VariableExplanation:
    constant = name in constants
    if not constant and name not in scope:
        problem = errors.get(name)
        return VariableExplanation(
            name, None, problem=None if problem is None else printable(problem)
        )
    value = constants[name] if constant else scope[name]
    simple = "null" if value is None else java_class(value).rpartition(".")[2]
    return VariableExplanation(name, shown_value(value), printable(simple, 80), constant=constant)


def _deciding(node: nodes.Node, failed: RuleError | None, probe: _Probe) -> nodes.Node:
    """Return the part of *node* that best explains the result."""
    if isinstance(failed, RuleTypeError):
        # The type check rejects the expression as a whole, perhaps before any part is evaluated.
        return node
    search = _reason if failed is None else _culprit
    try:
        return search(node, probe, resolved=False)
    except Exception:  # noqa: BLE001 - values may change meanwhile; showing the whole is right too
        return node


class _Value(NamedTuple):
    """The result of an operand. *resolved* is `Scope.resolved` after the evaluation."""

    value: Any
    failed: bool
    resolved: bool

    @property
    def converts(self) -> bool:
        try:
            to_boolean(self.value)
        except RuleError:
            return False
        return True


class _Probe:
    """Evaluates operands in the state that the scope has when the whole rule is evaluated."""

    def __init__(self, compiler: Compiler, scope: Scope) -> None:
        self._compiler = compiler
        self._scope = scope

    def __call__(self, node: nodes.Node, resolved: bool) -> _Value:
        self._scope.begin()
        self._scope.resolved = resolved
        try:
            value = self._compiler.compile(node)(self._scope)
        except Exception:  # noqa: BLE001 - a site's values may raise anything
            return _Value(None, failed=True, resolved=self._scope.resolved)
        return _Value(value, failed=False, resolved=self._scope.resolved)


def _reason(node: nodes.Node, probe: _Probe, *, resolved: bool) -> nodes.Node:
    """Return the innermost part that determined the value of *node*, which did not fail."""
    if isinstance(node, nodes.Chain):
        decides = isinstance(node, nodes.Or)
        for operand in node.operands:
            found = probe(operand, resolved)
            if to_boolean(found.value) is decides:
                return _reason(operand, probe, resolved=resolved)
            resolved = found.resolved
    elif isinstance(node, nodes.Not):
        return _reason(node.operand, probe, resolved=resolved)
    elif isinstance(node, nodes.Choice):
        test = probe(node.test, resolved)
        branch = node.yes if to_boolean(test.value) else node.no
        if isinstance(branch, nodes.Literal):
            # In `country == 'US' ? true : false`, it is more informative to show the condition.
            return _reason(node.test, probe, resolved=resolved)
        return _reason(branch, probe, resolved=test.resolved)
    return node


def _culprit(node: nodes.Node, probe: _Probe, *, resolved: bool) -> nodes.Node:
    """Return the innermost part that failed, or whose value should be boolean but is not."""
    if isinstance(node, nodes.Choice):
        test = probe(node.test, resolved)
        if not test.failed and test.converts:
            branch = node.yes if to_boolean(test.value) else node.no
            return _culprit(branch, probe, resolved=test.resolved)
        return _culprit(node.test, probe, resolved=resolved)
    if isinstance(node, nodes.Access):
        return _culprit_of_access(node, probe, resolved=resolved)
    needs_boolean = isinstance(node, (nodes.Chain, nodes.Not))
    for child in node.children():
        found = probe(child, resolved)
        if found.failed:
            return _culprit(child, probe, resolved=resolved)
        if needs_boolean and not found.converts:
            return child
        resolved = found.resolved
    return node


def _culprit_of_access(node: nodes.Access, probe: _Probe, *, resolved: bool) -> nodes.Node:
    """Return the part of an access that failed. Nothing after a null is evaluated."""
    if probe(node.base, resolved).failed:
        return _culprit(node.base, probe, resolved=resolved)
    if len(node.suffixes) > MAX_STEPS:
        return node
    before: nodes.Node = node.base
    for index, suffix in enumerate(node.suffixes):
        target = probe(before, resolved)
        if target.failed or target.value is None:
            break
        inner = target.resolved
        for part in (suffix.key, *(suffix.arguments or ())):
            found = probe(part, inner)
            if found.failed:
                return _culprit(part, probe, resolved=inner)
            inner = found.resolved
        before = nodes.Access(node.start, node.end, node.base, node.suffixes[: index + 1])
    return node
