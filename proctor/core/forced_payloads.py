"""Payloads that are forced: read from the text, written back, laid over the bucket's own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from proctor.core.exceptions import ConversionError
from proctor.core.frozen import FrozenDict
from proctor.core.jackson import parse
from proctor.core.payloads import PAYLOAD_TYPES, Payload, payload_value
from proctor.core.rules.numerals import LONG_MAX, LONG_MIN
from proctor.core.rules.values import java_string

__all__ = ["apply_payload", "read_payload", "write_payload"]

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1

#: Our grammar for numbers takes more than JSON does: 007 and 5. are unreadable.
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


def read_payload(kind: str, text: str) -> Payload | None:
    """The payload that Jackson reads from *text*; None where it cannot, and for `json`."""
    if kind not in PAYLOAD_TYPES or kind == "json":
        return None
    if text[0] not in '["{' and not _JSON_NUMBER.fullmatch(text):
        return None
    try:
        value = payload_value(kind, parse(text))
    except ConversionError:
        return None
    # An empty string is null to Jackson where a number is asked for.
    return Payload() if value is None else Payload(kind, value)


def write_payload(payload: Payload) -> str:
    """`TYPE:JSON`, as in `longValue:5`; of an empty payload nothing."""
    return f"{payload.type}:{_json(payload.value)}" if payload.type else ""


_JSON_ESCAPES = {code: f"\\u{code:04X}" for code in range(0x20)} | {
    ord(char): f"\\{name}" for char, name in zip('"\\\b\t\n\f\r', '"\\btnfr', strict=True)
}


def _json(value: Any) -> str:
    """*value* as Jackson writes it: without blanks, doubles in Java's form."""
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
    """The payload of a forced bucket (Java: TestChooser.validateForcePayload).

    The forced one if it is of the same type as the bucket's own, else the bucket's own. Of
    a map only values are replaced: if one forced key is not in the bucket's map, or its
    value there is not of a kind that can be forced, the bucket's map stays as it is.
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
    """Whether a value of a bucket's map can be forced to another.

    The Java knows strings, doubles and Long, and by a quirk takes anything for the first
    two. An integer of a matrix is a Long only beyond 32 bits; lists are never what it asks
    for.
    """
    if isinstance(present, (str, float)):
        return True
    if not isinstance(present, int) or not isinstance(forced, int):
        return False
    is_long = LONG_MIN <= present <= LONG_MAX and not _INT_MIN <= present <= _INT_MAX
    return is_long and _INT_MIN <= forced <= _INT_MAX
