"""Sets of characters, as ranges of code points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LAST = 0x10FFFF


@dataclass(frozen=True, slots=True)
class CharSet:
    """An immutable set of code points, stored as sorted, disjoint ranges with inclusive ends."""

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]]) -> CharSet:
        """Return the set of all code points in *ranges*, which can be unsorted and can overlap."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted(ranges):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        return cls(tuple(merged))

    @classmethod
    def chars(cls, text: str) -> CharSet:
        """Return the set of the characters in *text*."""
        return cls.of((ord(char), ord(char)) for char in text)

    def __or__(self, other: CharSet) -> CharSet:
        return CharSet.of((*self.ranges, *other.ranges))

    def __and__(self, other: CharSet) -> CharSet:
        return CharSet(tuple(self._shared(other)))

    def __invert__(self) -> CharSet:
        """Return the set of all Unicode code points that are not in this set."""
        gaps, start = [], 0
        for low, high in self.ranges:
            if low > start:
                gaps.append((start, low - 1))
            start = high + 1
        if start <= _LAST:
            gaps.append((start, _LAST))
        return CharSet(tuple(gaps))

    def overlaps(self, other: CharSet) -> bool:
        """Return True if the two sets have a code point in common."""
        if len(self.ranges) == len(other.ranges) == 1:
            # A shortcut for the most common case. A pattern with many alternatives has many
            # pairs of sets to compare.
            (low, high), (least, most) = self.ranges[0], other.ranges[0]
            return low <= most and least <= high
        return next(self._shared(other), None) is not None

    def ignoring_case(self) -> CharSet:
        """Return the set, plus the other case of its ASCII letters (Java's CASE_INSENSITIVE)."""
        lower, upper = self & LOWER, self & UPPER
        return CharSet.of(
            (
                *self.ranges,
                *((low - 32, high - 32) for low, high in lower.ranges),
                *((low + 32, high + 32) for low, high in upper.ranges),
            )
        )

    def _shared(self, other: CharSet) -> Iterator[tuple[int, int]]:
        mine, theirs = iter(self.ranges), iter(other.ranges)
        left, right = next(mine, None), next(theirs, None)
        while left is not None and right is not None:
            low, high = max(left[0], right[0]), min(left[1], right[1])
            if low <= high:
                yield low, high
            if left[1] < right[1]:
                left = next(mine, None)
            else:
                right = next(theirs, None)


#: This is not a character: it stands for the end of the subject in sets of possible next
#: characters.
END = CharSet(((_LAST + 1, _LAST + 1),))
EVERYTHING = CharSet(((0, _LAST),))
LOWER = CharSet(((0x61, 0x7A),))
UPPER = CharSet(((0x41, 0x5A),))
ALPHA = LOWER | UPPER
DIGIT = CharSet(((0x30, 0x39),))
WORD = ALPHA | DIGIT | CharSet.chars("_")
SPACE = CharSet.chars(" \t\n\x0b\f\r")
HORIZONTAL = CharSet.chars(" \t\xa0\u1680\u180e\u202f\u205f\u3000") | CharSet(((0x2000, 0x200A),))
VERTICAL = CharSet.chars("\n\x0b\f\r\x85\u2028\u2029")
LINE_END = CharSet.chars("\n\r\x85\u2028\u2029")
GRAPH = CharSet(((0x21, 0x7E),))

#: The escapes for sets. The upper-case letter means the complement.
ESCAPES = {"d": DIGIT, "w": WORD, "s": SPACE, "h": HORIZONTAL, "v": VERTICAL}

#: The names that are accepted in \p{…}: Java's POSIX classes, which contain only ASCII.
POSIX = {
    "ASCII": CharSet(((0, 0x7F),)),
    "Alnum": ALPHA | DIGIT,
    "Alpha": ALPHA,
    "Blank": CharSet.chars(" \t"),
    "Cntrl": CharSet(((0, 0x1F), (0x7F, 0x7F))),
    "Digit": DIGIT,
    "Graph": GRAPH,
    "Lower": LOWER,
    "Print": GRAPH | CharSet.chars(" "),
    "Punct": GRAPH & ~(ALPHA | DIGIT),
    "Space": SPACE,
    "Upper": UPPER,
    "XDigit": DIGIT | CharSet(((0x41, 0x46), (0x61, 0x66))),
}
