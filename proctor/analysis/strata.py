"""Divide exposures into strata, one for each split; find when visitors change groups.

A split is an allocation and everything that determines the groups of its visitors: salt, test type,
rules and ranges. Each exposure names an allocation and a version of the definition; the matrices
contain both. If exposures have no allocation id, as with a Pipet, each version is a stratum.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proctor.core.authoring.moves.findings import ROUNDING
from proctor.core.authoring.moves.who_moves import moves
from proctor.core.java.frozen import thaw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from proctor.core.authoring.moves.who_moves import PairMoves
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["Change", "Label", "Strata", "Stratum", "stratify"]


@dataclass(frozen=True, slots=True)
class Label:
    """The allocation and the version that an exposure names."""

    allocation: str | None
    version: str | None
    #: The times of the first and the last exposure with this label, in microseconds since 1970.
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Stratum:
    """Exposures of a test under one split."""

    allocation: str | None
    #: The version of the definition in which this split was first seen.
    version: str | None
    #: The share of each group with a value of 0 or more; the shares add up to 1. None if unknown.
    expected: Mapping[str, float] | None
    #: Groups with a negative value, to which no visitor is exposed.
    negative: frozenset[str] = frozenset()
    #: Microseconds since 1970.
    first: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A change to a new version of the definition, as seen in the exposures."""

    #: The time of the first exposure under the new version, in microseconds since 1970.
    at: int
    old_version: str | None
    version: str | None
    #: True if the definition of one of the versions is missing, so any visitor may have changed
    #: groups or left the test.
    unknown: bool = False
    jumps: float = 0.0
    leaves: float = 0.0
    enters: float = 0.0
    #: The groups whose payload changed, so their visitors saw something different from then on.
    payloads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Strata:
    """The strata of a test, and the times at which visitors change groups or leave."""

    strata: tuple[Stratum, ...]
    #: For each label, the index of its stratum.
    of_label: tuple[int, ...]
    #: For each stratum, the times at which some of its visitors change groups or leave the test.
    boundaries: tuple[tuple[int, ...], ...]
    changes: tuple[Change, ...]
    #: Versions that are not in any matrix.
    missing: tuple[str, ...]


def stratify(labels: Sequence[Label], definitions: Iterable[TestDefinition]) -> Strata:
    """Return the strata of exposures with these labels.

    *definitions* are all definitions that the test has had, in any order. If none of them has the
    version that an exposure names, the definitions with the exposure's allocation id are used,
    provided that they all have the same split. Otherwise the split is unknown.
    """
    known = _by_version(definitions)
    keys: dict[tuple[str, ...], int] = {}
    strata: list[Stratum] = []
    of_label: list[int] = []
    for label in labels:
        key, stratum = _stratum(label, known)
        index = keys.setdefault(key, len(keys))
        if index == len(strata):
            strata.append(stratum)
        else:
            strata[index] = _joined(strata[index], stratum)
        of_label.append(index)
    changes, boundaries = _changes(labels, of_label, known, len(strata))
    versions = dict.fromkeys(label.version or "" for label in labels)
    missing = tuple(version for version in versions if version not in known)
    return Strata(tuple(strata), tuple(of_label), boundaries, changes, missing)


def _joined(one: Stratum, other: Stratum) -> Stratum:
    older = one if one.first <= other.first else other
    return Stratum(
        older.allocation,
        older.version,
        older.expected,
        one.negative | other.negative,
        min(one.first, other.first),
        max(one.last, other.last),
    )


def _by_version(definitions: Iterable[TestDefinition]) -> dict[str, TestDefinition]:
    return {each.version or "": each for each in definitions}


def _stratum(label: Label, known: Mapping[str, TestDefinition]) -> tuple[tuple[str, ...], Stratum]:
    """Return the key and the stratum of the exposures that have this label."""
    definition = known.get(label.version or "")
    key: tuple[str, ...]
    if label.allocation is None:
        expected = None if definition is None else _common_shares(definition)
        key = ("version", label.version or "")
    elif definition is not None:
        index = _index(definition, label.allocation)
        expected = None if index is None else _live_shares(definition, index)
        digest = "" if index is None else split_digest(definition, index)
        key = ("split", label.allocation, digest or f"version {label.version}")
    else:
        definition, digest, expected = _by_allocation(label.allocation, known)
        key = ("split", label.allocation, digest or f"version {label.version}")
    negative = frozenset(
        bucket.name for bucket in (definition.buckets if definition else ()) if bucket.value < 0
    )
    found = Stratum(label.allocation, label.version, expected, negative, label.first, label.last)
    return key, found


def _by_allocation(
    allocation: str, known: Mapping[str, TestDefinition]
) -> tuple[TestDefinition | None, str, Mapping[str, float] | None]:
    found = {}
    for definition in known.values():
        index = _index(definition, allocation)
        if index is not None:
            found[split_digest(definition, index)] = definition, index
    if len(found) != 1:
        return None, "", None
    ((digest, (definition, index)),) = found.items()
    return definition, digest, _live_shares(definition, index)


