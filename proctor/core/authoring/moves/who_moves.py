"""Compute the exact shares of visitors who move between groups when a definition changes.

Shares are computed from all 2³² positions with the engine's cut-offs, not from a sample.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from proctor.core.authoring.moves.audience import AllocationPair, allocation_pairs, gate_changed
from proctor.core.authoring.moves.placement import independent, overlap, pieces_of, shares
from proctor.core.evaluation.hashing import salted_prefix
from proctor.core.java.frozen import thaw
from proctor.core.matrices.limits import RANDOM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.matrices.matrix import Bucket, TestDefinition

__all__ = [
    "Audience",
    "Move",
    "PairMoves",
    "look",
    "moves",
    "moves_between",
    "parents_first",
    "same_placement",
]

#: `same`: exactly the same visitors before and after. `unknown`: some of the visitors may be
#: different, and it is not known how many. `random`: each visit draws a group, so no visitor stays
#: or moves.
Audience = Literal["same", "unknown", "random"]


@dataclass(frozen=True, slots=True)
class Move:
    """The share of visitors who were in one group and are now in the same or another group."""

    #: Bucket values before and after the change; None for no group.
    source: int | None
    target: int | None
    #: The share of the visitors in the pair of allocations: greater than 0, and at most 1.
    share: Fraction

    @property
    def enters(self) -> bool:
        """True if the visitors had no live group, and now have one."""
        return not _is_live(self.source) and _is_live(self.target)

    @property
    def leaves(self) -> bool:
        """True if the visitors had a live group, and no longer have one."""
        return _is_live(self.source) and not _is_live(self.target)

    @property
    def jumps(self) -> bool:
        """True if the visitors go from one live group to another, and so have seen both."""
        return _is_live(self.source) and _is_live(self.target) and self.source != self.target

    def to_dict(self) -> dict[str, Any]:
        """Return the move as JSON."""
        return {"from": self.source, "to": self.target, "share": float(self.share)}


@dataclass(frozen=True, slots=True)
class PairMoves:
    """The moves of all visitors who are in the allocations of one `AllocationPair`."""

    #: Indexes before and after the change, from 0; None if the visitors are in no allocation.
    old_allocation: int | None
    allocation: int | None
    #: The id of the allocation after the change or, if there is none, before the change.
    id: str
    audience: Audience
    #: The moves of all visitors in the pair, including those who stay. The shares add up to 1.
    #: Empty if the audience is random.
    table: tuple[Move, ...]
    #: The share of visitors who stay in a group whose name or payload changed. If the audience is
    #: random, the share of visits that draw such a group.
    sees_something_else: Fraction = Fraction(0)

    @property
    def enter(self) -> Fraction:
        """The share of visitors who enter a live group."""
        return _sum(each.share for each in self.table if each.enters)

    @property
    def leave(self) -> Fraction:
        """The share of visitors who leave a live group."""
        return _sum(each.share for each in self.table if each.leaves)

    @property
    def jump(self) -> Fraction:
        """The share of visitors who go from one live group to another."""
        return _sum(each.share for each in self.table if each.jumps)

    @property
    def moves_anyone(self) -> bool:
        """True if any visitor changes groups, or might change groups."""
        if self.audience == "random":
            return False
        return any(each.source != each.target for each in self.table)

    def to_dict(self) -> dict[str, Any]:
        """Return the pair as JSON. Allocations are numbered from 1.

        The four shares are null if the audience is random.
        """
        is_random = self.audience == "random"
        parts = (self.enter, self.leave, self.jump, self.sees_something_else)
        names = ("enter", "leave", "jump", "sees_something_else")
        return {
            "old_allocation": None if self.old_allocation is None else self.old_allocation + 1,
            "allocation": None if self.allocation is None else self.allocation + 1,
            "id": self.id or None,
            "audience": self.audience,
            "table": [each.to_dict() for each in self.table],
            **{
                name: None if is_random else float(part)
                for name, part in zip(names, parts, strict=True)
            },
        }


def _is_live(value: int | None) -> bool:
    return value is not None and value >= 0


def _sum(parts: Any) -> Fraction:
    return sum(parts, Fraction(0))


def moves(
    old: TestDefinition | None, new: TestDefinition | None, *, audience_unknown: bool = False
) -> tuple[PairMoves, ...]:
    """Return who enters, leaves or changes groups when *old* becomes *new*, by pair of allocations.

    None stands for a test that does not exist or is not loaded. Definitions must be in the matrix's
    format. *audience_unknown* means that the test may get different visitors, because visitors
    change groups in the test that it depends on.

    Raises ValueError if the range lengths in an allocation do not add up to 1.
    """
    if old is None or new is None:
        return _appearing(old, new)
    gate = audience_unknown or gate_changed(old, new)
    change = _Change(old, new)
    pairs = allocation_pairs(old, new, gate_unknown=gate, parent_unknown=audience_unknown)
    return tuple(map(change.moves_of, pairs))


class _Change:
    """A test before and after a change, with the positions of its allocations."""

    def __init__(self, old: TestDefinition, new: TestDefinition) -> None:
        self._old, self._new = old, new
        self._before = [pieces_of(each.ranges) for each in old.allocations]
        self._after = [pieces_of(each.ranges) for each in new.allocations]
        self._combine = overlap if same_placement(old, new) else independent
        self._changed = _changed_buckets(old, new)
        self._is_random = RANDOM in (old.test_type, new.test_type)

    def moves_of(self, pair: AllocationPair) -> PairMoves:
        """Return the moves of the visitors in a pair of allocations."""
        identifier = _id(pair, self._old, self._new)
        if self._is_random:
            return PairMoves(pair.old, pair.new, identifier, "random", (), self._drawn(pair))
        table = self._table(pair)
        stay = (row for row in table if row.source == row.target and row.source in self._changed)
        audience: Audience = "same" if pair.same_audience else "unknown"
        seen = _sum(row.share for row in stay)
        return PairMoves(pair.old, pair.new, identifier, audience, table, seen)

    def _drawn(self, pair: AllocationPair) -> Fraction:
        """Return the share of visits that draw a bucket whose name or payload has changed.

        Buckets that no visit could draw before are not counted.
        """
        if pair.old is None or pair.new is None:
            return Fraction(0)
        before, after = shares(self._before[pair.old]), shares(self._after[pair.new])
        return _sum(after[value] for value in self._changed & before.keys() & after.keys())

    def _table(self, pair: AllocationPair) -> tuple[Move, ...]:
        before = None if pair.old is None else self._before[pair.old]
        after = None if pair.new is None else self._after[pair.new]
        if before is None:
            return _one_sided(None, shares(after or ()))
        if after is None:
            return _one_sided(shares(before), None)
        return _sorted_moves(self._combine(before, after))


def _id(pair: AllocationPair, old: TestDefinition, new: TestDefinition) -> str:
    if pair.new is not None:
        return new.allocations[pair.new].id
    return "" if pair.old is None else old.allocations[pair.old].id


def _appearing(old: TestDefinition | None, new: TestDefinition | None) -> tuple[PairMoves, ...]:
    """Return the pairs for a test that is created or deleted."""
    test = new or old
    if test is None:
        return ()
    found = []
    for index, allocation in enumerate(test.allocations):
        spread = shares(pieces_of(allocation.ranges))
        is_random = test.test_type == RANDOM
        found.append(
            PairMoves(
                None if old is None else index,
                None if new is None else index,
                allocation.id,
                "random" if is_random else "same",
                ()
                if is_random
                else _one_sided(None if old is None else spread, None if new is None else spread),
            )
        )
    return tuple(found)


def _one_sided(
    before: Mapping[int, Fraction] | None, after: Mapping[int, Fraction] | None
) -> tuple[Move, ...]:
    if before is None:
        return _sorted_moves({(None, value): share for value, share in (after or {}).items()})
    return _sorted_moves({(value, None): share for value, share in before.items()})


def _sorted_moves(found: Mapping[Any, Fraction]) -> tuple[Move, ...]:
    rows = (Move(source, target, share) for (source, target), share in found.items())
    return tuple(sorted(rows, key=lambda row: (_order(row.source), _order(row.target))))


def _order(value: int | None) -> tuple[bool, int]:
    return value is not None, value or 0


def same_placement(old: TestDefinition, new: TestDefinition) -> bool:
    """Return whether both definitions place each visitor at the same position."""
    prefixes = [salted_prefix(each.name, each.salt) for each in (old, new)]
    return prefixes[0] == prefixes[1] and old.test_type == new.test_type


def _changed_buckets(old: TestDefinition, new: TestDefinition) -> frozenset[int]:
    """Return the values of the buckets whose name or payload has changed."""
    # If several buckets have the same value, the engine assigns the last one.
    before = {bucket.value: look(bucket) for bucket in old.buckets}
    after = {bucket.value: look(bucket) for bucket in new.buckets}
    return frozenset(
        value for value in before.keys() & after.keys() if before[value] != after[value]
    )


def look(bucket: Bucket) -> tuple[str, str]:
    """Return the visible parts of a bucket: its name, and its payload as JSON text."""
    # The payload is compared as text, because 1 and true are equal in Python.
    payload = None if bucket.payload is None else thaw(bucket.payload.to_dict())
    return bucket.name, json.dumps(payload, sort_keys=True)


def moves_between(
    old: Mapping[str, TestDefinition], new: Mapping[str, TestDefinition]
) -> dict[str, tuple[PairMoves, ...]]:
    """Return who enters, leaves or changes groups, for each test in *old* or *new*, by name.

    *old* and *new* contain the tests that the engine loads. A test has an unknown audience if it
    depends, directly or indirectly, on a test whose groups change.

    Raises ValueError in the same cases as `moves`.
    """
    found: dict[str, tuple[PairMoves, ...]] = {}
    for name in parents_first(old, new):
        parents = _parents(name, old, new)
        unknown = any(each.moves_anyone for parent in parents for each in found.get(parent, ()))
        found[name] = moves(old.get(name), new.get(name), audience_unknown=unknown)
    return dict(sorted(found.items()))


def _parents(
    name: str, old: Mapping[str, TestDefinition], new: Mapping[str, TestDefinition]
) -> set[str]:
    found = set()
    for tests in (old, new):
        test = tests.get(name)
        if test is not None and test.depends_on is not None and test.depends_on.test_name:
            found.add(test.depends_on.test_name)
    return found


def parents_first(
    old: Mapping[str, TestDefinition], new: Mapping[str, TestDefinition]
) -> list[str]:
    """Return the names of the tests. Each test comes after the tests that it depends on.

    Cycles are broken arbitrarily.
    """
    ordered: dict[str, None] = {}
    seen: set[str] = set()
    for name in sorted(old.keys() | new.keys()):
        # Not recursive, because a chain of dependencies can be long.
        stack = [(name, False)]
        while stack:
            current, done = stack.pop()
            if done:
                ordered[current] = None
            elif current not in seen and (current in old or current in new):
                seen.add(current)
                stack.append((current, True))
                stack.extend((parent, False) for parent in _parents(current, old, new))
    return list(ordered)
