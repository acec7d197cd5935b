"""Converts values of the vectors to values of the library, and back for comparison."""

from __future__ import annotations

from typing import Any

from proctor.core.java.context_types import ContextType, pipet_type, specification_type
from proctor.core.java.conversion import to_json
from proctor.core.java.numerals import parse_decimal, parse_double
from proctor.core.java.values import (
    BigInteger,
    Byte,
    Character,
    Float,
    Integer,
    JavaArray,
    LongArray,
    Short,
    StringArray,
    java_class,
    java_string,
)
from proctor.core.java.versions import ReleaseVersion


def _double(value: Any) -> float:
    return parse_double(value) if isinstance(value, str) else float(value)


_MAKERS: dict[str, Any] = {
    "Byte": Byte,
    "Short": Short,
    "Integer": Integer,
    "Long": int,
    "Float": lambda value: Float(_double(value)),
    "Double": _double,
    "Boolean": bool,
    "Character": Character,
    "String": str,
    "BigInteger": lambda value: BigInteger(int(value)),
    "BigDecimal": lambda value: parse_decimal(str(value)),
    "list": to_json,
    "map": to_json,
    "set": lambda value: frozenset(to_json(value)),
    "String[]": StringArray,
    "Long[]": LongArray,
    "ReleaseVersion": ReleaseVersion,
}


def make_variable(described: dict[str, Any]) -> Any:
    """Return the value of a variable described as {type, value}."""
    value = described["value"]
    return None if value is None else _MAKERS[described["type"]](value)


def declared_types(header: dict[str, Any]) -> dict[str, ContextType]:
    """Return the context types in a header, in the style that Java's loader used."""
    make = specification_type if header.get("provided_context_style") == "raw" else pipet_type
    return {name: make(type_name) for name, type_name in header["context_types"].items()}


def converted(context: dict[str, Any], types: dict[str, ContextType]) -> dict[str, Any]:
    """Return a context as Java's caller converted it, for an engine without declared types."""
    return {
        name: types[name].convert(value) if name in types else to_json(value)
        for name, value in context.items()
    }


_SIMPLE = {"java.util.ArrayList": "list", "java.util.LinkedHashMap": "map"}


def described(value: Any) -> dict[str, Any]:
    """Return a value in the form of `raw_value`."""
    if value is None:
        return {"type": "null", "value": None}
    if isinstance(value, JavaArray):
        simple = value.component.rpartition(".")[2]
        return {"type": f"{simple}[]", "value": [described(each) for each in value]}
    name = java_class(value)
    if isinstance(value, bool):
        return {"type": "Boolean", "value": value}
    if name.startswith(("java.lang.", "java.math.")):
        return {"type": name.rpartition(".")[2], "value": java_string(value)}
    if name in _SIMPLE and _SIMPLE[name] == "list":
        return {"type": "list", "value": [described(each) for each in value]}
    if name in _SIMPLE:
        items = {str(key): described(item) for key, item in value.items()}
        return {"type": "map", "value": items}
    return {"type": name, "value": java_string(value)}


def same_value(mine: Any, java: Any) -> bool:
    """Return whether values are equal; doubles are numbers, as some JDKs print an extra digit."""
    if isinstance(mine, dict) and isinstance(java, dict):
        if mine.get("type") in ("Double", "Float") and mine.get("type") == java.get("type"):
            ours, theirs = parse_double(str(mine["value"])), parse_double(str(java["value"]))
            return repr(ours) == repr(theirs)
        return mine.keys() == java.keys() and all(same_value(mine[k], java[k]) for k in mine)
    if isinstance(mine, list) and isinstance(java, list):
        return len(mine) == len(java) and all(map(same_value, mine, java))
    return type(mine) is type(java) and mine == java
