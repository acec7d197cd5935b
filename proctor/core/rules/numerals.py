"""Numbers as Java reads them from text, and the bounds within which rules compute."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import cast

from proctor.core.exceptions import RuleRuntimeError

__all__ = [
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

#: A rule may write `'1e999999999'`; a decimal with so many digits would eat the memory.
MAX_DECIMAL_EXPONENT = 2_000
#: The largest scale of a decimal: what two numbers of that size can need.
MAX_DECIMAL_SCALE = 2 * MAX_DECIMAL_EXPONENT
#: The largest integer: about 12 000 digits, which print in well under a millisecond.
MAX_INTEGER_BITS = 40_000


def wrap(value: int, bits: int = 64) -> int:
    """*value* as Java's two's complement of so many bits holds it."""
    half = 1 << (bits - 1)
    if -half <= value < half:
        return value
    return ((value + half) & ((half << 1) - 1)) - half


# Characters beyond U+FFFF are two units to the Java, and neither is a digit to it.
_INTEGER = re.compile(r"[+-]?(?:(?![\U00010000-\U0010ffff])\d)+")
_POINT = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_DOUBLE = re.compile(_POINT + r"[fFdD]?")
#: A decimal takes the digits of any script, as an integer does and a double does not.
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
    """Java's Long.parseLong (and, by the bounds, Integer's, Short's, Byte's).

    An optional sign and decimal digits of any script, no blanks. Raises
    RuleRuntimeError, which stands for NumberFormatException.
    """
    # The longest 64-bit number has 20 characters; leading zeros may make it longer.
    if _INTEGER.fullmatch(text) is None or len(text) > 4000:
        raise _not_a_number(text)
    value = int(text)
    if not low <= value <= high:
        raise _not_a_number(text)
    return value


def parse_big_integer(text: str) -> int:
    """Java's BigInteger(String); RuleRuntimeError for what is none."""
    if _INTEGER.fullmatch(text) is None or len(text) > 4000:
        raise _not_a_number(text)
    return int(text)


def parse_double(text: str) -> float:
    """Java's Double.parseDouble: blanks trimmed, `1d`, hexadecimal, NaN, Infinity.

    Raises RuleRuntimeError, which stands for NumberFormatException.
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
    """Java's BigDecimal(String), within `MAX_DECIMAL_EXPONENT`.

    Raises RuleRuntimeError, which stands for NumberFormatException.
    """
    if _DECIMAL.fullmatch(text) is None:
        raise _not_a_number(text)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _not_a_number(text) from None
    return bounded_decimal(value)


def bounded_decimal(value: Decimal) -> Decimal:
    """*value* as a BigDecimal, which has no NaN, no infinity and no negative zero.

    Raises RuleRuntimeError for these, and for what is so large, or of so many places,
    that a rule could fill the memory with it.
    """
    if not value.is_finite():
        raise RuleRuntimeError(
            f"{value} has no decimal form", java_class="java.lang.NumberFormatException"
        )
    if (
        abs(value.adjusted()) > MAX_DECIMAL_EXPONENT
        or abs(decimal_scale(value)) > MAX_DECIMAL_SCALE
    ):
        raise RuleRuntimeError(f"a decimal is beyond {MAX_DECIMAL_EXPONENT} digits")
    return value if value else value.copy_abs()


def decimal_scale(value: Decimal) -> int:
    """Java's BigDecimal.scale of a finite Decimal."""
    return -cast("int", value.as_tuple().exponent)
