"""Write text to a terminal: escape unprintable characters, and draw tables and bars."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from proctor.core.java.encodable import encodable_json
from proctor.core.messages import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Longer cells and lines are truncated. `--json` shows everything.
MAX_CELL, MAX_LINE = 60, 2000


_STRING_OR_EXPONENT = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9.]+e[-+]?[0-9]+')


class Output(Protocol):
    """A stream to print to, such as `sys.stdout` or the `stdout` of a Django command."""

    def write(self, text: str, /) -> object:
        """Print the text. No newline is added."""


def note(message: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(f"{printable(message, MAX_LINE)}\n")


def write_utf8(out: Any, text: str) -> None:
    """Write the text of a file to a stream in UTF-8, regardless of the stream's encoding."""
    out.flush()
    buffer = getattr(out, "buffer", None)
    if buffer is None:
        out.write(text)
    else:
        buffer.write(utf8(text))
        buffer.flush()


def utf8(json_text: str) -> bytes:
    """Return JSON encoded as UTF-8. Lone surrogates, which UTF-8 cannot encode, become escapes."""
    return json_text.encode("utf-8", "backslashreplace")


def compact_json(value: Any) -> str:
    """Return the value as JSON in a single line."""
    return json.dumps(encodable_json(value), ensure_ascii=False, separators=(", ", ": "))


def pretty_json(value: Any) -> str:
    """Return the value as indented JSON in ASCII, which can be written to any pipe.

    Numbers are written without exponents: 0.0000000001, not 1e-10.
    """
    return _STRING_OR_EXPONENT.sub(_without_exponent, json.dumps(encodable_json(value), indent=2))


def _without_exponent(found: re.Match[str]) -> str:
    text = found[0]
    return text if text.startswith('"') else f"{Decimal(text):f}"


def width(text: str) -> int:
    """Return the number of columns that the text needs on a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], alignments: str = ""
) -> Iterator[str]:
    """Return the lines of a table. Columns are as wide as needed, with two spaces between them.

    Cells are made printable and truncated. *alignments* has a < (left) or > (right) for each
    column; the default is <.
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
    """Return a horizontal bar for a share from 0 to 1. Only the bar for 0 is empty."""
    marks = round(share * length)
    return "█" * (max(marks, 1) if share > 0 else 0)


def be_lenient(*streams: Any) -> None:
    """Make streams escape characters that their encoding cannot represent, instead of failing."""
    for stream in streams or (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
