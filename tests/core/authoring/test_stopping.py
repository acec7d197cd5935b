from __future__ import annotations

import pytest
from hypothesis import given

from proctor.core.authoring.moves.emptying import emptied_parents
from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.authoring.moves.stopping import stop, stop_value
from proctor.core.authoring.moves.who_moves import moves
from tests.core.authoring.small_definitions import make_test, split
from tests.core.authoring.test_moves import definitions

TEST = make_test(
    split((-1, 0.2), (0, 0.4), (1, 0.4), rule="${a}"),
    split((1, 1.0), id="#B1"),
)
NO_NEGATIVE = [{"name": "control", "value": 0}, {"name": "blue", "value": 1}]


def lengths(test):
    return [[(r.bucket_value, r.length) for r in each.ranges] for each in test.allocations]


def test_all_visitors_go_to_the_negative_group_and_rules_stay():
    stopped = stop(TEST)
    assert lengths(stopped) == [[(-1, 1.0)], [(-1, 1.0)]]
    assert [each.rule for each in stopped.allocations] == ["${a}", None]
    assert [each.id for each in stopped.allocations] == ["#A1", "#B1"]


def test_without_a_negative_group_they_go_to_control():
    test = make_test(split((1, 1.0)), buckets=NO_NEGATIVE)
    assert lengths(stop(test)) == [[(0, 1.0)]]
    assert lengths(stop(TEST, 0)) == [[(0, 1.0)], [(0, 1.0)]]
    assert stop_value(make_test(split((1, 1.0)), testType="PAGE")) == 0


def test_a_stopped_test_stays_as_it_is():
    stopped = stop(TEST)
    assert stop(stopped) is stopped


def test_a_range_keeps_its_unknown_fields():
    ranges = [{"bucketValue": 1, "length": 0.5}, {"bucketValue": -1, "length": 0.5, "note": "x"}]
    test = make_test({"ranges": ranges, "owner": "me"})
    assert stop(test).to_dict()["allocations"] == [
        {"owner": "me", "ranges": [{"bucketValue": -1, "length": 1.0, "note": "x"}]}
    ]


@pytest.mark.parametrize(
    ("test", "value", "message"),
    [
        (TEST, 1, "expected a bucket with a value of at most 0, got 1; the test has -1, 0"),
        (TEST, -3, "got -3"),
        (make_test(buckets=[{"name": "blue", "value": 1}]), None, "add one"),
        (make_test(buckets=[{"name": "blue", "value": 1}]), 0, "the test has none"),
    ],
)
def test_a_bucket_that_cannot_stop_a_test_is_refused(test, value, message):
    with pytest.raises(ChangeRefused, match=message):
        stop(test, value)


def child(value, parent="t", *allocations):
    depends_on = {"testName": parent, "bucketValue": value}
    return make_test(*(allocations or [split((1, 1.0))]), dependsOn=depends_on)


def emptied_by(change, tests):
    return emptied_parents(tests, {**tests, "t": change(tests["t"])})


def test_tests_that_depend_on_an_emptied_group_are_listed():
    tests = {"t": TEST, "b": child(1), "a": child(0), "none": child(2), "other": child(1, "x")}
    assert emptied_by(stop, tests) == {"a": ("t", 0), "b": ("t", 1)}
    assert emptied_by(lambda test: stop(test, 0), tests) == {"b": ("t", 1)}
    assert emptied_by(lambda test: test, tests) == {}


def test_tests_that_depend_on_a_test_without_visitors_are_listed_too():
    tests = {"t": TEST, "a": child(1), "b": child(1, "a"), "c": child(1, "b")}
    assert emptied_by(stop, tests) == {"a": ("t", 1), "b": ("a", 1), "c": ("b", 1)}


def test_tests_that_had_no_visitors_before_are_not_listed():
    nobody = split((1, 1.0), rule="false")
    tests = {"t": TEST, "a": child(1, "t", nobody), "b": child(1, "a")}
    assert emptied_by(stop, tests) == {}


@given(definitions())
def test_nobody_jumps_when_a_test_is_stopped(test):
    for pair in moves(test, stop(test)):
        assert pair.jump == 0
        assert {row.target for row in pair.table} <= {-1, None}
