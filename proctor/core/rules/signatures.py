"""The parameter types of functions and methods, and conversion to these types  [ELSupport]."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any

from proctor.core.exceptions import RuleEvaluationError
from proctor.core.java.coercion import (
    AS_BIG_INTEGER,
    AS_DECIMAL,
    NARROW,
    cannot_convert,
    for_comparison,
    is_number,
    is_text,
    to_boolean,
    to_enum,
    to_floating,
    to_narrow,
    to_text,
)
from proctor.core.java.comparison import is_comparable
from proctor.core.java.values import (
    BigInteger,
    Byte,
    Character,
    Float,
    Integer,
    JavaArray,
    MapValues,
    MaybeBool,
    Short,
    StringArray,
)
from proctor.core.java.versions import ReleaseVersion

__all__ = ["RuleType", "assignable", "coerce"]


class RuleType(enum.Enum):
    """The type of a function's parameter or result. The value is the name of the type in Java."""

    BOOLEAN = "boolean"
    BYTE = "byte"
    SHORT = "short"
    INT = "int"
    LONG = "long"
    FLOAT = "float"
    DOUBLE = "double"
    CHAR = "char"
    STRING = "String"
    OBJECT = "Object"
    CHAR_SEQUENCE = "CharSequence"
    COMPARABLE = "Comparable"
    COLLECTION = "Collection"
    LIST = "List"
    MAP = "Map"
    STRING_ARRAY = "String[]"
    MAYBE_BOOL = "MaybeBool"
    RELEASE_VERSION = "ReleaseVersion"
    # These types are used only by the methods of the Java classes with the same names.
    BIG_DECIMAL = "BigDecimal"
    BIG_INTEGER = "BigInteger"


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, JavaArray))


def _is_collection(value: object) -> bool:
    return isinstance(value, (AbstractSet, MapValues)) or _is_list(value)


#: For each type, a function that returns True if a non-null value has this type without conversion.
_BELONGS: dict[RuleType, Callable[[Any], bool]] = {
    RuleType.BOOLEAN: lambda value: isinstance(value, bool),
    RuleType.BYTE: lambda value: isinstance(value, Byte),
    RuleType.SHORT: lambda value: isinstance(value, Short),
    RuleType.INT: lambda value: isinstance(value, Integer),
    RuleType.LONG: lambda value: type(value) is int,
    RuleType.FLOAT: lambda value: isinstance(value, Float),
    RuleType.DOUBLE: lambda value: type(value) is float,
    RuleType.CHAR: lambda value: isinstance(value, Character),
    RuleType.STRING: is_text,
    RuleType.OBJECT: lambda value: True,
    RuleType.CHAR_SEQUENCE: is_text,
    RuleType.COMPARABLE: is_comparable,
    RuleType.COLLECTION: _is_collection,
    RuleType.LIST: _is_list,
    RuleType.MAP: lambda value: isinstance(value, Mapping),
    RuleType.STRING_ARRAY: lambda value: isinstance(value, StringArray),
    RuleType.MAYBE_BOOL: lambda value: isinstance(value, MaybeBool),
    RuleType.BIG_DECIMAL: lambda value: isinstance(value, Decimal),
    RuleType.BIG_INTEGER: lambda value: isinstance(value, BigInteger),
    RuleType.RELEASE_VERSION: lambda value: isinstance(value, ReleaseVersion),
}


def assignable(value: object, declared: RuleType) -> bool:
    """Return True if *value* can be passed as *declared* without conversion. Null always can."""
    return value is None or _BELONGS[declared](value)


def _to_character(value: object) -> Character:
    """Convert as ELSupport.coerceToCharacter does.

    A string becomes its first UTF-16 unit, and a number becomes the unit with that code.
    """
    if value is None or value == "":
        return Character("\0")
    if is_text(value):
        first = str(value)[0]
        # For a character beyond U+FFFF, the first UTF-16 unit is its high surrogate.
        return Character(first if first <= "\uffff" else chr(0xD7C0 + (ord(first) >> 10)))
    if is_number(value):
        return Character(chr(int(to_narrow(value, "short")) & 0xFFFF))
    raise cannot_convert(value, "java.lang.Character")


def coerce(value: object, declared: RuleType) -> Any:
    """Convert as ELSupport.coerceToType does. Raises RuleEvaluationError if this fails."""
    if value is not None and _BELONGS[declared](value):
        return value
    if declared is RuleType.STRING:
        return to_text(value)
    if declared.value in NARROW:
        return to_narrow(value, declared.value)
    if declared in (RuleType.FLOAT, RuleType.DOUBLE):
        return to_floating(value, declared.value)
    if declared is RuleType.BOOLEAN:
        return to_boolean(value)
    if declared is RuleType.CHAR:
        return _to_character(value)
    if declared is RuleType.BIG_DECIMAL:
        return for_comparison(value, *AS_DECIMAL)
    if declared is RuleType.BIG_INTEGER:
        return BigInteger(for_comparison(value, *AS_BIG_INTEGER))
    if declared is RuleType.MAYBE_BOOL:
        return to_enum(value, MaybeBool)
    if value is None or (value == "" and is_text(value)):
        return None
    if declared is RuleType.STRING_ARRAY and isinstance(value, JavaArray):
        return StringArray(to_text(item) for item in value)
    raise cannot_convert(value, declared.value)


def coercible(value: object, declared: RuleType) -> bool:
    """Return True if `coerce` would succeed."""
    try:
        coerce(value, declared)
    except RuleEvaluationError:
        return False
    return True
