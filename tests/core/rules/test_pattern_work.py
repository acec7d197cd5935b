"""The work of patterns is added up over all rules of a matrix, reported, and never repeated."""

from __future__ import annotations

import logging

import pytest

from proctor.core import Matrix, Proctor, validate
from proctor.core.rules import functions, regex
from proctor.core.rules.rule import Rule
from proctor.core.rules.scope import MAX_WORK, Scope
from proctor.core.rules.signatures import RuleType
from proctor.core.sources.source import MatrixSource
from tests.site_matrices import definition, one_bucket, write_matrix

SUBJECT = "a" * 1024


def matrix_of(rules):
    tests = {
        f"test{number}x": definition(one_bucket("on", 1), rule=rule)
        for number, rule in enumerate(rules)
    }
    return Matrix.from_dict({"audit": {"version": "1"}, "tests": tests})


def slow_rules(tests, patterns, same=False):
    return [
        "${"
        + " || ".join(
            f"q.matches('.*a.*b{0 if same else test * patterns + number}')"
            for number in range(patterns)
        )
        + "}"
        for test in range(tests)
    ]


def told(matrix, **options):
    return [each.message for each in validate(matrix, **options) if each.test is None]


def test_many_slow_patterns_are_warned_of():
    (message,) = told(matrix_of(slow_rules(100, 20)))
    assert "seconds for one visitor" in message


def test_one_pattern_in_many_rules_is_not():
    assert told(matrix_of(slow_rules(100, 20, same=True))) == []


def test_one_pattern_of_many_texts_is():
    rules = [f"${{proctor:matches(q{number}, '.*a.*b1')}}" for number in range(1000)]
    assert len(told(matrix_of(rules))) == 1


def test_patterns_that_only_the_visitor_knows_are_counted():
    assert told(matrix_of([f"${{q.matches(p{number})}}" for number in range(100)])) != []
    assert told(matrix_of(["${q.matches(p)}"])) == []


def test_patterns_in_constants_are_counted():
    rule = "${q.matches(P)}"
    matrix = matrix_of([rule] * 1000).to_dict()
    for number, test in enumerate(matrix["tests"].values()):
        test["constants"] = {"P": f".*a.*b{number}"}
    assert len(told(Matrix.from_dict(matrix))) == 1


def test_the_log_says_so(tmp_path, caplog):
    tests = {
        f"test{number}x": definition(one_bucket("on", 1), rule=rule)
        for number, rule in enumerate(slow_rules(100, 20))
    }
    with (
        caplog.at_level(logging.WARNING, "proctor.matrix"),
        MatrixSource(write_matrix(tmp_path, **tests)) as source,
    ):
        source.current()
    assert "seconds for one visitor" in caplog.text


@pytest.mark.parametrize(
    "expression",
    [
        "proctor:matches(q, '.*a.*b1')",
        "q.matches('.*a.*b1')",
        "q.replaceAll('a{400}b', '') == ''",
        "q.replaceFirst('a{400}b', '') == ''",
        "q.split('a{400}b')[0] == ''",
    ],
)
def test_a_pattern_is_matched_once_against_one_text(expression, monkeypatch):
    calls = []

    class Counting:
        """Stands in for a compiled pattern."""

        def __init__(self, pattern):
            self.pattern = pattern

        def fullmatch(self, subject):
            calls.append(subject)
            return self.pattern.fullmatch(subject)

        def search(self, subject, start):
            calls.append(subject)
            return self.pattern.search(subject, start)

    compiled = regex.compile_regex
    monkeypatch.setattr(
        regex, "compile_regex", lambda pattern, **options: Counting(compiled(pattern, **options))
    )
    rules = [f"${{{expression} || x == {number}}}" for number in range(50)]
    Proctor(matrix_of(rules)).determine_groups(
        identifiers={"USER": "a"}, context={"q": SUBJECT, "x": -1}
    )
    assert len(calls) == 1


def test_another_call_remembers_nothing():
    rule = Rule("${proctor:matches(q, 'a*')}")
    assert rule.evaluate({"q": "aaa"}) is True
    assert rule.evaluate({"q": "b"}) is False


def test_what_is_remembered_costs_as_much_as_what_is_not():
    """A test's result does not depend on the patterns that other tests have matched."""
    rule = Rule("${" + " || ".join(["q.matches('.*a.*b1')"] * 200) + "}")
    alone, after = Scope(q=SUBJECT), Scope(q=SUBJECT)
    Rule("${proctor:matches(q, '.*a.*b1')}").holds(after)
    found = []
    for scope in (alone, after):
        try:
            found.append(rule.holds(scope))
        except Exception as error:  # noqa: BLE001 - compared below
            found.append(str(error))
    assert found[0] == found[1]
    assert f"more than {MAX_WORK} steps" in found[0]


def test_a_function_of_ones_own_is_called_each_time():
    calls = []
    own = functions.Function((RuleType.STRING,), RuleType.OBJECT, calls.append)
    library = functions.extended(functions.LIBRARY, {"my:f": own})
    scope = Scope(q="a")
    for _ in range(2):
        Rule("${my:f(q) == 1}", library=library).holds(scope)
    assert len(calls) == 2
