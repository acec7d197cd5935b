"""Compute what each group gives and gets in a ramp, with few jumps and little movement.

The fewest jumps come first, then the least movement. Amounts are whole ticks. A group is *live* if
its value is 0 or more.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, permutations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Flows", "plan_flows"]


#: With more orders of negative groups than this, some solutions are not found.
_MAX_ORDERS = 6


@dataclass(frozen=True, slots=True)
class Flows:
    """The amounts that groups give and get. Both have the same sum, and all amounts are above 0."""

    gives: Mapping[int, int]
    gets: Mapping[int, int]
    #: The pairs of groups between which visitors may move: from, to.
    allowed: frozenset[tuple[int, int]]


def plan_flows(before: Mapping[int, int], after: Mapping[int, int]) -> list[Flows]:
    """Return the movements from *before* to *after*, which have the same sum.

    There are several solutions if visitors can enter from more than one negative group.

    Groups that grow take from the negative groups first, so that only max(0, growth of the live
    groups - share of the negative ones) jumps. Visitors who have to leave a live group go to a
    negative one, unless they have to jump. Negative groups that keep all their positions are not
    among the keys.
    """
    change = {value: after.get(value, 0) - before.get(value, 0) for value in {*before, *after}}
    growth = {value: ticks for value, ticks in change.items() if value >= 0 and ticks > 0}
    shrinking = {value: -ticks for value, ticks in change.items() if value >= 0 and ticks < 0}
    negative = sorted(value for value in change if value < 0)
    found = []
    enter = min(sum(growth.values()), sum(before.get(value, 0) for value in negative))
    jump = sum(growth.values()) - enter
    for order in islice(permutations(negative), _MAX_ORDERS):
        gives, gets = _negative_flows(before, change, enter, order)
        between = sum(gives.values()) > enter
        allowed = {(source, target) for source in gives for target in growth}
        if between:
            allowed |= {(source, target) for source in gives for target in gets}
        allowed |= {(source, target) for source in shrinking for target in gets}
        if jump:
            allowed |= {(source, target) for source in shrinking for target in growth}
        flows = Flows({**gives, **shrinking}, {**growth, **gets}, frozenset(allowed))
        if flows not in found:
            found.append(flows)
    return found


def _negative_flows(
    before: Mapping[int, int], change: Mapping[int, int], enter: int, order: Sequence[int]
) -> tuple[dict[int, int], dict[int, int]]:
    """Return what the negative groups give and get if *enter* ticks become live.

    The first groups in *order* give more than they have to.
    """
    gives = {value: -change[value] for value in sorted(order) if change[value] < 0}
    gets = {value: change[value] for value in sorted(order) if change[value] > 0}
    # Visitors enter, and the same number of others leave to the same negative group.
    more = max(0, enter - sum(gives.values()))
    for value in order:
        extra = min(more, before.get(value, 0) - gives.get(value, 0))
        if extra > 0:
            gives[value] = gives.get(value, 0) + extra
            gets[value] = gets.get(value, 0) + extra
            more -= extra
    return gives, gets
