"""Groups converted to plain values and back, and values from other programs."""

from __future__ import annotations

import json

import pytest

from proctor.core.evaluation.groups import GroupAssignment, Groups, MatrixVersion
from proctor.core.evaluation.stored_groups import from_stored, is_time, is_version, to_stored

VERSION = MatrixVersion("1", 1000)
GOOD = ["atest", "blue", 1, "7", "stringValue", '"#2B60DE"', False]


def test_groups_come_back_as_they_were():
    groups = Groups(
        {
            "atest": GroupAssignment("blue", 1, "a", payload_type="stringValue", version="7"),
            "btest": GroupAssignment("control", -1),
        }
    )
    back = from_stored(to_stored(groups), VERSION)
    assert (back["atest"].group, back["atest"].payload, back["btest"].value) == ("blue", "a", -1)
    assert back.matrix_version == VERSION


def changed(index, value):
    return [*GOOD[:index], value, *GOOD[index + 1 :]]


@pytest.mark.parametrize(
    "entry",
    [
        changed(0, None),
        changed(0, 5),
        changed(1, None),
        changed(1, 1),
        changed(2, None),
        changed(2, "1"),
        changed(2, True),
        changed(2, 1.0),
        changed(3, 7),
        changed(4, 7),
        changed(4, "fileValue"),
        changed(5, {"a": 1}),
        changed(5, "{"),
        changed(5, '{"a": 1}'),
        changed(6, None),
        changed(6, "no"),
        GOOD[:6],
        [*GOOD, 1],
        ["t", None],
        {},
        None,
        5,
        "blue",
    ],
    ids=repr,
)
@pytest.mark.parametrize("stale", [False, True])
def test_an_entry_that_is_none_of_ours_is_an_error(entry, stale):
    assert from_stored([json.dumps(GOOD)], VERSION, stale=stale)["atest"].group == "blue"
    with pytest.raises(Exception):  # noqa: B017 - whatever Python says of it
        from_stored([json.dumps(entry)], VERSION, stale=stale)


@pytest.mark.parametrize("stored", [None, 5, "text", [None], [["a"]], {"a": 1}, [5]])
def test_a_collection_that_is_none_is_an_error(stored):
    with pytest.raises(Exception):  # noqa: B017 - whatever Python says of it
        from_stored(stored, VERSION)


def test_a_version_is_a_text_and_a_long():
    assert is_version("1", 2**63 - 1)
    assert not any(
        is_version(version, updated)
        for version, updated in [
            (1, 1),
            (None, 1),
            ("1", None),
            ("1", "1"),
            ("1", True),
            ("1", 1.5),
            ("1", 10**400),
            ("1", -(10**400)),
        ]
    )


def test_a_time_is_finite_or_none():
    assert all(map(is_time, [None, 0, 1.5, 2_000_000_000]))
    bad = ["soon", True, float("nan"), float("inf"), 10**400, -(10**400), [], object()]
    assert not any(map(is_time, bad))
