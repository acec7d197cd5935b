"""Find the allocation ids that changed, and those that should have been incremented.

An id identifies one split of one audience. If it is incremented, results from before and after must
not be pooled. `_outdated` implements Java Proctor's rule for incrementing ids. We also increment an
id if visitors jump.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.ids.saved_ids import is_unbalanced
from proctor.core.authoring.moves.audience import matched
from proctor.core.authoring.moves.jumping import jumping_allocations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.core.authoring.moves.who_moves import PairMoves
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["IdChange", "id_changes", "ids_not_moved_on"]

_ID = re.compile(r"#([A-Z]+)(-?[0-9]+)\Z")
_COUNTRIES = "proctor:contains(__COUNTRIES, country)"


@dataclass(frozen=True, slots=True)
class IdChange:
    """An allocation whose id changed; *old* is None for a new id, *new* for a removed one."""

    #: The allocation's index after the change; None if the allocation was removed.
    allocation: int | None
    old: str | None
    new: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON. Allocations are numbered from 1."""
        number = None if self.allocation is None else self.allocation + 1
        return {"allocation": number, "from": self.old, "to": self.new}


def id_changes(old: TestDefinition | None, new: TestDefinition | None) -> list[IdChange]:
    """Return the ids that were changed, added or removed."""
    before = () if old is None else old.allocations
    after = () if new is None else new.allocations
    pairs = {} if old is None or new is None else matched(old, new)
    found = []
    for index, allocation in enumerate(after):
        previous = before[pairs[index]].id if index in pairs else ""
        if previous != allocation.id:
            found.append(IdChange(index, previous or None, allocation.id or None))
    for index, allocation in enumerate(before):
        if index not in pairs.values() and allocation.id:
            found.append(IdChange(None, allocation.id, None))
    return found


def ids_not_moved_on(
    old: TestDefinition, new: TestDefinition, moves: Iterable[PairMoves]
) -> list[int]:
    """Return the indexes of the allocations of *new* whose ids should have been incremented.

    An allocation is included if the number in its id is not higher than before, and either Java
    Proctor would have incremented the id, or visitors jump to this allocation (from a group in the
    same or in a different allocation). An allocation is also included if the number is lower than
    before, because the id then stands for an earlier split.
    """
    pairs = matched(old, new)
    outdated = _outdated(old, new) & pairs.keys()
    lowered = {
        index
        for index, before in pairs.items()
        if _is_lower(old.allocations[before].id, new.allocations[index].id)
    }
    return [
        index
        for index in sorted(outdated | lowered | jumping_allocations(moves))
        if any(_stays(each.id, new.allocations[index].id) for each in old.allocations)
    ]


def _stays(old: str, new: str) -> bool:
    if not new:
        return False
    before, after = _ID.match(old), _ID.match(new)
    if before is None or after is None:
        return old == new
    return before[1] == after[1] and _number(after[2]) <= _number(before[2])


def _is_lower(old: str, new: str) -> bool:
    before, after = _ID.match(old), _ID.match(new)
    if before is None or after is None or before[1] != after[1]:
        return False
    return _number(after[2]) < _number(before[2])


def _number(digits: str) -> tuple[int, str]:
    """Return a sort key for numbers of any length, because int() rejects very long ones."""
    bare = digits.lstrip("-0")
    return (-1, "") if digits.startswith("-") else (len(bare), bare)


def _outdated(old: TestDefinition, new: TestDefinition) -> set[int]:
    """Return the indexes of allocations whose ids Java Proctor increments (AllocationIdUtil)."""
    count = min(len(old.allocations), len(new.allocations))
    first = len(new.allocations)
    if old.salt != new.salt or _bare(old.rule) != _bare(new.rule):
        first = 0
    for index in range(min(count, first)):
        before, after = old.allocations[index], new.allocations[index]
        # An allocation that had no id and now has one does not count as changed.
        renamed = before.id != "" and _letters(before.id) != _letters(after.id)
        if renamed or _bare(before.rule) != _bare(after.rule):
            first = index
            break
    found = set(range(first, len(new.allocations)))
    for index in range(min(count, first)):
        if is_unbalanced(old.allocations[index], new.allocations[index]):
            found.add(index)
    return found


def _letters(identifier: str) -> str:
    found = _ID.match(identifier)
    return identifier if found is None else found[1]


def _bare(rule: str | None) -> str:
    """Return a rule without its country condition, which the editor stores in a separate field."""
    inner = (rule or "").removeprefix("${").removesuffix("}").strip()
    return inner.removeprefix(_COUNTRIES).removeprefix(" && ")
