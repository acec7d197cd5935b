"""In a rule, find operands whose types do not match, such as a string compared with a number.

Java Proctor checks each rule with only one sample value for each variable. The sample value for a
string is "", which counts as 0. Therefore `country > 3` passes the check, but fails for the first
visitor who has a country.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import RuleRuntimeError, RuleSyntaxError
from proctor.core.java.numerals import parse_double
from proctor.core.rules import nodes
from proctor.core.rules.parser import parse
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proctor.core.java.context_types import ContextType

__all__ = ["unlike_operands"]

_TEXT = Sentence(gettext_noop("a text"))
_NUMBER = Sentence(gettext_noop("a number"))
_BOOLEAN = Sentence(gettext_noop("true or false"))
_KINDS = {"string": _TEXT, "int": _NUMBER, "double": _NUMBER, "boolean": _BOOLEAN}
_ARITHMETIC = ("+", "-", "*", "/", "%")


def unlike_operands(
    text: str | None, types: Mapping[str, ContextType], constants: Mapping[str, Any]
) -> Iterator[tuple[int, str]]:
    """Yield the column and a message for each operator whose operands do not match.

    *types* are the declared variables. *constants* hide variables with the same name. For a rule
    that cannot be parsed, yields nothing.
    """
    try:
        tree = parse(text or "")
    except RuleSyntaxError:
        return
    kinds: dict[str, str | None] = {
        name: _KINDS.get(each.kind or "") for name, each in types.items()
    }
    for name, value in constants.items():
        kinds[name] = _kind_of_value(value)
    for node in nodes.walk(tree):
        if isinstance(node, nodes.Binary):
            left, right = _kind(node.left, kinds), _kind(node.right, kinds)
            if left and right and not _go_together(node, left, right):
                yield (
                    node.start + 1,
                    (
                        Sentence(
                            gettext_noop(
                                "column {column}: `{operator}` has {left} on the left and "
                                "{right} on the right; compare values of one type"
                            ),
                            column=node.start + 1,
                            operator=node.operator,
                            left=left,
                            right=right,
                        )
                    ),
                )


def _kind_of_value(value: Any) -> str | None:
    if isinstance(value, bool):
        return _BOOLEAN
    if isinstance(value, (int, float)):
        return _NUMBER
    return _TEXT if isinstance(value, str) else None


def _kind(node: nodes.Node, kinds: Mapping[str, str | None]) -> str | None:
    """Return the type of a node's value, or None if it is known only after evaluation."""
    if isinstance(node, nodes.Literal):
        return _kind_of_value(node.value)
    if isinstance(node, nodes.Name):
        return kinds.get(node.name)
    if isinstance(node, (nodes.Not, nodes.Empty, nodes.Chain)):
        return _BOOLEAN
    if isinstance(node, nodes.Binary):
        return _NUMBER if node.operator in _ARITHMETIC else _BOOLEAN
    return _NUMBER if isinstance(node, nodes.Negate) else None


def _go_together(node: nodes.Binary, left: str, right: str) -> bool:
    if _BOOLEAN in (left, right) and node.operator not in ("==", "!="):
        return False
    if left == right:
        return node.operator not in _ARITHMETIC or left == _NUMBER
    # A string can contain a value of the other operand's type: age == '18'.
    return any(_spells(each, other) for each, other in ((node.left, right), (node.right, left)))


def _spells(node: nodes.Node, kind: str) -> bool:
    if not isinstance(node, nodes.Literal) or not isinstance(node.value, str):
        return False
    if kind == _BOOLEAN:
        return node.value.lower() in ("true", "false")
    try:
        parse_double(node.value)
    except RuleRuntimeError:
        return False
    return True
