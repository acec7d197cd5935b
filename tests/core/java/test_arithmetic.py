"""The operators `+ - * / %` and unary minus."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.exceptions import RuleError, RuleEvaluationError, RuleRuntimeError
from proctor.core.java.arithmetic import add, divide, modulo, multiply, negate, subtract
from proctor.core.java.numerals import wrap
from proctor.core.java.values import (
    BigInteger,
    Byte,
    Character,
    Float,
    Integer,
    Short,
    java_class,
    java_string,
)

OPERATIONS = {"+": add, "-": subtract, "*": multiply, "/": divide, "%": modulo}


def printed(value):
    """Class and text, which distinguish Java's numbers."""
    return f"{java_class(value).rpartition('.')[2]} {java_string(value)}"


@pytest.mark.parametrize(
    ("left", "operator", "right", "expected"),
    [
        *((1, "+", 2, "Long 3"), (Integer(1), "+", Byte(2), "Long 3"), (None, "+", 5, "Long 5")),
        *((None, "+", None, "Long 0"), ("", "-", 5, "Long -5"), ("7", "*", "+6", "Long 42")),
        *((2**63 - 1, "+", 1, "Long -9223372036854775808"), (2**62, "*", 4, "Long 0")),
        *(
            (1, "+", 2.5, "Double 3.5"),
            ("1.5", "+", 1, "Double 2.5"),
            ("1e1", "+", 0, "Double 10.0"),
        ),
        *((Float(1.5), "+", 1, "Double 2.5"), (1e308, "*", 10, "Double Infinity")),
        *((Character("a"), "+", 1, "Long 98"), (Character("e"), "+", 1, "Long 102")),
        *((BigInteger(2), "*", 3, "BigInteger 6"), (BigInteger(2), "+", None, "BigInteger 2")),
        *(
            (BigInteger(2), "+", 0.5, "BigDecimal 2.5"),
            (BigInteger(1), "+", "1.5", "BigDecimal 2.5"),
        ),
        *(
            (Decimal("1.10"), "+", 1, "BigDecimal 2.10"),
            (Decimal("1.10"), "-", "", "BigDecimal 1.10"),
        ),
        *((Decimal("1.10"), "*", Decimal("2.0"), "BigDecimal 2.200"),),
        *(
            (7, "/", 2, "Double 3.5"),
            (1, "/", 0, "Double Infinity"),
            (-1, "/", 0, "Double -Infinity"),
        ),
        *(
            (0, "/", 0, "Double NaN"),
            (1, "/", -0.0, "Double -Infinity"),
            (None, "/", None, "Long 0"),
        ),
        *(
            (math.nan, "/", 0, "Double NaN"),
            (1, "/", "4", "Double 0.25"),
            (1e308, "/", 1e-9, "Double Infinity"),
        ),
        *((BigInteger(7), "/", 2, "BigDecimal 4"), (Decimal("1.00"), "/", 3, "BigDecimal 0.33")),
        *((Decimal("2.00"), "/", 3, "BigDecimal 0.67"), (Decimal("-1"), "/", 2, "BigDecimal -1")),
        *((Decimal("1E+3"), "/", 7, "BigDecimal 0E+3"), (1, "/", Decimal("0.3"), "BigDecimal 3")),
        *(
            (7, "%", 3, "Long 1"),
            (-7, "%", 3, "Long -1"),
            (7, "%", -3, "Long 1"),
            (None, "%", None, "Long 0"),
        ),
        *((7.5, "%", 2, "Double 1.5"), (-7.5, "%", 2, "Double -1.5"), (7.5, "%", 0, "Double NaN")),
        *((math.inf, "%", 2, "Double NaN"), (Decimal("7.5"), "%", 2, "Double 1.5")),
        *((BigInteger(-7), "%", 3, "BigInteger 2"), (BigInteger(7), "%", 2.5, "Double 2.0")),
    ],
)
def test_a_result_has_the_kind_that_the_java_gives_it(left, operator, right, expected):
    assert printed(OPERATIONS[operator](left, right)) == expected


def test_a_double_is_added_to_a_decimal_exactly():
    exact = "1.1000000000000000055511151231257827021181583404541015625"
    assert java_string(add(Decimal(1), 0.1)) == exact


@pytest.mark.parametrize("operator", OPERATIONS)
@pytest.mark.parametrize("text", ["a", "1 x", "0x10", "true", "."])
def test_text_that_is_no_number_is_a_number_format_exception(operator, text):
    with pytest.raises(RuleRuntimeError) as caught:
        OPERATIONS[operator](text, 1)
    assert caught.value.java_class == "java.lang.NumberFormatException"


