"""Keep a definition's unknown fields when it is saved by an editor that does not show them.

An editor sends only the fields that it shows. All other fields of the stored definition are
preserved: those of the test itself, of buckets with the same value, of allocations with the same
id, of ranges, of dependsOn and of the payload experiment.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from proctor.core.java.frozen import FrozenDict
from proctor.core.matrices.matrix import (
    Allocation,
    Bucket,
    Dependency,
    PayloadExperimentConfig,
    Range,
)
from proctor.core.matrices.payloads import Payload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["with_unknown_fields"]

Part = TypeVar("Part", Allocation, Bucket, Dependency, Payload, PayloadExperimentConfig, Range)


def with_unknown_fields(edited: Definition, stored: Definition) -> Definition:
    """Return *edited* with the unknown fields of *stored* added, unless it already has them."""
    old, new = stored.test, edited.test
    test = replace(
        new,
        extra=_merged(old.extra, new.extra),
        given=_given(old, new),
        dynamic=old.dynamic or new.dynamic,
        buckets=tuple(_bucket(each, old.buckets) for each in new.buckets),
        allocations=tuple(
            _allocation(each, index, old.allocations) for index, each in enumerate(new.allocations)
        ),
        depends_on=_optional(new.depends_on, old.depends_on),
        payload_experiment_config=_optional(
            new.payload_experiment_config, old.payload_experiment_config
        ),
    )
    return replace(edited, test=test)


def _merged(old: Mapping[str, object], new: Mapping[str, object]) -> FrozenDict:
    return FrozenDict({**old, **new})


def _given(old: TestDefinition, new: TestDefinition) -> frozenset[str] | None:
    """Return the names of the fields in *new*, and of the matrix-only fields in *old*."""
    if old.given is None or new.given is None:
        return new.given
    return new.given | (old.given & {"dynamic", "containsUnitlessAllocation"})


def _optional(new: Part | None, old: Part | None) -> Part | None:
    if new is None or old is None:
        return new
    return _with_extra(new, old)


def _with_extra(new: Part, old: Part) -> Part:
    if not old.extra:
        return new
    return replace(new, extra=_merged(old.extra, new.extra))


def _bucket(new: Bucket, stored: Sequence[Bucket]) -> Bucket:
    old = next((each for each in stored if each.value == new.value), None)
    if old is None:
        return new
    return replace(_with_extra(new, old), payload=_payload(new.payload, old.payload))


def _payload(new: Payload | None, old: Payload | None) -> Payload | None:
    """Return a payload with the stored payload's unknown fields, unless its type changed."""
    if new is None or old is None or new.type != old.type:
        return new
    return _with_extra(new, old)


def _allocation(new: Allocation, index: int, stored: Sequence[Allocation]) -> Allocation:
    """Return *new* with the unknown fields of the stored allocation.

    That is the allocation with the same id or, if *new* has no id, at the same position.
    """
    same_id = (each for each in stored if new.id and each.id == new.id)
    same_place = stored[index] if not new.id and index < len(stored) else None
    old = next(same_id, same_place)
    if old is None:
        return new
    ranges = tuple(_range(each, number, old.ranges) for number, each in enumerate(new.ranges))
    return replace(_with_extra(new, old), ranges=ranges)


def _range(new: Range, index: int, stored: Sequence[Range]) -> Range:
    same = [each for each in stored if each.bucket_value == new.bucket_value]
    if index < len(stored) and stored[index] in same:
        return _with_extra(new, stored[index])
    return _with_extra(new, same[0]) if len(same) == 1 else new
