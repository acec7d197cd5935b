"""Write a `Definition` as the content of definition.json and metadata.json.

Java Proctor writes the fields that it knows in a fixed order, and drops the rest. We write the rest
after the known fields, unless Java Proctor's exact bytes are requested.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.definitions.definition import SPECIAL_FIELD
from proctor.core.authoring.definitions.java_json import ExactDoubles, java_json
from proctor.core.java.frozen import EMPTY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import Allocation, Bucket, Payload, Range, TestDefinition

__all__ = [
    "METADATA_TEXT",
    "allocation_document",
    "bucket_document",
    "definition_text",
    "dependency_document",
    "experiment_document",
    "java_definition_text",
]

#: Java Proctor writes this into metadata.json but never reads it.
METADATA_TEXT = "{ }"

_INDEX = re.compile(r"\[(\d+)\]$")


def java_definition_text(definition: Definition | None) -> str:
    """Return the text of definition.json as Java Proctor writes it.

    The text is `null` if *definition* is None. Fields that Java Proctor does not know are left out.
    Raises Refusal for a number that JSON cannot express.
    """
    return (
        "null"
        if definition is None
        else java_json(_document(definition, keep=False), escape_pairs=True)
    )


def definition_text(definition: Definition) -> str:
    """Return the text of definition.json in Java Proctor's layout, with all unknown fields.

    If there are no unknown fields, the result equals Java Proctor's text. Raises Refusal for a
    number that JSON cannot express.
    """
    return java_json(_document(definition, keep=True), escape_pairs=True)


def _document(definition: Definition, *, keep: bool) -> dict[str, Any]:
    test, nulls = definition.test, definition.nulls
    buckets = [bucket_document(each, keep=keep) for each in test.buckets]
    allocations = [
        _allocation(each, f"allocations[{index}].ranges", nulls, keep=keep)
        for index, each in enumerate(test.allocations)
    ]
    fields = {
        "version": test.version,
        "constants": None if "constants" in nulls else test.constants,
        SPECIAL_FIELD: None if SPECIAL_FIELD in nulls else definition.special_constants,
        "salt": test.salt,
        "rule": test.rule,
        "buckets": _with_nulls(buckets, "buckets", nulls),
        "allocations": _with_nulls(allocations, "allocations", nulls),
        "silent": test.silent,
        "metaTags": None if "metaTags" in nulls else test.meta_tags,
        "testType": test.test_type,
        "description": test.description,
        "dependsOn": dependency_document(test, keep=keep),
        "evaluateForIncognitoUsers": test.evaluate_for_incognito_users,
        "enableUnitlessAllocations": test.enable_unitless_allocations,
        "forceLogging": test.force_logging,
        "payloadExperimentConfig": experiment_document(test, keep=keep),
    }
    if not keep:
        return fields
    for name in ("dynamic", "containsUnitlessAllocation"):
        # `dynamic` and `containsUnitlessAllocation` exist in a matrix, but are unknown fields in a
        # definition.
        if test.given is not None and name in test.given:
            fields[name] = test.dynamic if name == "dynamic" else test.contains_unitless_allocation
    return {**fields, **test.extra}


def dependency_document(test: TestDefinition, *, keep: bool = False) -> dict[str, Any] | None:
    """Return `dependsOn` as it is written to the file.

    If *keep* is True, include its unknown fields.
    """
    parent = test.depends_on
    if parent is None:
        return None
    extra = parent.extra if keep else EMPTY
    return {"testName": parent.test_name, "bucketValue": parent.bucket_value, **extra}


def experiment_document(test: TestDefinition, *, keep: bool = False) -> dict[str, Any] | None:
    """Return `payloadExperimentConfig` as it is written to the file.

    If *keep* is True, include its unknown fields.
    """
    experiment = test.payload_experiment_config
    if experiment is None:
        return None
    extra = experiment.extra if keep else EMPTY
    return {"priority": experiment.priority, "namespaces": experiment.namespaces, **extra}


def bucket_document(bucket: Bucket, *, keep: bool = False) -> dict[str, Any]:
    """Return a bucket as it is written to the file.

    If *keep* is True, include its unknown fields.
    """
    fields: dict[str, Any] = {"name": bucket.name, "value": bucket.value}
    if bucket.description is not None:
        fields["description"] = bucket.description
    if bucket.payload is not None:
        extra = bucket.payload.extra if keep else EMPTY
        # Unknown and null fields must come first: Java Proctor rejects a null after the value.
        fields["payload"] = {**extra, **_payload(bucket.payload)}
    return {**fields, **bucket.extra} if keep else fields


def _payload(payload: Payload) -> Mapping[str, Any]:
    """Return a payload as it is written to the file. The doubles of a `json` payload are exact."""
    if payload.type is None:
        return {}
    exact = payload.type == "json"
    return {payload.type: ExactDoubles(payload.value) if exact else payload.value}


def allocation_document(allocation: Allocation) -> dict[str, Any]:
    """Return an allocation as Java Proctor writes it."""
    return _allocation(allocation, "", frozenset(), keep=False)


def _allocation(
    allocation: Allocation, place: str, nulls: frozenset[str], *, keep: bool
) -> dict[str, Any]:
    ranges = [_range(each, keep=keep) for each in allocation.ranges]
    fields = {
        "rule": allocation.rule,
        "ranges": _with_nulls(ranges, place, nulls),
        "id": allocation.id,
        "name": allocation.name,
    }
    return {**fields, **allocation.extra} if keep else fields


def _range(each: Range, *, keep: bool) -> dict[str, Any]:
    fields = {"bucketValue": each.bucket_value, "length": each.length}
    return {**fields, **each.extra} if keep else fields


def _with_nulls(
    members: list[dict[str, Any]], place: str, nulls: frozenset[str]
) -> list[dict[str, Any] | None] | None:
    """Return a list with its original nulls restored, or None if the whole list was null."""
    if place in nulls:
        return None
    restored: list[dict[str, Any] | None] = list(members)
    if nulls:
        for index in sorted(_null_members(place, nulls)):
            restored.insert(index, None)
    return restored


def _null_members(place: str, nulls: frozenset[str]) -> list[int]:
    found = (_INDEX.search(each) for each in nulls if each.rpartition("[")[0] == place)
    return [int(each[1]) for each in found if each is not None]
