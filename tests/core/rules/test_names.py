"""Names in generated functions: readable, unique, short, and never a keyword or builtin."""

from __future__ import annotations

import builtins
import keyword
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.rules.names import MAX_PART, NameTable

#: Texts that could do harm if they were names as they stand, or that collide with others.
HOSTILE = [
    "class",
    "None",
    "__import__",
    "__debug__",
    "eval",
    "x; import os",
    "a\nb",
    "it's",
    "é",
    "ﬁ",
    "\ud83d",
    "1",
    "",
    "_",
    "a_2",
    "a" * 10_000,
]


def made(*texts: str) -> list[str]:
    table = NameTable()
    return [table.make("text", each) for each in texts]


def is_harmless(name: str) -> bool:
    return (
        re.fullmatch(r"[a-z]+_[A-Za-z0-9_]+", name) is not None
        and not keyword.iskeyword(name)
        and not hasattr(builtins, name)
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_becomes_a_harmless_name(text):
    assert is_harmless(made(text)[0])


@given(st.lists(st.text(max_size=60) | st.sampled_from([*HOSTILE, "a", "a_2", "a_2_2"])))
def test_every_name_is_harmless_and_its_own(texts):
    names = made(*texts)
    assert len(set(names)) == len(texts)
    assert all(map(is_harmless, names))


@pytest.mark.parametrize("text", ["a" * 10_000, "_" * 10_000, "a_" * 10_000])
def test_a_long_text_becomes_a_short_name(text):
    assert len(made(text)[0]) <= len("text_") + MAX_PART


def test_a_name_that_is_taken_gets_a_number():
    assert made("US", "U-S", "US", "US_2") == ["text_US", "text_U_S", "text_US_2", "text_US_2_2"]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("US", "text_US"),
        ("", "text_empty"),
        ("été", "text_t"),
        ("日本", "text_other"),
        (12, "int_12"),
        (-5, "int_minus_5"),
        (1.5, "double_1_5"),
        (True, "boolean_True"),
        (frozenset({"US", "GB"}), "members_GB_US"),
    ],
)
def test_a_value_is_called_what_it_is(value, name):
    assert NameTable().value(value).id == name


def test_a_value_may_be_named():
    table = NameTable()
    assert table.value(frozenset({"US"}), "constant", "COUNTRIES").id == "constant_COUNTRIES"


def test_equal_values_of_one_type_share_a_name():
    table = NameTable()
    first, again, other = table.value("US"), table.value("US"), table.value("GB")
    assert first.id == again.id != other.id


def test_equal_values_of_several_types_do_not_share_a_name():
    table = NameTable()
    assert len({table.value(each).id for each in (1, 1.0, True)}) == 3


def test_a_variable_has_one_local():
    table = NameTable()
    assert table.variable("country").id == table.variable("country").id == "var_country"


def test_two_variables_have_two_locals():
    table = NameTable()
    assert table.variable("a.b").id != table.variable("a-b").id
