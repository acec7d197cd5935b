"""A tree of kinds, each told by words in a header: how UserAgentUtils sorts what it sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Kind", "find", "numbered", "refine"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One browser or operating system, and the narrower ones that count as it.

    A header is of this kind if it holds one of *words* and none of *without*; the narrower
    kinds are tried first, and *without* does not bind them. All words are lower-case.
    """

    name: str
    words: tuple[str, ...]
    without: tuple[str, ...] = ()
    narrower: tuple[Kind, ...] = ()

    def is_named_in(self, text: str) -> bool:
        """Whether one of the words is in a lower-case header."""
        return any(word in text for word in self.words)


def refine(kind: Kind, text: str) -> tuple[Kind, ...]:
    """From the kind to the narrowest that the lower-case header names; empty if it is none."""
    path = find(kind.narrower, text)
    if path or not any(word in text for word in kind.without):
        return (kind, *path)
    return ()


def find(kinds: Iterable[Kind], text: str) -> tuple[Kind, ...]:
    """The first kind that the lower-case header names, and its narrower ones; or empty."""
    for kind in kinds:
        if kind.is_named_in(text):
            path = refine(kind, text)
            if path:
                return path
    return ()


def numbered(
    name: str, word: str, numbers: Iterable[int], without: tuple[str, ...] = ()
) -> tuple[Kind, ...]:
    """One kind for each number: of `CHROME`, `chrome/{}` and 9 it is `CHROME9`, `chrome/9`.

    The word ends with the number, so `Chrome/97` is CHROME9: UserAgentUtils says so too.
    """
    return tuple(Kind(f"{name}{each}", (word.format(each),), without) for each in numbers)
