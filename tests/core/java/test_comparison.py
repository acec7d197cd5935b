"""Equality, order and emptiness."""

from __future__ import annotations

import enum
import math
from decimal import Decimal

import pytest
from hypothesis import given

from proctor.core.exceptions import RuleError, RuleEvaluationError, RuleRuntimeError
from proctor.core.java.comparison import compare, compare_same, equals, is_empty, java_equals
from proctor.core.java.values import (
    BigInteger,
    Byte,
    ByteArray,
    Character,
    CharArray,
    Float,
    Integer,
    MaybeBool,
    StringArray,
)
from proctor.core.java.versions import ReleaseVersion
from tests.core.rules.strategies import java_values

Colour = enum.Enum("Colour", "RED BLUE")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        *((None, None), (1, 1), (1, Integer(1)), (1, 1.0), ("5", 5), ("", 0), (1, BigInteger(1))),
        *((math.nan, math.nan), ("NaN", math.nan), (Float(1.5), 1.5), ("1e3", 1000.0)),
        *((Decimal("1.0"), "1.0"), (Decimal("1"), 1), (Decimal("0.5"), 0.5)),
        *((Character("a"), 97), (Character("a"), "97"), (Character("a"), 97.0)),
        *((True, "TRUE"), (False, ""), (False, "no"), (Colour.RED, "RED"), ("BLUE", Colour.BLUE)),
        *(([1, "a"], "[1, a]"), ({"k": 1}, "{k=1}"), ([1, [2]], [1, [2]]), ([1], (1,))),
        *(({"a": 1}, {"a": 1}), ({1, 2}, frozenset({2, 1})), (2**64, 0)),
        *((ReleaseVersion("1.x"), ReleaseVersion("1.2.3.4")), (ReleaseVersion("1.x"), "1.x")),
    ],
)
def test_equal(left, right):
    assert equals(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        *((None, ""), (None, 0), (None, False), ("", None), (1, 2), ("a", "A"), (0.0, -0.0)),
        *((Float(1.1), 1.1), (Decimal("1.0"), Decimal("1.00")), (Decimal("1.0"), 1)),
        *((True, "yes"), (True, False), (Colour.RED, "BLUE"), (Colour.RED, ""), ([1], [2])),
        *(([1], [Integer(1)]), ([1], {1}), ({"a": 1}, {"a": 2}), ({"a": 1}, {"b": 1})),
        *(({"a": 1}, {}), ({1}, {2}), ({"a": 1}, [1]), (object(), object()), ([0.0], [-0.0])),
        *(([Decimal("1.0")], [Decimal("1.00")]), (StringArray("a"), StringArray("a"))),
        *((StringArray("a"), ["a"]), ([Character("a")], ["a"]), ([1], [1, 2])),
    ],
)
def test_not_equal(left, right):
    assert not equals(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("abc", 1),
        ("5.0", 5),
        (True, 1),
        (1, True),
        ([], 1),
        (True, []),
        (Character("c"), "c"),
        (Colour.RED, "GREEN"),
        (Colour.RED, ReleaseVersion("1.x")),
        (Decimal(1), "x"),
        (1.0, []),
    ],
)
def test_what_does_not_convert_is_not_compared(left, right):
    with pytest.raises(RuleEvaluationError, match="cannot convert"):
        equals(left, right)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "1e999999999"])
@pytest.mark.parametrize("compared", [equals, compare])
def test_a_decimal_that_the_java_has_not_is_not_compared(text, compared):
    with pytest.raises(RuleRuntimeError):
        compared(Decimal(text), 1)


@given(java_values)
def test_a_value_equals_itself(value):
    assert equals(value, value)


@given(java_values, java_values)
def test_equality_is_symmetric(left, right):
    def answer(a, b):
        try:
            return equals(a, b)
        except RuleError:
            return "an error"

    assert answer(left, right) == answer(right, left)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        *((1, 2), (1, 1.5), ("10", 11), (9, "10"), ("10", "9"), ("a", "b"), ("", 1), ("B", "a")),
        *((-0.0, 0.0), (math.inf, math.nan), (Decimal("1.0"), 2), (BigInteger(2), 2**40)),
        *((False, True), (Colour.RED, Colour.BLUE), (Character("a"), 98), ("\U0001f600", "\uffff")),
        *((ReleaseVersion("1.9.x"), ReleaseVersion("1.10.x")), (True, "truf"), ([1], "[2]")),
    ],
)
def test_order(low, high):
    assert (compare(low, high), compare(high, low)) == (-1, 1)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Decimal("1.0"), Decimal("1.00")),
        (1, 1.0),
        ("5", 5),
        (math.nan, math.nan),
        ("true", True),
        (ReleaseVersion("1.x"), ReleaseVersion("1.2.x")),
    ],
)
def test_neither_is_greater(left, right):
    assert compare(left, right) == 0


@pytest.mark.parametrize(
    ("left", "right", "java_class"),
    [
        (ReleaseVersion("1.x"), [], "java.lang.ClassCastException"),
        ([], ReleaseVersion("1.x"), "java.lang.ClassCastException"),
        ([], {}, "javax.el.ELException"),
        (object(), object(), "javax.el.ELException"),
    ],
)
def test_unlike_classes_have_no_order(left, right, java_class):
    with pytest.raises(RuleEvaluationError, match="cannot compare") as caught:
        compare(left, right)
    assert caught.value.java_class == java_class


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [(1, 2, -1), ("b", "a", 1), (-0.0, 0.0, -1), (math.nan, math.nan, 0), (True, False, 1)],
)
def test_values_of_one_class_have_an_order(left, right, order):
    assert compare_same(left, right) == order


@pytest.mark.parametrize(("left", "right"), [(1, Integer(1)), (1, 1.0), ([], []), ("a", None)])
def test_values_of_two_classes_have_none(left, right):
    with pytest.raises(RuleRuntimeError) as caught:
        compare_same(left, right)
    assert caught.value.java_class == "java.lang.ClassCastException"


@pytest.mark.parametrize(("left", "right"), [(1, Integer(1)), (1, 1.0), ("a", Character("a"))])
def test_objects_of_two_classes_are_not_equal(left, right):
    assert not java_equals(left, right)


@pytest.mark.parametrize("value", [None, "", [], (), {}, set(), frozenset(), StringArray()])
def test_empty(value):
    assert is_empty(value)


@pytest.mark.parametrize(
    "value",
    [
        0,
        False,
        0.0,
        " ",
        [None],
        {"": None},
        Byte(0),
        MaybeBool.UNKNOWN,
        object(),
        ByteArray(),
        CharArray(),
    ],
)
def test_not_empty(value):
    assert not is_empty(value)