@pytest.mark.parametrize("operator", OPERATIONS)
@pytest.mark.parametrize("value", [True, [], {}, object()], ids=repr)
def test_what_is_no_number_is_an_illegal_argument(operator, value):
    with pytest.raises(RuleRuntimeError, match="to a number") as caught:
        OPERATIONS[operator](1, value)
    assert caught.value.java_class == "java.lang.IllegalArgumentException"


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [
        ("%", 1, 0),
        ("%", 1, None),
        ("%", BigInteger(1), 0),
        ("%", BigInteger(1), -2),
        ("/", Decimal(1), 0),
        ("/", BigInteger(1), ""),
        ("/", 1, Decimal("0.00")),
    ],
)
def test_division_by_zero_is_an_arithmetic_exception(operator, left, right):
    with pytest.raises(RuleRuntimeError, match="division by zero") as caught:
        OPERATIONS[operator](left, right)
    assert caught.value.java_class == "java.lang.ArithmeticException"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((None, "Long 0"), (5, "Long -5"), ("5", "Long -5"), ("1.5", "Double -1.5")),
        *((Integer(5), "Integer -5"), (Short(5), "Short -5"), (Byte(-128), "Byte -128")),
        *((Integer(-(2**31)), "Integer -2147483648"), (-(2**63), "Long -9223372036854775808")),
        *((Float(1.5), "Float -1.5"), (0.0, "Double -0.0"), (BigInteger(5), "BigInteger -5")),
        *((Decimal("1.50"), "BigDecimal -1.50"), (Decimal("0.0"), "BigDecimal 0.0")),
        *((Character("a"), "Long -97"),),
    ],
)
def test_a_negated_number_keeps_its_kind(value, expected):
    assert printed(negate(value)) == expected


@pytest.mark.parametrize("value", ["", "x", "1 "])
def test_text_that_is_no_number_is_not_negated(value):
    with pytest.raises(RuleRuntimeError):
        negate(value)


@pytest.mark.parametrize("value", [True, [], object()], ids=repr)
def test_what_is_no_number_is_not_negated(value):
    with pytest.raises(RuleEvaluationError, match="cannot convert"):
        negate(value)


HUGE = [Decimal(text) for text in ("1e999999999", "1e-999999999", "NaN", "sNaN", "-Infinity")]


@pytest.mark.parametrize("operator", OPERATIONS)
@pytest.mark.parametrize("huge", HUGE, ids=repr)
def test_a_decimal_beyond_bounds_is_refused_on_the_left(operator, huge):
    with pytest.raises(RuleError):
        OPERATIONS[operator](huge, Decimal("1.5"))


@pytest.mark.parametrize("operator", OPERATIONS)
@pytest.mark.parametrize("huge", HUGE, ids=repr)
def test_a_decimal_beyond_bounds_is_refused_on_the_right(operator, huge):
    with pytest.raises(RuleError):
        OPERATIONS[operator](Decimal("1.5"), huge)


@pytest.mark.parametrize("operator", "+-*/")
def test_text_beyond_bounds_is_no_decimal(operator):
    with pytest.raises(RuleRuntimeError, match="has more than"):
        OPERATIONS[operator]("1e999999999", Decimal("1.5"))


@pytest.mark.parametrize("huge", HUGE, ids=repr)
def test_a_decimal_beyond_bounds_is_not_negated(huge):
    with pytest.raises(RuleError):
        negate(huge)


@pytest.mark.parametrize("start", [BigInteger(10**1000), Decimal(10**1000), Decimal("1e-1000")])
def test_a_product_stops_growing_at_the_limit(start):
    value = start
    with pytest.raises(RuleRuntimeError, match="has more than"):  # noqa: PT012 - any step
        for _ in range(100):
            value = multiply(value, value)


def test_a_quotient_that_needs_too_many_digits_is_refused():
    with pytest.raises(RuleRuntimeError, match="has more than"):
        divide(Decimal("1e9999"), Decimal("1e-9999"))


def test_digits_are_refused_rather_than_rounded():
    value = Decimal("1." + "7" * 20_000)
    with pytest.raises(RuleRuntimeError, match="has more than"):
        multiply(value, value)


longs = st.integers(-(2**63), 2**63 - 1)


@given(longs, longs)
def test_long_arithmetic_wraps_at_64_bits(left, right):
    found = [operation(left, right) for operation in (add, subtract, multiply)]
    assert found == [wrap(left + right), wrap(left - right), wrap(left * right)]


@given(longs, longs.filter(bool))
def test_quotient_and_remainder_belong_together(left, right):
    remainder = modulo(left, right)
    assert (left - remainder) % right == 0
    assert abs(remainder) < abs(right)
    assert remainder == 0 or (remainder < 0) == (left < 0)


@given(st.decimals(-(10**9), 10**9, places=4), st.decimals(-(10**9), 10**9, places=4).filter(bool))
def test_a_decimal_quotient_is_the_nearest_of_its_scale(left, right):
    quotient = divide(left, right)
    assert abs(quotient * right - left) * 2 <= abs(right) * Decimal("0.0001")
