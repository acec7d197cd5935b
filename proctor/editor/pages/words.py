"""Describe rules in words, for people who do not write rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from proctor.core.exceptions import RuleSyntaxError
from proctor.core.java.frozen import thaw
from proctor.core.messages import printable
from proctor.core.rules import nodes
from proctor.core.rules.parser import parse
from proctor.core.rules.rule import is_blank

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["bare_rule", "rule_words"]

#: Maximum number of values in a list; longer lists are truncated.
_LISTED = 6


def bare_rule(text: str | None) -> str:
    """Return a rule's expression without the braces, or "" if the rule is always true."""
    if text is None or is_blank(text):
        return ""
    text = text.strip()
    return text[2:-1].strip() if text.startswith("${") and text.endswith("}") else text


def rule_words(text: str | None, constants: Mapping[str, Any] | None = None) -> str:
    """Return a rule in words: `country is "DE"`.

    Return "" if the rule is always true, or too complex to be put into words.
    """
    bare = bare_rule(text)
    if not bare:
        return ""
    try:
        node = parse(f"${{{bare}}}")
    except RuleSyntaxError:
        return ""
    return _words(node, constants or {}) or ""


def _comparisons() -> dict[str, str]:
    return {
        "==": _("%(left)s is %(right)s"),
        "!=": _("%(left)s is not %(right)s"),
        "<": _("%(left)s is below %(right)s"),
        "<=": _("%(left)s is at most %(right)s"),
        ">": _("%(left)s is above %(right)s"),
        ">=": _("%(left)s is at least %(right)s"),
    }


def _words(node: nodes.Node, constants: Mapping[str, Any], *, inner: bool = False) -> str | None:
    if isinstance(node, (nodes.And, nodes.Or)):
        parts = [_words(each, constants, inner=True) for each in node.operands]
        if any(part is None for part in parts):
            return None
        joined = (_(" and ") if isinstance(node, nodes.And) else _(" or ")).join(
            part for part in parts if part is not None
        )
        return f"({joined})" if inner else joined
    if isinstance(node, nodes.Not):
        return _negated(node.operand, constants)
    if isinstance(node, nodes.Binary):
        return _comparison(node, constants)
    if isinstance(node, nodes.FunctionCall):
        return _call(node, constants)
    if isinstance(node, nodes.Empty):
        operand = _operand(node.operand, constants)
        return None if operand is None else _("%(left)s is empty") % {"left": operand}
    if isinstance(node, nodes.Name):
        return _("%(left)s is true") % {"left": node.name}
    if isinstance(node, nodes.Literal) and isinstance(node.value, bool):
        return _("always") if node.value else _("never")
    return None


def _negated(node: nodes.Node, constants: Mapping[str, Any]) -> str | None:
    if isinstance(node, nodes.Name):
        return _("%(left)s is not true") % {"left": node.name}
    if isinstance(node, nodes.FunctionCall):
        return _call(node, constants, negated=True)
    found = _words(node, constants, inner=True)
    return None if found is None else _("not %(right)s") % {"right": found}


def _comparison(node: nodes.Binary, constants: Mapping[str, Any]) -> str | None:
    form = _comparisons().get(node.operator)
    left, right = _operand(node.left, constants), _operand(node.right, constants)
    if form is None or left is None or right is None:
        return None
    return form % {"left": left, "right": right}


def _call(
    node: nodes.FunctionCall, constants: Mapping[str, Any], *, negated: bool = False
) -> str | None:
    if (node.prefix, node.name) != ("proctor", "contains") or len(node.arguments) != 2:
        return None
    where, what = (_operand(each, constants) for each in node.arguments)
    if where is None or what is None:
        return None
    form = _("%(left)s is not one of %(right)s") if negated else _("%(left)s is one of %(right)s")
    return form % {"left": what, "right": where}


def _operand(node: nodes.Node, constants: Mapping[str, Any]) -> str | None:
    if isinstance(node, nodes.Literal):
        return _value(node.value)
    if isinstance(node, nodes.Name):
        if node.name in constants:
            return _value(thaw(constants[node.name]))
        return node.name
    return None


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        shown = ", ".join(_value(each) for each in value[:_LISTED])
        return f"{shown}, …" if len(value) > _LISTED else shown
    if isinstance(value, bool):
        return _("true") if value else _("false")
    if value is None:
        return _("missing")
    return f"“{printable(value, 60)}”" if isinstance(value, str) else str(value)
