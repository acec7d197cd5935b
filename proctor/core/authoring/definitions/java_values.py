"""Print and compare buckets and payloads as Java Proctor does  [Payload, TestBucket].

Jackson reads 1 as an Integer and 1.0 as a Double, which are never equal in Java but are equal in
Python.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.refusals import refuse
from proctor.core.java.values import java_string
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from proctor.core.matrices.matrix import Bucket, Payload

__all__ = ["bucket_string", "payload_string", "same_payload", "same_value"]


def payload_string(payload: Payload) -> str:
    """Return a payload as Java Proctor's messages show it: `{ stringValue : "x" }`."""
    if payload.type is None:
        return "{ }"
    return f"{{ {payload.type} : {_shown(payload.type, payload.value)} }}"


def _shown(kind: str, value: Any) -> str:
    if kind == "stringValue":
        return f'"{java_string(value)}"'
    if kind == "stringArray":
        return "[" + ", ".join(f'"{java_string(each)}"' for each in value) + "]"
    if kind in ("doubleArray", "longArray"):
        return "[" + ", ".join(map(java_string, value)) + "]"
    if kind == "map":
        return "[" + "".join(f"({key},{java_string(item)})" for key, item in value.items()) + "]"
    return java_string(value)


def bucket_string(bucket: Bucket) -> str:
    """Return a bucket as Java Proctor's messages show it: `blue = 1 { longValue : 3 }`."""
    text = f"{bucket.name} = {bucket.value}"
    return text if bucket.payload is None else f"{text} {payload_string(bucket.payload)}"


def same_value(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal in Java.

    1 and 1.0 are different, the order of keys does not matter, NaN equals itself, and 0.0
    differs from -0.0.
    """
    if isinstance(one, Mapping):
        return (
            isinstance(other, Mapping)
            and one.keys() == other.keys()
            and all(same_value(one[key], other[key]) for key in one)
        )
    if isinstance(one, (list, tuple)):
        return (
            isinstance(other, (list, tuple))
            and len(one) == len(other)
            and all(map(same_value, one, other))
        )
    if isinstance(one, float) and isinstance(other, float):
        return _same_double(one, other)
    return _kind(one) is _kind(other) and bool(one == other)


def _same_double(one: float, other: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other and math.copysign(1, one) == math.copysign(1, other)


def _kind(value: Any) -> type:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind
    return type(value)


def same_payload(one: Payload | None, other: Payload | None) -> bool:
    """Return whether two payloads are equal in Java (Java: Payload.equals).

    If two maps have the same size, only the keys of *one* are compared, so a null equals a missing
    value. Raises Refusal if a key has a list in one map and a scalar in the other, because Java
    Proctor's cast fails in that case.
    """
    if one is None or other is None:
        return one is other
    if one.type != other.type:
        return False
    if one.type != "map":
        return same_value(one.value, other.value)
    if len(one.value) != len(other.value):
        return False
    return all(_same_entry(key, item, other.value.get(key)) for key, item in one.value.items())


def _same_entry(key: str, one: Any, other: Any) -> bool:
    if isinstance(one, tuple) != isinstance(other, tuple) and one is not None is not other:
        raise refuse(
            "payload-comparison",
            Sentence(
                gettext_noop(
                    "one payload has a list under {key!r}, the other a single value; use the same "
                    "type"
                ),
                key=key,
            ),
        )
    return same_value(one, other)
