"""Text for a terminal: safe to show, in columns, with bars."""

from __future__ import annotations

import json
import sys
import unicodedata
from typing import TYPE_CHECKING, Any, Protocol

from proctor.core.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Longer cells and lines are cut; `--json` shows all.
MAX_CELL, MAX_LINE = 60, 2000


class Output(Protocol):
    """What is printed to: a stream, or what Django's commands have for one."""

    def write(self, text: str, /) -> object:
        """Print the text, which ends with its line break."""


def compact_json(value: Any) -> str:
    """The value as JSON in one line."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def pretty_json(value: Any) -> str:
    """The value as indented JSON, all of it ASCII so that any pipe takes it."""
    return json.dumps(value, indent=2)


def width(text: str) -> int:
    """Columns that the text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], alignments: str = ""
) -> Iterator[str]:
    """Lines of a table whose columns are as wide as they need, two blanks apart.

    Cells are made printable and cut. *alignments* has < or > for each column; those without
    are aligned to the left.
    """
    cells = [list(header), *([printable(cell, MAX_CELL) for cell in row] for row in rows)]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    aligned = alignments.ljust(len(header), "<")
    for row in cells:
        padded = (
            " " * (columns - width(cell)) + cell
            if side == ">"
            else cell + " " * (columns - width(cell))
            for cell, columns, side in zip(row, widths, aligned, strict=True)
        )
        yield "  ".join(padded).rstrip()


def bar(share: float, length: int = 40) -> str:
    """A horizontal bar for a share between 0 and 1; at least one mark for what is not 0."""
    marks = round(share * length)
    return "█" * (max(marks, 1) if share > 0 else 0)


def be_lenient(*streams: Any) -> None:
    """Have the streams show what their encoding lacks as escapes, instead of failing."""
    for stream in streams or (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
