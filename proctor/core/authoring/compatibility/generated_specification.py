"""Generate the specification that fits a definition  [SpecificationGenerator]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.refusals import refuse
from proctor.core.java.values import java_string
from proctor.core.sentences import Sentence, gettext_noop, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.core.matrices.matrix import Bucket, TestDefinition

__all__ = ["generated_specification"]

#: The type of an empty list. The type of any other list takes precedence.
_EMPTY_LIST = "emptyList"
_ARRAYS = {"longValue": "longArray", "doubleValue": "doubleArray", "stringValue": "stringArray"}
_LONGS = range(-(2**63), 2**63)


def generated_specification(test: TestDefinition) -> dict[str, Any]:
    """Return a specification for *test* as JSON, with its buckets and the type of its payloads.

    The fallback value is the smallest bucket value. Raises Refusal if the payloads of the buckets
    contradict each other.
    """
    buckets = sorted(test.buckets, key=lambda each: each.value)
    document: dict[str, Any] = {
        "fallbackValue": buckets[0].value if buckets else -1,
        "buckets": {each.name: each.value for each in buckets},
    }
    payload = _payload(test.buckets)
    if payload is not None:
        document["payload"] = payload
    if test.description is not None:
        document["description"] = test.description
    return document


def _payload(buckets: Iterable[Bucket]) -> dict[str, Any] | None:
    payloads = [each.payload for each in buckets if each.payload and each.payload.type]
    kinds = list(dict.fromkeys(each.type for each in payloads))
    if not kinds:
        return None
    if len(kinds) > 1:
        names = ", ".join(_constant(each or "") for each in kinds)
        raise refuse(
            "payload-types",
            Sentence(
                gettext_noop("the payloads of the buckets are of different types: {kinds}"),
                kinds=listed(map(str, kinds)),
            ),
            f"Payloads not compatible: [{names}]",
        )
    document: dict[str, Any] = {"type": kinds[0]}
    if kinds[0] == "map":
        schema = _schema([each.value for each in payloads])
        if schema:
            document["schema"] = schema
    return {**document, "allowForce": False}


def _constant(kind: str) -> str:
    """Return Java Proctor's constant for a payload type, such as LONG_VALUE."""
    return "".join(f"_{each}" if each.isupper() else each.upper() for each in kind)


def _schema(maps: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in maps:
        for key, value in each.items():
            kind = _kind(value)
            found[key] = _unified(key, found[key], kind) if key in found else kind
    for key, kind in found.items():
        if kind == _EMPTY_LIST:
            raise refuse(
                "map-schema",
                Sentence(
                    gettext_noop(
                        "the lists under {key!r} are all empty; add an item to one of them"
                    ),
                    key=key,
                ),
                f"Cannot infer map schema type for key {key}",
            )
    return found


def _unified(key: str, one: str, other: str) -> str:
    if one == other or (other == _EMPTY_LIST and one.endswith("Array")):
        return one
    if one == _EMPTY_LIST and other.endswith("Array"):
        return other
    for wide, narrow in (("doubleValue", "longValue"), ("doubleArray", "longArray")):
        if {one, other} == {wide, narrow}:
            return wide
    raise refuse(
        "map-schema",
        Sentence(
            gettext_noop(
                "the maps have values of types {one} and {other} under {key!r}; use one type"
            ),
            one=one,
            other=other,
            key=key,
        ),
        f"Ambiguous map schema for key {key}: {_constant(one)} != {_constant(other)}",
    )


def _kind(value: Any) -> str:
    if value is None:
        raise refuse(
            "map-schema",
            Sentence(gettext_noop("the map of a payload contains null; write a value instead")),
            "Cannot infer payload type for null value",
        )
    if isinstance(value, tuple):
        return _list_kind(value)
    if isinstance(value, str):
        return "stringValue"
    if isinstance(value, float):
        return "doubleValue"
    if isinstance(value, int) and not isinstance(value, bool) and value in _LONGS:
        return "longValue"
    if isinstance(value, Mapping):
        return "map"
    name = "Boolean" if isinstance(value, bool) else "BigInteger"
    raise refuse(
        "map-schema",
        Sentence(
            gettext_noop(
                "{value} has a type that a payload cannot have; write a string or a number"
            ),
            value=java_string(value),
        ),
        f"Payload value {name} : {java_string(value)} does not correspond to a payload type",
    )


def _list_kind(members: tuple[Any, ...]) -> str:
    kinds = set(map(_kind, members))
    if not kinds:
        return _EMPTY_LIST
    if kinds == {"longValue", "doubleValue"}:
        return "doubleArray"
    if len(kinds) > 1:
        raise refuse(
            "map-schema",
            Sentence(
                gettext_noop("the list {members} has items of several types; use one type"),
                members=java_string(members),
            ),
            f"Cannot infer payload type for list {java_string(members)}",
        )
    kind = kinds.pop()
    if kind not in _ARRAYS:
        raise refuse(
            "map-schema",
            Sentence(
                gettext_noop(
                    "the list {members} has items of type {kind}; write strings or numbers"
                ),
                members=java_string(members),
                kind=kind,
            ),
            f"Unsupported type returned for List content [{_constant(kind)}]",
        )
    return _ARRAYS[kind]
