"""Values in messages: their length is limited, no matter what they are."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
from hypothesis import given

from proctor.core.java.printing import shown_as_java
from proctor.core.java.values import MapValues, StringArray, java_string
from proctor.core.rules.rule import Rule
from tests.core.rules.strategies import cyclic, nested


class Endless(Sequence):
    """A list that never ends."""

    def __getitem__(self, index):
        return index

    def __len__(self):
        return 10**18

    def __iter__(self):
        return itertools.count()


class Everything(Mapping):
    """A map that contains every number."""

    def __getitem__(self, key):
        return key

    def __len__(self):
        return 10**18

    def __iter__(self):
        return itertools.count()


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 5, 1.5, "text", "", Decimal("1.50"), [1, "a", None], {"a": [1], "b": {}}),
        *({1}, [], {}, StringArray(["a"]), {"a": 1}.keys(), MapValues({"a": 1}), 2**70),
    ],
)
def test_a_short_value_is_shown_as_java_prints_it(value):
    assert shown_as_java(value) == java_string(value)


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, ["x" * 10**6], range(10**9), Endless(), Everything(), cyclic(), nested(10**5)],
    ids=["text", "list", "range", "endless list", "endless map", "cyclic", "nested"],
)
def test_a_long_value_is_cut(value):
    text = shown_as_java(value)
    assert len(text) == 80
    assert text.endswith("...")


def test_a_huge_integer_is_told_by_its_size():
    assert shown_as_java(10**9000) == "an integer of 29898 bits"


def test_a_list_is_read_no_further_than_it_is_shown():
    read = []

    class Counted(Endless):
        def __iter__(self):
            return (read.append(each) or each for each in itertools.count())

    shown_as_java(Counted())
    assert len(read) < 80


def test_a_rule_that_fails_on_a_lazy_list_says_so_at_once():
    with pytest.raises(ValueError, match=r"cannot convert '\[0, 1, 2"):
        Rule("${x == 5}").evaluate({"x": range(10**9)})


@given(...)
def test_a_text_is_never_longer_than_80(value: str):
    assert len(shown_as_java(value)) <= 80
