"""Guessed kinds of variables: only those that rules suggest."""

from __future__ import annotations

import pytest

from proctor.core.java.conversion import to_json
from proctor.core.rules.guessing import guessed_types
from proctor.core.rules.rule import Rule

CONSTANTS = {
    name: to_json(value)
    for name, value in {"COUNTRIES": ["US"], "AGES": [1, 2], "LIMIT": 5, "EMPTY": []}.items()
}


def guessed(*conditions: str) -> dict[str, str]:
    rules = [Rule(f"${{{each}}}", CONSTANTS) for each in conditions]
    return {name: each.kind for name, each in guessed_types(rules).items()}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("country == 'US'", {"country": "string"}),
        ("'US' != country", {"country": "string"}),
        ("age >= 18", {"age": "int"}),
        ("age % 10 == 3", {"age": "int"}),
        ("age < LIMIT", {"age": "int"}),
        ("ratio > 1.5", {"ratio": "double"}),
        ("beta", {"beta": "boolean"}),
        ("!beta && loggedIn", {"beta": "boolean", "loggedIn": "boolean"}),
        ("beta ? age > 1 : age > 2", {"beta": "boolean", "age": "int"}),
        ("beta == true", {"beta": "boolean"}),
        ("proctor:contains(COUNTRIES, country)", {"country": "string"}),
        ("indeed:contains(AGES, age)", {"age": "int"}),
        ("proctor:contains(tags, 'US')", {"tags": "list"}),
        ("fn:startsWith(country, prefix)", {"country": "string", "prefix": "string"}),
        ("proctor:contains(EMPTY, country)", {}),
        ("country == null", {}),
        ("country == language", {}),
        ("account.verified", {}),
        ("LIMIT == 5", {}),
    ],
)
def test_a_rule_suggests_a_kind(condition, expected):
    assert guessed(condition) == expected


def test_the_usual_kind_is_taken():
    assert guessed("a == 1", "a == 'x'", "a == 'y'") == {"a": "string"}


def test_what_is_no_expression_suggests_nothing():
    assert guessed_types([Rule(None), Rule("${true}"), Rule("country == 'US'")]) == {}
