"""Declared parameter types of functions and methods, and what fits them  [ELSupport]."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any

from proctor.core.exceptions import RuleEvaluationError
from proctor.core.rules.coercion import (
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
from proctor.core.rules.comparison import is_comparable
from proctor.core.rules.values import (
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
from proctor.core.rules.versions import ReleaseVersion

__all__ = ["Type", "assignable", "coerce"]


class Type(enum.Enum):
    """A type that a parameter or a result of a function may have, by its Java name."""

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
    # Parameters of the methods of these classes themselves.
    BIG_DECIMAL = "BigDecimal"
    BIG_INTEGER = "BigInteger"


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, JavaArray))


def _is_collection(value: object) -> bool:
    return isinstance(value, (AbstractSet, MapValues)) or _is_list(value)


#: Whether a value that is not null belongs to a type without any conversion.
_BELONGS: dict[Type, Callable[[Any], bool]] = {
    Type.BOOLEAN: lambda value: isinstance(value, bool),
    Type.BYTE: lambda value: isinstance(value, Byte),
    Type.SHORT: lambda value: isinstance(value, Short),
    Type.INT: lambda value: isinstance(value, Integer),
    Type.LONG: lambda value: type(value) is int,
    Type.FLOAT: lambda value: isinstance(value, Float),
    Type.DOUBLE: lambda value: type(value) is float,
    Type.CHAR: lambda value: isinstance(value, Character),
    Type.STRING: is_text,
    Type.OBJECT: lambda value: True,
    Type.CHAR_SEQUENCE: is_text,
    Type.COMPARABLE: is_comparable,
    Type.COLLECTION: _is_collection,
    Type.LIST: _is_list,
    Type.MAP: lambda value: isinstance(value, Mapping),
    Type.STRING_ARRAY: lambda value: isinstance(value, StringArray),
    Type.MAYBE_BOOL: lambda value: isinstance(value, MaybeBool),
    Type.BIG_DECIMAL: lambda value: isinstance(value, Decimal),
    Type.BIG_INTEGER: lambda value: isinstance(value, BigInteger),
    Type.RELEASE_VERSION: lambda value: isinstance(value, ReleaseVersion),
}


def assignable(value: object, declared: Type) -> bool:
    """Whether *value* may stand for *declared* as it is; null may for everything."""
    return value is None or _BELONGS[declared](value)


def _to_character(value: object) -> Character:
    """ELSupport.coerceToCharacter: text by its first unit, numbers by code."""
    if value is None or value == "":
        return Character("\0")
    if is_text(value):
        first = str(value)[0]
        # The first UTF-16 unit of a character beyond U+FFFF is its high surrogate.
        return Character(first if first <= "\uffff" else chr(0xD7C0 + (ord(first) >> 10)))
    if is_number(value):
        return Character(chr(int(to_narrow(value, "short")) & 0xFFFF))
    raise cannot_convert(value, "java.lang.Character")


def coerce(value: object, declared: Type) -> Any:
    """ELSupport.coerceToType. Raises RuleEvaluationError where nothing converts."""
    if value is not None and _BELONGS[declared](value):
        return value
    if declared is Type.STRING:
        return to_text(value)
    if declared.value in NARROW:
        return to_narrow(value, declared.value)
    if declared in (Type.FLOAT, Type.DOUBLE):
        return to_floating(value, declared.value)
    if declared is Type.BOOLEAN:
        return to_boolean(value)
    if declared is Type.CHAR:
        return _to_character(value)
    if declared is Type.BIG_DECIMAL:
        return for_comparison(value, *AS_DECIMAL)
    if declared is Type.BIG_INTEGER:
        return BigInteger(for_comparison(value, *AS_BIG_INTEGER))
    if declared is Type.MAYBE_BOOL:
        return to_enum(value, MaybeBool)
    if value is None or (value == "" and is_text(value)):
        return None
    if declared is Type.STRING_ARRAY and isinstance(value, JavaArray):
        return StringArray(to_text(item) for item in value)
    raise cannot_convert(value, declared.value)


def coercible(value: object, declared: Type) -> bool:
    """Whether `coerce` would succeed."""
    try:
        coerce(value, declared)
    except RuleEvaluationError:
        return False
    return True
