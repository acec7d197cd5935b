"""A tree of browsers or systems, recognized by words in a header, as in UserAgentUtils."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["AgentKind", "find", "numbered", "refine"]


@dataclass(frozen=True, slots=True)
class AgentKind:
    """A browser or operating system, together with its more specific kinds.

    A header is of this kind if it contains one of *words* and none of *without*. The more specific
    kinds are tried first, and *without* does not apply to them. All words are lower-case.
    """

    name: str
    words: tuple[str, ...]
    without: tuple[str, ...] = ()
    narrower: tuple[AgentKind, ...] = ()

    def is_named_in(self, text: str) -> bool:
        """Return True if a lower-case header contains one of the words."""
        return any(word in text for word in self.words)


def refine(kind: AgentKind, text: str) -> tuple[AgentKind, ...]:
    """Return *kind*, followed by its more specific kinds that match a lower-case header.

    If no specific kind matches and the header contains one of the words in *without*, the result is
    empty.
    """
    path = find(kind.narrower, text)
    if path or not any(word in text for word in kind.without):
        return (kind, *path)
    return ()


def find(kinds: Iterable[AgentKind], text: str) -> tuple[AgentKind, ...]:
    """Return the first kind that matches a lower-case header, and its specific kinds that match.

    Return an empty tuple if no kind matches.
    """
    for kind in kinds:
        if kind.is_named_in(text):
            path = refine(kind, text)
            if path:
                return path
    return ()


def numbered(
    name: str, word: str, numbers: Iterable[int], without: tuple[str, ...] = ()
) -> tuple[AgentKind, ...]:
    """Return a kind for each number.

    For example, the name `CHROME`, the pattern `chrome/{}` and the number 9 give the kind
    `CHROME9`, which matches the word `chrome/9`. The word may be followed by more digits:
    `Chrome/97` is CHROME9, as in UserAgentUtils.
    """
    return tuple(AgentKind(f"{name}{each}", (word.format(each),), without) for each in numbers)
