"""The operators `+ - * / %` and unary minus  [ELArithmetic of Tomcat 7]."""

from __future__ import annotations

import math
import operator
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException, Inexact
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import RuleRuntimeError
from proctor.core.java.coercion import (
    AS_BIG_INTEGER,
    AS_DECIMAL,
    AS_DOUBLE,
    AS_LONG,
    NARROW,
    Conversion,
    for_arithmetic,
    for_comparison,
)
from proctor.core.java.numerals import (
    MAX_DECIMAL_EXPONENT,
    MAX_INTEGER_BITS,
    bounded_decimal,
    decimal_scale,
    parse_double,
    parse_integer,
    wrap,
)
from proctor.core.java.values import BigInteger, Character, Float

if TYPE_CHECKING:
    from collections.abc import Callable

#: Like BigDecimal, this context is exact for numbers within `MAX_DECIMAL_EXPONENT`. It raises an
#: exception instead of rounding.
_EXACT = Context(prec=4 * MAX_DECIMAL_EXPONENT, rounding=ROUND_HALF_UP)
_EXACT.traps[Inexact] = True


def _looks_floating(value: object) -> bool:
    """Return True if *value* is text that looks like a float, as ELSupport.isStringFloat does."""
    return (
        isinstance(value, str)
        and not isinstance(value, Character)
        and len(value) > 1
        and any(character in value for character in ".eE")
    )


def _operands(left: object, right: object, kind: Conversion) -> tuple[Any, Any]:
    parse, convert, _ = kind
    return for_arithmetic(left, parse, convert), for_arithmetic(right, parse, convert)


def _arithmetic_kind(left: object, right: object) -> Conversion:
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return AS_DECIMAL
    big = isinstance(left, BigInteger) or isinstance(right, BigInteger)
    if (
        isinstance(left, float)
        or isinstance(right, float)
        or _looks_floating(left)
        or _looks_floating(right)
    ):
        return AS_DECIMAL if big else AS_DOUBLE
    return AS_BIG_INTEGER if big else AS_LONG


def _exactly(operate: Callable[..., Decimal], *operands: Decimal) -> Decimal:
    """Return the exact result. Raises RuleRuntimeError if computing with it could take too long."""
    try:
        return bounded_decimal(operate(*operands))
    except DecimalException:
        raise RuleRuntimeError(f"a decimal has more than {MAX_DECIMAL_EXPONENT} digits") from None


def _bounded_integer(value: int) -> BigInteger:
    if value.bit_length() > MAX_INTEGER_BITS:
        raise RuleRuntimeError(f"an integer has more than {MAX_INTEGER_BITS} bits")
    return BigInteger(value)


def _additive(
    left: object,
    right: object,
    plain: Callable[[Any, Any], Any],
    exact: Callable[[Decimal, Decimal], Decimal],
) -> object:
    if left is None and right is None:
        return 0
    kind = _arithmetic_kind(left, right)
    a, b = _operands(left, right, kind)
    if kind is AS_DECIMAL:
        return _exactly(exact, a, b)
    if kind is AS_DOUBLE:
        return float(plain(a, b))
    if kind is AS_BIG_INTEGER:
        return _bounded_integer(plain(int(a), int(b)))
    return wrap(plain(a, b))


def add(left: object, right: object) -> object:
    """Compute `+` as ELArithmetic.add does."""
    return _additive(left, right, operator.add, _EXACT.add)


def subtract(left: object, right: object) -> object:
    """Compute `-` as ELArithmetic.subtract does."""
    return _additive(left, right, operator.sub, _EXACT.subtract)


def multiply(left: object, right: object) -> object:
    """Compute `*` as ELArithmetic.multiply does."""
    return _additive(left, right, operator.mul, _EXACT.multiply)


def _by_zero() -> RuleRuntimeError:
    return RuleRuntimeError("division by zero", java_class="java.lang.ArithmeticException")


def divide(left: object, right: object) -> object:
    """Compute `/` as ELArithmetic.divide does.

    The result is a double unless one operand is a BigDecimal or BigInteger.
    """
    if left is None and right is None:
        return 0
    if isinstance(left, (Decimal, BigInteger)) or isinstance(right, (Decimal, BigInteger)):
        a, b = _operands(left, right, AS_DECIMAL)
        if b == 0:
            raise _by_zero()
        return _divide_exactly(a, b)
    a, b = _operands(left, right, AS_DOUBLE)
    if b != 0:
        return float(a / b)
    if a == 0 or math.isnan(a) or math.isnan(b):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1, b)


def _divide_exactly(left: Decimal, right: Decimal) -> Decimal:
    """Divide decimals as BigDecimal.divide does: keep the scale of *left*, and round half up."""
    scale = decimal_scale(left)
    # Integer arithmetic is exact, so only the final result is rounded.
    numerator = int(_EXACT.scaleb(left, scale))
    denominator = right
    shift = max(0, decimal_scale(denominator))
    top, bottom = numerator * 10**shift, int(_EXACT.scaleb(denominator, shift))
    quotient, remainder = divmod(abs(top), abs(bottom))
    if 2 * remainder >= abs(bottom):
        quotient += 1
    if (top < 0) != (bottom < 0):
        quotient = -quotient
    return _exactly(_EXACT.scaleb, Decimal(quotient), Decimal(-scale))


def modulo(left: object, right: object) -> object:
    """Compute `%` as ELArithmetic.mod does: the result has the sign of the dividend."""
    if left is None and right is None:
        return 0
    kind = _arithmetic_kind(left, right)
    if kind is AS_DECIMAL:
        # For BigDecimals, ELArithmetic.mod uses doubles, unlike the other operators.
        kind = AS_DOUBLE
    a, b = _operands(left, right, kind)
    if kind is AS_DOUBLE:
        if math.isinf(a) or b == 0 or math.isnan(a) or math.isnan(b):
            return math.nan
        return math.fmod(a, b)
    if b == 0 or (kind is AS_BIG_INTEGER and b < 0):
        raise _by_zero()
    if kind is AS_BIG_INTEGER:
        return BigInteger(int(a) % int(b))
    remainder: int = abs(a) % abs(b)
    return -remainder if a < 0 else remainder


def negate(value: object) -> object:
    """Compute `-x` as AstNegative does.

    A number keeps its type; text becomes a Long or a Double.
    """
    if value is None:
        return 0
    if isinstance(value, str) and not isinstance(value, Character):
        return -parse_double(value) if _looks_floating(value) else wrap(-parse_integer(value))
    for bits, cls in NARROW.values():
        if type(value) is cls:
            return cls(wrap(-int(value), bits))
    if isinstance(value, BigInteger):
        return BigInteger(-int(value))
    if isinstance(value, Float):
        return Float(-float(value))
    if isinstance(value, float):
        return -value
    if isinstance(value, Decimal):
        return _exactly(Decimal.copy_negate, value)
    return wrap(-for_comparison(value, *AS_LONG))
