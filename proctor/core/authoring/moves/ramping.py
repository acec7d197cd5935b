"""Ramp: change the shares of an allocation's groups and move as few visitors as possible."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from proctor.core.authoring.moves.flows import plan_flows
from proctor.core.authoring.moves.layout import arrange
from proctor.core.authoring.moves.line import TICKS, Cell, cells_of, ranges_of
from proctor.core.authoring.moves.placement import pieces_of, shares
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

#: Maximum number of corrections of ranges.
_CORRECTIONS = 4


@dataclass(frozen=True, slots=True)
class _Target:
    """The ticks of groups before and after, by bucket value."""

    before: Mapping[int, int]
    after: Mapping[int, int]
    #: The requested shares.
    wanted: Mapping[int, Fraction]
    #: The groups whose positions may change.
    movable: frozenset[int]
    #: The group that gets the rest, even if it was named.
    spare: int


def ramp(
    definition: TestDefinition, allocation: int, shares: Mapping[int, Share]
) -> TestDefinition:
    """Return *definition* with new group shares in one allocation.

    *definition* can have the matrix's form or the editor's form: only ranges change, and unknown
    fields are kept. *allocation* is an index from 0, and *shares* maps bucket values to shares.
    Groups that are not named keep all of their positions. The negative group gets the rest; if
    there are several, the one with the lowest value gets it; if there is none, all shares must be
    given. The same object is returned if nothing changes.

    The new ranges have, in this order: the fewest jumps from one live group to another; the least
    movement; the fewest new ranges; the shortest decimals. Rounded to ten digits, they match the
    requested shares within 1e-9. This function does not increment ids or versions.

    Raises ChangeRefused for a RANDOM test, an unknown allocation or group, a share that is
    not from 0 to 1, shares that do not add up, and ranges that the engine does not load.
    """
    old = definition.allocations[_checked_index(definition, allocation)].ranges
    new = ramped_ranges(definition, allocation, shares)
    return definition if new is old else with_ranges(definition, allocation, new)


def with_ranges(
    definition: TestDefinition, allocation: int, ranges: tuple[Range, ...]
) -> TestDefinition:
    """Return *definition* with new ranges in one allocation, by index."""
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
                    "a group. Change its lengths by hand."
                )
            )
        )
    ranges = definition.allocations[_checked_index(definition, allocation)].ranges
    try:
        cells = cells_of(ranges)
    except ValueError as error:
        raise ChangeRefused(
            Sentence(
                gettext_noop("allocation {number}: {problem}"),
                number=allocation + 1,
                problem=sentence_of(error),
            )
        ) from None
    wanted = {value: _share(share) for value, share in shares.items()}
    _check_groups(definition, wanted)
    before = _ticks(cells)
    negative = _negative_groups(definition)
    if not negative:
        _check_all_given(definition, wanted, before)
    remainder = min(negative - wanted.keys(), default=None)
    after = _targets(ranges, before, wanted, remainder)
    if after == before:
        return ranges
    movable = frozenset(wanted if remainder is None else {*wanted, remainder})
    spare = max(wanted, key=lambda value: wanted[value]) if remainder is None else remainder
    return _fitted(ranges, cells, _Target(before, after, wanted, movable, spare))


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


def _share(share: Share) -> Fraction:
    try:
        value = Fraction(repr(share)) if isinstance(share, float) else Fraction(share)
    except (ValueError, TypeError, OverflowError):  # NaN, an infinity, or not a number
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
                    gettext_noop("expected the value of a group, got {value}; there are {names}"),
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
    definition: TestDefinition, wanted: Mapping[int, Fraction], before: Mapping[int, int]
) -> None:
    missing = [
        f"{bucket.value} ({printable(bucket.name, 40)})"
        for bucket in definition.buckets
        if bucket.value in before and bucket.value not in wanted
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


def _ticks(cells: Sequence[Cell]) -> Counter[int]:
    found: Counter[int] = Counter()
    for cell in cells:
        found[cell.value] += cell.stop - cell.start
    return found


def _targets(
    ranges: Sequence[Range],
    before: Mapping[int, int],
    wanted: Mapping[int, Fraction],
    remainder: int | None,
) -> Mapping[int, int]:
    """Return the ticks of each group after the ramp."""
    now = shares(pieces_of(ranges))
    same = [value for value, share in wanted.items() if abs(now.get(value, 0) - share) <= TOLERANCE]
    if len(same) == len(wanted):
        return before
    after = {**before, **{value: round(share * TICKS) for value, share in wanted.items()}}
    if remainder is not None:
        after.update({value: before.get(value, 0) for value in same})
        after[remainder] = 0
    rest = TICKS - sum(after.values())
    if remainder is not None and rest > SLACK:
        after[remainder] = rest
    elif abs(rest) <= max(SLACK, len(after)):
        # Allow for rounding, because rounded thirds do not add up to 1.
        after[max(wanted, key=lambda value: wanted[value])] += rest
    else:
        raise ChangeRefused(_sum_message(after, remainder))
    return after


def _sum_message(after: Mapping[int, int], remainder: int | None) -> Sentence:
    total = Decimal(f"{sum(after.values()) / TICKS * 100:.8g}")
    if remainder is not None:
        text = gettext_noop(
            "The shares, including those of groups that you did not name, add up to {total} %, "
            "expected at most 100 %. Give one of these groups a smaller share."
        )
        return Sentence(text, total=total)
    text = gettext_noop("The shares add up to {total} %, expected 100 %. Change one of them.")
    return Sentence(text, total=total)


def _fitted(ranges: tuple[Range, ...], cells: Sequence[Cell], target: _Target) -> tuple[Range, ...]:
    """Return ranges that match the requested shares within the tolerance.

    The engine cuts at whole positions, so the share of a group with many ranges can be slightly
    off. In this case, its amount is corrected.
    """
    after = dict(target.after)
    new = ranges
    for attempt in range(_CORRECTIONS):
        new = _laid_out(cells, target, after, 0 if attempt else SLACK)
        now = shares(pieces_of(new))
        errors = {
            value: share - now.get(value, 0)
            for value, share in target.wanted.items()
            if abs(share - now.get(value, 0)) > TOLERANCE
        }
        if not errors:
            break
        for value, error in errors.items():
            after[value] = max(0, after.get(value, 0) + round(error * TICKS))
        spare = target.spare
        after[spare] = TICKS - sum(ticks for value, ticks in after.items() if value != spare)
        if after[spare] < 0:
            break
    return new


def _laid_out(
    cells: Sequence[Cell], target: _Target, after: Mapping[int, int], slack: int
) -> tuple[Range, ...]:
    movable = {value: target.before.get(value, 0) for value in target.movable}
    flows = plan_flows(movable, {value: after.get(value, 0) for value in movable})
    runs = [list(group) for _, group in groupby(cells, key=lambda cell: cell.value)]
    lengths = [(run[0].value, run[-1].stop - run[0].start) for run in runs]
    parts = arrange(lengths, flows, slack)
    return ranges_of([cell for each in zip(runs, parts, strict=True) for cell in _split(*each)])


def _split(run: Sequence[Cell], parts: Sequence[Part]) -> Iterator[Cell]:
    """Yield the cells of a run, which is cut at the end of each part."""
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
