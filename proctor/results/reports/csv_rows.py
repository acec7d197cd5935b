"""Rows as CSV files that `python -m proctor analyze` can read."""

from __future__ import annotations

import csv
from datetime import datetime, timezone
from itertools import chain
from typing import TYPE_CHECKING, Any

from django.utils.timezone import is_naive, make_aware

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from proctor.results.reports.selecting import Selection

__all__ = ["csv_lines"]

#: Number of rows that are fetched at a time.
_ROWS = 2000


class _Echo:
    """A file-like object that makes the `writerow` method of a csv.writer return the line."""

    def write(self, line: str) -> str:
        return line


def csv_lines(selections: Iterable[Selection]) -> Iterator[str]:
    """Yield a header and the rows of all *selections*, which must have the same columns."""
    writer = csv.writer(_Echo())
    parts = list(selections)
    yield writer.writerow(parts[0].columns)
    for row in chain.from_iterable(part.rows(_ROWS) for part in parts):
        yield writer.writerow([_text(value) for value in row])


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        aware = make_aware(value) if is_naive(value) else value
        return aware.astimezone(timezone.utc).isoformat()
    return value
