"""Ramp: change the shares of an allocation's groups and move as few visitors as possible."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from math import ceil, floor
from typing import TYPE_CHECKING, TypeAlias

from proctor.core.authoring.moves.flows import plan_flows
from proctor.core.authoring.moves.layout import arrange
from proctor.core.authoring.moves.line import (
    TICKS,
    Cell,
    cells_of,
    in_ticks,
    position_cells_of,
    ranges_of,
)
from proctor.core.authoring.moves.placement import POSITIONS, pieces_of, shares
from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.authoring.moves.transport import SLACK
from proctor.core.java.display import shown_value
from proctor.core.matrices.limits import RANDOM
from proctor.core.messages import printable
from proctor.core.sentences import Sentence, gettext_noop, listed, sentence_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proctor.core.authoring.moves.layout import Part
    from proctor.core.matrices.matrix import Range, TestDefinition

__all__ = ["TOLERANCE", "Share", "ramp", "ramped_ranges", "with_ranges"]

#: A share from 0 to 1. A float is treated as the decimal that Python prints for it.
Share: TypeAlias = "Fraction | Decimal | float | int"

#: Shares that differ by less than this are considered equal.
TOLERANCE = Fraction(1, 10**9)


@dataclass(frozen=True, slots=True)
class _Target:
    """The requested share of each bucket."""

    wanted: Mapping[int, Fraction]
    #: The groups that already have the requested share.
    same: frozenset[int]
    #: The group that gets the remaining share, if there is such a group.
    remainder: int | None

    @property
    def movable(self) -> frozenset[int]:
        """The groups whose positions may change."""
        rest = () if self.remainder is None else (self.remainder,)
        return frozenset((*self.wanted, *rest))


def ramp(
    definition: TestDefinition, allocation: int, shares: Mapping[int, Share]
) -> TestDefinition:
    """Return *definition* with new group shares in one allocation.

    *definition* can have the matrix's format or the editor's format: only ranges change, and
    unknown fields are kept. *allocation* is an index from 0, and *shares* maps bucket values to
    shares. Groups that are missing from *shares* keep all of their positions. The rest goes to the
    negative group, or to the one with the lowest value if several are negative. If there is no
    negative group, all shares must be given. The same object is returned if nothing changes.

    The new ranges are chosen by these criteria, in this order: the fewest visitors who jump from
    one live group to another; the fewest visitors who move; the fewest new ranges; the shortest
    decimals. The lengths are rounded to ten digits and match the requested shares within 1e-9. This
    function does not increment ids or versions.

    Raises ChangeRefused for a RANDOM test, an unknown allocation or group, a share that is
    not between 0 and 1 (both inclusive), shares that do not add up, and ranges that the engine does
    not load.
    """
    old = definition.allocations[_checked_index(definition, allocation)].ranges
    new = ramped_ranges(definition, allocation, shares)
    return definition if new is old else with_ranges(definition, allocation, new)


def with_ranges(
    definition: TestDefinition, allocation: int, ranges: tuple[Range, ...]
) -> TestDefinition:
    """Return *definition* with new ranges in the allocation with this index."""
    changed = list(definition.allocations)
    changed[allocation] = replace(changed[allocation], ranges=ranges)
    return replace(definition, allocations=tuple(changed))


def ramped_ranges(
    definition: TestDefinition, allocation: int, shares: Mapping[int, Share]
) -> tuple[Range, ...]:
    """Return the new ranges of the allocation. Raises the same errors as `ramp`."""
    if definition.test_type == RANDOM:
        raise ChangeRefused(
            Sentence(
                gettext_noop(
                    "A RANDOM test draws a group for each visit, so no visitor can be kept in "
                    "a group. Change the range lengths by hand."
                )
            )
        )
    ranges = definition.allocations[_checked_index(definition, allocation)].ranges
    now = _shares_now(definition, allocation)
    wanted = {value: _share(share) for value, share in shares.items()}
    _check_groups(definition, wanted)
    negative = _negative_groups(definition)
    if not negative:
        _check_all_given(definition, wanted, now)
    same = frozenset(
        value for value, share in wanted.items() if _is_close(now.get(value, 0), share)
    )
    if len(same) == len(wanted):
        return ranges
    remainder = min(negative - wanted.keys(), default=None)
    _check_sum(now, wanted, remainder)
    return _fitted(ranges, _Target(wanted, same, remainder))


def _checked_index(definition: TestDefinition, allocation: int) -> int:
    if not 0 <= allocation < len(definition.allocations):
        count = len(definition.allocations)
        raise ChangeRefused(
            Sentence(
                gettext_noop("expected an allocation from 1 to {count}, got {number}"),
                count=count,
                number=allocation + 1,
            )
            if count
            else Sentence(gettext_noop("the test has no allocations"))
        )
    return allocation


def _shares_now(definition: TestDefinition, allocation: int) -> dict[int, Fraction]:
    try:
        return shares(pieces_of(definition.allocations[allocation].ranges))
    except ValueError as error:
        raise ChangeRefused(
            Sentence(
                gettext_noop("allocation {number}: {problem}"),
                number=allocation + 1,
                problem=sentence_of(error),
            )
        ) from None


def _share(share: Share) -> Fraction:
    try:
        value = Fraction(repr(share)) if isinstance(share, float) else Fraction(share)
    except (ValueError, TypeError, OverflowError):  # NaN, infinite or not numeric
        value = Fraction(-1)
    if not 0 <= value <= 1:
        raise ChangeRefused(
            Sentence(
                gettext_noop("expected a share from 0 to 1, got {share}"), share=shown_value(share)
            )
        )
    return value


def _check_groups(definition: TestDefinition, wanted: Mapping[int, Fraction]) -> None:
    known = {bucket.value for bucket in definition.buckets}
    for value in wanted:
        if value not in known:
            names = listed(
                f"{bucket.value} ({printable(bucket.name, 40)})" for bucket in definition.buckets
            )
            raise ChangeRefused(
                Sentence(
                    gettext_noop(
                        "expected the value of a group, got {value}; the groups are {names}"
                    ),
                    value=value,
                    names=names,
                )
            )


def _negative_groups(definition: TestDefinition) -> frozenset[int]:
    # A PAGE test must not have negative groups. If it has one anyway, the group does not grow.
    if definition.test_type == "PAGE":
        return frozenset()
    return frozenset(each.value for each in definition.buckets if each.value < 0)


def _check_all_given(
    definition: TestDefinition, wanted: Mapping[int, Fraction], now: Mapping[int, Fraction]
) -> None:
    missing = [
        f"{bucket.value} ({printable(bucket.name, 40)})"
        for bucket in definition.buckets
        if bucket.value in now and bucket.value not in wanted
    ]
    if missing:
        raise ChangeRefused(
            Sentence(
                gettext_noop(
                    "The test has no negative group that can take the rest, so give the "
                    "share of every group; missing: {missing}"
                ),
                missing=listed(missing),
            )
        )


def _check_sum(
    now: Mapping[int, Fraction], wanted: Mapping[int, Fraction], remainder: int | None
) -> None:
    """Raise ChangeRefused if no ranges can match the shares within the tolerance."""
    kept = [share for value, share in now.items() if value not in wanted and value != remainder]
    total = sum([*wanted.values(), *kept], Fraction(0))
    counts = [_bounds(share, POSITIONS) for share in wanted.values()]
    left = POSITIONS - sum(round(share * POSITIONS) for share in kept)
    if sum(least for least, _ in counts) > left:
        raise ChangeRefused(_sum_message(total, remainder))
    if remainder is None and sum(most for _, most in counts) < left:
        raise ChangeRefused(_sum_message(total, remainder))


def _sum_message(share: Fraction, remainder: int | None) -> Sentence:
    # Show more digits if the rounded sum would look like the expected 100 %.
    shown = (Decimal(f"{float(share * 100):.{digits}g}") for digits in (8, 10, 12))
    total = next((each for each in shown if each != 100), Decimal(100))
    if remainder is not None:
        text = gettext_noop(
            "The shares, including those of groups that you did not name, add up to {total} %, "
            "but the maximum is 100 %. Give one of these groups a smaller share."
        )
        return Sentence(text, total=total)
    text = gettext_noop("The shares add up to {total} %, not to 100 %. Change one of them.")
    return Sentence(text, total=total)


def _is_close(share: Fraction | int, wanted: Fraction) -> bool:
    return abs(share - wanted) <= TOLERANCE


def _bounds(share: Fraction, size: int) -> tuple[int, int]:
    """Return the minimum and maximum length that give *share* of *size* within the tolerance."""
    return max(0, ceil((share - TOLERANCE) * size)), floor((share + TOLERANCE) * size)


def _targets(before: Mapping[int, int], size: int, target: _Target) -> Mapping[int, int] | None:
    """Return the length of each group after the ramp; None if the lengths cannot add up to *size*.

    *before* contains the lengths before the ramp. They are in ticks or positions, and add up to
    *size*.
    """
    remainder = target.remainder
    exact = {value: round(share * size) for value, share in target.wanted.items()}
    same = {value: before.get(value, 0) for value in target.same}
    after = {value: length for value, length in before.items() if value != remainder}
    negligible = SLACK * size // TICKS
    if remainder is not None:
        rests = [size - sum({**after, **exact, **kept}.values()) for kept in ({}, same)]
        # Groups that already have the requested share keep all of their positions, unless that
        # affects whether anything is left for the negative group.
        if (rests[0] > negligible) == (rests[1] > negligible):
            exact.update(same)
    after.update(exact)
    rest = size - sum(after.values())
    if remainder is not None and rest > negligible:
        return {**after, remainder: rest}
    # Allow for rounding, because rounded thirds do not add up to 1.
    for value in sorted(exact, key=lambda value: -target.wanted[value]):
        least, most = _bounds(target.wanted[value], size)
        change = max(least - after[value], min(most - after[value], rest))
        after[value] += change
        rest -= change
    if remainder is not None:
        after[remainder] = 0
    return None if rest else after


def _fitted(ranges: tuple[Range, ...], target: _Target) -> tuple[Range, ...]:
    """Return ranges that match the requested shares within the tolerance.

    Whole ticks give the shortest decimals. But the engine cuts at whole positions, so the share of
    a group with many ranges can be slightly off. In this case, the ramp is planned in positions.
    """
    ticks, positions = cells_of(ranges), position_cells_of(ranges)
    for cells, slack in ((ticks, SLACK), (positions, SLACK // 2), (positions, 0)):
        new = _laid_out(cells, target, slack)
        if new is None:
            continue
        if cells is positions:
            new = in_ticks(new, ranges)
        found = ranges_of(new)
        pieces = pieces_of(found)
        if cells is ticks and len({piece.range_index for piece in pieces}) < len(found):
            continue  # A tick is less than a position, so a range of one tick can be empty.
        now = shares(pieces)
        if all(_is_close(now.get(value, 0), share) for value, share in target.wanted.items()):
            return found
    raise AssertionError("the shares are not exact")  # pragma: no cover - the last plan is exact


def _laid_out(cells: Sequence[Cell], target: _Target, slack: int) -> list[Cell] | None:
    """Return the cells after the ramp, or None if no lengths fill the allocation exactly."""
    before = _lengths(cells)
    after = _targets(before, cells[-1].stop, target)
    if after is None:
        return None
    flows = plan_flows(
        {value: before.get(value, 0) for value in target.movable},
        {value: after.get(value, 0) for value in target.movable},
    )
    runs = [list(group) for _, group in groupby(cells, key=lambda cell: cell.value)]
    lengths = [(run[0].value, run[-1].stop - run[0].start) for run in runs]
    parts = arrange(lengths, flows, slack)
    return [cell for each in zip(runs, parts, strict=True) for cell in _split(*each)]


def _lengths(cells: Sequence[Cell]) -> Counter[int]:
    found: Counter[int] = Counter()
    for cell in cells:
        found[cell.value] += cell.stop - cell.start
    return found


def _split(run: Sequence[Cell], parts: Sequence[Part]) -> Iterator[Cell]:
    """Split a run of cells at the end of each part, and yield the pieces."""
    waiting = list(run)
    start = run[0].start
    for number, (value, ticks) in enumerate(parts):
        stop = start + ticks
        is_last = number == len(parts) - 1
        while waiting and (waiting[0].stop <= stop or is_last):
            yield replace(waiting.pop(0), value=value)
        if waiting and waiting[0].start < stop:
            yield replace(waiting[0], value=value, stop=stop, position=None)
            waiting[0] = replace(waiting[0], start=stop)
        start = stop
