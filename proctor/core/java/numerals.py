"""Read numbers from text as Java does, with limits that keep rules from using too much memory."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import cast

from proctor.core.exceptions import RuleRuntimeError

__all__ = [
    "DOUBLE_PATTERN",
    "LONG_MAX",
    "LONG_MIN",
    "MAX_DECIMAL_EXPONENT",
    "MAX_DECIMAL_SCALE",
    "MAX_INTEGER_BITS",
    "bounded_decimal",
    "decimal_scale",
    "parse_big_integer",
    "parse_decimal",
    "parse_double",
    "parse_integer",
    "wrap",
]

LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1

#: A rule may contain `'1e999999999'`, and a decimal with that many digits would exhaust memory.
MAX_DECIMAL_EXPONENT = 2_000
#: The largest scale of a decimal. This is enough for the result of one operation on two numbers of
#: the largest size.
MAX_DECIMAL_SCALE = 2 * MAX_DECIMAL_EXPONENT
#: Maximum size of an integer. Such an integer has about 12,000 digits and is printed in well under
#: 1 ms.
MAX_INTEGER_BITS = 40_000


def wrap(value: int, bits: int = 64) -> int:
    """Return *value* wrapped to a two's complement number of *bits* bits, as in Java."""
    half = 1 << (bits - 1)
    if -half <= value < half:
        return value
    return ((value + half) & ((half << 1) - 1)) - half


# In Java, characters beyond U+FFFF are two units, and neither of them is a digit.
_INTEGER = re.compile(r"[+-]?(?:(?![\U00010000-\U0010ffff])\d)+")
_POINT = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
#: A double as `parse_double` reads it, without whitespace. Hexadecimal numbers are excluded.
DOUBLE_PATTERN = rf"(?:{_POINT}[fFdD]?|[+-]?(?:NaN|Infinity))"
_DOUBLE = re.compile(_POINT + r"[fFdD]?")
#: Decimals and integers can use the digits of any script, but doubles cannot.
_DECIMAL = re.compile(_POINT.replace("[0-9]", r"(?:(?![\U00010000-\U0010ffff])\d)"))
_HEX_DOUBLE = re.compile(
    r"([+-]?0[xX](?:[0-9a-fA-F]+\.?|[0-9a-fA-F]*\.[0-9a-fA-F]+)[pP][+-]?[0-9]+)[fFdD]?"
)
_JAVA_TRIM = "".join(map(chr, range(0x21)))


def _not_a_number(text: str) -> RuleRuntimeError:
    error = RuleRuntimeError(
        f"{text[:80]!r} is not a number", java_class="java.lang.NumberFormatException"
    )
    error.java_message = f'For input string: "{text[:1000]}"'
    return error


def parse_integer(text: str, low: int = LONG_MIN, high: int = LONG_MAX) -> int:
    """Parse *text* as Long.parseLong does or, with narrower bounds, as Integer.parseInt does.

    Accepts an optional sign and decimal digits of any script, but no whitespace. Raises
    RuleRuntimeError where Java throws NumberFormatException.
    """
    # The longest 64-bit number has 20 characters, but leading zeros may make it longer.
    if _INTEGER.fullmatch(text) is None or len(text) > 4000:
        raise _not_a_number(text)
    value = int(text)
    if not low <= value <= high:
        raise _not_a_number(text)
    return value


def parse_big_integer(text: str) -> int:
    """Parse an integer as BigInteger(String) does. Raises RuleRuntimeError for any other text."""
    if _INTEGER.fullmatch(text) is None or len(text) > 4000:
        raise _not_a_number(text)
    return int(text)


def parse_double(text: str) -> float:
    """Parse *text* as Double.parseDouble does.

    Accepts `1d`, hexadecimal numbers, NaN, Infinity, and whitespace around the number. Raises
    RuleRuntimeError where Java throws NumberFormatException.
    """
    trimmed = text.strip(_JAVA_TRIM)
    if _DOUBLE.fullmatch(trimmed):
        return float(trimmed.rstrip("fFdD"))
    if trimmed.lstrip("+-") in ("NaN", "Infinity") and len(trimmed) <= 9:
        return float(trimmed)
    hexadecimal = _HEX_DOUBLE.fullmatch(trimmed)
    if hexadecimal is None:
        raise _not_a_number(text)
    try:
        return float.fromhex(hexadecimal[1])
    except OverflowError:
        return -math.inf if trimmed.startswith("-") else math.inf


def parse_decimal(text: str) -> Decimal:
    """Parse *text* as BigDecimal(String) does, within `MAX_DECIMAL_EXPONENT`.

    Raises RuleRuntimeError where Java throws NumberFormatException, and for numbers beyond the
    limit.
    """
    if _DECIMAL.fullmatch(text) is None:
        raise _not_a_number(text)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _not_a_number(text) from None
    return bounded_decimal(value)


def bounded_decimal(value: Decimal) -> Decimal:
    """Return *value* as a BigDecimal, which cannot be NaN, infinite or a negative zero.

    A negative zero becomes 0. Raises RuleRuntimeError for NaN and infinities, and for values so
    large, or with so many decimal places, that a rule could exhaust memory.
    """
    if not value.is_finite():
        raise RuleRuntimeError(
            f"{value} has no decimal form", java_class="java.lang.NumberFormatException"
        )
    if (
        abs(value.adjusted()) > MAX_DECIMAL_EXPONENT
        or abs(decimal_scale(value)) > MAX_DECIMAL_SCALE
    ):
        raise RuleRuntimeError(f"a decimal has more than {MAX_DECIMAL_EXPONENT} digits")
    return value if value else value.copy_abs()


def decimal_scale(value: Decimal) -> int:
    """Return the scale of a finite Decimal, as BigDecimal.scale does."""
    return -cast("int", value.as_tuple().exponent)
