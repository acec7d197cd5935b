"""Methods that every object has [java.lang.Object], and the computation of hash codes."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal

from proctor.core.java import text
from proctor.core.java.comparison import compare_same, java_equals
from proctor.core.java.numerals import bounded_decimal, decimal_scale, wrap
from proctor.core.java.values import (
    BigInteger,
    Byte,
    Character,
    Float,
    Integer,
    JavaArray,
    Short,
    java_class,
    java_string,
)
from proctor.core.rules.methods.choosing import Method, Methods, one
from proctor.core.rules.signatures import RuleType
from proctor.core.rules.work import LOOPING

__all__ = ["OBJECT", "comparable"]


def java_hash(value: object) -> int:
    """Return the result of Object.hashCode.

    Raises TypeError if an object's hash code differs between runs of Java.
    """
    if value is None:
        return 0
    if isinstance(value, bool):
        return 1231 if value else 1237
    if isinstance(value, str):
        return ord(value) if isinstance(value, Character) else text.java_hash(value)
    if isinstance(value, (int, float, Decimal)):
        return wrap(_number_hash(value), 32)
    if isinstance(value, Mapping):
        return wrap(sum(java_hash(key) ^ java_hash(item) for key, item in value.items()), 32)
    if isinstance(value, AbstractSet):
        return wrap(sum(map(java_hash, value)), 32)
    if isinstance(value, Sequence) and not isinstance(value, JavaArray):
        result = 1
        for item in value:
            result = (31 * result + java_hash(item)) & 0xFFFFFFFF
        return wrap(result, 32)
    raise TypeError(f"the hash code of {java_class(value)} differs between runs of Java")


def _number_hash(value: float | Decimal) -> int:
    """Return a number's hash code. The caller uses only its lowest 32 bits."""
    if isinstance(value, Decimal):
        exact = bounded_decimal(value)
        scale = decimal_scale(exact)
        # Computed from the digits, because a decimal context would round a number with so many
        # digits.
        unscaled = int(Decimal((exact.is_signed(), exact.as_tuple().digits, 0)))
        return 31 * _words_hash(unscaled) + scale
    if isinstance(value, float):
        return _float_hash(value)
    if isinstance(value, BigInteger):
        return _words_hash(int(value))
    number = int(value)
    return number if isinstance(value, (Integer, Short, Byte)) else number ^ (number >> 32)


def _float_hash(value: float) -> int:
    if isinstance(value, Float):
        bits: int = struct.unpack(">i", struct.pack(">f", value))[0]
        return bits if value == value else 0x7FC00000  # noqa: PLR0124 - NaN differs from itself
    bits = struct.unpack(">q", struct.pack(">d", value))[0]
    if value != value:  # noqa: PLR0124 - as above: Java has only one NaN
        bits = 0x7FF8 << 48
    return bits ^ (bits >> 32)


def _words_hash(value: int) -> int:
    """Compute BigInteger.hashCode from the sign and the 32-bit words of the magnitude."""
    magnitude = abs(value)
    data = magnitude.to_bytes((magnitude.bit_length() + 31) // 32 * 4, "big")
    result = 0
    for (word,) in struct.iter_unpack(">I", data):
        result = (31 * result + word) & 0xFFFFFFFF
    return -result if value < 0 else result


def _hash_work(value: object) -> int:
    return LOOPING * len(value) if isinstance(value, str) else 0


OBJECT: Methods = {
    "equals": one(java_equals, RuleType.OBJECT),
    "toString": one(java_string),
    "hashCode": one(lambda value: Integer(java_hash(value)), work=_hash_work),
}


def _compare(left: object, right: object) -> Integer:
    if right is None:
        raise TypeError("null cannot be compared")
    return Integer(compare_same(left, right))


#: `Comparable.compareTo(Object)`, which fails for a value of a different class.
_BRIDGE = Method((RuleType.OBJECT,), _compare, bridge=True)


def comparable(same: RuleType, written: Method | None = None) -> Methods:
    """Return Comparable's methods for a class that can be compared with values of type *same*.

    Pass the class's own compareTo as *written* if it can return numbers other than -1, 0 and 1.
    """
    return {"compareTo": (written or Method((same,), _compare), _BRIDGE)}
