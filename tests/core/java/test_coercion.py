"""Conversions between types of values."""

from __future__ import annotations

import enum
import math
from decimal import Decimal

import pytest

from proctor.core.exceptions import RuleEvaluationError, RuleRuntimeError
from proctor.core.java.coercion import (
    to_boolean,
    to_decimal,
    to_double,
    to_enum,
    to_floating,
    to_long,
    to_narrow,
    to_text,
)
from proctor.core.java.values import (
    BigInteger,
    Byte,
    Character,
    Float,
    Integer,
    MaybeBool,
    Short,
    java_class,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, False),
        ("", False),
        ("true", True),
        ("TRUE", True),
        ("tRuE", True),
        ("yes", False),
        (" true", False),
        (True, True),
        (False, False),
    ],
)
def test_to_boolean(value, expected):
    assert to_boolean(value) is expected


@pytest.mark.parametrize("value", [0, 1, 1.0, [], {}, Character("t"), Decimal(1), object()])
def test_nothing_else_is_a_boolean(value):
    with pytest.raises(RuleEvaluationError, match=r"cannot convert .* to java\.lang\.Boolean"):
        to_boolean(value)


@pytest.mark.parametrize(("value", "expected"), [(None, ""), (1.0, "1.0"), (True, "true")])
def test_to_text(value, expected):
    assert to_text(value) == expected


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        *((None, "int", 0), ("", "long", 0), ("12", "int", 12), ("+5", "byte", 5)),
        *((1.7, "int", 1), (-1.7, "long", -1), (math.nan, "int", 0), (1e20, "int", 2**31 - 1)),
        *((1e20, "long", 2**63 - 1), (-1e20, "long", -(2**63)), (1e20, "short", -1)),
        *((300, "byte", 44), (2**31, "int", -(2**31)), (2**64, "long", 0)),
        *((Decimal("1.9"), "int", 1), (Decimal("1e25"), "long", 1590897978359414784)),
        *((Character("a"), "int", 97), (Character("\uffff"), "int", -1), (Float(2.5), "int", 2)),
    ],
)
def test_to_a_narrow_number(value, kind, expected):
    assert to_narrow(value, kind) == expected


@pytest.mark.parametrize(
    ("kind", "cls"), [("byte", Byte), ("short", Short), ("int", Integer), ("long", int)]
)
def test_a_narrow_number_is_of_its_class(kind, cls):
    assert type(to_narrow(1.0, kind)) is cls


@pytest.mark.parametrize("value", ["x", "1.0", "128", " 1", True, [], object()])
def test_what_is_no_narrow_number_is_refused(value):
    with pytest.raises(RuleEvaluationError, match="cannot convert"):
        to_narrow(value, "byte")


@pytest.mark.parametrize(
    ("value", "expected"), [(None, 0.0), ("", 0.0), ("1d", 1.0), (" 2 ", 2.0), (Character("a"), 97)]
)
def test_to_a_double(value, expected):
    assert to_floating(value, "double") == expected


def test_to_a_float_rounds():
    assert java_class(to_floating("1.1", "float")) == "java.lang.Float"


@pytest.mark.parametrize("value", ["x", True, []])
def test_what_is_no_double_is_refused(value):
    with pytest.raises(RuleEvaluationError):
        to_floating(value, "double")


@pytest.mark.parametrize(("number", "double"), [(10**400, math.inf), (-(10**400), -math.inf)])
def test_an_integer_beyond_all_doubles_is_infinite(number, double):
    assert to_double(number) == double


@pytest.mark.parametrize("convert", [to_long, to_double, to_decimal])
@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "1e999999999", "1e-999999999"])
def test_a_decimal_that_the_java_has_not_converts_to_no_number(convert, text):
    with pytest.raises(RuleRuntimeError):
        convert(Decimal(text))


@pytest.mark.parametrize(
    ("number", "decimal"),
    [
        (0.5, Decimal("0.5")),
        (5, Decimal(5)),
        (BigInteger(10**30), Decimal(10**30)),
        (-0.0, Decimal(0)),
    ],
)
def test_a_double_becomes_its_binary_expansion(number, decimal):
    assert str(to_decimal(number)) == str(decimal)


def test_a_long_becomes_a_decimal_through_a_double():
    assert to_decimal(2**53 + 1) == 2**53


@pytest.mark.parametrize("double", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_decimal_form(double):
    with pytest.raises(RuleRuntimeError, match="has no decimal form") as caught:
        to_decimal(double)
    assert caught.value.java_class == "java.lang.NumberFormatException"


@pytest.mark.parametrize(
    ("value", "member"),
    [(None, None), ("", None), ("TRUE", MaybeBool.TRUE), (MaybeBool.FALSE, MaybeBool.FALSE)],
)
def test_to_an_enum(value, member):
    assert to_enum(value, MaybeBool) is member


@pytest.mark.parametrize("value", ["true", 1, enum.Enum("Other", "TRUE").TRUE])
def test_what_names_no_member_is_refused(value):
    with pytest.raises(RuleEvaluationError, match="to MaybeBool"):
        to_enum(value, MaybeBool)
