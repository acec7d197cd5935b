"""Guess the kinds of undeclared variables from the rules that mention them.

The rule `country == 'US'` suggests that `country` is a string. The function that is
generated for a rule checks each visitor's value before it relies on a guess, so a wrong guess only
costs time.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from proctor.core.java.values import Integer
from proctor.core.rules import nodes
from proctor.core.rules.typed import VariableType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from proctor.core.rules.rule import Rule

__all__ = ["guessed_types"]

Kind = Literal["boolean", "int", "double", "string", "list"]
Guess = tuple[str, Kind]

_KINDS: dict[type, Kind] = {
    bool: "boolean",
    int: "int",
    Integer: "int",
    float: "double",
    str: "string",
}
_TEXT_FUNCTIONS = {"startsWith", "endsWith", "contains", "toLowerCase", "toUpperCase"}


def guessed_types(rules: Iterable[Rule]) -> dict[str, VariableType]:
    """Return the kind that most *rules* suggest for each variable, if any rule suggests one."""
    votes = Counter(
        guess
        for rule in rules
        if rule.node is not None
        for node in nodes.walk(rule.node)
        for guess in _guesses(node, rule)
    )
    # The dict keeps the last entry for each name, so the most common kind comes last.
    return {name: VariableType(kind) for (name, kind), _ in reversed(votes.most_common())}


def _guesses(node: nodes.Node, rule: Rule) -> Iterator[Guess]:
    if node is rule.node or isinstance(node, (nodes.Not, nodes.Chain)):
        conditions = node.children() if isinstance(node, (nodes.Not, nodes.Chain)) else (node,)
        yield from ((name, "boolean") for name in _variables(conditions, rule.constants))
    if isinstance(node, nodes.Choice):
        yield from ((name, "boolean") for name in _variables((node.test,), rule.constants))
    if isinstance(node, nodes.Binary):
        yield from _of_operands(node.left, node.right, rule.constants)
    if isinstance(node, nodes.FunctionCall):
        yield from _of_call(node, rule.constants)


def _variables(found: Iterable[nodes.Node], constants: Mapping[str, Any]) -> Iterator[str]:
    for node in found:
        if isinstance(node, nodes.Name) and node.name not in constants:
            yield node.name


def _of_operands(
    left: nodes.Node, right: nodes.Node, constants: Mapping[str, Any]
) -> Iterator[Guess]:
    for variable, other in ((left, right), (right, left)):
        kind = _KINDS.get(type(_value(other, constants)))
        if kind is not None:
            yield from ((name, kind) for name in _variables((variable,), constants))


def _of_call(node: nodes.FunctionCall, constants: Mapping[str, Any]) -> Iterator[Guess]:
    if node.prefix == "fn" and node.name in _TEXT_FUNCTIONS:
        yield from ((name, "string") for name in _variables(node.arguments, constants))
    elif node.name == "contains" and len(node.arguments) == 2:
        container, element = node.arguments
        if isinstance(_value(element, constants), str):
            yield from ((name, "list") for name in _variables((container,), constants))
        members = _value(container, constants)
        if isinstance(members, (list, tuple)) and members:
            kind = _KINDS.get(type(members[0]))
            if kind is not None:
                yield from ((name, kind) for name in _variables((element,), constants))


def _value(node: nodes.Node, constants: Mapping[str, Any]) -> Any:
    """Return the value of *node*, or None if it is not known when the matrix is loaded."""
    if isinstance(node, nodes.Literal):
        return node.value
    if isinstance(node, nodes.Name):
        return constants.get(node.name)
    return None
