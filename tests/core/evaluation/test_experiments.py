from __future__ import annotations

import pytest

from proctor.core.evaluation.engine import Proctor
from proctor.core.evaluation.groups import Property
from tests.core.small_matrices import definition, matrix

USER = {"USER": "visitor"}


def experiment(priority, payload, *, kind="json", **fields):
    """A test in which everyone gets this payload."""
    return definition(
        buckets=[{"name": "only", "value": 0, "payload": {kind: payload}}],
        allocations=[{"id": "#A", "ranges": [{"bucketValue": 0, "length": 1.0}]}],
        forceLogging=True,
        payloadExperimentConfig={"priority": priority, "namespaces": []},
        **fields,
    )


def groups_of(**tests):
    return Proctor(matrix(**tests)).determine_groups(identifiers=USER)


def winner(**tests):
    return groups_of(**tests).properties["colour"].test


def test_each_field_of_a_json_payload_is_a_property():
    properties = groups_of(atest=experiment("1", {"colour": "red", "size": [1]})).properties
    assert properties == {"colour": Property("red", "atest"), "size": Property((1,), "atest")}


@pytest.mark.parametrize(("low", "high"), [("1", "2"), ("9", "10"), ("-5", "0"), (None, "-1")])
def test_the_higher_priority_wins(low, high):
    red, blue = {"colour": "red"}, {"colour": "blue"}
    assert winner(atest=experiment(low, red), btest=experiment(high, blue)) == "btest"
    assert winner(atest=experiment(high, red), btest=experiment(low, blue)) == "atest"


@pytest.mark.parametrize("priority", ["1", None, "0"])
def test_among_equals_the_first_evaluated_stays(priority):
    each = experiment(priority, {"colour": "red"})
    assert winner(atest=each, btest=each) == "atest"


@pytest.mark.parametrize(
    ("first", "second"),
    [("high", "9"), ("1", "high"), ("1", "1.5"), ("1", ""), (None, "high"), ("high", None)],
)
def test_with_a_priority_that_is_no_integer_the_old_one_stays(first, second):
    each = {"colour": "red"}
    assert winner(atest=experiment(first, each), btest=experiment(second, each)) == "atest"


def test_fields_that_do_not_clash_are_won_by_both():
    properties = groups_of(
        atest=experiment("1", {"colour": "red", "size": 1}),
        btest=experiment("2", {"colour": "blue"}),
    ).properties
    assert {name: each.test for name, each in properties.items()} == {
        "colour": "btest",
        "size": "atest",
    }


@pytest.mark.parametrize("payload", [[1, 2], "text", 5, True])
def test_a_json_payload_that_is_no_object_has_no_properties(payload):
    assert groups_of(atest=experiment("1", payload)).properties == {}


def test_a_payload_of_another_type_has_no_properties():
    assert groups_of(atest=experiment("1", {"colour": "red"}, kind="map")).properties == {}


def test_a_test_that_is_no_experiment_has_no_properties():
    plain = experiment("1", {"colour": "red"})
    del plain["payloadExperimentConfig"]
    assert groups_of(atest=plain).properties == {}


def test_a_visitor_without_the_group_gets_no_properties():
    assert groups_of(atest=experiment("1", {"colour": "red"}, rule="${false}")).properties == {}


def test_a_property_of_a_forced_group_counts():
    made = Proctor(matrix(atest=experiment("1", {"colour": "red"}, rule="${false}")))
    groups = made.determine_groups(identifiers=USER, force_groups="atest0")
    assert groups.properties == {"colour": Property("red", "atest")}


def test_an_experiment_that_won_nothing_is_not_in_the_log_line():
    groups = groups_of(
        atest=experiment("1", {"colour": "red"}), btest=experiment("2", {"colour": "blue"})
    )
    assert groups.unlogged == {"atest"}
    assert groups.logging_string() == "#A:btest0"


def test_without_experiments_nothing_is_won():
    assert groups_of(atest=definition()).properties == {}
