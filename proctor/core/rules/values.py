"""The values that a rule sees: Java's kinds, told apart where the answer depends on them.

Plain Python values stand for the Java's commonest: bool Boolean, int Long, float
Double, str String, `decimal.Decimal` BigDecimal, list and tuple List, dict Map, set Set,
None null. The other kinds are subclasses of these, so that they behave in Python as one
expects, and only the rule language asks for the class.
"""

from __future__ import annotations

import enum
import functools
import math
import re
import struct
from collections.abc import Collection, Iterator, KeysView, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar, cast

from proctor.core.exceptions import RuleRuntimeError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "LONG_MAX",
    "LONG_MIN",
    "BigInteger",
    "Byte",
    "ByteArray",
    "CharArray",
    "Character",
    "Float",
    "Integer",
    "JavaArray",
    "LongArray",
    "MapValues",
    "MatchPrecision",
    "MaybeBool",
    "ReleaseVersion",
    "Short",
    "StringArray",
    "decimal_scale",
    "java_class",
    "java_string",
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


class Integer(int):
    """java.lang.Integer."""

    __slots__ = ()


class Short(int):
    """java.lang.Short."""

    __slots__ = ()


class Byte(int):
    """java.lang.Byte."""

    __slots__ = ()


class BigInteger(int):
    """java.math.BigInteger."""

    __slots__ = ()


class Float(float):
    """java.lang.Float: the value is rounded to single precision when it is made."""

    __slots__ = ()

    def __new__(cls, value: float) -> Self:
        """Round *value* to single precision; what is too large becomes an infinity."""
        # The native format casts as C does; the standard one ("<f") would raise.
        return super().__new__(cls, struct.unpack("f", struct.pack("f", value))[0])


class Character(str):
    """java.lang.Character: exactly one UTF-16 unit."""

    __slots__ = ()


class JavaArray(tuple[Any, ...]):
    """A Java array; the subclass says of what."""

    __slots__ = ()
    #: Java's name of the component class.
    component: ClassVar[str] = "java.lang.Object"


class StringArray(JavaArray):
    """java.lang.String[]."""

    __slots__ = ()
    component = "java.lang.String"


class LongArray(JavaArray):
    """java.lang.Long[]."""

    __slots__ = ()
    component = "java.lang.Long"


class ByteArray(JavaArray):
    """byte[], which only a rule can make: `text.bytes`."""

    __slots__ = ()
    component = "byte"


class CharArray(JavaArray):
    """char[], which only a rule can make: `text.toCharArray()`."""

    __slots__ = ()
    component = "char"


class MapValues(Collection[Any]):
    """What `Map.values()` gives: a Collection, neither List nor Set, and no copy.

    Equal only to the values of the very same map, as the Java keeps one object of them.
    """

    __slots__ = ("_map",)

    def __init__(self, of: Mapping[Any, Any]) -> None:
        """The values of the map *of*."""
        self._map = of

    def __contains__(self, item: object) -> bool:
        return item in self._map.values()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._map.values())

    def __len__(self) -> int:
        return len(self._map)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MapValues) and other._map is self._map

    def __hash__(self) -> int:
        return id(self._map)


class MaybeBool(enum.Enum):
    """ProctorRuleFunctions.MaybeBool: what is known of a condition."""

    TRUE = "TRUE"
    FALSE = "FALSE"
    UNKNOWN = "UNKNOWN"


class MatchPrecision(enum.Enum):
    """ReleaseVersion.MatchPrecision: the last part that a version names."""

    MAJOR = 1
    MINOR = 2
    PATCH = 3
    BUILD = 4


@functools.total_ordering
class ReleaseVersion:
    """com.indeed.util.core.ReleaseVersion: `2.4.7.48`, or `2.4.x` for all of 2.4.

    Two versions compare by the leading parts that both have, so 2.x equals every 2.*.
    """

    __slots__ = ("_parts",)

    _parts: tuple[int, ...]
    _LIMITS: ClassVar = (32767, 65535, 65535, 65535)

    def __init__(self, text: str) -> None:
        """Parse *text*; ValueError where the Java refuses it."""
        pieces = text.split(".")
        while len(pieces) > 1 and not pieces[-1]:
            pieces.pop()
        if pieces[-1] == "x":
            pieces.pop()
        elif len(pieces) < 4:
            pieces.clear()
        if not pieces:
            raise ValueError(f"{text[:80]!r} is no version; write four numbers, or end it in '.x'")
        parts = tuple(parse_integer(piece, -(2**31), 2**31 - 1) for piece in pieces[:4])
        for part, limit in zip(parts, self._LIMITS, strict=False):
            if not 0 <= part <= limit:
                raise ValueError(f"{part} in version {text[:80]!r} is outside 0 to {limit}")
        self._parts = parts

    @property
    def match_precision(self) -> MatchPrecision:
        """The last part that is named; less than BUILD is a wildcard."""
        return MatchPrecision(len(self._parts))

    #: The property by the name that rules use.
    matchPrecision = match_precision  # noqa: N815 - the Java's name

    def compare(self, other: ReleaseVersion) -> int:
        """Java's compareTo: -1, 0 or 1 by the parts that both versions have."""
        shared = min(len(self._parts), len(other._parts))
        mine, theirs = self._parts[:shared], other._parts[:shared]
        return (mine > theirs) - (mine < theirs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReleaseVersion) and self.compare(other) == 0

    def __lt__(self, other: ReleaseVersion) -> bool:
        return self.compare(other) < 0

    def __hash__(self) -> int:
        # Equal versions share no more than the first part: 1.x equals 1.2.3.4.
        return hash(self._parts[0])

    def __str__(self) -> str:
        wildcard = "" if len(self._parts) == 4 else ".x"
        return ".".join(map(str, self._parts)) + wildcard

    def __repr__(self) -> str:
        return f"ReleaseVersion({str(self)!r})"


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
    return RuleRuntimeError(
        f"{text[:80]!r} is not a number", java_class="java.lang.NumberFormatException"
    )


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


