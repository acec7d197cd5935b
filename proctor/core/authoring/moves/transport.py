"""Compute how much of each run goes to which group if the groups of each run are given.

This is a small maximum flow: groups give, through their runs, to groups that get.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Run", "transport"]

#: A group and its length in ticks.
Run: TypeAlias = "tuple[int, int]"

_Node: TypeAlias = "tuple[str, int]"
_SOURCE, _SINK = ("source", 0), ("sink", 0)


def transport(
    runs: Sequence[Run],
    supports: Sequence[Sequence[int]],
    gives: Mapping[int, int],
    gets: Mapping[int, int],
) -> dict[tuple[int, int], int] | None:
    """Return the ticks that go from each run (by index) to each group, or None.

    *supports* has the groups that may be in each run afterwards. A run without its own group is
    given away entirely. The result is None if the amounts in *gives* and *gets* are impossible.
    """
    capacity: dict[_Node, dict[_Node, int]] = {}

    def edge(source: _Node, target: _Node, ticks: int) -> None:
        capacity.setdefault(source, {})[target] = ticks
        capacity.setdefault(target, {}).setdefault(source, 0)

    rest = dict(gives)
    for index, ((value, length), support) in enumerate(zip(runs, supports, strict=True)):
        targets = [target for target in support if target != value]
        if value not in support:
            rest[value] = rest.get(value, 0) - length
            edge(_SOURCE, ("run", index), length)
        elif targets:
            edge(("group", value), ("run", index), length)
        for target in targets:
            edge(("run", index), ("target", target), length)
    if any(ticks < 0 for ticks in rest.values()):
        return None
    for value, ticks in rest.items():
        edge(_SOURCE, ("group", value), ticks)
    for value, ticks in gets.items():
        edge(("target", value), _SINK, ticks)
    if _maximum_flow(capacity) < sum(gives.values()):
        return None
    return {
        (index, target): moved
        for index, support in enumerate(supports)
        for target in support
        if target != runs[index][0]
        and (moved := capacity[("target", target)].get(("run", index), 0)) > 0
    }


def _maximum_flow(capacity: dict[_Node, dict[_Node, int]]) -> int:
    """Use up as much of *capacity* as possible, and return the amount that flowed."""
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
    """Return for each reachable node the node before it."""
    previous = {_SOURCE: _SOURCE}
    queue = deque([_SOURCE])
    while queue:
        node = queue.popleft()
        for target, ticks in capacity.get(node, {}).items():
            if ticks > 0 and target not in previous:
                previous[target] = node
                queue.append(target)
    return previous
