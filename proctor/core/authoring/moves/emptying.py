"""Find the groups that lose all their visitors, and the tests that depend on such a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proctor.core.authoring.moves.audience import reached_allocations
from proctor.core.authoring.moves.placement import pieces_of
from proctor.core.authoring.moves.who_moves import parents_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.core.matrices.matrix import Allocation, TestDefinition

__all__ = ["EmptiedParent", "emptied_groups", "emptied_parents", "groups_of_allocation"]


class EmptiedParent(NamedTuple):
    """A group that a test depends on and that no longer has visitors."""

    test: str
    value: int


def groups_of_allocation(allocation: Allocation) -> frozenset[int]:
    """Return the bucket values that have at least one position in an allocation."""
    try:
        return frozenset(piece.value for piece in pieces_of(allocation.ranges))
    except ValueError:  # The engine drops a test with invalid ranges.
        return frozenset(each.bucket_value for each in allocation.ranges if each.length > 0)


def emptied_groups(old: TestDefinition, new: TestDefinition) -> list[int]:
    """Return, in order, the groups that visitors can be in before the change, but not after it.

    A group also counts as emptied if its last allocation is removed, or if the rules make that
    allocation unreachable. Dependencies are ignored.
    """
    return sorted(_groups(old) - _groups(new))


def _groups(test: TestDefinition) -> frozenset[int]:
    """Return the groups of all allocations that a visitor can reach."""
    reached = (test.allocations[index] for index in reached_allocations(test))
    return frozenset().union(*map(groups_of_allocation, reached))


def emptied_parents(
    old: Mapping[str, TestDefinition], new: Mapping[str, TestDefinition]
) -> dict[str, EmptiedParent]:
    """Return the tests that lose all visitors because the group they depend on is emptied.

    *old* and *new* contain the tests that the engine loads. A test also loses its visitors if its
    parent does. The result is sorted by name.
    """
    before, after = _with_visitors(old), _with_visitors(new)
    found = {}
    for name in sorted(old.keys() & new.keys()):
        depends_on = new[name].depends_on
        if depends_on is None or depends_on.test_name is None:
            continue
        if before[name] and not after[name] and _groups(new[name]):
            found[name] = EmptiedParent(depends_on.test_name, depends_on.bucket_value)
    return found


def _with_visitors(tests: Mapping[str, TestDefinition]) -> dict[str, frozenset[int]]:
    """Return, for each test, the groups that have visitors. Dependencies are taken into account."""
    found: dict[str, frozenset[int]] = {}
    for name in parents_first(tests, {}):
        groups, depends_on = _groups(tests[name]), tests[name].depends_on
        if depends_on is not None:
            # The parent is unknown if a single definition is reviewed.
            parent = found.get(depends_on.test_name or "")
            if parent is not None and depends_on.bucket_value not in parent:
                groups = frozenset()
        found[name] = groups
    return found
