"""Conversions between Java's kinds of values  [ELSupport of Tomcat 7].

Everything here takes the values of `values` and raises only RuleError. An ELException of
the Java is RuleEvaluationError, its other runtime exceptions are RuleRuntimeError.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import RuleEvaluationError, RuleRuntimeError
from proctor.core.rules.numerals import (
    LONG_MAX,
    LONG_MIN,
    bounded_decimal,
    parse_big_integer,
    parse_decimal,
    parse_double,
    parse_integer,
    wrap,
)
from proctor.core.rules.printing import shown
from proctor.core.rules.values import (
    BigInteger,
    Byte,
    Character,
    Float,
    Integer,
    Short,
    java_class,
    java_string,
)

if TYPE_CHECKING:
    import enum


def cannot_convert(value: object, target: str) -> RuleEvaluationError:
    """The error of a value that does not fit *target*."""
    return RuleEvaluationError(
        f"cannot convert {shown(value)!r} of type {java_class(value)} to {target}"
    )


def _no_number(value: object) -> RuleRuntimeError:
    return RuleRuntimeError(
        f"cannot convert {shown(value)!r} of type {java_class(value)} to a number",
        java_class="java.lang.IllegalArgumentException",
    )


def is_text(value: object) -> bool:
    """Whether *value* is a String; a Character is none."""
    return isinstance(value, str) and not isinstance(value, Character)


def is_number(value: object) -> bool:
    """Whether *value* is a java.lang.Number; a Boolean is none."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def to_boolean(value: object) -> bool:
    """ELSupport.coerceToBoolean: null and "" are false, "true" in any case is true."""
    if value is True or value is False:
        return value
    if value is None:
        return False
    if isinstance(value, str) and not isinstance(value, Character):
        return value.lower() == "true"
    raise cannot_convert(value, "java.lang.Boolean")


def to_text(value: object) -> str:
    """ELSupport.coerceToString: null is ""."""
    return "" if value is None else java_string(value)


def to_enum(value: object, members: type[enum.Enum]) -> enum.Enum | None:
    """ELSupport.coerceToEnum: null and "" are null, text is the name of a member."""
    if value is None or isinstance(value, members):
        return value
    if is_text(value):
        if value == "":
            return None
        if value in members.__members__:
            return members[str(value)]
    raise cannot_convert(value, members.__name__)


def character_code(value: Character) -> int:
    """The code of a Character, which the Java reads as a signed 16-bit number."""
    return wrap(ord(value), 16)


def truncate(value: float) -> int:
    """A Java cast of a double to an integer kind, before it is narrowed."""
    if math.isnan(value):
        return 0
    return int(max(min(value, 2.0**63), -(2.0**63)))


def to_long(number: float | Decimal) -> int:
    """Number.longValue: integers wrap, fractions are cut and, where too large, clamped."""
    if isinstance(number, Decimal):
        number = int(bounded_decimal(number))
    if isinstance(number, int):
        return wrap(int(number))
    return max(min(truncate(number), LONG_MAX), LONG_MIN)


def to_double(number: float | Decimal) -> float:
    """Number.doubleValue."""
    if isinstance(number, Decimal):
        number = bounded_decimal(number)
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def to_decimal(number: float | Decimal) -> Decimal:
    """To BigDecimal as Tomcat does it: through a double, but for BigInteger."""
    if isinstance(number, Decimal):
        return bounded_decimal(number)
    if isinstance(number, BigInteger):
        return bounded_decimal(Decimal(int(number)))
    double = to_double(number)
    if not math.isfinite(double):
        raise RuleRuntimeError(
            f"{java_string(double)} has no decimal form",
            java_class="java.lang.NumberFormatException",
        )
    return bounded_decimal(Decimal(double))


def to_big_integer(number: float | Decimal) -> BigInteger:
    """To BigInteger: a BigDecimal is cut at its point, a double is a long first."""
    if isinstance(number, Decimal):
        return BigInteger(bounded_decimal(number))
    return BigInteger(number if isinstance(number, int) else to_long(number))


#: Java's narrow integer kinds: bits, and the class that keeps a value of them apart.
NARROW: dict[str, tuple[int, type[int]]] = {
    "byte": (8, Byte),
    "short": (16, Short),
    "int": (32, Integer),
    "long": (64, int),
}


def to_narrow(value: object, kind: str) -> int:
    """ELSupport.coerceToNumber for byte, short, int and long."""
    bits, cls = NARROW[kind]
    if value is None or value == "":
        return cls(0)
    if isinstance(value, Character):
        return cls(wrap(character_code(value), bits))
    if isinstance(value, str):
        try:
            return cls(parse_integer(value, -(1 << (bits - 1)), (1 << (bits - 1)) - 1))
        except RuleRuntimeError:
            raise cannot_convert(value, kind) from None
    if not isinstance(value, (int, float, Decimal)) or isinstance(value, bool):
        raise cannot_convert(value, kind)
    if isinstance(value, float) and bits < 64:
        # A double goes to 32 bits first, clamped; from there on bits are cut.
        return cls(wrap(max(min(truncate(value), 2**31 - 1), -(2**31)), bits))
    return cls(wrap(to_long(value), bits))


def to_floating(value: object, kind: str) -> float:
    """ELSupport.coerceToNumber for float and double."""
    number = for_comparison(value, parse_double, to_double, kind)
    return Float(number) if kind == "float" else number


def for_comparison(
    value: object,
    parse: Callable[[str], Any],
    convert: Callable[[Any], Any],
    target: str,
) -> Any:
    """ELSupport.coerceToNumber: text that is no number is an ELException."""
    if value is None or value == "":
        return convert(0)
    if isinstance(value, Character):
        return convert(character_code(value))
    if isinstance(value, str):
        try:
            return parse(value)
        except RuleRuntimeError:
            raise cannot_convert(value, target) from None
    if is_number(value):
        return convert(value)
    raise cannot_convert(value, target)


def for_arithmetic(
    value: object, parse: Callable[[str], Any], convert: Callable[[Any], Any]
) -> Any:
    """ELArithmetic.coerce: text that is no number is a NumberFormatException."""
    if value is None or value == "":
        return convert(0)
    if isinstance(value, Character):
        return convert(character_code(value))
    if isinstance(value, str):
        return parse(value)
    if is_number(value):
        return convert(value)
    raise _no_number(value)


Conversion = tuple[Callable[[str], Any], Callable[[Any], Any], str]
AS_DECIMAL: Conversion = (parse_decimal, to_decimal, "java.math.BigDecimal")
AS_DOUBLE: Conversion = (parse_double, to_double, "java.lang.Double")
AS_BIG_INTEGER: Conversion = (parse_big_integer, to_big_integer, "java.math.BigInteger")
AS_LONG: Conversion = (parse_integer, to_long, "java.lang.Long")