_NAMES: dict[type, str] = {
    bool: "java.lang.Boolean",
    int: "java.lang.Long",
    float: "java.lang.Double",
    str: "java.lang.String",
    Decimal: "java.math.BigDecimal",
    Integer: "java.lang.Integer",
    Short: "java.lang.Short",
    Byte: "java.lang.Byte",
    BigInteger: "java.math.BigInteger",
    Float: "java.lang.Float",
    Character: "java.lang.Character",
    ReleaseVersion: "com.indeed.util.core.ReleaseVersion",
    MaybeBool: "com.indeed.proctor.common.ProctorRuleFunctions$MaybeBool",
    list: "java.util.ArrayList",
    tuple: "java.util.ArrayList",
    dict: "java.util.LinkedHashMap",
    set: "java.util.HashSet",
    frozenset: "java.util.HashSet",
    KeysView: "java.util.LinkedHashMap$LinkedKeySet",
    type({}.keys()): "java.util.LinkedHashMap$LinkedKeySet",
    MapValues: "java.util.LinkedHashMap$LinkedValues",
}

_PRIMITIVE_ARRAYS: dict[type, str] = {ByteArray: "[B", CharArray: "[C"}


def java_class(value: object) -> str:
    """The name of the Java class that *value* stands for; other objects keep their own."""
    if isinstance(value, JavaArray):
        return _PRIMITIVE_ARRAYS.get(type(value), f"[L{value.component};")
    for cls in type(value).__mro__:
        if cls in _NAMES:
            return _NAMES[cls]
    return type(value).__qualname__


def _shortest(value: float) -> str:
    """The shortest form with an exponent that reads as *value*, positive and finite.

    Of forms of up to two digits Java takes the nearest: 4.9E-324, where 5E-324 would do.
    """
    kind = type(value)
    two = f"{float(value):.1e}"
    if kind(float(two)) == value:
        return two
    if kind is Float:
        return next(s for n in range(9) if Float(float(s := f"{float(value):.{n}e}")) == value)
    return f"{Decimal(repr(float(value))):e}"


def _digits_and_exponent(value: float) -> tuple[str, int]:
    """The digits of a positive finite number and the position of its point."""
    text = _shortest(value)
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).rstrip("0") or "0"
    return digits, int(exponent) + len(whole)


def _float_string(value: float) -> str:
    """Java's Double.toString or Float.toString (of JDK 19 and later: the shortest form)."""
    if math.isnan(value):
        return "NaN"
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if math.isinf(value):
        return sign + "Infinity"
    if value == 0:
        return sign + "0.0"
    kind = Float if isinstance(value, Float) else float
    digits, point = _digits_and_exponent(kind(abs(value)))
    if -3 < point <= 7:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        return f"{sign}{digits[:point].ljust(point, '0')}.{digits[point:] or '0'}"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{point - 1}"


def _decimal_string(value: Decimal) -> str:
    """Java's BigDecimal.toString, which is Python's but for the negative zero."""
    return str(value if value else value.copy_abs())


def _integer_string(value: int) -> str:
    if -(2**63) <= value < 2**64:
        return int.__repr__(value)
    if value.bit_length() > MAX_INTEGER_BITS:
        raise RuleRuntimeError(f"an integer of more than {MAX_INTEGER_BITS} bits is not printed")
    # Python refuses to print more than 4300 digits of an int, and of a Decimal it does not.
    return str(Decimal(value))


def java_string(value: object) -> str:
    """Java's String.valueOf: `true`, `1.0`, `1.0E10`, `[a, b]`, `{k=v}`, `null`."""
    if isinstance(value, str):
        return str.__str__(value)
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_string(value)
    if isinstance(value, int):
        return _integer_string(value)
    if isinstance(value, Decimal):
        return _decimal_string(value)
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, Mapping):
        items = (f"{java_string(key)}={java_string(item)}" for key, item in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, JavaArray):
        return f"{java_class(value)}@0"
    if isinstance(value, (Sequence, AbstractSet, MapValues)):
        return "[" + ", ".join(map(java_string, value)) + "]"
    return str(value)
