"""Print the findings of commands as a table, with details below each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.cli.printing import table
from proctor.core.messages import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from proctor.upkeep.findings import Finding

__all__ = ["found_lines", "unlisted_lines"]

MAX_WORDS = 2000


def found_lines(
    header: str, found: Sequence[Finding[Any]], style: Callable[[str], str]
) -> Iterator[str]:
    """Return a table with the details of each finding below its row, then a blank line."""
    if not found:
        return
    rows = [(str(each.kind.value), each.test, each.place) for each in found]
    first, *lines = table((header, "TEST", "PLACE"), rows)
    yield first
    for line, finding in zip(lines, found, strict=True):
        yield style(line)
        yield from (f"    {printable(each, MAX_WORDS)}" for each in finding.words)
    yield ""


def unlisted_lines(loaders: Sequence[str], style: Callable[[str], str]) -> Iterator[str]:
    """Yield a warning about each template loader that cannot list its templates."""
    for loader in loaders:
        yield style(f"Not read: the templates of {loader}, because this loader cannot list them")
