"""Read rows as Arrow tables, in the fastest way that the database supports.

Needs pyarrow, which django-proctor[analysis] installs.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.utils.timezone import is_naive, make_aware

from proctor.conf import settings

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from proctor.results.reports.selecting import Selection

__all__ = ["read_table"]

#: Number of rows that are fetched at a time if the database has no COPY.
_ROWS = 20_000


def read_table(selection: Selection) -> pa.Table:
    """Return the rows of a selection as an Arrow table.

    The `at` column contains times in UTC, `value` contains floats, and all others contain strings.
    """
    connection = connections[selection.using]
    if connection.vendor == "postgresql" and settings.USE_TZ and selection.is_plain:
        with connection.cursor() as cursor:
            if hasattr(cursor.cursor, "copy"):  # psycopg 3
                return _copied(cursor.cursor, selection)
    return _fetched(selection)


def _kind(name: str) -> pa.DataType:
    import pyarrow as pa  # noqa: PLC0415 - an extra

    kinds = {"at": pa.timestamp("us", tz="UTC"), "value": pa.float64()}
    return kinds.get(name, pa.string())


def _copied(cursor: Any, selection: Selection) -> pa.Table:
    """Read the rows with COPY, which does not create a Python object for each value."""
    from pyarrow import csv  # noqa: PLC0415 - an extra

    text = io.BytesIO()
    sql, parameters = selection.sql
    with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT CSV)", parameters) as copy:
        for part in copy:
            text.write(part)
    if not text.tell():
        return _made({name: [] for name in selection.columns})
    text.seek(0)
    return csv.read_csv(
        text,
        read_options=csv.ReadOptions(column_names=list(selection.columns), block_size=1 << 24),
        # An identifier may contain a line break.
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={name: _kind(name) for name in selection.columns},
            strings_can_be_null=False,
            null_values=[],
        ),
    )


def _fetched(selection: Selection) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - an extra

    parts, rows = [], []
    for row in selection.rows(_ROWS):
        rows.append(row)
        if len(rows) == _ROWS:
            parts.append(_of_rows(rows, selection))
            rows = []
    parts.append(_of_rows(rows, selection))
    return pa.concat_tables(parts)


def _of_rows(rows: list[tuple[Any, ...]], selection: Selection) -> pa.Table:
    columns = [list(column) for column in zip(*rows, strict=True)] or [
        [] for _ in selection.columns
    ]
    return _made(dict(zip(selection.columns, columns, strict=True)))


def _made(columns: dict[str, list[Any]]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - an extra

    if "at" in columns:
        columns["at"] = [_aware(each) for each in columns["at"]]
    return pa.table({name: pa.array(values, type=_kind(name)) for name, values in columns.items()})


def _aware(at: datetime) -> datetime:
    return make_aware(at) if is_naive(at) else at
