"""Properties: `base.name` and `base[key]`."""

from __future__ import annotations

import sys
from decimal import Decimal
from fractions import Fraction

import pytest

from proctor.core.exceptions import RuleEvaluationError, RuleRuntimeError, UndefinedName
from proctor.core.java.properties import get_property, has_key, map_get, property_index
from proctor.core.java.values import Character, Float, Integer, MaybeBool, StringArray
from proctor.core.java.versions import MatchPrecision, ReleaseVersion
from tests.core.rules.strategies import Account, Colour, Hostile, Point, Text


@pytest.mark.parametrize(
    ("key", "index"),
    [
        (1, 1),
        (1.9, 1),
        (True, 1),
        (False, 0),
        ("1", 1),
        ("-1", -1),
        (Character("\x01"), 1),
        (Decimal("1.9"), 1),
        (2**32 + 1, 1),
    ],
)
def test_an_index_is_made_of_the_key(key, index):
    assert property_index(key) == index


@pytest.mark.parametrize("key", ["length", "1.0", "", [1], None])
def test_text_that_is_no_index_is_a_number_format_exception(key):
    with pytest.raises(RuleRuntimeError) as caught:
        property_index(key)
    assert caught.value.java_class == "java.lang.NumberFormatException"


@pytest.mark.parametrize(
    "items", [["a", "b"], ("a", "b"), StringArray(["a", "b"]), Point("a", "b")]
)
def test_a_list_is_read_by_index(items):
    assert [get_property(items, key) for key in (0, "1", 2, -1)] == ["a", "b", None, None]


def test_a_namedtuple_is_a_list_and_has_no_names():
    with pytest.raises(RuleRuntimeError):
        get_property(Point(1, 2), "x")


def test_a_map_is_read_by_key_and_null_where_there_is_none():
    assert [get_property({"a": 1}, key) for key in ("a", "b", 1)] == [1, None, None]


def test_a_long_key_finds_no_text_and_no_integer():
    assert map_get({"1": "text", Integer(1): "Integer"}, 1) is None


def test_a_key_of_the_same_class_is_found():
    assert map_get({Integer(1): "found"}, Integer(1)) == "found"


def test_a_map_knows_its_keys():
    assert [has_key({"a": None}, key) for key in ("a", "b", None)] == [True, False, False]


@pytest.mark.parametrize(
    ("base", "name", "value"),
    [
        *(("", "empty", True), (" ", "blank", True), ("a", "blank", False), ({1}, "empty", False)),
        *(
            (1.0, "naN", False),
            (float("nan"), "naN", True),
            (Float(float("inf")), "infinite", True),
        ),
        *((ReleaseVersion("1.x"), "matchPrecision", MatchPrecision.MAJOR),),
        *((Text("a"), "empty", False), ("a", Text("empty"), False)),
    ],
)
def test_a_value_of_the_java_has_its_bean_properties(base, name, value):
    assert get_property(base, name) == value


def test_bytes_are_signed_and_utf_8():
    assert get_property("\u00e9\ud800", "bytes") == (-61, -87, 63)


@pytest.mark.parametrize(
    ("base", "name"),
    [
        ("a", "length"),
        ("a", "upper"),
        (1, "real"),
        (1.0, "hex"),
        (True, "numerator"),
        (Decimal(1), "real"),
        (Character("a"), "empty"),
        ({1}, "pop"),
        (MaybeBool.TRUE, "value"),
        (ReleaseVersion("1.x"), "match_precision"),
        (ReleaseVersion("1.x"), "compare"),
    ],
)
def test_a_value_of_the_java_has_nothing_of_python(base, name):
    with pytest.raises(UndefinedName, match="is not a property of"):
        get_property(base, name)


@pytest.mark.parametrize(
    ("base", "name", "value"),
    [(Account(), "plan", "gold"), (Fraction(1, 3), "denominator", 3), (Colour.RED, "name", "RED")],
)
def test_an_object_of_the_site_has_its_public_attributes(base, name, value):
    assert get_property(base, name) == value


def _generator():
    yield 1


async def _coroutine():
    yield 1


class Everything:
    _private = 1
    __mangled = 2
    inner = Account

    def method(self):
        return 1

    def __getattr__(self, name):
        return "made up"


FORBIDDEN = [
    *((Everything(), name) for name in ("_private", "__class__", "__dict__", "method", "inner")),
    *((Everything(), name) for name in ("_Everything__mangled", "a b", "", "1", "a.b")),
    *((Account, "plan"), (sys, "path"), (sys, "modules"), (_generator(), "gi_frame")),
    *((_generator(), "gi_code"), (_coroutine(), "ag_frame"), (sys._getframe(), "f_globals")),
    *((_generator.__code__, "co_consts"), (Account().__init__, "im_self"), (_generator, "x")),
    *((len, "x"), (Account(), "missing")),
]


@pytest.mark.parametrize(("base", "name"), FORBIDDEN, ids=lambda each: ascii(each)[:30])
def test_a_rule_does_not_reach(base, name):
    with pytest.raises(UndefinedName, match="is not a property of"):
        get_property(base, name)


def test_a_traceback_is_not_looked_into():
    try:
        raise ValueError
    except ValueError as error:
        trace = error.__traceback__
    with pytest.raises(UndefinedName):
        get_property(trace, "tb_frame")


def test_a_property_that_raises_is_an_error_of_the_rule():
    with pytest.raises(RuleEvaluationError, match="reading 'plan' of Hostile failed: ZeroDivision"):
        get_property(Hostile(), "plan")
