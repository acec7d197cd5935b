"""Assign allocation ids when a definition is saved [AllocationIdUtil, EditAndPromoteJob].

`saved_allocations` returns Java Proctor's ids. `careful_allocations` follows our own rule: it also
increments an id if visitors jump from one live group to another, and it never reuses an id from any
branch.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from proctor.core.authoring.definitions.sameness import same_allocation
from proctor.core.authoring.ids.allocation_ids import (
    highest_letters,
    new_id,
    next_id,
    next_id_among,
    parse_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from proctor.core.matrices.matrix import Allocation, TestDefinition

__all__ = [
    "careful_allocations",
    "created_allocations",
    "is_unbalanced",
    "moved_on",
    "outdated_allocations",
    "saved_allocations",
    "used_ids",
]

_TOLERANCE = 1e-6
_INACTIVE = -1


def created_allocations(test: TestDefinition) -> tuple[Allocation, ...]:
    """Return the allocations of a new test with new ids, starting at `#A1`.

    Ids that the editor sent are ignored.
    """
    return tuple(replace(each, id=new_id(i)) for i, each in enumerate(test.allocations))


def saved_allocations(
    previous: TestDefinition, test: TestDefinition, history: Iterable[TestDefinition]
) -> tuple[Allocation, ...]:
    """Return the allocations of *test*, which replaces *previous*, with Java Proctor's ids.

    *history* contains all revisions of the test on trunk. Raises Refusal if an id must be
    incremented or compared but does not have the form `#A1`.
    """
    moved = _moved(test, outdated_allocations(previous, test), next_id)
    return _with_new_ids(moved, [*history, previous])


def careful_allocations(
    previous: TestDefinition | None,
    test: TestDefinition,
    history: Iterable[TestDefinition],
    jumping: Collection[int] = (),
) -> tuple[Allocation, ...]:
    """Return the allocations of *test* with ids, none of which is used for two different splits.

    *history* contains the revisions of the test on every branch. *jumping* contains the indexes,
    from 0, of the allocations in which visitors jump from one live group to another. *previous* is
    None if the test is new, or is created again after it was deleted. Raises Refusal in the same
    cases as `saved_allocations`.
    """
    known = list(history)
    if previous is None:
        start = highest_letters(each for each in used_ids(known) if parse_id(each)) + 1
        return tuple(replace(each, id=new_id(start + i)) for i, each in enumerate(test.allocations))
    single = _without_copies(previous, test)
    return _with_new_ids(moved_on(previous, single, known, jumping), [*known, previous])


def _without_copies(previous: TestDefinition, test: TestDefinition) -> TestDefinition:
    """Return *test* without the ids of allocations that were copied together with their ids."""
    before = Counter(each.id for each in previous.allocations)
    seen = Counter[str]()
    allocations = []
    for each in test.allocations:
        seen[each.id] += 1
        is_copy = seen[each.id] > max(1, before[each.id])
        allocations.append(replace(each, id="") if is_copy else each)
    return replace(test, allocations=tuple(allocations))


def moved_on(
    previous: TestDefinition,
    test: TestDefinition,
    history: Iterable[TestDefinition],
    jumping: Collection[int] = (),
) -> tuple[Allocation, ...]:
    """Return the allocations of *test* with outdated ids incremented, as in `careful_allocations`.

    An allocation without an id stays without one.
    """
    used = used_ids([*history, previous])
    outdated = {*_all_outdated(previous, test)}
    outdated |= {index for index in jumping if _keeps_id(previous, test, index)}
    return _moved(test, outdated, lambda text: next_id_among(text, used))


def _keeps_id(previous: TestDefinition, test: TestDefinition, index: int) -> bool:
    """Return whether an allocation has the id of an allocation of *previous*."""
    text = test.allocations[index].id
    return bool(text) and any(each.id == text for each in previous.allocations)


def used_ids(history: Iterable[TestDefinition]) -> list[str]:
    """Return the ids of all allocations in *history*, in order, without duplicates."""
    found = {each.id: None for test in history for each in test.allocations if each.id}
    return list(found)


def _moved(
    test: TestDefinition, outdated: Collection[int], following: Callable[[str], str]
) -> tuple[Allocation, ...]:
    allocations = list(test.allocations)
    for index in sorted(outdated):
        allocations[index] = replace(allocations[index], id=following(allocations[index].id))
    return tuple(allocations)


def _with_new_ids(
    allocations: tuple[Allocation, ...], history: Iterable[TestDefinition]
) -> tuple[Allocation, ...]:
    """Return the *allocations*; those without an id get one with letters not used in *history*."""
    if all(each.id for each in allocations):
        return allocations
    free = itertools.count(highest_letters(used_ids(history)) + 1)
    return tuple(each if each.id else replace(each, id=new_id(next(free))) for each in allocations)


def outdated_allocations(previous: TestDefinition, test: TestDefinition) -> list[int]:
    """Return the indexes of the allocations of *test* whose ids Java Proctor increments.

    If the test's rule or salt changed, all allocations are included. Otherwise, the following are
    included: the first allocation whose rule or id changed, all allocations after it, and every
    allocation in which the shares of the live groups changed by different factors. If several of
    these allocations are equal, only the first of them is included.
    """
    return _without_repeated(test.allocations, _all_outdated(previous, test))


def _all_outdated(previous: TestDefinition, test: TestDefinition) -> list[int]:
    """Return the same as `outdated_allocations`, but include all of several equal allocations."""
    old, new = previous.allocations, test.allocations
    both = min(len(old), len(new))
    start = _first_changed(previous, test, both)
    found = [] if start is None else list(range(start, len(new)))
    unchanged = both if start is None else min(start, both)
    found += [index for index in range(unchanged) if is_unbalanced(old[index], new[index])]
    return [index for index in sorted(found) if new[index].id]


def _first_changed(previous: TestDefinition, test: TestDefinition, both: int) -> int | None:
    if previous.rule != test.rule or previous.salt != test.salt:
        return 0
    pairs = zip(previous.allocations[:both], test.allocations[:both], strict=True)
    changed = (i for i, (old, new) in enumerate(pairs) if old.id != new.id or old.rule != new.rule)
    return next(changed, None)


def is_unbalanced(old: Allocation, new: Allocation) -> bool:
    """Return whether the shares of the groups changed by different factors.

    Bucket -1, the order of the ranges, and the number of ranges for each group are ignored.
    """
    before, after = _live_lengths(old), _live_lengths(new)
    if before.keys() != after.keys():
        return True
    quotients = [after[value] / before[value] for value in sorted(before)]
    return any(abs(each - quotients[0]) > _TOLERANCE for each in quotients)


def _live_lengths(allocation: Allocation) -> dict[int, float]:
    """Return the total length of each bucket except -1. Tiny ranges and sums of 0 are left out."""
    sums: dict[int, float] = defaultdict(float)
    for each in allocation.ranges:
        if each.bucket_value != _INACTIVE and not abs(each.length) <= _TOLERANCE:
            sums[each.bucket_value] += each.length
    return {value: total for value, total in sums.items() if not total <= 0}


def _without_repeated(allocations: tuple[Allocation, ...], indices: list[int]) -> list[int]:
    kept: list[int] = []
    for index in indices:
        if not any(same_allocation(allocations[index], allocations[other]) for other in kept):
            kept.append(index)
    return kept
