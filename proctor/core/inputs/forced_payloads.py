"""Forced payloads: parse them, write them, and apply them to the payload of a bucket."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from proctor.core.exceptions import ConversionError
from proctor.core.java.frozen import FrozenDict
from proctor.core.java.jackson import parse
from proctor.core.java.numerals import LONG_MAX, LONG_MIN
from proctor.core.java.values import java_string
from proctor.core.matrices.payloads import PAYLOAD_TYPES, Payload, payload_value

__all__ = ["apply_payload", "read_payload", "write_payload"]

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1

#: Matches the numbers that JSON accepts. The grammar of force groups also accepts others, such as
#: 007 and 5., but they are invalid payloads.
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


def read_payload(kind: str, text: str) -> Payload | None:
    """Return the payload that Jackson reads from *text*.

    Return None if the text is invalid, or if *kind* is `json`.
    """
    if kind not in PAYLOAD_TYPES or kind == "json":
        return None
    if text[0] not in '["{' and not _JSON_NUMBER.fullmatch(text):
        return None
    try:
        value = payload_value(kind, parse(text))
    except ConversionError:
        return None
    # If Jackson expects a number, it reads an empty string as null.
    return Payload() if value is None else Payload(kind, value)


def write_payload(payload: Payload) -> str:
    """Return `TYPE:JSON`, for example `longValue:5`, or "" for an empty payload."""
    return f"{payload.type}:{_json(payload.value)}" if payload.type else ""


_JSON_ESCAPES = {code: f"\\u{code:04X}" for code in range(0x20)} | {
    ord(char): f"\\{name}" for char, name in zip('"\\\b\t\n\f\r', '"\\btnfr', strict=True)
}


def _json(value: Any) -> str:
    """Return *value* as Jackson writes it: without spaces, and with doubles in Java's format."""
    if isinstance(value, str):
        return f'"{value.translate(_JSON_ESCAPES)}"'
    if isinstance(value, float) and not math.isfinite(value):
        return f'"{java_string(value)}"'
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_json, value))}]"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{_json(key)}:{_json(item)}' for key, item in value.items())}}}"
    return java_string(value)


def apply_payload(bucket_payload: Payload | None, forced: Payload | None) -> Payload | None:
    """Return the payload of a forced bucket (Java: TestChooser.validateForcePayload).

    The result is the forced payload if both payloads have the same type; otherwise, it is the
    bucket's payload. The json type cannot be forced. In a map, only values are replaced. If a
    forced key is missing from the bucket's map, or if its value there has a type that cannot be
    forced, the bucket's map is used unchanged.
    """
    if bucket_payload is None or forced is None or bucket_payload.type != forced.type:
        return bucket_payload
    if forced.type == "json":
        return bucket_payload
    if forced.type != "map":
        return forced
    present: Mapping[str, Any] = bucket_payload.value
    for key, value in forced.value.items():
        if key not in present or not _can_replace(present[key], value):
            return bucket_payload
    return Payload("map", FrozenDict({**present, **forced.value}))


def _can_replace(present: Any, forced: Any) -> bool:
    """Return True if a forced value can replace a value in a bucket's map.

    Java Proctor checks for strings, doubles and Longs. By mistake, it accepts any forced value for
    strings and doubles. An integer from a matrix is a Long only if it has more than 32 bits. Lists
    cannot be replaced.
    """
    if isinstance(present, (str, float)):
        return True
    if not isinstance(present, int) or not isinstance(forced, int):
        return False
    is_long = LONG_MIN <= present <= LONG_MAX and not _INT_MIN <= present <= _INT_MAX
    return is_long and _INT_MIN <= forced <= _INT_MAX
