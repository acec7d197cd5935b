"""Key sets and values of maps, in rules."""

from __future__ import annotations

import pytest

from proctor.core.exceptions import RuleError
from proctor.core.java.values import Integer
from proctor.core.rules.rule import Rule

CONTEXT = {"m": {"k": Integer(1), "j": 2}, "keys": {"j", "k"}, "items": [Integer(1), 2]}


@pytest.mark.parametrize(
    "expression",
    [
        *("m.keySet() == keys", "keys.equals(m.keySet())", "m.keySet() == '[k, j]'"),
        *("m.keySet().size() == 2", "m.keySet().contains('k')", "!m.keySet()['empty']"),
        *("m.keySet() != m.values()", "m.values() != items", "!items.equals(m.values())"),
        *("m.values() == m.values()", "m.values() == '[1, 2]'", "!empty m.values()"),
        *("m.values().contains(2)", "proctor:contains(m.values(), 2)", "!m.values()['empty']"),
        *("fn:length(m.values()) == 2", "items.containsAll(m.values())"),
    ],
)
def test_what_a_map_holds_is_compared_as_in_java(expression):
    assert Rule(f"${{({expression}) && true}}").evaluate(CONTEXT)


@pytest.mark.parametrize("expression", ["m.values()[0] == 1", "m.keySet()[0] == 1"])
def test_neither_has_an_order_to_ask_for(expression):
    with pytest.raises(RuleError):
        Rule(f"${{{expression}}}").evaluate(CONTEXT)
