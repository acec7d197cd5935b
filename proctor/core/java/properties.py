"""Read properties of values: `base.name` and `base[key]`  [the four EL resolvers].

A rule can read the properties listed here, and the public attributes of objects that the site puts
into the context. It can never read Python callables, or attributes whose names begin with an
underscore. Classes, modules, generators and similar objects cannot be read either, because they
give access to the whole program.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any

from proctor.core.exceptions import ConversionError, RuleEvaluationError, UndefinedName
from proctor.core.java import text
from proctor.core.java.coercion import is_number, to_narrow
from proctor.core.java.comparison import java_equals
from proctor.core.java.numerals import parse_integer, wrap
from proctor.core.java.printing import shown_as_java
from proctor.core.java.undeclared import as_rules_see
from proctor.core.java.values import (
    Byte,
    ByteArray,
    Character,
    MapValues,
    MaybeBool,
    java_class,
    java_string,
)
from proctor.core.java.versions import MatchPrecision, ReleaseVersion

__all__ = ["get_property", "has_key", "map_get", "property_index"]


def property_index(key: object) -> int:
    """Convert a number, Character, Boolean or text to an index as ListELResolver.coerce does."""
    if isinstance(key, bool):
        return int(key)
    if is_number(key):
        return int(to_narrow(key, "int"))
    if isinstance(key, Character):
        return ord(key)
    return parse_integer(java_string(key), -(2**31), 2**31 - 1)


def map_get(mapping: Mapping[Any, Any], key: object) -> object:
    """Return the value for a key, as Map.get does: null if no key of the same class is equal."""
    if type(key) is str:
        return mapping.get(key)
    return next((item for each, item in mapping.items() if java_equals(each, key)), None)


def has_key(mapping: Mapping[Any, Any], key: object) -> bool:
    """Return True if the map has the key, as Map.containsKey does."""
    return any(java_equals(each, key) for each in mapping)


def get_property(base: object, key: object) -> object:
    """Return the value of `base[key]`. Neither *base* nor *key* may be null.

    Arrays and lists are read by index (null if out of bounds), maps by key, and everything else by
    the properties of its class. Values from the site are converted like undeclared variables; for
    example, a query set becomes a list. Raises UndefinedName for an unknown property.
    """
    if isinstance(base, Mapping):
        return _seen(map_get(base, key), base, key)
    if isinstance(base, Sequence) and not isinstance(base, str):
        index = property_index(key)
        return _seen(base[index], base, key) if 0 <= index < len(base) else None
    name = java_string(key)
    getters = _getters(base)
    if getters is not None:
        if name in getters:
            return getters[name](base)
        raise _no_property(base, name)
    return _seen(_attribute(base, name), base, name)


def _seen(value: object, base: object, key: object) -> object:
    """Return the *value* of a property as rules see it.

    Raises RuleEvaluationError if the value should become a list but cannot.
    """
    try:
        return as_rules_see(value)
    except ConversionError as error:
        raise RuleEvaluationError(
            f"reading {shown_as_java(key)!r} of {java_class(base)} failed: {error}"
        ) from error


def _no_property(base: object, name: str) -> UndefinedName:
    return UndefinedName(f"{shown_as_java(name)!r} is not a property of {java_class(base)}")


def _getters(base: object) -> Mapping[str, Callable[[Any], object]] | None:
    """Return the bean getters of a Java value, or None if the value is an object of the site."""
    if isinstance(base, str):
        return {} if isinstance(base, Character) else _STRING_GETTERS
    if isinstance(base, float):
        return FLOAT_GETTERS
    if isinstance(base, (AbstractSet, MapValues)):
        return _COLLECTION_GETTERS
    if isinstance(base, ReleaseVersion):
        return _VERSION_GETTERS
    if isinstance(base, (bool, int, Decimal, MaybeBool, MatchPrecision)):
        return {}
    return None


_COLLECTION_GETTERS: dict[str, Callable[[Collection[Any]], object]] = {
    "empty": lambda value: not value
}
_VERSION_GETTERS: dict[str, Callable[[ReleaseVersion], object]] = {
    "matchPrecision": lambda version: version.match_precision
}
#: Java's bytes are signed.
_BYTES = tuple(Byte(wrap(byte, 8)) for byte in range(256))
_STRING_GETTERS: dict[str, Callable[[str], object]] = {
    "empty": lambda value: not value,
    "blank": lambda value: not text.strip(value),
    "bytes": lambda value: ByteArray(map(_BYTES.__getitem__, value.encode("utf-8", "replace"))),
}
FLOAT_GETTERS: dict[str, Callable[[float], object]] = {
    "infinite": lambda value: value in (float("inf"), float("-inf")),
    "naN": lambda value: value != value,  # noqa: PLR0124 - NaN alone differs from itself
}


#: The public attributes of these types give access to code, frames and the globals of modules.
_OPAQUE = (
    type,
    AsyncGeneratorType,
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    TracebackType,
)


def _attribute(base: object, name: str) -> object:
    if not name.isidentifier() or name.startswith("_") or isinstance(base, _OPAQUE):
        raise _no_property(base, name)
    try:
        value: object = getattr(base, name)
    except AttributeError:
        raise _no_property(base, name) from None
    except Exception as error:
        raise RuleEvaluationError(
            f"reading {name!r} of {java_class(base)} failed: {type(error).__name__}: {error}"
        ) from error
    if callable(value):
        raise _no_property(base, name)
    return value
