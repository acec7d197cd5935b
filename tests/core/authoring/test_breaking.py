"""The problems that a change to a few tests causes in an application, and existing ones."""

from __future__ import annotations

import pytest

from proctor.core.authoring.branches.breaking import IN_USE, breakage, faults, takes
from proctor.core.authoring.compatibility.specifications import specification_of
from proctor.core.matrices.matrix import TestDefinition


def made(name="atst", *, used=(0, 1), rule=None, payload=None, parent=None, **more):
    """A test with three buckets, of which the *used* ones have visitors."""
    buckets = [{"name": each, "value": index} for index, each in enumerate(("off", "on", "more"))]
    for bucket in buckets:
        if payload is not None:
            bucket["payload"] = {payload: "x" if payload == "stringValue" else 1}
    return TestDefinition.from_dict(
        name,
        {
            "salt": f"&{name}",
            "testType": "USER",
            "rule": rule,
            "buckets": buckets,
            "allocations": [
                {
                    "id": "#A1",
                    "ranges": [{"bucketValue": each, "length": 1 / len(used)} for each in used],
                }
            ],
            "dependsOn": None if parent is None else {"testName": parent, "bucketValue": 1},
            **more,
        },
    )


def matrix(*definitions):
    return {each.name: each for each in definitions}


def declaring(*, context=None, filters=(), **expected):
    """A specification of these tests."""
    return specification_of(
        {"providedContext": context, "tests": expected, "dynamicFilters": [*filters]}
    )


KNOWS_TWO = {"buckets": {"off": 0, "on": 1}, "fallbackValue": 0}


def broken(before, after, specification, **options):
    found = breakage(before, after, specification, "the matrix", **options)
    return [*found.new], [*found.older]


def test_a_test_that_is_loaded_breaks_nothing():
    assert broken({}, matrix(made()), declaring(atst=KNOWS_TWO)) == ([], [])


def test_a_bucket_that_the_application_does_not_know_breaks_it():
    before, after = matrix(made()), matrix(made(used=(0, 1, 2)))
    assert broken(before, after, declaring(atst=KNOWS_TWO)) == (["atst"], [])


def test_a_test_that_is_new_and_cannot_be_loaded_breaks_an_application_that_waits_for_it():
    assert broken({}, matrix(made(used=(2,))), declaring(atst=KNOWS_TWO)) == (["atst"], [])


def test_what_was_broken_before_is_older():
    bad = matrix(made(used=(0, 2)))
    worse = matrix(made(used=(1, 2)))
    assert broken(bad, worse, declaring(atst=KNOWS_TWO)) == ([], ["atst"])


def test_a_fault_that_is_mended_is_gone():
    bad = matrix(made(used=(0, 2)))
    assert broken(bad, matrix(made()), declaring(atst=KNOWS_TWO)) == ([], [])


def test_a_test_that_nobody_declares_breaks_nobody():
    assert broken({}, matrix(made(rule="${oddity}")), declaring()) == ([], [])


@pytest.mark.parametrize(
    ("context", "expected"),
    [({}, ["atst"]), ({"age": "int"}, []), (None, [])],
    ids=["empty", "declared", "unsaid"],
)
def test_a_rule_needs_the_variables_of_the_application(context, expected):
    after = matrix(made(rule="${age > 3}"))
    assert broken({}, after, declaring(context=context, atst={}))[0] == expected


@pytest.mark.parametrize("payload", [None, "longValue"])
def test_a_payload_that_is_missing_or_of_another_type_breaks(payload):
    specification = declaring(atst={"payload": {"type": "stringValue"}})
    before = matrix(made(payload="stringValue"))
    assert broken(before, matrix(made(payload=payload)), specification) == (["atst"], [])


def test_a_filter_takes_tests_that_the_specification_does_not_name():
    specification = declaring(context={}, filters=[{"type": "name_prefix", "prefix": "a"}])
    after = matrix(made(rule="${oddity}"), made("btst", rule="${oddity}"))
    assert takes(specification, made())
    assert broken({}, after, specification) == (["atst"], [])


def test_a_deletion_breaks_who_names_the_test_and_nobody_who_filters():
    named = breakage(matrix(made()), {}, declaring(atst={}), "the matrix")
    assert [each.code for each in named.new.values()] == [IN_USE]
    filtered = declaring(filters=[{"type": "match_all"}])
    assert broken(matrix(made()), {}, filtered) == ([], [])


def test_a_dependent_breaks_with_the_test_that_it_depends_on():
    before = matrix(made("parent"), made("child", parent="parent"))
    after = matrix(made("parent", used=(0, 2)), made("child", parent="parent"))
    specification = declaring(parent=KNOWS_TWO, child=KNOWS_TWO)
    assert broken(before, after, specification) == (["parent", "child"], [])


def test_a_java_application_must_name_what_its_tests_depend_on():
    after = matrix(made("parent"), made("child", parent="parent"))
    specification = declaring(child=KNOWS_TWO)
    assert broken({}, after, specification) == (["child"], [])
    assert broken({}, after, specification, whole_matrix=True) == ([], [])


def test_a_specification_of_which_one_test_fails_the_check_hides_no_other():
    specification = declaring(
        atst={"payload": {"type": "longValue", "validator": "value ++ 1"}}, btst=KNOWS_TWO
    )
    after = matrix(made(payload="longValue"), made("btst", used=(2,)))
    assert sorted(faults(after, specification, "the matrix")) == ["atst", "btst"]


OFF, ON, MORE = ({"name": each, "value": index} for index, each in enumerate(("off", "on", "more")))


@pytest.mark.parametrize(
    ("buckets", "code"),
    [
        ([OFF, {"name": "bright", "value": 1}, MORE], "declared-bucket-renamed"),
        ([OFF, {"name": "on", "value": 3}, MORE], "declared-bucket-revalued"),
        ([OFF, MORE], "declared-bucket-removed"),
        ([OFF, ON, {"name": "most", "value": 2}], None),
    ],
)
def test_an_application_keeps_the_buckets_that_it_declares(buckets, code):
    changed = made(used=(0,), buckets=buckets)
    found = breakage(matrix(made(used=(0,))), matrix(changed), declaring(atst=KNOWS_TWO), "here")
    assert [each.code for each in found.new.values()] == [code] * (code is not None)
    assert not found.older
    # The application's own names come back.
    back = breakage(matrix(changed), matrix(made(used=(0,))), declaring(atst=KNOWS_TWO), "here")
    assert not back.new or code == "declared-bucket-revalued"


def test_changed_buckets_are_found_in_the_order_of_the_matrix():
    names = [f"test{index}" for index in range(12)]
    before = matrix(*(made(name, used=(0,)) for name in names))
    after = matrix(*(made(name, used=(0,), buckets=[OFF, MORE]) for name in names))
    found = breakage(before, after, declaring(**dict.fromkeys(names, KNOWS_TWO)), "here")
    assert [*found.new] == names
