"""Find the allocations that a visitor can be in before and after a change.

A visitor is in the first allocation whose rule is true. Rules are not evaluated. Two rules count as
the same if their texts and the constants named in them are equal. Therefore, the result can contain
a pair of allocations that no visitor is in, but it never omits a pair that a visitor can be in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proctor.core.java.frozen import thaw
from proctor.core.rules.rule import RuleKind, classify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proctor.core.matrices.matrix import Allocation, TestDefinition

__all__ = ["AllocationPair", "allocation_pairs", "gate_changed", "matched", "reached_allocations"]

_ALWAYS, _NEVER = "always", "never"


@dataclass(frozen=True, slots=True)
class AllocationPair:
    """The allocations, by index, that one visitor can be in before and after the change."""

    #: The index before the change; None if the visitor is in no allocation then.
    old: int | None
    #: The index after the change; None if the visitor is in no allocation then.
    new: int | None
    #: True if the allocation has exactly the same visitors as before.
    same_audience: bool


def matched(old: TestDefinition, new: TestDefinition) -> dict[int, int]:
    """Map the index of each allocation in *new* that also exists in *old* to its index in *old*.

    Allocations are matched by id first; then by the letters of their ids, which do not change when
    the number is incremented; then by position.
    """
    found: dict[int, int] = {}
    for key in (_id, _letters, None):
        free = {}
        for index, allocation in reversed(list(enumerate(old.allocations))):
            if index not in found.values():
                free[index if key is None else key(allocation)] = index
        for index, allocation in enumerate(new.allocations):
            name = index if key is None else key(allocation)
            if index not in found and name != "" and name in free:
                found[index] = free.pop(name)
    return found


def _id(allocation: Allocation) -> str:
    return allocation.id


def _letters(allocation: Allocation) -> str:
    return allocation.id.rstrip("-0123456789").removeprefix("#")


def gate_changed(old: TestDefinition, new: TestDefinition) -> bool:
    """Return whether the set of visitors that the test admits can have changed.

    The comparison covers the test's rule, dependency, test type and flags, but not whether visitors
    change groups in the test that it depends on.
    """
    return _gate(old) != _gate(new)


def _only_narrows(old: TestDefinition, new: TestDefinition) -> bool:
    """Return whether *new* is known to admit only visitors that *old* admits.

    That is the case if the test had no rule, now has one, and all other conditions are unchanged.
    With the arguments swapped, this returns whether the change is known not to exclude any visitor.
    """
    before, after = _gate(old), _gate(new)
    return before[0] == _ALWAYS and before[1:] == after[1:]


def _gate(test: TestDefinition) -> tuple[object, ...]:
    depends_on = test.depends_on
    return (
        _rule_key(test.rule, test),
        None if depends_on is None else (depends_on.test_name, depends_on.bucket_value),
        test.test_type,
        test.evaluate_for_incognito_users,
        test.enable_unitless_allocations,
        test.contains_unitless_allocation,
    )


def _rule_key(rule: str | None, test: TestDefinition) -> str:
    """Return a key for comparing rules: rules with equal keys are true for the same visitors."""
    kind = classify(rule)
    if kind in (RuleKind.EMPTY, RuleKind.TRUE):
        return _ALWAYS
    if kind in (RuleKind.FALSE, RuleKind.INVALID):
        return _NEVER
    named = {name: value for name, value in test.constants.items() if name in (rule or "")}
    return f"{rule}\0{_json(named)}"


def _json(value: Any) -> str:
    return json.dumps(thaw(value), sort_keys=True)


def reached_allocations(test: TestDefinition) -> list[int]:
    """Return the indexes of the allocations that the rules allow a visitor to be in."""
    if _rule_key(test.rule, test) == _NEVER:
        return []
    walk = _Walk([_rule_key(each.rule, test) for each in test.allocations])
    return [index for index in range(len(test.allocations)) if walk.can_take(index)]


def allocation_pairs(
    old: TestDefinition, new: TestDefinition, *, gate_unknown: bool, parent_unknown: bool = False
) -> list[AllocationPair]:
    """Return every pair of allocations that one visitor can be in, sorted by old and new index.

    *gate_unknown* means that the test may admit different visitors than before. *parent_unknown*
    means that the reason is the test's dependency: visitors may have changed groups in the test
    that it depends on. Visitors who are in no allocation before the change and in none after it are
    left out, because nothing changes for them.
    """
    before = [_rule_key(each.rule, old) for each in old.allocations]
    after = [_rule_key(each.rule, new) for each in new.allocations]
    if before == after and not gate_unknown:
        return [AllocationPair(index, index, same_audience=True) for index in range(len(after))]
    unchanged = 0
    while unchanged < min(len(before), len(after)) and before[unchanged] == after[unchanged]:
        unchanged += 1
    old_walk, new_walk = _Walk(before), _Walk(after)
    narrows = not parent_unknown and _only_narrows(old, new)
    widens = not parent_unknown and _only_narrows(new, old)
    may_enter = gate_unknown and not narrows and _rule_key(new.rule, new) != _NEVER
    may_leave = gate_unknown and not widens and _rule_key(old.rule, old) != _NEVER
    both = _rule_key(old.rule, old) != _NEVER and _rule_key(new.rule, new) != _NEVER
    found = []
    for i in (*range(len(before)), None):
        for j in (*range(len(after)), None):
            if i is None and j is None:
                continue
            reachable = both and _reachable(old_walk, i, new_walk, j)
            if i is None and j is not None:
                reachable |= may_enter and new_walk.can_take(j)
            if j is None and i is not None:
                reachable |= may_leave and old_walk.can_take(i)
            if reachable:
                same = not gate_unknown and i == j and i is not None and i < unchanged
                found.append(AllocationPair(i, j, same_audience=same))
    return found


class _Walk:
    """The rules of one definition's allocations, and the first allocation with each rule."""

    def __init__(self, rules: Sequence[str]) -> None:
        self.rules = rules
        self.first: dict[str, int] = {}
        for index, rule in enumerate(rules):
            self.first.setdefault(rule, index)
        #: Allocations after this index are never reached.
        self.end = self.first.get(_ALWAYS, len(rules))

    def can_take(self, index: int) -> bool:
        """Return whether a visitor can be in the allocation at *index*."""
        rule = self.rules[index]
        return index <= self.end and rule != _NEVER and self.first[rule] == index

    def refuses(self, rule: str, until: int) -> bool:
        """Return whether *rule* is false for visitors who reach the allocation at index *until*."""
        return self.first.get(rule, until) < until


def _reachable(old: _Walk, i: int | None, new: _Walk, j: int | None) -> bool:
    """Return whether a visitor can be in allocation *i* of *old* and in allocation *j* of *new*."""
    if i is not None and j is not None:
        return (
            old.can_take(i)
            and new.can_take(j)
            and not new.refuses(old.rules[i], j)
            and not old.refuses(new.rules[j], i)
        )
    if i is None and j is not None:
        return _from_none(old, new, j)
    return i is not None and _from_none(new, old, i)


def _from_none(none: _Walk, other: _Walk, index: int) -> bool:
    """Return whether a visitor who is in no allocation of *none* can be in one of *other*.

    *index* is the index of that allocation of *other*.
    """
    if not other.can_take(index):
        return False
    rule = other.rules[index]
    length = len(none.rules)
    if none.end == length and not none.refuses(rule, length):
        return True
    # If a rule of *none* raises an error, the visitor is in no allocation either. But then no
    # allocation of *other* up to *index* may have that rule, because it would fail there, too.
    return any(
        failing not in (_ALWAYS, _NEVER)
        and other.first.get(failing, index + 1) > index
        and not none.refuses(rule, position)
        for position, failing in enumerate(none.rules[: none.end])
    )
