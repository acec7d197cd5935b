"""Find the range of an allocation that contains a position."""

from __future__ import annotations

import bisect
import functools
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from proctor.core.matrices.limits import SUM_MAX, SUM_MIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["RangeTable", "cutoffs", "random_range", "range_index", "smallest_live"]

POSITION_MIN, POSITION_MAX = -(2**31), 2**31 - 1

#: One less than the number of positions, as in Java Proctor. The full number of positions would
#: change the last bit of some results.
_SPAN = float(POSITION_MAX - POSITION_MIN)
#: Number of positions that have the same first byte.
_CELL = 1 << 24

T_co = TypeVar("T_co", covariant=True)


class Random(Protocol):
    """The part of `random.Random` that this module uses."""

    def random(self) -> float:
        """Return a float that is at least 0 and less than 1."""


def _to_position(value: float) -> int:
    """Cast a double to int as Java does: round toward zero, clamp, and turn NaN into 0."""
    if math.isnan(value):
        return 0
    return int(max(float(POSITION_MIN), min(float(POSITION_MAX), value)))


def cutoffs(lengths: Sequence[float]) -> tuple[int, ...]:
    """Return the last position of each range, except for the last range.

    A range with a negative length ends at a lower position than the range before it. Raises
    ValueError if the sum of the lengths differs from 1 by more than 0.0001.
    """
    # Add the lengths one by one, as Java Proctor does, because math.fsum would round differently.
    totals = list(itertools.accumulate(lengths, initial=0.0))[1:]
    total = totals[-1] if totals else 0.0
    if total < SUM_MIN or total > SUM_MAX:
        shown = " + ".join(map(str, lengths[:20])) + (" + ..." if len(lengths) > 20 else "")
        raise ValueError(
            f"the range lengths {shown or '(none)'} add up to {total}; "
            f"change them to add up to 1 ({SUM_MIN} to {SUM_MAX} is accepted)"
        )
    return tuple(_to_position(POSITION_MIN + total * _SPAN) for total in totals[:-1])


def range_index(position: int, cutoffs: Iterable[int]) -> int:
    """Return the index of the first range with a cutoff >= *position*, or of the last range."""
    index = -1
    for index, cutoff in enumerate(cutoffs):
        if position <= cutoff:
            return index
    return index + 1


@dataclass(frozen=True, slots=True, eq=False)
class RangeTable(Generic[T_co]):
    """The ranges of one allocation, prepared for fast look-ups by digest.

    For speed, callers read `pieces[table[digest[12]]]`, and call `exact(digest[12:])` only if the
    result is None. Positions are signed but the bytes of a digest are not. Therefore the ranges are
    split at the sign bit and sorted in byte order. A digest's bytes can then be compared directly,
    without creating an integer.
    """

    #: For each value of the digest's byte 12, an index into `pieces`.
    table: bytes
    #: The first item is None, which stands for cells that span several ranges. The outcomes follow.
    pieces: tuple[T_co | None, ...]
    #: The positions at which the outcome changes, four bytes each, in ascending order.
    bounds: tuple[bytes, ...]
    #: The outcome below the first bound, then the outcome from each bound up to the next.
    outcomes_by_bound: tuple[T_co, ...]

    @classmethod
    def build(cls, lengths: Sequence[float], outcomes: Sequence[T_co]) -> RangeTable[T_co]:
        """Return a table with `outcomes[i]` for positions in range *i*.

        Raises ValueError for the same reasons as `cutoffs`, and if the numbers of outcomes and
        lengths differ. An outcome must not be None.
        """
        if len(lengths) != len(outcomes):
            raise ValueError(
                f"expected one outcome for each of the {len(lengths)} ranges, got {len(outcomes)}"
            )
        pieces = list(_merged(_unsigned(_signed_pieces(cutoffs(lengths))), outcomes))
        starts = [start for start, _ in pieces]
        by_bound = tuple(outcome for _, outcome in pieces)
        table, indexed = _index_cells(starts, by_bound)
        bounds = tuple(start.to_bytes(4, "big") for start in starts[1:])
        return cls(table, indexed, bounds, by_bound)

    def exact(self, tail: bytes) -> T_co:
        """Return the outcome for *tail*, the last four bytes of a digest."""
        return self.outcomes_by_bound[bisect.bisect_right(self.bounds, tail)]

    def find(self, digest: bytes) -> T_co:
        """Return the outcome for a whole digest of 16 bytes."""
        outcome = self.pieces[self.table[digest[12]]]
        return self.exact(digest[12:]) if outcome is None else outcome


def _signed_pieces(cutoffs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Return (first position, range) pairs in ascending order, without empty ranges.

    A cutoff that is below an earlier one is never reached, because the search goes from left to
    right.
    """
    start = POSITION_MIN
    for index, cutoff in enumerate((*cutoffs, POSITION_MAX)):
        if cutoff >= start:
            yield start, index
            start = cutoff + 1


def _unsigned(pieces: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Return *pieces* in byte order: first the positions from 0 up, then the negative positions."""
    negative = []
    last = 0
    below = True
    for start, index in pieces:
        if start < 0:
            negative.append((start + 2**32, index))
        else:
            if below and start > 0:
                yield 0, last
            below = False
            yield start, index
        last = index
    if below:
        yield 0, last
    yield from negative


def _merged(
    pieces: Iterable[tuple[int, int]], outcomes: Sequence[T_co]
) -> Iterator[tuple[int, T_co]]:
    """Yield (first position, outcome) pairs; neighbors with the same outcome are merged."""
    previous: list[T_co] = []
    for start, index in pieces:
        outcome = outcomes[index]
        if not previous or previous[0] is not outcome:
            previous = [outcome]
            yield start, outcome


def _index_cells(
    starts: Sequence[int], outcomes: Sequence[T_co]
) -> tuple[bytes, tuple[T_co | None, ...]]:
    """Return the index of the outcome for each first byte, or 0 if `exact` must be called."""
    pieces: list[T_co | None] = [None]
    numbers: dict[int, int] = {}
    table = bytearray(256)
    for start, end, outcome in zip(starts, (*starts[1:], 256 * _CELL), outcomes, strict=True):
        # Fill only the cells that lie completely within the piece.
        first, last = -(-start // _CELL), end // _CELL
        if first >= last:
            continue
        number = numbers.setdefault(id(outcome), len(pieces))
        if number == len(pieces):
            pieces.append(outcome)
        # An index must fit into a byte. If there are 256 different outcomes, the cells of the last
        # outcome stay 0.
        if number < 256:
            table[first:last] = bytes((number,)) * (last - first)
    return _shared(bytes(table)), tuple(pieces[:256])


@functools.lru_cache(maxsize=256)
def _shared(table: bytes) -> bytes:
    """Return one shared object for equal tables, because thousands of tests use the same split."""
    return table


def random_range(lengths: Sequence[float], random: Random) -> int:
    """Draw a random number and return the index of the range that contains it.

    The lengths are added up from the left. The first range that raises the sum above the number is
    chosen or, if there is none, the last range.

    Java Proctor's RandomTestChooser does the same, but draws the number from java.util.Random.
    """
    drawn = random.random()
    for index, total in enumerate(itertools.accumulate(lengths)):
        if drawn < total:
            return index
    return len(lengths) - 1


def smallest_live(lengths: Sequence[float], bucket_values: Sequence[int]) -> int | None:
    """Return the smallest bucket value among the ranges longer than 0, or None if all are empty."""
    pairs = zip(lengths, bucket_values, strict=True)
    return min((value for length, value in pairs if length > 0), default=None)
