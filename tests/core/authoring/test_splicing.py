"""Changing JSON text in place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.authoring.moves.ramping import ramp
from proctor.core.authoring.moves.splicing import decimal_text, find, ranges_text, spliced
from proctor.core.matrices.matrix import TestDefinition
from tests.core.authoring.small_definitions import make_test, split

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def places(value, path=()):
    """The path to each value inside a value."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


@given(VALUES, st.sampled_from([None, 0, 2]), st.sampled_from(["", " ", "\n\t"]), st.booleans())
def test_every_value_is_found_where_it_is(value, indent, blanks, escaped):
    text = blanks + json.dumps(value, indent=indent, ensure_ascii=escaped) + blanks
    for path, inner in places(value):
        found = find(text, path)
        assert found is not None
        assert json.loads(text[found.start : found.stop]) == inner
        assert text[found.start] not in " \n\t"


@pytest.mark.parametrize("path", [["b"], [0], ["a", "x"], ["a", 2], ["a", 0, 0]])
def test_what_is_missing_is_not_found(path):
    assert find('{"a": [1, 2]}', path) is None


def test_of_two_equal_keys_the_last_counts():
    text = '{"a": 1, "a": 2}'
    found = find(text, ["a"])
    assert spliced(text, [(found, "3")]) == '{"a": 1, "a": 3}'


@pytest.mark.parametrize(
    ("length", "text"),
    [(1.0, "1.0"), (0.0, "0.0"), (0.25, "0.25"), (1e-10, "0.0000000001"), (1 / 3, "0.3333333333")],
)
def test_lengths_are_written_as_proctor_does(length, text):
    assert decimal_text(length) == text


RANGES = """[ {
  "bucketValue" : -1,
  "length" : 0.8,
  "note" : "rest"
}, {
  "bucketValue" : 0,
  "length" : 1e-1
}, {
  "bucketValue" : 1, "length" : 0.1
} ]"""


def test_ranges_keep_their_style_and_their_fields():
    old = TestDefinition.from_dict(
        "t", {**make_test(split()).to_dict(), "allocations": [{"ranges": json.loads(RANGES)}]}
    )
    new = ramp(old, 0, {1: 0.3})
    text = ranges_text(
        RANGES, find(RANGES, []), old.allocations[0].ranges, new.allocations[0].ranges
    )
    assert '"note" : "rest"' in text
    assert '"length" : 1e-1\n' in text
    assert (text.startswith("[ {\n") and text.endswith("\n} ]")) or text.endswith("} ]")
    read = TestDefinition.from_dict(
        "t", {**old.to_dict(), "allocations": [{"ranges": json.loads(text)}]}
    )
    assert read.allocations[0].ranges == new.allocations[0].ranges


def test_a_first_new_range_has_the_usual_form_where_the_model_has_more():
    text = '[{"bucketValue": -1, "length": 1.0, "note": 1}]'
    old = TestDefinition.from_dict(
        "t", {**make_test(split()).to_dict(), "allocations": [{"ranges": json.loads(text)}]}
    )
    new = ramp(old, 0, {1: 0.25})
    assert ranges_text(text, find(text, []), *(t.allocations[0].ranges for t in (old, new))) == (
        '[{"bucketValue": -1, "length": 0.75, "note": 1}, {"bucketValue": 1, "length": 0.25}]'
    )
