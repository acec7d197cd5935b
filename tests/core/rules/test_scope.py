"""The limit on the work of one evaluation."""

from __future__ import annotations

import pytest

from proctor.core.exceptions import RuleEvaluationError
from proctor.core.rules.rule import Rule
from proctor.core.rules.scope import MAX_WORK, Scope
from proctor.core.rules.work import growth_work, pattern_work, repeat_work


def chained(condition, times):
    return Rule("${" + " || ".join([condition] * times) + "}")


def test_what_is_spent_adds_up():
    scope = Scope()
    scope.spend(MAX_WORK)
    with pytest.raises(RuleEvaluationError, match="takes more than 50000000 steps"):
        scope.spend(1)


@pytest.mark.parametrize(
    "condition",
    [
        "proctor:matches(s, '.*a.*b')",
        "s.matches('.*a.*b')",
        "s.replaceAll('a', 'b').isEmpty()",
        "s.replaceFirst('a', 'b').isEmpty()",
        "empty s.split('b')",
        "empty s.split('b', 9)",
        "'\u00e9'.repeat(9999).equalsIgnoreCase('\u00c9'.repeat(9999)) && false",
        "s.repeat(9).isEmpty()",
        "fn:replace(s, 'a', 'bbbbbbbbb') == ''",
        "s.replace('a', 'bbbbbbbbb').isEmpty()",
        "big.hashCode() == 1",
        "big.compareToIgnoreCase(big) == 1",
        "big.compareTo(big) == 1",
        "big.regionMatches(true, 0, big, 0, 0) && false",
        "empty big.toCharArray()",
    ],
)
def test_a_rule_of_many_costly_conditions_fails_early(condition):
    context = {"s": "a" * 1024, "big": "a" * 50_000}
    with pytest.raises(RuleEvaluationError, match="takes more than"):
        chained(condition, 110).evaluate(context)


@pytest.mark.parametrize(
    ("condition", "times"),
    [
        ("proctor:matches(agent, '.*(?:Firefox|Safari)/[0-9.]+z')", 40),
        ("agent.equalsIgnoreCase('x')", 200),
        ("agent.replaceAll('[0-9]', '').isEmpty()", 40),
        ("'0'.repeat(9).isEmpty()", 200),
    ],
)
def test_a_rule_of_many_cheap_conditions_does_not(condition, times):
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36"
    assert not chained(condition, times).evaluate({"agent": agent})


def test_each_rule_begins_anew_in_a_scope_of_many():
    scope = Scope(s="a" * 1024)
    rules = [chained(f"proctor:matches(s, '.*a.*{end}')", 20) for end in "bcdef"]
    assert [rule.holds(scope) for rule in rules] == [False] * 5


def test_what_is_counted_follows_the_text():
    assert pattern_work("a.*b.*", "x" * 100) * 9 < pattern_work("a.*b.*", "x" * 1024)


def test_a_pattern_costs_at_most_what_a_pattern_may():
    assert pattern_work(".*a.*b.*", "x" * 9999) <= 5_010_000


@pytest.mark.parametrize("pattern", ["(", "(a|a)*", "a" * 501])
def test_a_refused_pattern_costs_nothing(pattern):
    assert pattern_work(pattern, "x" * 100) == 0


def test_a_replacement_that_shortens_costs_nothing():
    assert growth_work("abc", "ab", "x") == growth_work("abc", None, "x") == 0


def test_a_negative_count_costs_nothing():
    assert repeat_work("abc", -1) == 0
