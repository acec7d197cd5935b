"""How commands print what they have found in a project: a table, with words below each line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from proctor.cli.printing import table
from proctor.core.display import printable

if TYPE_CHECKING:
    import enum
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Found", "found_lines", "unlisted_lines"]

MAX_WORDS = 2000


class Found(Protocol):
    """One thing that was found."""

    @property
    def kind(self) -> enum.Enum:
        """What kind of thing."""

    @property
    def test(self) -> str:
        """The test that it is about."""

    @property
    def place(self) -> str:
        """Where it is."""


def found_lines(
    header: str,
    found: Sequence[Found],
    words: Sequence[Sequence[str]],
    style: Callable[[str], str],
) -> Iterator[str]:
    """A table, in which *words* stand below the line of each thing, and a blank line."""
    if not found:
        return
    rows = [(str(each.kind.value), each.test, each.place) for each in found]
    first, *lines = table((header, "TEST", "PLACE"), rows)
    yield first
    for line, below in zip(lines, words, strict=True):
        yield style(line)
        yield from (f"    {printable(each, MAX_WORDS)}" for each in below)
    yield ""


def unlisted_lines(loaders: Sequence[str], style: Callable[[str], str]) -> Iterator[str]:
    """What is to be said of template loaders that cannot tell what they have."""
    for loader in loaders:
        yield style(f"Not looked into: templates of {loader}, which lists none")
