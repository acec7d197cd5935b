"""Find the group at each position in an allocation, and compute how two allocations overlap.

An allocation has 2³² positions. In this module, they are counted from 0, not from -2³¹. All
arithmetic is exact.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from proctor.core.evaluation.allocation import POSITION_MIN, cutoffs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from proctor.core.matrices.matrix import Range

__all__ = ["POSITIONS", "Piece", "counts", "independent", "overlap", "pieces_of", "shares"]

#: The number of possible positions.
POSITIONS = 2**32


class Piece(NamedTuple):
    """An interval of positions that lies in one range."""

    #: The first position.
    start: int
    #: The position after the last one of the interval.
    stop: int
    #: The bucket value of the range.
    value: int
    #: The index of the range in its allocation.
    range_index: int


def pieces_of(ranges: Sequence[Range]) -> list[Piece]:
    """Return the ranges that contain positions, in ascending order, without gaps.

    Like the engine, raises ValueError if the lengths do not add up to 1.
    """
    stops = [cutoff - POSITION_MIN + 1 for cutoff in cutoffs([each.length for each in ranges])]
    found = []
    start = 0
    for index, stop in enumerate((*stops, POSITIONS)):
        # As in the engine, a cut-off below an earlier one is never reached.
        if stop > start:
            found.append(Piece(start, stop, ranges[index].bucket_value, index))
            start = stop
    return found


def counts(pieces: Iterable[Piece]) -> Counter[int]:
    """Return the number of positions of each bucket value."""
    found: Counter[int] = Counter()
    for piece in pieces:
        found[piece.value] += piece.stop - piece.start
    return found


def shares(pieces: Sequence[Piece]) -> dict[int, Fraction]:
    """Return the share of each bucket value; the shares add up to 1."""
    size = pieces[-1].stop
    return {value: Fraction(count, size) for value, count in counts(pieces).items()}


def overlap(old: Sequence[Piece], new: Sequence[Piece]) -> dict[tuple[int, int], Fraction]:
    """Return the share of visitors by old and new bucket value, if visitors keep their positions.

    Both arguments cover the same positions. The shares add up to 1.
    """
    found: Counter[tuple[int, int]] = Counter()
    before, after = iter(old), iter(new)
    left, right = next(before), next(after)
    start = 0
    while True:
        stop = min(left.stop, right.stop)
        found[left.value, right.value] += stop - start
        start = stop
        if start == old[-1].stop:
            return {pair: Fraction(count, start) for pair, count in found.items()}
        if left.stop == start:
            left = next(before)
        if right.stop == start:
            right = next(after)


def independent(old: Sequence[Piece], new: Sequence[Piece]) -> dict[tuple[int, int], Fraction]:
    """Return the share of visitors by old and new bucket value, if visitors get new positions.

    Visitors get new positions if the salt changes. The shares are products and add up to 1.
    """
    after = shares(new)
    return {
        (source, target): share * other
        for source, share in shares(old).items()
        for target, other in after.items()
    }
