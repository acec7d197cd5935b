"""No definition, however unusual, raises an undocumented error."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.core.authoring.moves.emptying import emptied_parents
from proctor.core.authoring.moves.ramping import ramp
from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.authoring.moves.stopping import stop
from proctor.core.authoring.moves.who_moves import moves
from proctor.core.authoring.review.reviewing import review
from proctor.core.exceptions import MatrixLoadError
from proctor.core.matrices.matrix import TestDefinition

ODD = st.sampled_from(
    [None, "", "x", 0, 1, -1, 2**31 - 1, 1e300, True, [], {}, "NaN", "-INF", "é\ud800"]
)
LENGTHS = st.sampled_from(
    [0, 1, 0.5, 0.25, -0.5, 1e-11, 1 / 3, 1e308, "NaN", "Infinity", "-Infinity", 0.9999]
)
VALUES = st.sampled_from([-2, -1, 0, 1, 2, -(2**31), 2**31 - 1])
RULES = st.sampled_from(
    [None, "", "${}", "a", "${a", "${a}", "${true}", "${false}", "${1 % 0}", "${x == A}"]
)
IDS = st.sampled_from([None, "", "#A1", "#A2", "#B1", "#A", "A1", "#A" + "9" * 5000, "#A-1"])
RANGES = st.lists(st.fixed_dictionaries({"bucketValue": VALUES, "length": LENGTHS}), max_size=4)
BUCKETS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["", "a", "b", None]), "value": VALUES},
        optional={"payload": st.sampled_from([{}, {"json": {"a": 1e999}}, {"longValue": 5}, None])},
    ),
    max_size=4,
)
ALLOCATIONS = st.lists(
    st.fixed_dictionaries({"rule": RULES, "ranges": RANGES, "id": IDS}), max_size=4
)
DOCUMENTS = st.fixed_dictionaries(
    {"buckets": BUCKETS, "allocations": ALLOCATIONS},
    optional={
        "testType": st.sampled_from(["USER", "RANDOM", "PAGE", "user", None]),
        "salt": st.sampled_from([None, "", "&a", "a", "\ud800"]),
        "rule": RULES,
        "constants": st.sampled_from([{}, {"A": 1}, {"A": [1, {"": None}]}]),
        "dependsOn": st.sampled_from([None, {}, {"testName": "t"}, {"testName": "u"}]),
        "version": ODD,
        "description": ODD,
        "metaTags": st.sampled_from([None, [], ["a", None]]),
        "owner": ODD,
        "evaluateForIncognitoUsers": st.booleans(),
        "enableUnitlessAllocations": st.booleans(),
    },
)


@st.composite
def sound(draw):
    """A document whose lengths add up, so that not only refusals are tested."""
    document = draw(DOCUMENTS)
    document["buckets"] = [{"name": f"b{value}", "value": value} for value in (-2, -1, 0, 1)]
    cuts = [*sorted(draw(st.lists(st.sampled_from([0.0, 0.1, 1 / 3, 0.5, 1.0]), max_size=3))), 1.0]
    lengths = [stop - start for start, stop in zip([0.0, *cuts], cuts, strict=False)]
    for each in document["allocations"]:
        each["ranges"] = [
            {"bucketValue": draw(st.integers(-2, 1)), "length": length} for length in lengths
        ]
    return document


ANY = DOCUMENTS | sound()


def read(document):
    try:
        return TestDefinition.from_dict("t", document)
    except MatrixLoadError:
        return None


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from("tu"), ANY), st.dictionaries(st.sampled_from("tu"), ANY))
def test_a_review_raises_only_what_it_says(old, new):
    try:
        found = review(old, new)
    except MatrixLoadError:
        return
    for test in found.tests:
        assert test.sentences
        for pair in test.moves:
            assert sum(row.share for row in pair.table) == (pair.audience != "random")
    json.dumps(found.to_dict(), allow_nan=False)
    assert review(new, new).tests == ()


def test_a_definition_with_a_length_of_nan_is_no_change_to_itself():
    ranges = [{"bucketValue": 0, "length": "NaN"}]
    document = {"buckets": [], "allocations": [{"ranges": ranges}]}
    assert review({"t": document}, {"t": document}).tests == ()


@settings(deadline=None, max_examples=60)
@given(ANY, ANY)
def test_moves_raise_only_what_they_say(old, new):
    before, after = read(old), read(new)
    try:
        pairs = moves(before, after)
    except ValueError:
        return
    assert all(0 <= each <= 1 for pair in pairs for each in (pair.enter, pair.leave, pair.jump))


SHARES = st.dictionaries(VALUES, st.sampled_from([0, 0.1, 1 / 3, 0.5, 1, 2, -1, float("nan"), "x"]))


@settings(deadline=None, max_examples=120)
@given(ANY, st.integers(-1, 3), SHARES)
def test_a_ramp_raises_only_what_it_says(document, index, shares):
    test = read(document)
    if test is None:
        return
    try:
        new = ramp(test, index, shares)
    except ChangeRefused:
        return
    assert new is test or new.allocations[index].ranges != test.allocations[index].ranges


@settings(deadline=None, max_examples=60)
@given(ANY, st.none() | VALUES)
def test_a_stop_raises_only_what_it_says(document, value):
    test = read(document)
    if test is None:
        return
    try:
        stopped = stop(test, value)
    except ChangeRefused:
        return
    used = {each.bucket_value for a in stopped.allocations for each in a.ranges}
    assert len(used) <= 1
    assert emptied_parents({"t": test}, {"t": stopped}).keys() <= {"t"}
