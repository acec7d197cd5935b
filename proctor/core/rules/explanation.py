"""Why a rule came out as it did: the operand that decided, and the variables it saw.

What a rule means is asked of the compiler, operand by operand; here is only the search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.core.display import printable, shown_value
from proctor.core.exceptions import RuleError, RuleTypeError
from proctor.core.rules import nodes
from proctor.core.rules.coercion import to_boolean
from proctor.core.rules.rule import Kind
from proctor.core.rules.values import java_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.rules.compiler import Compiler, Scope
    from proctor.core.rules.rule import Rule

__all__ = ["Operand", "RuleExplanation", "Variable", "explain_rule"]

#: Longer accesses are shown whole; looking into them would take its time.
MAX_STEPS = 50


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable or a constant that a rule mentions, and what the rule saw of it."""

    name: str
    #: The value as a rule would write it, cut; None where the variable is not there.
    value: str | None
    #: The simple name of the value's Java class; None where the variable is not there.
    type: str | None = None
    #: Whether it is a constant of the test, which hides a variable of that name.
    constant: bool = False
    #: Why it is not there, where it was given and could not be converted.
    problem: str | None = None

    def __str__(self) -> str:
        name = printable(self.name, 80)
        if self.value is not None:
            return f"{name} = {self.value} ({'constant ' if self.constant else ''}{self.type})"
        if self.problem is not None:
            return f"{name} could not be converted: {printable(self.problem)}"
        return f"{name} is not in the context"

    def to_dict(self) -> dict[str, Any]:
        """The variable as JSON types."""
        return {
            "name": self.name,
            "value": self.value,
            "type": self.type,
            "constant": self.constant,
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class Operand:
    """The part of a rule that decided it, or that failed."""

    #: As it stands in the rule.
    text: str
    #: 1-based column in the rule's text.
    column: int
    #: The variables that this part mentions.
    names: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The operand as JSON types."""
        return {"text": self.text, "column": self.column, "names": list(self.names)}


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """The outcome of one rule for one visitor.

    Of `a && b && c` that is false the operand is the first that is false, of `a || b` that
    is true the first that is true, and so on inwards. Where no single part decided (all of
    `a && b` were true) it is the whole; of a rule that failed it is what raised.
    """

    #: The rule's text; None where there is none, which is true for everybody.
    text: str | None
    kind: Kind
    #: Whether the rule holds; None where it failed.
    result: bool | None
    #: What went wrong, printable, where the rule failed.
    error: str | None = None
    #: Name of the exception that the Java throws there.
    java_class: str | None = None
    #: None where nothing was evaluated: no rule, or one that is not looked into.
    operand: Operand | None = None
    #: All variables of the rule, in the order of its text, those never reached too.
    variables: tuple[Variable, ...] = ()

    @property
    def outcome(self) -> str:
        """`true`, `false` or `error`."""
        return "error" if self.result is None else "true" if self.result else "false"

    @property
    def why(self) -> str:
        """In a line what decided: the operand, its column, and the values that it saw."""
        if self.operand is None:
            return _NOT_EVALUATED[self.kind]
        place = f"{printable(self.operand.text)} at column {self.operand.column}"
        seen = [str(each) for each in self.variables if each.name in self.operand.names]
        failed = [] if self.error is None else [self.error]
        return "; ".join([place, *seen, *failed])

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON types."""
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
    Kind.EMPTY: "no rule",
    Kind.TRUE: "begins with true, and the rest is not looked at",
    Kind.FALSE: "begins with false, and the rest is not looked at",
    Kind.INVALID: "does not begin with ${ and end with }",
    Kind.EXPRESSION: "",
}


def explain_rule(
    rule: Rule,
    answer: bool | RuleError,
    scope: Scope,
    variable_errors: Mapping[str, str],
) -> RuleExplanation:
    """Why *rule* gave *answer* for *scope*.

    *variable_errors* says why a variable that was given is not in the scope.
    """
    failed = answer if isinstance(answer, RuleError) else None
    operand: Operand | None = None
    variables: tuple[Variable, ...] = ()
    if rule.node is not None:
        found = _deciding(rule.node, failed, _Probe(rule.compiler, scope))
        text = rule.text or ""
        operand = Operand(text[found.start : found.end], found.start + 1, _names(found))
        variables = tuple(
            _variable(name, rule.constants, scope, variable_errors) for name in _names(rule.node)
        )
    return RuleExplanation(
        text=rule.text,
        kind=rule.kind,
        result=answer if isinstance(answer, bool) else None,
        error=None if failed is None else printable(str(failed), 300),
        java_class=None if failed is None else failed.java_class,
        operand=operand,
        variables=variables,
    )


def _names(node: nodes.Node) -> tuple[str, ...]:
    found = (each.name for each in nodes.walk(node) if isinstance(each, nodes.Name))
    return tuple(dict.fromkeys(found))


def _variable(
    name: str, constants: Mapping[str, Any], scope: Scope, errors: Mapping[str, str]
) -> Variable:
    constant = name in constants
    if not constant and name not in scope:
        problem = errors.get(name)
        return Variable(name, None, problem=None if problem is None else printable(problem))
    value = constants[name] if constant else scope[name]
    simple = "null" if value is None else java_class(value).rpartition(".")[2]
    return Variable(name, shown_value(value), printable(simple, 80), constant=constant)


def _deciding(node: nodes.Node, failed: RuleError | None, probe: _Probe) -> nodes.Node:
    """The part of *node* to show."""
    if isinstance(failed, RuleTypeError):
        # The type check refuses the expression as a whole, and may evaluate none of it.
        return node
    search = _reason if failed is None else _culprit
    try:
        return search(node, probe, resolved=False)
    except Exception:  # noqa: BLE001 - values that change while one looks; the whole is right too
        return node


class _Value(NamedTuple):
    """What an operand gave, and whether a property was found by then (see `Scope`)."""

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
    """Evaluates operands in the state in which the whole rule would."""

    def __init__(self, compiler: Compiler, scope: Scope) -> None:
        self._compiler = compiler
        self._scope = scope

    def __call__(self, node: nodes.Node, resolved: bool) -> _Value:
        self._scope.begin()
        self._scope.resolved = resolved
        try:
            value = self._compiler.compile(node)(self._scope)
        except Exception:  # noqa: BLE001 - a site's values raise what they like
            return _Value(None, failed=True, resolved=self._scope.resolved)
        return _Value(value, failed=False, resolved=self._scope.resolved)


def _reason(node: nodes.Node, probe: _Probe, *, resolved: bool) -> nodes.Node:
    """The innermost part that decided the value of *node*, which did not fail."""
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
            # In `country == 'US' ? true : false` the condition tells more.
            return _reason(node.test, probe, resolved=resolved)
        return _reason(branch, probe, resolved=test.resolved)
    return node


def _culprit(node: nodes.Node, probe: _Probe, *, resolved: bool) -> nodes.Node:
    """The innermost part that raised, or whose value is no boolean where one is needed."""
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
    """A key or an argument is evaluated only where what stands before it is not null."""
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
