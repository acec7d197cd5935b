from __future__ import annotations

import copy
import enum
import json
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.exceptions import ConversionError
from proctor.core.java.frozen import MAX_DEPTH, FrozenDict, freeze, is_too_deep, thaw

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


@given(json_values)
def test_thawing_what_was_frozen_gives_an_equal_value(value):
    assert thaw(freeze(value)) == value


@given(json_values)
def test_a_frozen_value_is_hashable(value):
    assert hash(freeze(value)) == hash(freeze(value))


@given(json_values)
def test_json_writes_a_frozen_value_as_the_original(value):
    assert json.loads(json.dumps(freeze(value))) == value


def test_a_frozen_value_shares_nothing_with_the_original():
    original = {"a": [1, {"b": 2}]}
    frozen = freeze(original)
    original["a"][1]["b"] = 3
    assert frozen == {"a": (1, {"b": 2})}


def test_a_thawed_value_shares_nothing_with_the_frozen_one():
    frozen = freeze({"a": [1]})
    thaw(frozen)["a"].append(2)
    assert frozen == {"a": (1,)}


@pytest.mark.parametrize(
    "change",
    [
        lambda mapping: mapping.__setitem__("a", 1),
        lambda mapping: mapping.__delitem__("a"),
        lambda mapping: mapping.update(a=1),
        lambda mapping: mapping.pop("a"),
        lambda mapping: mapping.popitem(),
        lambda mapping: mapping.clear(),
        lambda mapping: mapping.setdefault("b", 1),
        lambda mapping: mapping.__ior__({"a": 1}),
    ],
)
def test_a_frozen_dict_refuses_every_change(change):
    with pytest.raises(TypeError, match="cannot be changed"):
        change(FrozenDict({"a": 0}))


def test_a_frozen_dict_can_be_pickled():
    assert pickle.loads(pickle.dumps(FrozenDict({"a": (1,)}))) == {"a": (1,)}


def test_a_frozen_dict_can_be_copied_deeply():
    assert copy.deepcopy(FrozenDict({"a": (1,)})) == {"a": (1,)}


def test_subclasses_of_scalars_become_plain():
    class Colour(str, enum.Enum):
        RED = "red"

    class Size(enum.IntEnum):
        BIG = 9

    assert [type(freeze(value)) for value in (Colour.RED, Size.BIG)] == [str, int]


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object(), 1j, [{"a": {1}}]])
def test_what_json_does_not_have_is_refused(value):
    with pytest.raises(ConversionError, match="which does not exist in JSON"):
        freeze(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf]])
def test_a_float_that_json_cannot_write_is_refused(value):
    with pytest.raises(ConversionError, match="is not valid JSON"):
        freeze(value)


def test_a_key_that_is_no_string_is_refused():
    with pytest.raises(ConversionError, match="key 1 is not a string"):
        freeze({1: "a"})


def test_an_integer_that_nobody_could_print_is_refused():
    with pytest.raises(ConversionError, match="too many digits"):
        freeze(10**5000)


def test_a_value_nested_too_deeply_is_refused():
    value: list = []
    for _ in range(MAX_DEPTH):
        value = [value]
    with pytest.raises(ConversionError, match="nested deeper"):
        freeze(value)


@pytest.mark.parametrize("value", [1, {"a": 1}, [], {}])
def test_two_hundred_levels_are_not_too_deep_whatever_is_inside(value):
    for _ in range(MAX_DEPTH - isinstance(value, (list, dict))):
        value = [value]
    assert not is_too_deep(value)
    freeze(value)
    with pytest.raises(ConversionError, match="nested deeper"):
        freeze([value])
    assert is_too_deep([value])


def test_a_value_that_contains_itself_is_refused():
    value: dict = {}
    value["self"] = value
    with pytest.raises(ConversionError, match="nested deeper"):
        freeze(value)


def test_an_infinity_thaws_to_the_word_that_the_java_writes():
    assert thaw((math.inf, -math.inf)) == ["Infinity", "-Infinity"]