def _index(definition: TestDefinition, allocation: str) -> int | None:
    for index, each in enumerate(definition.allocations):
        if each.id == allocation:
            return index
    return None


def split_digest(definition: TestDefinition, index: int) -> str:
    """Return a digest of everything that determines the groups of visitors in an allocation."""
    # The rules of earlier allocations determine which visitors reach this allocation.
    rules = [definition.rule, *(each.rule for each in definition.allocations[: index + 1])]
    text = " ".join(rule or "" for rule in rules)
    depends_on = definition.depends_on
    content = [
        definition.name,
        definition.salt,
        definition.test_type,
        rules,
        {name: thaw(value) for name, value in definition.constants.items() if name in text},
        [[each.bucket_value, each.length] for each in definition.allocations[index].ranges],
        None if depends_on is None else [depends_on.test_name, depends_on.bucket_value],
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _live_shares(definition: TestDefinition, index: int) -> Mapping[str, float] | None:
    """Return the shares of the groups with a value of at least 0, scaled to 1.

    Return None if the allocation has no such groups.
    """
    # If several buckets have the same value, the engine assigns the last one.
    names = {bucket.value: bucket.name for bucket in definition.buckets}
    live: dict[str, float] = {}
    for each in definition.allocations[index].ranges:
        if each.bucket_value >= 0 and each.length > 0:
            name = names.get(each.bucket_value, str(each.bucket_value))
            live[name] = live.get(name, 0.0) + each.length
    whole = sum(live.values())
    return {name: share / whole for name, share in live.items()} if whole else None


def _common_shares(definition: TestDefinition) -> Mapping[str, float] | None:
    found = [_live_shares(definition, index) for index in range(len(definition.allocations))]
    live = [each for each in found if each is not None]
    return live[0] if live and all(each == live[0] for each in live) else None


def _changes(
    labels: Sequence[Label],
    of_label: Sequence[int],
    known: Mapping[str, TestDefinition],
    count: int,
) -> tuple[tuple[Change, ...], tuple[tuple[int, ...], ...]]:
    """Return the changes to the definition, and the `boundaries` of the strata (see `Strata`)."""
    starts: dict[str, int] = {}
    for label in labels:
        version = label.version or ""
        starts[version] = min(label.first, starts.get(version, label.first))
    order = sorted(starts, key=lambda version: starts[version])
    boundaries: list[list[int]] = [[] for _ in range(count)]
    changes = []
    for old, new in itertools.pairwise(order):
        at = starts[new]
        pairs = _pairs(known.get(old), known.get(new))
        moved = None if pairs is None else [each for each in pairs if _moves_away(each)]
        for label, index in zip(labels, of_label, strict=True):
            if label.first >= at or boundaries[index][-1:] == [at]:
                continue
            if _is_moved(label, known.get(label.version or ""), known.get(old), moved):
                boundaries[index].append(at)
        payloads = _payloads(known.get(old), known.get(new))
        changes.append(replace(_change(at, old, new, pairs), payloads=payloads))
    return tuple(changes), tuple(map(tuple, boundaries))


def _pairs(old: TestDefinition | None, new: TestDefinition | None) -> Sequence[PairMoves] | None:
    if old is None or new is None:
        return None
    try:
        return moves(old, new)
    except ValueError:
        return None


def _payloads(old: TestDefinition | None, new: TestDefinition | None) -> tuple[str, ...]:
    """Return the groups that exist in both definitions with different payloads."""
    if old is None or new is None:
        return ()
    before = {bucket.name: bucket.payload for bucket in old.buckets}
    return tuple(
        bucket.name
        for bucket in new.buckets
        if bucket.name in before and bucket.payload != before[bucket.name]
    )


def _moves_away(pair: PairMoves) -> bool:
    """Return True if more visitors change groups or leave than rounding can explain."""
    return max(pair.jump, pair.leave) > ROUNDING


def _is_moved(
    label: Label,
    own: TestDefinition | None,
    old: TestDefinition | None,
    moved: Sequence[PairMoves] | None,
) -> bool:
    """Return True if visitors with this label change groups or leave when *old* is replaced."""
    if moved is None or own is None or old is None:
        return True
    indexes = {each.old_allocation for each in moved}
    if label.allocation is None:
        return bool(indexes)
    return _index(old, label.allocation) in indexes


def _change(at: int, old: str, new: str, pairs: Sequence[PairMoves] | None) -> Change:
    names = (old or None, new or None)
    if pairs is None:
        return Change(at, *names, unknown=True)
    jumps, leaves, enters = (
        float(max((getattr(each, kind) for each in pairs), default=0))
        for kind in ("jump", "leave", "enter")
    )
    return Change(at, *names, jumps=jumps, leaves=leaves, enters=enters)
