"""A fast reader for ordinary definitions, in which no value has to be converted.

`proctor.core.authoring.definitions.reading` converts every field and reports where each error
is. Most definitions do not need this: each field already has the right JSON type, and no field
is unknown, repeated, or null in place of a list. For these definitions, this reader takes a fifth
of the time. That matters for a branch with 10,000 tests. For all other documents,
`plain_definition` returns None.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.definitions.definition import SPECIAL_FIELD, Definition
from proctor.core.exceptions import ConversionError
from proctor.core.java.frozen import EMPTY, FrozenDict, freeze
from proctor.core.java.jackson import to_double
from proctor.core.matrices.matrix import Allocation, Bucket, Dependency, Range, TestDefinition
from proctor.core.matrices.payloads import PAYLOAD_TYPES, Payload, payload_value

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["plain_definition"]

_FIELDS = frozenset(
    (
        *("version", "constants", SPECIAL_FIELD, "salt", "rule", "buckets", "allocations"),
        *("silent", "metaTags", "testType", "description", "dependsOn"),
        *("evaluateForIncognitoUsers", "enableUnitlessAllocations", "forceLogging"),
        "payloadExperimentConfig",
    )
)
_BUCKET = frozenset(("name", "value", "description", "payload"))
_ALLOCATION = frozenset(("rule", "ranges", "id", "name"))
_RANGE = frozenset(("bucketValue", "length"))
_DEPENDENCY = frozenset(("testName", "bucketValue"))
_INT = range(-(1 << 31), 1 << 31)


class _NotPlain(Exception):  # noqa: N818 - no error: the other reader takes it
    """Raised if a value has to be converted or rejected."""


def plain_definition(document: Any, name: str) -> Definition | None:
    """Return the definition from parsed JSON, or None if a value has to be converted.

    The result equals that of `definition_by_field`, with or without *strict*. The `given`
    attribute of each object is also the same.
    """
    try:
        return _definition(document, name)
    except (_NotPlain, ConversionError):
        return None


def _definition(document: Any, name: str) -> Definition:
    given = _given(document, _FIELDS)
    get = document.get
    if get("payloadExperimentConfig") is not None:
        raise _NotPlain
    test = TestDefinition(
        name,
        _text(get("version")),
        _text(get("salt")),
        _text(get("rule")),
        _text(get("testType")),
        tuple([_bucket(each) for each in _list(get("buckets", ()))]),
        tuple([_allocation(each) for each in _list(get("allocations", ()))]),
        _mapping(get("constants", EMPTY)),
        _flag(get("silent")),
        _text(get("description")),
        tuple([_tag(each) for each in _list(get("metaTags", ()))]),
        _dependency(get("dependsOn")),
        evaluate_for_incognito_users=_flag(get("evaluateForIncognitoUsers")),
        enable_unitless_allocations=_flag(get("enableUnitlessAllocations")),
        force_logging=_flag(get("forceLogging")),
        extra=EMPTY,
        given=given,
    )
    return Definition(test, _mapping(get(SPECIAL_FIELD, EMPTY)))


def _given(value: Any, known: frozenset[str]) -> frozenset[str]:
    """Return the names of the fields of a JSON object. Raises _NotPlain unless all are *known*."""
    if type(value) is not dict or not value.keys() <= known:
        raise _NotPlain
    return _shared(tuple(value))


@lru_cache(maxsize=256)
def _shared(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(names)


def _text(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    raise _NotPlain


def _flag(value: Any) -> bool:
    if value is None or value is False:
        return False
    if value is True:
        return True
    raise _NotPlain


def _integer(value: Any) -> int:
    if value is None:
        return 0
    if type(value) is int and value in _INT:
        return value
    raise _NotPlain


def _list(value: Any) -> Any:
    if type(value) is list or value == ():
        return value
    raise _NotPlain


def _mapping(value: Any) -> Mapping[str, Any]:
    if not value and type(value) in (dict, FrozenDict):
        return EMPTY
    if type(value) is dict:
        frozen: Mapping[str, Any] = freeze(value)
        return frozen
    raise _NotPlain


def _tag(value: Any) -> str:
    if type(value) is str:
        return value
    raise _NotPlain


def _bucket(value: Any) -> Bucket:
    given = _given(value, _BUCKET)
    get = value.get
    return Bucket(
        _text(get("name")) or "",
        _integer(get("value")),
        _text(get("description")),
        _payload(get("payload")),
        EMPTY,
        given,
    )


def _payload(value: Any) -> Payload | None:
    if value is None:
        return None
    if type(value) is not dict or len(value) != 1:
        raise _NotPlain
    ((kind, item),) = value.items()
    if item is None or kind not in PAYLOAD_TYPES:
        raise _NotPlain
    read = payload_value(kind, item)
    if read is None:
        raise _NotPlain
    return Payload(kind, read, EMPTY)


def _allocation(value: Any) -> Allocation:
    given = _given(value, _ALLOCATION)
    get = value.get
    return Allocation(
        _text(get("rule")),
        tuple([_range(each) for each in _list(get("ranges", ()))]),
        _text(get("id")) or "",
        _text(get("name")) or "",
        EMPTY,
        given,
    )


def _range(value: Any) -> Range:
    given = _given(value, _RANGE)
    return Range(
        _integer(value.get("bucketValue")), to_double(value.get("length")) or 0.0, EMPTY, given
    )


def _dependency(value: Any) -> Dependency | None:
    if value is None:
        return None
    given = _given(value, _DEPENDENCY)
    return Dependency(
        _text(value.get("testName")), _integer(value.get("bucketValue")), EMPTY, given
    )
