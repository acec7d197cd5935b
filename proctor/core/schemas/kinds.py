"""Schemas for each kind of field: what authors should write, and what Java Proctor accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.java.numerals import DOUBLE_PATTERN, LONG_MAX, LONG_MIN
from proctor.core.matrices.payloads import PAYLOAD_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Json", "lenient_kind", "strict_kind"]

Json = dict[str, Any]

INT_MIN, INT_MAX = -(2**31), 2**31 - 1

#: Characters that Java removes when it trims a string.
_BLANKS = r"[\u0000-\u0020]*"

_TEXT: Json = {"type": ["string", "number", "boolean", "null"]}


def _in_text(pattern: str) -> Json:
    """Return the schema of a string that Jackson converts to a different type.

    The string matches *pattern*, "" or `null`, with any whitespace around it.
    """
    return {"type": "string", "pattern": f"^{_BLANKS}(?:{pattern}|null)?{_BLANKS}$"}


def _number_or_text(low: int, high: int) -> Json:
    # Jackson drops the fractional part of a number.
    number = {"type": "number", "minimum": low, "maximum": high}
    return {"anyOf": [{"type": "null"}, number, _in_text("[+-]?[0-9]+")]}


_INTEGER, _LONG = _number_or_text(INT_MIN, INT_MAX), _number_or_text(LONG_MIN, LONG_MAX)
_DOUBLE: Json = {
    "anyOf": [{"type": ["number", "null"]}, _in_text(DOUBLE_PATTERN), {"enum": ["INF", "-INF"]}]
}
_BOOLEAN: Json = {
    "anyOf": [
        {"type": ["boolean", "integer", "null"]},
        _in_text("true|True|TRUE|false|False|FALSE"),
    ]
}


def _list(item: Json, *, nullable: bool) -> Json:
    return {"type": ["array", "null"] if nullable else "array", "items": item}


#: The payloads that Jackson accepts, by type. A null counts as no payload.
_LENIENT_PAYLOADS: dict[str, Json] = {
    "doubleValue": _DOUBLE,
    "doubleArray": _list(_DOUBLE, nullable=True),
    "longValue": _LONG,
    "longArray": _list(_LONG, nullable=True),
    "stringValue": _TEXT,
    "stringArray": _list(_TEXT, nullable=True),
    "map": {"type": ["object", "null"]},
    "json": {},
}

#: The payloads that an author should write, by type.
_STRICT_PAYLOADS: dict[str, Json] = {
    "doubleValue": {"type": "number"},
    "doubleArray": _list({"type": "number"}, nullable=False),
    "longValue": {"type": "integer", "minimum": LONG_MIN, "maximum": LONG_MAX},
    "longArray": _list(
        {"type": "integer", "minimum": LONG_MIN, "maximum": LONG_MAX}, nullable=False
    ),
    "stringValue": {"type": "string"},
    "stringArray": _list({"type": "string"}, nullable=False),
    "map": {"type": "object"},
    "json": {},
}


def _one_of(payload_type: str) -> Json:
    """Return a schema that requires all other payload types to be null or missing, as Java does."""
    others: Json = {
        name: False if name == "json" else {"type": "null"}
        for name in PAYLOAD_TYPES
        if name != payload_type
    }
    return {"properties": others}


_LENIENT: dict[str, Callable[[], Json]] = {
    "text": lambda: _TEXT,
    "plain text": lambda: {"type": ["string", "null"]},
    "integer": lambda: _INTEGER,
    "long": lambda: _LONG,
    "double": lambda: _DOUBLE,
    "boolean": lambda: _BOOLEAN,
    "texts": lambda: _list(_TEXT, nullable=True),
    "mapping": lambda: {"type": "object"},
    "texts by name": lambda: {"type": ["object", "null"], "additionalProperties": _TEXT},
    "integers by name": lambda: {"type": "object", "additionalProperties": _INTEGER},
    "payload": lambda: {
        "anyOf": [
            {"type": ["string", "null"]},
            # A number by itself is a longValue or a doubleValue.
            {"type": "integer", "minimum": LONG_MIN, "maximum": LONG_MAX},
            {"type": "number", "not": {"type": "integer"}},
            {
                "type": "object",
                "properties": _LENIENT_PAYLOADS,
                "anyOf": [_one_of(each) for each in PAYLOAD_TYPES],
            },
        ]
    },
}

_STRICT: dict[str, Callable[[], Json]] = {
    "text": lambda: {"type": ["string", "null"]},
    "plain text": lambda: {"type": ["string", "null"]},
    "integer": lambda: {"type": "integer", "minimum": INT_MIN, "maximum": INT_MAX},
    "long": lambda: {"type": "integer", "minimum": LONG_MIN, "maximum": LONG_MAX},
    "double": lambda: {"type": "number"},
    "boolean": lambda: {"type": "boolean"},
    "texts": lambda: _list({"type": "string"}, nullable=False),
    "mapping": lambda: {"type": "object"},
    "texts by name": lambda: {"type": "object", "additionalProperties": {"type": "string"}},
    "integers by name": lambda: {
        "type": "object",
        "additionalProperties": {"type": "integer", "minimum": INT_MIN, "maximum": INT_MAX},
    },
    "payload": lambda: {
        "type": "object",
        "properties": _STRICT_PAYLOADS,
        "maxProperties": 1,
        "additionalProperties": False,
    },
}


def strict_kind(kind: str) -> Json:
    """Return the schema of the values that an author should write in a field of this kind."""
    return _STRICT[kind]()


def lenient_kind(kind: str) -> Json:
    """Return the schema of the values that Java Proctor accepts in a field of this kind."""
    return _LENIENT[kind]()
