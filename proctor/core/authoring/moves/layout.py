"""Decide where groups shrink and grow on the line of ranges, with as few new ranges as possible.

The line is a list of runs; a run consists of adjacent ranges of the same group. In the new line,
each run is divided among a sequence of groups. All combinations of sequences are tried, those with
the fewest ranges first, for up to `MAX_STEPS` steps. If no valid line is found by then, a simpler
plan is used, which adds at most one range for each changed group.
"""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import TYPE_CHECKING, TypeAlias

from proctor.core.authoring.moves.transport import SLACK, transport

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from proctor.core.authoring.moves.flows import Flows
    from proctor.core.authoring.moves.transport import Run

__all__ = ["MAX_STEPS", "Part", "arrange"]

#: A run after the change, or part of one: a group and its length in ticks.
Part: TypeAlias = "tuple[int, int]"

#: Maximum number of search steps, and maximum number of lines that are compared.
MAX_STEPS, MAX_LINES = 150_000, 300
#: Each computation of the amounts counts as this many steps.
_TRANSPORT_STEPS = 20
#: Limits of the search: lines with more runs use the simpler plan, and a run that could be divided
#: among more groups stays undivided.
_MAX_RUNS, _MAX_GROUPS = 60, 5


def arrange(runs: Sequence[Run], flows: Flows, slack: int = SLACK) -> list[list[Part]]:
    """Return the parts of each run after the change.

    The parts are chosen by these criteria, in this order: the fewest ranges; new groups that do not
    touch another live group, so that both can grow; the shortest decimals; other new ranges that do
    not touch another live group; groups with low values first. *slack* is the number of ticks by
    which a group's length can be off.
    """
    found = list(_Search(runs, flows, slack).lines()) or [_in_order(runs, flows)]
    return min(found, key=lambda line: _rank(runs, line))


class _Search:
    """The search for the lines with the smallest number of ranges.

    A *sequence* lists the groups that a run has after the change, in order.
    """

    def __init__(self, runs: Sequence[Run], flows: Flows, slack: int) -> None:
        self.runs, self.flows, self.slack = runs, flows, slack
        self.steps = 0
        self._length = Counter[int]()
        for value, length in runs:
            self._length[value] += length
        #: The ticks of all groups after the change, including unchanged groups.
        self._after = {**self._length, **flows.after}
        self._reached = {value: self._groups(value) or [value] for value in self._length}
        #: The requirements, each as a bit: groups that some run must contain, and groups that must
        #: get a part of another group's run.
        self._bits = {key: 1 << index for index, key in enumerate(self._wanted())}
        self._options = [
            [
                (each, self._served(value, each), self._costs(value, length, each))
                for each in self._sequences(value, length)
            ]
            for value, length in runs
        ]
        self._fewest: dict[tuple[int, int, int], int] = {}
        #: Search states from which no line can be completed, each with the number of ranges that
        #: could still be added.
        self._dead: dict[tuple[object, ...], int] = {}

    def _wanted(self) -> Iterator[tuple[str, int]]:
        for value, ticks in sorted(self.flows.after.items()):
            if ticks:
                yield "has", value
            if ticks - self._length[value] > self.slack:
                yield "gets", value

    def _targets(self, value: int) -> list[int]:
        return sorted(target for source, target in self.flows.allowed if source == value)

    def _groups(self, value: int) -> list[int]:
        """Return the groups that a run of group *value* can contain after the change."""
        targets = [target for target in self._targets(value) if target != value]
        return targets if value in self.flows.leaving else sorted([value, *targets])

    def _sequences(self, value: int, length: int) -> Iterator[tuple[int, ...]]:
        groups = self._groups(value)
        if not groups or not length or len(groups) > _MAX_GROUPS:
            yield (value,)
            return
        for count in range(1, len(groups) + 1):
            yield from permutations(groups, count)

    def _served(self, own: int, sequence: Sequence[int]) -> int:
        """Return the bits of the requirements that a run with this sequence meets."""
        found = 0
        for value in sequence:
            found |= self._bits.get(("has", value), 0)
            if value != own:
                found |= self._bits.get(("gets", value), 0)
        return found

    def _costs(self, own: int, length: int, sequence: Sequence[int]) -> list[tuple[str, int]]:
        """Return the budgets from which the length of a run with this sequence is subtracted."""
        costs = [("reach", group) for group in self._groups(own) if group not in sequence]
        if len(sequence) == 1:
            costs.append(("room", sequence[0]))
        return costs if length else []

    def _budgets(self) -> dict[tuple[str, int], int]:
        """Return the size of each budget in ticks.

        The "room" budget keeps a group from getting more than its amount. The "reach" budget makes
        sure that enough runs remain from which the group can get its amount.
        """
        budgets: dict[tuple[str, int], int] = {}
        for value, ticks in self.flows.after.items():
            reaching = sum(length for own, length in self.runs if value in self._reached[own])
            budgets["room", value] = ticks + self.slack
            budgets["reach", value] = reaching - ticks + self.slack
        return budgets

    def _bound(self, index: int, before: int, unserved: int) -> int:
        """Return the smallest possible number of ranges from run *index* on.

        The runs must meet the *unserved* requirements. The number of ticks that each group must get
        is ignored.
        """
        if index == len(self.runs):
            return _ANY if unserved else 0
        key = index, before, unserved
        if key not in self._fewest:
            self.steps += 1
            self._fewest[key] = min(
                len(sequence)
                - (sequence[0] == before)
                + self._bound(index + 1, sequence[-1], unserved & ~bits)
                for sequence, bits, _ in self._options[index]
            )
        return self._fewest[key]

    def lines(self) -> Iterator[list[list[Part]]]:
        """Yield some of the lines with the fewest ranges in which every group has its share."""
        if len(self.runs) > _MAX_RUNS:
            return
        every = (1 << len(self._bits)) - 1
        most = len(self.runs) + len(self.flows.after)
        for limit in range(self._bound(0, _ANY, every), most + 1):
            found = 0
            for sequences in self._walk([], limit, every, self._budgets()):
                self.steps += _TRANSPORT_STEPS
                amounts = transport(self.runs, sequences, self._after, self.slack)
                if amounts is not None:
                    yield _parts(self.runs, sequences, amounts)
                    found += 1
                if found == MAX_LINES:
                    break
            if found or self.steps >= MAX_STEPS:
                return

    def _walk(
        self,
        chosen: list[tuple[int, ...]],
        left: int,
        unserved: int,
        budgets: dict[tuple[str, int], int],
    ) -> Iterator[list[tuple[int, ...]]]:
        """Yield *chosen*, completed by a sequence for each remaining run.

        These sequences add at most *left* ranges.
        """
        index = len(chosen)
        if index == len(self.runs):
            yield list(chosen)
            return
        length = self.runs[index][1]
        before = chosen[-1][-1] if chosen else _ANY
        state = index, before, unserved, tuple(budgets.values())
        if self._dead.get(state, -1) >= left:
            return
        alive = False
        for sequence, bits, costs in self._options[index]:
            self.steps += 1
            if self.steps >= MAX_STEPS:
                return
            rest = left - len(sequence) + (sequence[0] == before)
            # Groups that do not change have no budget.
            if any(budgets.get(key, length) < length for key in costs):
                continue
            if self._bound(index + 1, sequence[-1], unserved & ~bits) <= rest:
                known = [key for key in costs if key in budgets]
                chosen.append(sequence)
                for key in known:
                    budgets[key] -= length
                for line in self._walk(chosen, rest, unserved & ~bits, budgets):
                    alive = True
                    yield line
                for key in known:
                    budgets[key] += length
                chosen.pop()
        if not alive:
            self._dead[state] = left


