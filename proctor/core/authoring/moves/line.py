"""The range line in ticks of 1e-10, the smallest length that Proctor writes.

A position is 2.3 ticks wide, so there are ticks at which a cut falls exactly on a given position.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from proctor.core.authoring.moves.placement import POSITIONS, pieces_of
from proctor.core.evaluation.allocation import POSITION_MIN, cutoffs
from proctor.core.matrices.matrix import Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["TICKS", "Cell", "cells_of", "in_ticks", "position_cells_of", "ranges_of"]

#: The length of the whole line in ticks.
TICKS = 10**10

#: Offsets in ticks to try, nearest first, until a cut hits a position exactly.
_SHIFTS = (0, 1, -1, 2, -2, 3, -3)


@dataclass(frozen=True, slots=True)
class Cell:
    """An interval of the line that lies in one old range and has one new group."""

    #: The bucket value after the change.
    value: int
    start: int
    stop: int
    #: The old range that contains the cell.
    source: Range
    #: The index of the old range.
    range_index: int
    #: The position at which the cell must end; None for a new cut or the end of the line.
    position: int | None = None

    @property
    def kept(self) -> bool:
        """True if the visitors of the cell stay in their group."""
        return self.value == self.source.bucket_value


def cells_of(ranges: Sequence[Range]) -> list[Cell]:
    """Return a cell for each range that contains positions.

    Raises ValueError if the lengths do not add up to 1.
    """
    pieces = pieces_of(ranges)
    totals = _totals(ranges)
    found = []
    start = 0
    for piece in pieces:
        source = ranges[piece.range_index]
        last = piece.stop == POSITIONS
        stop = TICKS if last else _tick_at(piece.stop, totals[piece.range_index])
        position = None if last else piece.stop
        found.append(Cell(piece.value, start, stop, source, piece.range_index, position))
        start = stop
    return found


def position_cells_of(ranges: Sequence[Range]) -> list[Cell]:
    """Return the same cells as `cells_of`, but with `start` and `stop` in positions, not ticks.

    Raises ValueError if the lengths do not add up to 1.
    """
    return [
        Cell(
            piece.value,
            piece.start,
            piece.stop,
            ranges[piece.range_index],
            piece.range_index,
            None if piece.stop == POSITIONS else piece.stop,
        )
        for piece in pieces_of(ranges)
    ]


def in_ticks(cells: Sequence[Cell], ranges: Sequence[Range]) -> list[Cell]:
    """Convert cells of *ranges* from positions to ticks, so that all cuts hit their positions."""
    totals = _totals(ranges)
    found = []
    start = 0
    for cell in cells:
        is_last = cell.stop == POSITIONS
        written = None if cell.position is None else totals[cell.range_index]
        stop = TICKS if is_last else _tick_at(cell.stop, written)
        position = None if is_last else cell.stop
        found.append(replace(cell, start=start, stop=stop, position=position))
        start = stop
    return found


def _totals(ranges: Iterable[Range]) -> list[int | None]:
    """Return the running sums of the written lengths in ticks, with None for fractional sums."""
    found: list[int | None] = []
    total = Fraction(0)
    for each in ranges:
        total += _decimal(each.length)
        ticks = total * TICKS
        found.append(int(ticks) if ticks.denominator == 1 else None)
    return found


def _decimal(length: float) -> Fraction:
    try:
        return Fraction(repr(length))
    except ValueError:  # The length is NaN, which Proctor accepts.
        return Fraction(1, 3)


def _position_at(tick: int) -> int:
    """Return the number of positions before a cut."""
    return _position_of(tick / TICKS)


def _tick_at(position: int, written: int | None) -> int:
    """Return a tick that cuts at *position*: *written* if possible, else a tick with few digits.

    The engine adds lengths as doubles, so its cut may be one position away from the written sum:
    0.1 + 0.7 is a little less than 0.8. `_cut` corrects this.
    """
    if written is not None and 0 <= written <= TICKS and abs(_position_at(written) - position) <= 1:
        return written
    near = (position - 1) * TICKS // (POSITIONS - 1)
    for digits in range(11):
        step: int = 10 ** (10 - digits)
        for shift in _SHIFTS:
            tick = (near // step + shift) * step
            if 0 <= tick <= TICKS and _position_at(tick) == position:
                return tick
    raise AssertionError(f"no tick cuts at position {position}")  # pragma: no cover


def ranges_of(cells: Sequence[Cell]) -> tuple[Range, ...]:
    """Return the ranges of the cells, with lengths of at most ten decimal places.

    Cuts that are kept do not move. An old range that keeps its group and its length is returned as
    the same object. If only its length changes, the new range has the same unknown fields.
    """
    groups = _joined(cells)
    found: list[Range] = []
    total, start = 0.0, 0
    for group in groups:
        last = group[-1]
        stop, total = _cut(start, last, total, is_last=group is groups[-1])
        found.append(_range(group, (stop - start) / TICKS))
        start = stop
    return tuple(found)


def _joined(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Return the cells of each new range. A new range joins adjacent cells of one group.

    Two cells that both keep their group are joined only if they are from the same old range.
    """
    groups: list[list[Cell]] = []
    for cell in cells:
        previous = groups[-1][-1] if groups else None
        joins = previous is not None and previous.value == cell.value
        if joins and previous is not None and previous.kept and cell.kept:
            joins = previous.range_index == cell.range_index
        if joins:
            groups[-1].append(cell)
        else:
            groups.append([cell])
    return groups


def _cut(start: int, cell: Cell, total: float, *, is_last: bool) -> tuple[int, float]:
    """Return the tick at which a range ends, and the running sum as the engine computes it."""
    for shift in _SHIFTS:
        stop = cell.stop + shift
        after = total + (stop - start) / TICKS
        if is_last or cell.position is None or cell.position == _position_of(after):
            return stop, after
    raise AssertionError(f"no tick gives the position {cell.position}")  # pragma: no cover


def _position_of(total: float) -> int:
    (cutoff,) = cutoffs((total, 1 - total))
    return cutoff - POSITION_MIN + 1


def _range(group: Sequence[Cell], length: float) -> Range:
    kept = [cell.source for cell in group if cell.kept]
    if not kept:
        return Range(group[0].value, length)
    for source in kept:
        if source.length == length:
            return source
    return replace(kept[0], length=length)
