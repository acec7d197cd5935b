"""Convert values between Java's types [ELSupport of Tomcat 7].

All functions accept values of the types in the `values` module, and raise only RuleError.
RuleEvaluationError represents Java Proctor's ELException, and RuleRuntimeError its other runtime
exceptions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import RuleEvaluationError, RuleRuntimeError
from proctor.core.java.numerals import (
    LONG_MAX,
    LONG_MIN,
    bounded_decimal,
    parse_big_integer,
    parse_decimal,
    parse_double,
    parse_integer,
    wrap,
)
from proctor.core.java.printing import shown_as_java
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

if TYPE_CHECKING:
    import enum


def cannot_convert(value: object, target: str) -> RuleEvaluationError:
    """Return the error for a value that cannot be converted to *target*."""
    return RuleEvaluationError(
        f"cannot convert {shown_as_java(value)!r} of type {java_class(value)} to {target}"
    )


def _no_number(value: object) -> RuleRuntimeError:
    return RuleRuntimeError(
        f"cannot convert {shown_as_java(value)!r} of type {java_class(value)} to a number",
        java_class="java.lang.IllegalArgumentException",
    )


def is_text(value: object) -> bool:
    """Return True if *value* is a String. A Character is not a String."""
    return isinstance(value, str) and not isinstance(value, Character)


def is_number(value: object) -> bool:
    """Return True if *value* is a java.lang.Number. A Boolean is not a Number."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def to_boolean(value: object) -> bool:
    """Convert *value* to a Boolean, as ELSupport.coerceToBoolean does.

    null and "" are false, and "true" is true, ignoring case.
    """
    if value is True or value is False:
        return value
    if value is None:
        return False
    if isinstance(value, str) and not isinstance(value, Character):
        return value.lower() == "true"
    raise cannot_convert(value, "java.lang.Boolean")


def to_text(value: object) -> str:
    """Convert *value* to a String, as ELSupport.coerceToString does. null becomes ""."""
    return "" if value is None else java_string(value)


def to_enum(value: object, members: type[enum.Enum]) -> enum.Enum | None:
    """Convert *value* to one of *members*, as ELSupport.coerceToEnum does.

    null and "" become null; any other text must be the name of a member.
    """
    if value is None or isinstance(value, members):
        return value
    if is_text(value):
        if value == "":
            return None
        if value in members.__members__:
            return members[str(value)]
    raise cannot_convert(value, members.__name__)


def character_code(value: Character) -> int:
    """Return the code of a Character as a signed 16-bit number, as Java Proctor reads it."""
    return wrap(ord(value), 16)


def truncate(value: float) -> int:
    """Cast a double to an integer as Java does. The result is not yet narrowed to a Java type."""
    if math.isnan(value):
        return 0
    return int(max(min(value, 2.0**63), -(2.0**63)))


def to_long(number: float | Decimal) -> int:
    """Convert to a long as Number.longValue does: wrap integers, and truncate and clamp doubles."""
    if isinstance(number, Decimal):
        number = int(bounded_decimal(number))
    if isinstance(number, int):
        return wrap(int(number))
    return max(min(truncate(number), LONG_MAX), LONG_MIN)


def to_double(number: float | Decimal) -> float:
    """Convert *number* to a double, as Number.doubleValue does."""
    if isinstance(number, Decimal):
        number = bounded_decimal(number)
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def to_decimal(number: float | Decimal) -> Decimal:
    """Convert *number* to BigDecimal as Tomcat does: via a double, unless it is a BigInteger."""
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
    """Convert to BigInteger. A BigDecimal is truncated; a double is first converted to a long."""
    if isinstance(number, Decimal):
        return BigInteger(bounded_decimal(number))
    return BigInteger(number if isinstance(number, int) else to_long(number))


#: Maps each of Java's integer types to its number of bits and the class that represents it.
NARROW: dict[str, tuple[int, type[int]]] = {
    "byte": (8, Byte),
    "short": (16, Short),
    "int": (32, Integer),
    "long": (64, int),
}


def to_narrow(value: object, kind: str) -> int:
    """Convert *value* to a byte, short, int or long, as ELSupport.coerceToNumber does."""
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
        # A double is first clamped to 32 bits. Then its upper bits are cut off.
        return cls(wrap(max(min(truncate(value), 2**31 - 1), -(2**31)), bits))
    return cls(wrap(to_long(value), bits))


def to_floating(value: object, kind: str) -> float:
    """Convert *value* to a float or double, as ELSupport.coerceToNumber does."""
    number = for_comparison(value, parse_double, to_double, kind)
    return Float(number) if kind == "float" else number


def for_comparison(
    value: object,
    parse: Callable[[str], Any],
    convert: Callable[[Any], Any],
    target: str,
) -> Any:
    """Convert *value* to a number, as ELSupport.coerceToNumber does.

    Text that is not a number raises RuleEvaluationError (Java: ELException).
    """
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
    """Convert *value* to a number, as ELArithmetic.coerce does.

    Text that is not a number raises RuleRuntimeError (Java: NumberFormatException).
    """
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
