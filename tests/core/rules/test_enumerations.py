"""In rules, members of str and int enumerations behave like their values."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from proctor.core.exceptions import RuleError
from proctor.core.rules.rule import Rule


class Plan(str, enum.Enum):
    FREE = "free"
    TEAM = "team"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 9


class Color(enum.Enum):
    RED = "red"


class Rows:
    """A query set, as far as rules are concerned. Like a query set, it has no `__contains__`."""

    def __init__(self, *rows: Any) -> None:
        self._rows = rows

    def __iter__(self) -> Any:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Any:
        return self._rows[index]


class Customer:
    plan = Plan.TEAM
    orders = Rows("a", Plan.TEAM)


CONTEXT = {
    "plan": Plan.TEAM,
    "level": Level.HIGH,
    "customer": Customer(),
    "plans": [Plan.FREE, Plan.TEAM],
    "named": {"plan": Plan.TEAM, "rows": Rows("a", Plan.TEAM)},
    "customers": [Rows("a", Plan.TEAM)],
    "rows": Rows("a", Plan.TEAM),
}


@pytest.mark.parametrize(
    "rule",
    [
        "plan == 'team'",
        "plan != 'free'",
        "plan lt 'zebra'",
        "level == 9",
        "level > 8 && level < 10",
        "proctor:inRange(level, 5, 10)",
        "customer.plan == 'team'",
        "plans[1] == 'team'",
        "named.plan == 'team'",
        "named['plan'] == 'team'",
        "proctor:contains(plans, 'team')",
        "plans.contains('free') == true",
        "plan.startsWith('te') == true",
        "rows[1] == 'team'",
        "rows.contains('a') == true",
        "rows.size() == 2",
        "fn:length(rows) == 2",
        "proctor:contains(rows, 'team')",
        "customer.orders[1] == 'team'",
        "customer.orders.size() == 2",
        "fn:length(customer.orders) == 2",
        "proctor:contains(customer.orders, 'team')",
        "!empty customer.orders",
        "proctor:contains(named.rows, 'team')",
        "customers[0].size() == 2",
    ],
)
def test_a_member_behaves_as_its_value(rule: str) -> None:
    assert Rule(f"${{{rule}}}").evaluate(CONTEXT)


def test_a_member_of_another_enumeration_is_an_enum_of_the_java() -> None:
    assert Rule("${color == 'RED'}").evaluate({"color": Color.RED})


class Broken(Rows):
    def __iter__(self) -> Any:
        raise OSError("the database is down")


def test_rows_that_cannot_be_listed_are_a_variable_that_is_missing() -> None:
    with pytest.raises(RuleError, match="'rows' is not in the context"):
        Rule("${rows[0] == 'a'}").evaluate({"rows": Broken()})


def test_rows_of_a_property_that_cannot_be_listed_fail_only_the_rule() -> None:
    customer = Customer()
    customer.orders = Broken()
    with pytest.raises(
        RuleError, match=r"reading 'orders' of .*Broken: the value cannot be converted to a list"
    ):
        Rule("${customer.orders[0] == 'a'}").evaluate({"customer": customer})
