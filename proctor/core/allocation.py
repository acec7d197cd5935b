"""The ranges of an allocation: which of them a position falls into.

`cutoffs` and `range_index` define the answer as the Java's StandardTestChooser computes
it. `RangeTable` gives the same answer from the bytes of the digest, for the engine.
"""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["RangeTable", "cutoffs", "random_range", "range_index", "smallest_live"]

POSITION_MIN, POSITION_MAX = -(2**31), 2**31 - 1
#: Bounds of the sum of an allocation's lengths, both allowed (Java: ProctorUtils).
SUM_MIN, SUM_MAX = 0.9999, 1.0001

#: One less than the number of positions: so the Java has it, and the last bit depends on it.
_SPAN = float(POSITION_MAX - POSITION_MIN)
#: How many positions have the same first byte.
_CELL = 1 << 24

T_co = TypeVar("T_co", covariant=True)


class Random(Protocol):
    """What a draw needs of a `random.Random`."""

    def random(self) -> float:
        """A float of 0 or more, and below 1."""


def _to_position(value: float) -> int:
    """Java's cast of a double to int: toward zero, clamped, NaN is 0."""
    if math.isnan(value):
        return 0
    return int(max(float(POSITION_MIN), min(float(POSITION_MAX), value)))


def cutoffs(lengths: Sequence[float]) -> tuple[int, ...]:
    """The last position of each range but the last one.

    They fall where a length is negative. ValueError where the lengths do not add up to 1,
    within a ten-thousandth.
    """
    # Added one by one, as the Java does: math.fsum would round differently.
    totals = list(itertools.accumulate(lengths, initial=0.0))[1:]
    total = totals[-1] if totals else 0.0
    if total < SUM_MIN or total > SUM_MAX:
        shown = " + ".join(map(str, lengths[:20])) + (" + ..." if len(lengths) > 20 else "")
        raise ValueError(
            f"the range lengths {shown or '(none)'} add up to {total}; "
            f"change them to add up to 1 ({SUM_MIN} to {SUM_MAX} will do)"
        )
    return tuple(_to_position(POSITION_MIN + total * _SPAN) for total in totals[:-1])


def range_index(position: int, cutoffs: Iterable[int]) -> int:
    """The range of *position*: the first whose cut-off it does not pass, else the last."""
    index = -1
    for index, cutoff in enumerate(cutoffs):
        if position <= cutoff:
            return index
    return index + 1


@dataclass(frozen=True, slots=True, eq=False)
class RangeTable(Generic[T_co]):
    """The ranges of one allocation, prepared for many look-ups by digest.

    A quick caller asks for `pieces[table[digest[12]]]`, and only where that is None for
    `exact(digest[12:])`. Positions are signed, and a digest's bytes are not: the ranges
    are cut at the sign bit and put into the order of the bytes, so no integer is made.
    """

    #: For each value of the digest's byte 12 an index into `pieces`.
    table: bytes
    #: None, for cells that lie in more than one range; then outcomes.
    pieces: tuple[T_co | None, ...]
    #: Four bytes each: where the outcome changes, in ascending order.
    bounds: tuple[bytes, ...]
    #: The outcome below the first bound, from the first bound on, and so on.
    outcomes_by_bound: tuple[T_co, ...]

    @classmethod
    def build(cls, lengths: Sequence[float], outcomes: Sequence[T_co]) -> RangeTable[T_co]:
        """A table that answers `outcomes[i]` for positions in range *i*.

        Raises ValueError as `cutoffs` does, and where there are not as many outcomes as
        lengths. An outcome should not be None.
        """
        if len(lengths) != len(outcomes):
            raise ValueError(f"{len(lengths)} ranges need as many outcomes, not {len(outcomes)}")
        pieces = list(_merged(_unsigned(_signed_pieces(cutoffs(lengths))), outcomes))
        starts = [start for start, _ in pieces]
        by_bound = tuple(outcome for _, outcome in pieces)
        table, indexed = _index_cells(starts, by_bound)
        bounds = tuple(start.to_bytes(4, "big") for start in starts[1:])
        return cls(table, indexed, bounds, by_bound)

    def exact(self, tail: bytes) -> T_co:
        """The outcome for *tail*, the last four bytes of a digest."""
        return self.outcomes_by_bound[bisect.bisect_right(self.bounds, tail)]

    def find(self, digest: bytes) -> T_co:
        """The outcome for a whole digest of 16 bytes."""
        outcome = self.pieces[self.table[digest[12]]]
        return self.exact(digest[12:]) if outcome is None else outcome


def _signed_pieces(cutoffs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Pairs of the first position and the range, ascending, without empty ranges.

    A cut-off below an earlier one is never reached first by the walk from the left.
    """
    start = POSITION_MIN
    for index, cutoff in enumerate((*cutoffs, POSITION_MAX)):
        if cutoff >= start:
            yield start, index
            start = cutoff + 1


def _unsigned(pieces: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The same pieces in the order of their bytes: from 0 up, then the negative ones."""
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
    """Pairs of first position and outcome; neighbours of one outcome become one."""
    previous: list[T_co] = []
    for start, index in pieces:
        outcome = outcomes[index]
        if not previous or previous[0] is not outcome:
            previous = [outcome]
            yield start, outcome


def _index_cells(
    starts: Sequence[int], outcomes: Sequence[T_co]
) -> tuple[bytes, tuple[T_co | None, ...]]:
    """For each first byte the index of its outcome, or 0 where `exact` must decide."""
    pieces: list[T_co | None] = [None]
    numbers: dict[int, int] = {}
    table = bytearray(256)
    for start, end, outcome in zip(starts, (*starts[1:], 256 * _CELL), outcomes, strict=True):
        # The cells that begin and end within the piece.
        first, last = -(-start // _CELL), end // _CELL
        if first >= last:
            continue
        number = numbers.setdefault(id(outcome), len(pieces))
        if number == len(pieces):
            pieces.append(outcome)
        # A byte counts to 255: with 256 outcomes, one cell each, the last stays at 0.
        if number < 256:
            table[first:last] = bytes((number,)) * (last - first)
    return bytes(table), tuple(pieces[:256])


def random_range(lengths: Sequence[float], random: Random) -> int:
    """The range of a fresh draw: the first whose running sum is above it, else the last.

    This is the Java's RandomTestChooser; *random* stands for its java.util.Random.
    """
    drawn = random.random()
    for index, total in enumerate(itertools.accumulate(lengths)):
        if drawn < total:
            return index
    return len(lengths) - 1


def smallest_live(lengths: Sequence[float], bucket_values: Sequence[int]) -> int | None:
    """The smallest bucket value among the ranges longer than 0; None if there is none."""
    pairs = zip(lengths, bucket_values, strict=True)
    return min((value for length, value in pairs if length > 0), default=None)
