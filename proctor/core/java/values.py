"""The values that a rule sees: Java's types, to the extent that they affect a result.

Java's most common types are represented by plain Python values: Boolean by bool, Long by int,
Double by float, String by str, BigDecimal by `decimal.Decimal`, List by list and tuple, Map by
dict, Set by set, and null by None. All other types are subclasses of these. In Python, they behave
like their base class; only the rule language checks the class.
"""

from __future__ import annotations

import enum
import math
import struct
from collections.abc import Collection, Iterator, KeysView, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from proctor.core.exceptions import RuleRuntimeError
from proctor.core.java.numerals import MAX_INTEGER_BITS
from proctor.core.java.versions import ReleaseVersion

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
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
    "MaybeBool",
    "Short",
    "StringArray",
    "java_class",
    "java_string",
]


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
    """java.lang.Float: the value is rounded to single precision on creation."""

    __slots__ = ()

    def __new__(cls, value: float) -> Self:
        """Round *value* to single precision. A value that is too large becomes an infinity."""
        # The native format casts as C does. For a value that is too large, the standard format
        # ("<f") would raise an exception.
        return super().__new__(cls, struct.unpack("f", struct.pack("f", value))[0])


class Character(str):
    """java.lang.Character, which is exactly one UTF-16 unit."""

    __slots__ = ()


class JavaArray(tuple[Any, ...]):
    """A Java array. Each subclass has a component type."""

    __slots__ = ()
    #: The Java name of the component class.
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
    """byte[], which only a rule can create, with `text.bytes`."""

    __slots__ = ()
    component = "byte"


class CharArray(JavaArray):
    """char[], which only a rule can create, with `text.toCharArray()`."""

    __slots__ = ()
    component = "char"


class MapValues(Collection[Any]):
    """The result of `Map.values()`: a live view that is neither a List nor a Set.

    It equals only the values of the same map object, because a Java map always returns the same
    view.
    """

    __slots__ = ("_map",)

    def __init__(self, of: Mapping[Any, Any]) -> None:
        """Create a view of the values in the map *of*."""
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
    """ProctorRuleFunctions.MaybeBool: the result of a condition, which may be unknown."""

    TRUE = "TRUE"
    FALSE = "FALSE"
    UNKNOWN = "UNKNOWN"


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
    """Return the name of the Java class that *value* represents.

    If there is no such class, return the name of the Python class.
    """
    if isinstance(value, JavaArray):
        return _PRIMITIVE_ARRAYS.get(type(value), f"[L{value.component};")
    for cls in type(value).__mro__:
        if cls in _NAMES:
            return _NAMES[cls]
    return type(value).__qualname__


def _shortest(value: float) -> str:
    """Return the shortest text with an exponent that parses to the positive, finite *value*.

    If up to two digits are enough, Java uses the two-digit number nearest to *value*: 4.9E-324,
    although 5E-324 would parse to the same double.
    """
    kind = type(value)
    two = f"{float(value):.1e}"
    if kind(float(two)) == value:
        return two
    if kind is Float:
        return next(s for n in range(9) if Float(float(s := f"{float(value):.{n}e}")) == value)
    return f"{Decimal(repr(float(value))):e}"


def _digits_and_exponent(value: float) -> tuple[str, int]:
    """Return the digits of a positive finite number and the position of its decimal point."""
    text = _shortest(value)
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).rstrip("0") or "0"
    return digits, int(exponent) + len(whole)


def _float_string(value: float) -> str:
    """Format *value* as Java's Double.toString or Float.toString does.

    The result is the shortest form, as in JDK 19 and later.
    """
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
    """Format *value* as BigDecimal.toString does. Python differs only for negative zero."""
    return str(value if value else value.copy_abs())


def _integer_string(value: int) -> str:
    if -(2**63) <= value < 2**64:
        return int.__repr__(value)
    if value.bit_length() > MAX_INTEGER_BITS:
        raise RuleRuntimeError(
            f"an integer of more than {MAX_INTEGER_BITS} bits is too long to print"
        )
    # Python refuses to print an int of more than 4300 digits, but it prints a Decimal of that size.
    return str(Decimal(value))


def unwrapped(value: object) -> object:
    """Return the value of a member of a str or int enumeration, or any other object unchanged.

    In rules, members of TextChoices, StrEnum and IntEnum behave like their values. Members of other
    enumerations correspond to Java's enums.
    """
    if isinstance(value, enum.Enum):
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            return int.__index__(value)
    return value


def java_string(value: object) -> str:
    """Format *value* as String.valueOf does: `true`, `1.0`, `1.0E10`, `[a, b]`, `{k=v}`, `null`."""
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
