"""Test values for equality, order and emptiness [ELSupport of Tomcat 7]."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any

from proctor.core.exceptions import RuleEvaluationError, RuleRuntimeError
from proctor.core.java.coercion import (
    AS_BIG_INTEGER,
    AS_DECIMAL,
    AS_DOUBLE,
    AS_LONG,
    Conversion,
    for_comparison,
    is_text,
    to_boolean,
    to_enum,
    to_text,
)
from proctor.core.java.numerals import decimal_scale
from proctor.core.java.printing import shown_as_java
from proctor.core.java.values import (
    BigInteger,
    ByteArray,
    Character,
    CharArray,
    MapValues,
    java_class,
    unwrapped,
)
from proctor.core.java.versions import ReleaseVersion


def _common_kind(left: object, right: object) -> Conversion | None:
    """Return the type in which two numbers are compared, or None if neither is a number."""
    kind: Conversion | None = None
    for value in (left, right):
        if isinstance(value, Decimal):
            return AS_DECIMAL
        if isinstance(value, float):
            kind = AS_DOUBLE
        elif isinstance(value, bool):
            continue
        elif isinstance(value, BigInteger):
            kind = kind if kind is AS_DOUBLE else AS_BIG_INTEGER
        elif isinstance(value, (int, Character)):
            kind = kind or AS_LONG
    return kind


def doubles_equal(left: float, right: float) -> bool:
    """Compare two doubles as Double.equals does: NaN equals itself, and 0.0 differs from -0.0."""
    if left == right:
        return left != 0 or math.copysign(1, left) == math.copysign(1, right)
    return math.isnan(left) and math.isnan(right)


def _decimals_equal(left: Decimal, right: Decimal) -> bool:
    """Compare two decimals as BigDecimal.equals does: their values and their scales must match."""
    return left == right and decimal_scale(left) == decimal_scale(right)


def equals(left: object, right: object) -> bool:
    """Compute `==` as ELSupport.equals does."""
    if left is right:
        return True
    if left is None or right is None:
        return False
    kind = _common_kind(left, right)
    if kind is not None:
        a, b = for_comparison(left, *kind), for_comparison(right, *kind)
        if kind is AS_DOUBLE:
            return doubles_equal(a, b)
        return _decimals_equal(a, b) if kind is AS_DECIMAL else bool(a == b)
    if isinstance(left, bool) or isinstance(right, bool):
        return to_boolean(left) == to_boolean(right)
    if isinstance(left, enum.Enum):
        return to_enum(right, type(left)) is left
    if isinstance(right, enum.Enum):
        return to_enum(left, type(right)) is right
    if isinstance(left, str) or isinstance(right, str):
        return to_text(left) == to_text(right)
    return java_equals(left, right)


def java_equals(left: object, right: object) -> bool:
    """Compare two values as Object.equals does: their classes and contents must match.

    Collections are compared item by item.
    """
    if left is right:
        return True
    left, right = unwrapped(left), unwrapped(right)
    if isinstance(left, (Mapping, AbstractSet)) or (
        isinstance(left, Sequence) and not isinstance(left, str)
    ):
        return _collections_equal(left, right)
    if java_class(left) != java_class(right):
        return False
    if isinstance(left, float) and isinstance(right, float):
        return doubles_equal(left, right)
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return _decimals_equal(left, right)
    return bool(left == right)


def _collections_equal(left: object, right: object) -> bool:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return len(left) == len(right) and all(
            key in right and java_equals(item, right[key]) for key, item in left.items()
        )
    if isinstance(left, AbstractSet) and isinstance(right, AbstractSet):
        return len(left) == len(right) and all(
            any(java_equals(item, other) for other in right) for item in left
        )
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        same_kind = java_class(left) == java_class(right) == "java.util.ArrayList"
        return same_kind and len(left) == len(right) and all(map(java_equals, left, right))
    return False


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def order_text(left: str, right: str) -> int:
    """Compare two strings as String.compareTo does: by UTF-16 units, so U+1F600 is below U+FFFF."""
    if left.isascii() and right.isascii():
        return _sign(left, right)
    return _sign(
        left.encode("utf-16-be", "surrogatepass"), right.encode("utf-16-be", "surrogatepass")
    )


def _order_doubles(left: float, right: float) -> int:
    """Compare two unequal doubles as Double.compareTo does: NaN is largest, -0.0 is below 0.0."""
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) - math.isnan(right)
    return _sign((left, math.copysign(1, left)), (right, math.copysign(1, right)))


def compare(left: object, right: object) -> int:
    """Return -1, 0 or 1 as ELSupport.compare does for two values that are not null."""
    if left is right or equals(left, right):
        return 0
    kind = _common_kind(left, right)
    if kind is not None:
        a, b = for_comparison(left, *kind), for_comparison(right, *kind)
        return _order_doubles(a, b) if kind is AS_DOUBLE else _sign(a, b)
    if is_text(left) or is_text(right):
        return order_text(to_text(left), to_text(right))
    if is_comparable(left):
        return compare_same(left, right)
    if is_comparable(right):
        return -compare_same(right, left)
    raise RuleEvaluationError(
        f"cannot compare {shown_as_java(left)!r} with {shown_as_java(right)!r}"
    )


def is_comparable(value: object) -> bool:
    """Return True if the Java class that *value* represents implements Comparable."""
    return isinstance(value, (int, float, str, Decimal, enum.Enum, ReleaseVersion))


def compare_same(left: object, right: object) -> int:
    """Compare two values as Comparable.compareTo does.

    Raises RuleRuntimeError if the classes differ (Java: ClassCastException).
    """
    if java_class(left) != java_class(right) or not is_comparable(left):
        raise RuleRuntimeError(
            f"cannot compare {shown_as_java(left)!r} of type {java_class(left)} with "
            f"{shown_as_java(right)!r} of type {java_class(right)}",
            java_class="java.lang.ClassCastException",
        )
    if isinstance(left, str) and isinstance(right, str):
        return order_text(left, right)
    if isinstance(left, float) and isinstance(right, float):
        return 0 if doubles_equal(left, right) else _order_doubles(left, right)
    if isinstance(left, enum.Enum):
        members = list(type(left))
        return _sign(members.index(left), members.index(right))  # type: ignore[arg-type]
    if isinstance(left, ReleaseVersion) and isinstance(right, ReleaseVersion):
        return left.compare(right)
    return _sign(left, right)


def is_empty(value: object) -> bool:
    """Return the result of the `empty` operator.

    The result is True for null, "" and empty collections, and otherwise False.
    """
    if value is None:
        return True
    if isinstance(value, (ByteArray, CharArray)):
        # AstEmpty tests for Object[], and an array of primitives is not an Object[].
        return False
    return isinstance(value, (str, Mapping, Sequence, AbstractSet, MapValues)) and not len(value)
