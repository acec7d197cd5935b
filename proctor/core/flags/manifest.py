"""The flag manifest for OpenFeature's command line: key, type and default of each flag.

`openfeature generate` turns the manifest into typed clients. The type of a flag is the type of the
value that `untyped_value` returns for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from proctor.core.flags.values import FlagKind, is_finite, kind_of
from proctor.core.java.encodable import encodable, encodable_json
from proctor.core.java.frozen import thaw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.matrices.matrix import Bucket, TestDefinition

__all__ = ["FlagDeclaration", "declared_flags", "manifest_file", "manifest_list"]

_OF_PAYLOADS = {
    "stringValue": FlagKind.STRING,
    "longValue": FlagKind.INTEGER,
    "doubleValue": FlagKind.FLOAT,
    "stringArray": FlagKind.OBJECT,
    "longArray": FlagKind.OBJECT,
    "doubleArray": FlagKind.OBJECT,
    "map": FlagKind.OBJECT,
}

_ZEROS: dict[FlagKind, Any] = {
    FlagKind.BOOLEAN: False,
    FlagKind.STRING: "",
    FlagKind.INTEGER: 0,
    FlagKind.FLOAT: 0.0,
}

_NO_TESTS: Mapping[str, ProctorTest] = {}


class FlagDeclaration(NamedTuple):
    """One flag in the manifest."""

    key: str
    kind: FlagKind
    default: Any
    description: str | None
    #: The structure of an object as a JSON Schema, or None if it is not known.
    schema: dict[str, Any] | None


def declared_flags(
    names: Iterable[str],
    definitions: Mapping[str, TestDefinition],
    declared: Mapping[str, ProctorTest] = _NO_TESTS,
) -> list[FlagDeclaration]:
    """Return the flags of the tests in *names*, sorted.

    *definitions* are the tests in the matrix, and *declared* those that the application declares; a
    test can be missing from either. The default of a flag is the value of the declared default
    group. If no default is declared, it is the value of the group whose bucket value is 0, or else
    the value of the group with the smallest bucket value.
    """
    # The manifest does not allow keys that are empty or contain line breaks.
    keys = sorted(name for name in names if name and name.isprintable())
    return [_flag(name, definitions.get(name), declared.get(name)) for name in keys]


def manifest_file(flags: Iterable[FlagDeclaration]) -> dict[str, Any]:
    """Return the manifest in the format of a `flags.json` file."""
    return {"flags": {each.key: _entry(each) for each in flags}}


def manifest_list(flags: Iterable[FlagDeclaration]) -> dict[str, Any]:
    """Return the manifest in the format that `openfeature pull` expects from a server."""
    return {
        "flags": [
            {
                "key": each.key,
                "type": each.kind.value,
                "defaultValue": each.default,
                **({} if each.description is None else {"description": each.description}),
            }
            for each in flags
        ]
    }


def _entry(flag: FlagDeclaration) -> dict[str, Any]:
    entry: dict[str, Any] = {"flagType": flag.kind.value, "defaultValue": flag.default}
    if flag.description is not None:
        entry["description"] = flag.description
    if flag.schema is not None:
        entry["schema"] = flag.schema
    return entry


def _flag(
    name: str, definition: TestDefinition | None, declared: ProctorTest | None
) -> FlagDeclaration:
    buckets = () if definition is None else definition.buckets
    payload_type, payloads = _payloads(buckets)
    if declared is not None and declared.payload_type is not None:
        payload_type = declared.payload_type
    kind = _kind(payload_type, payloads)
    bucket = _default_bucket(buckets, declared)
    description = None if definition is None else definition.description
    return FlagDeclaration(
        encodable(name),
        kind,
        _default(kind, payload_type, payloads, bucket, declared),
        encodable(description) if description else None,
        _schema_of_all(payloads) if kind is FlagKind.OBJECT else None,
    )


def _payloads(buckets: Iterable[Bucket]) -> tuple[str | None, list[Any]]:
    """Return the type and the values of a test's payloads. Without payloads, the type is None."""
    carried = [each.payload for each in buckets if each.payload is not None and each.payload.type]
    if not carried:
        return None, []
    return carried[0].type, [_json(each.value) for each in carried]


def _kind(payload_type: str | None, payloads: list[Any]) -> FlagKind:
    if payload_type is None:
        return FlagKind.BOOLEAN
    if payload_type in _OF_PAYLOADS:
        return _OF_PAYLOADS[payload_type]
    # `json` payloads can differ in type. If they all have the same type, this is the flag's type;
    # otherwise, the flag is an object.
    kinds = {kind_of(each) for each in payloads if each is not None}
    if kinds == {FlagKind.INTEGER, FlagKind.FLOAT}:
        return FlagKind.FLOAT
    return (kinds.pop() if len(kinds) == 1 else None) or FlagKind.OBJECT


def _default_bucket(buckets: Iterable[Bucket], declared: ProctorTest | None) -> Bucket | None:
    ordered = sorted(buckets, key=lambda each: (each.value != 0, each.value))
    if declared is not None and declared.default is not None:
        value = declared.value_of(declared.default)
        if value is not None:
            return next((each for each in ordered if each.value == value), None)
        return next((each for each in ordered if each.name == declared.default), None)
    return ordered[0] if ordered else None


def _default(
    kind: FlagKind,
    payload_type: str | None,
    payloads: list[Any],
    bucket: Bucket | None,
    declared: ProctorTest | None,
) -> Any:
    if payload_type is None:
        # If no default is declared, the default is False: a visitor without a group is not in the
        # test.
        if declared is None or declared.default is None:
            return False
        value = declared.value_of(declared.default)
        if value is None and bucket is not None:
            value = bucket.value
        return value is not None and value > 0
    if bucket is not None and bucket.payload is not None and bucket.payload.type:
        carried = _json(bucket.payload.value)
        if kind is FlagKind.FLOAT and kind_of(carried) is FlagKind.INTEGER:
            return float(carried)
        if kind_of(carried) is kind:
            return carried
    if kind is not FlagKind.OBJECT:
        return _ZEROS[kind]
    is_array = payload_type.endswith("Array") or (payloads and isinstance(payloads[0], list))
    return [] if is_array else {}


def _json(value: Any) -> Any:
    """Return a payload as JSON, or None if it contains numbers that JSON cannot express."""
    return encodable_json(thaw(value)) if is_finite(value) else None


def _schema_of_all(payloads: list[Any]) -> dict[str, Any] | None:
    """Return the schema of the payloads, or None if they do not all have the same schema."""
    schemas = [_schema(each) for each in payloads if each is not None]
    if not schemas or any(each is None or each != schemas[0] for each in schemas):
        return None
    return schemas[0]


def _schema(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        properties = {key: _schema(each) for key, each in value.items()}
        if None in properties.values():
            return None
        return {"type": "object", "properties": properties, "required": sorted(properties)}
    if isinstance(value, list):
        items = [_schema(each) for each in value]
        if not items:
            return {"type": "array"}
        if items[0] is None or any(each != items[0] for each in items):
            return None
        return {"type": "array", "items": items[0]}
    kind = kind_of(value)
    if kind is None or kind is FlagKind.OBJECT:
        return None
    return {"type": "number" if kind is FlagKind.FLOAT else kind.value}
