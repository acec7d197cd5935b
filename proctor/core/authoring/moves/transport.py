"""Compute how many ticks of each run go to each group when shares change.

A run consists of adjacent ranges that had the same group before the change. Lengths are whole ticks
of 1e-10, or positions if the ramp is planned in positions (`ramping`). Each run may contain only
certain groups afterwards. This is a small maximum flow problem: ticks flow from each run to these
groups, up to the number of ticks that each group then has.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SLACK", "Run", "transport"]

#: A group and its length in ticks.
Run: TypeAlias = "tuple[int, int]"

#: A group's length may be off by this many ticks if that saves a range. Lengths such as 1/6 are
#: rounded to ten digits, so their sums are off by a few ticks in any case.
SLACK = 4

_Node: TypeAlias = "tuple[str, int]"
_Capacity: TypeAlias = "dict[_Node, dict[_Node, int]]"
_SOURCE, _SINK = ("source", 0), ("sink", 0)


def transport(
    runs: Sequence[Run],
    supports: Sequence[Sequence[int]],
    after: Mapping[int, int],
    slack: int,
) -> dict[tuple[int, int], int] | None:
    """Return the ticks that each group gets from each run (by index); None if there is no solution.

    *supports* lists the groups that each run can contain after the change. *after* maps each group
    to its length in ticks, and *slack* is the number of ticks by which these lengths can be off.
    """
    alone = {index: support[0] for index, support in enumerate(supports) if len(support) == 1}
    found = {(index, value): runs[index][1] for index, value in alone.items()}
    left = dict(after)
    for index, value in alone.items():
        left[value] = left.get(value, 0) - runs[index][1]
    if any(ticks < -slack for ticks in left.values()):
        return None
    shared = [index for index in range(len(runs)) if index not in alone]
    capacity = _capacities(shared, runs, supports, left)
    missing = sum(runs[index][1] for index in shared) - _maximum_flow(capacity)
    if missing > slack:
        return None
    if missing:
        for value, ticks in left.items():
            # Allow for rounding, except in a group that must become empty.
            edges = capacity.get(("group", value), {})
            if _SINK in edges and after[value]:
                edges[_SINK] += slack + min(0, ticks)
        missing -= _maximum_flow(capacity)
    for index in shared:
        for value in supports[index]:
            ticks = capacity["group", value].get(("run", index), 0)
            left[value] = left.get(value, 0) - ticks
            if ticks:
                found[index, value] = ticks
    return None if missing or any(abs(ticks) > slack for ticks in left.values()) else found


def _capacities(
    shared: Sequence[int],
    runs: Sequence[Run],
    supports: Sequence[Sequence[int]],
    left: Mapping[int, int],
) -> _Capacity:
    """Return the flow network of the *shared* runs, each of which has several groups."""
    capacity: _Capacity = {_SOURCE: {}, _SINK: {}}

    def edge(source: _Node, target: _Node, ticks: int) -> None:
        capacity.setdefault(source, {})[target] = ticks
        capacity.setdefault(target, {}).setdefault(source, 0)

    for index in shared:
        edge(_SOURCE, ("run", index), runs[index][1])
        for value in supports[index]:
            edge(("run", index), ("group", value), runs[index][1])
            edge(("group", value), _SINK, max(0, left.get(value, 0)))
    return capacity


def _maximum_flow(capacity: _Capacity) -> int:
    """Return the size of a maximum flow. Its ticks are subtracted from *capacity*."""
    total = 0
    while True:
        previous = _shortest_path(capacity)
        if _SINK not in previous:
            return total
        path = [_SINK]
        while path[-1] != _SOURCE:
            path.append(previous[path[-1]])
        steps = list(zip(path[1:], path, strict=False))
        ticks = min(capacity[source][target] for source, target in steps)
        for source, target in steps:
            capacity[source][target] -= ticks
            capacity[target][source] += ticks
        total += ticks


def _shortest_path(capacity: Mapping[_Node, Mapping[_Node, int]]) -> dict[_Node, _Node]:
    """Return the predecessor of each reachable node on a shortest path."""
    previous = {_SOURCE: _SOURCE}
    queue = deque([_SOURCE])
    while queue:
        node = queue.popleft()
        for target, ticks in capacity.get(node, {}).items():
            if ticks > 0 and target not in previous:
                previous[target] = node
                queue.append(target)
    return previous