#: Greater than any number of ranges and any bucket value (which is a Java int).
_ANY = 2**40


def _parts(
    runs: Sequence[Run],
    supports: Sequence[Sequence[int]],
    amounts: dict[tuple[int, int], int],
) -> list[list[Part]]:
    found = []
    for index, ((_, length), support) in enumerate(zip(runs, supports, strict=True)):
        parts = [(value, amounts.get((index, value), 0)) for value in support]
        found.append([part for part in parts if part[1] or not length])
    return found


def _in_order(runs: Sequence[Run], flows: Flows) -> list[list[Part]]:
    """Return a line that is constructed without a search.

    Each group gives parts of its runs, beginning with its first run. These parts form a queue, with
    those of negative groups first. The receiving groups take from the queue one after the other,
    live groups first, so each of them makes at most one cut.
    """
    gives = dict(flows.gives)
    waiting = [
        [value, ticks] for value, ticks in sorted(flows.gets.items(), key=lambda each: each[0] < 0)
    ]
    order = sorted(range(len(runs)), key=lambda index: runs[index][0] >= 0)
    found: list[list[Part]] = [[run] for run in runs]
    for index in order:
        value, length = runs[index]
        given = min(gives.get(value, 0), length)
        if not given:
            continue
        gives[value] -= given
        parts = [(value, length - given)] if length > given else []
        while given:
            ticks = min(given, waiting[0][1])
            parts.append((waiting[0][0], ticks))
            waiting[0][1] -= ticks
            given -= ticks
            if not waiting[0][1]:
                waiting.pop(0)
        found[index] = parts
    return found


def _rank(runs: Sequence[Run], line: Sequence[Sequence[Part]]) -> tuple[object, ...]:
    joined: list[list[int]] = []
    for (value, _), parts in zip(runs, line, strict=True):
        for target, ticks in parts:
            if joined and joined[-1][0] == target:
                joined[-1][1] += ticks
                joined[-1][2] |= target == value
            else:
                joined.append([target, ticks, target == value])
    groups = tuple(each[0] for each in joined)
    digits = sum(len(str(each[1]).rstrip("0")) for each in joined)
    known = {value for value, _ in runs}
    new = {value for value in groups if value not in known}
    return len(joined), _crowding(joined, new), digits, _crowding(joined, known), groups


def _crowding(joined: Sequence[Sequence[int]], groups: Collection[int]) -> int:
    """Count how often a new range of one of the live *groups* touches a live group."""
    total = 0
    for index, (value, _, is_old) in enumerate(joined):
        if value >= 0 and not is_old and value in groups:
            neighbors = (*joined[max(0, index - 1) : index], *joined[index + 1 : index + 2])
            total += sum(other[0] >= 0 for other in neighbors)
    return total
