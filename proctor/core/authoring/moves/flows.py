"""Choose the moves between groups in a ramp, so that few visitors jump or move.

The number of visitors who jump from one live group to another is minimized first, then the number
of visitors who move. A group is *live* if its value is 0 or more. Amounts are whole ticks (see
`line`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.core.authoring.moves.transport import SLACK

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Flows", "plan_flows"]


@dataclass(frozen=True, slots=True)
class Flows:
    """The allowed moves between groups.

    All plans that use only these moves move the same number of visitors.
    """

    #: Each group's length in ticks after the change.
    after: Mapping[int, int]
    #: The pairs of groups between which visitors may move: (from, to).
    allowed: frozenset[tuple[int, int]]
    #: The groups that keep none of their visitors.
    leaving: frozenset[int]
    #: The number of ticks that each group gives or gets, in one of the possible plans.
    #: `gives` and `gets` have the same sum, and contain only amounts above 0.
    gives: Mapping[int, int]
    gets: Mapping[int, int]


def plan_flows(before: Mapping[int, int], after: Mapping[int, int]) -> Flows:
    """Return the flows from *before* to *after*, which must have the same sum.

    Growing groups take visitors from the negative groups first, so that only max(0, growth of the
    live groups - share of the negative groups) ticks have to jump. Visitors who have to leave a
    live group go to a negative group if they do not have to jump. Visitors move from one negative
    group to another only if that cannot be avoided. Changes of a few ticks are rounding errors;
    groups with such a small change keep all their positions.
    """
    change = {value: after.get(value, 0) - before.get(value, 0) for value in {*before, *after}}
    growth = {value: ticks for value, ticks in change.items() if value >= 0 and ticks > 0}
    shrinking = {value: -ticks for value, ticks in change.items() if value >= 0 and ticks < 0}
    negative = sorted(value for value in change if value < 0)
    enter = min(sum(growth.values()), sum(before.get(value, 0) for value in negative))
    jump = sum(growth.values()) - enter
    between = sum(max(0, -change[value]) for value in negative) - enter
    sources = shrinking.keys() & _changed(before, after)
    targets = growth.keys() & _changed(before, after)
    givers = takers = set(negative)
    if between > SLACK:
        givers = {value for value in negative if change[value] < 0}
        takers = {value for value in negative if change[value] > 0}
    allowed = {(source, target) for source in givers for target in targets}
    allowed |= {(source, target) for source in sources for target in takers if after.get(target)}
    if between > SLACK:
        allowed |= {(source, target) for source in givers for target in takers}
    if jump > SLACK:
        allowed |= {(source, target) for source in sources for target in targets}
    leaving = {value for value in change if not after.get(value)}
    leaving |= {value for value in negative if jump > SLACK}
    gives, gets = _negative_flows(before, change, enter)
    return Flows(
        after,
        frozenset(allowed),
        frozenset(leaving),
        {**gives, **shrinking},
        {**growth, **gets},
    )


def _changed(before: Mapping[int, int], after: Mapping[int, int]) -> set[int]:
    """Return the groups that appear, disappear, or change by more than a rounding error."""
    return {
        value
        for value in {*before, *after}
        if abs(after.get(value, 0) - before.get(value, 0)) > SLACK
        or not after.get(value)
        or not before.get(value)
    }


def _negative_flows(
    before: Mapping[int, int], change: Mapping[int, int], enter: int
) -> tuple[dict[int, int], dict[int, int]]:
    """Return the ticks that negative groups give and get if *enter* ticks go to live groups.

    If negative groups have to give more ticks than they shrink by, the lowest groups give first.
    """
    negative = sorted(value for value in change if value < 0)
    gives = {value: -change[value] for value in negative if change[value] < 0}
    gets = {value: change[value] for value in negative if change[value] > 0}
    # A group that gives these extra ticks gets the same number of ticks from shrinking live groups.
    more = max(0, enter - sum(gives.values()))
    for value in negative:
        extra = min(more, before.get(value, 0) - gives.get(value, 0))
        if extra > 0:
            gives[value] = gives.get(value, 0) + extra
            gets[value] = gets.get(value, 0) + extra
            more -= extra
    return gives, gets
