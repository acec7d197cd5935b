"""Tables in files (Parquet, CSV and JSON lines), which are read and written in batches."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
from pyarrow import csv, parquet

from proctor.cli.errors import CommandError
from proctor.core.messages import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import BinaryIO

__all__ = ["Reader", "Writer", "format_of", "open_reader", "open_writer", "refusing"]

#: Number of rows that are read at a time. In JSON lines, the first batch determines the types.
BATCH_ROWS = 16_384

#: Number of rows in a Parquet row group. Many small groups would take more space and time.
GROUP_ROWS = 131_072

_FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
}


def format_of(path: str) -> str:
    """Return the format for a file's extension. Raises CommandError for an unknown extension."""
    found = _FORMATS.get(Path(path).suffix.lower())
    if found is None:
        raise CommandError(f"Expected a file name that ends in {', '.join(_FORMATS)}; got {path!r}")
    return found


@contextlib.contextmanager
def refusing(path: str, verb: str) -> Iterator[None]:
    """Convert errors from Arrow and the operating system into a one-line CommandError."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise CommandError(f"cannot {verb} {path!r}: {printable(reason, 500)}") from error


@dataclass(frozen=True, slots=True)
class Reader:
    """A table that can be read only once."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    #: The number of rows; None if files of this format do not record it.
    rows: int | None


@contextlib.contextmanager
def open_reader(path: str, identifiers: Collection[str]) -> Iterator[Reader]:
    """Open a table. Raises CommandError if it cannot be read.

    All values in CSV are strings. In JSON, the columns in *identifiers* are read as strings, so
    that an identifier that looks like a number keeps its zeros.
    """
    kind = format_of(path)
    with contextlib.ExitStack() as stack:
        with refusing(path, "read"):
            if kind == "parquet":
                reader = _parquet(path, stack)
            elif kind == "csv":
                reader = _csv(path, stack)
            else:
                reader = _json(path, {*identifiers})
        yield Reader(reader.schema, _refusing_each(path, reader.batches), reader.rows)


def _refusing_each(path: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    with refusing(path, "read"):
        yield from batches


def _parquet(path: str, stack: contextlib.ExitStack) -> Reader:
    file = stack.enter_context(parquet.ParquetFile(path))
    return Reader(file.schema_arrow, file.iter_batches(BATCH_ROWS), file.metadata.num_rows)


def _csv(path: str, stack: contextlib.ExitStack) -> Reader:
    parsing = csv.ParseOptions(newlines_in_values=True)
    with csv.open_csv(path, parse_options=parsing) as first:
        names = first.schema.names
    options = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    file = stack.enter_context(csv.open_csv(path, parse_options=parsing, convert_options=options))
    return Reader(file.schema, iter(file), None)


def _json(path: str, identifiers: set[str]) -> Reader:
    rows = _objects(path, identifiers)
    first = list(itertools.islice(rows, BATCH_ROWS))
    names = dict.fromkeys(name for row in first for name in row)
    columns = {name: pa.array([row.get(name) for row in first]) for name in names}
    schema = pa.schema(
        [
            # A column with only nulls in the first rows may contain strings later.
            pa.field(name, pa.string() if pa.types.is_null(each.type) else each.type)
            for name, each in columns.items()
        ]
    )

    def batches() -> Iterator[pa.RecordBatch]:
        chunk, line = first, 1
        while chunk:
            yield _record_batch(path, chunk, schema, line)
            line += len(chunk)
            chunk = list(itertools.islice(rows, BATCH_ROWS))

    return Reader(schema, batches(), None)


def _objects(path: str, identifiers: set[str]) -> Iterator[dict[str, Any]]:
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.isspace():
                row = _object(path, number, line)
                for name in identifiers & row.keys():
                    if type(row[name]) is int:
                        row[name] = str(row[name])
                yield row


def _object(path: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path}: line {number} is not JSON: {error}") from None
    if not isinstance(row, dict):
        raise CommandError(f"{path}: line {number}: expected an object, got {printable(row)}")
    return row


def _record_batch(
    path: str, rows: list[dict[str, Any]], schema: pa.Schema, line: int
) -> pa.RecordBatch:
    new = {name for row in rows for name in row} - {*schema.names}
    if new:
        raise CommandError(
            f"{path}: the field {min(new)!r} is not in the first {BATCH_ROWS:,} rows, whose "
            "fields determine the columns; add the field to one of these rows, as null"
        )
    arrays = []
    for each in schema:
        try:
            arrays.append(pa.array([row.get(each.name) for row in rows], each.type))
        except (pa.ArrowException, OverflowError) as error:
            reason = str(error).partition("\n")[0]
            raise CommandError(
                f"{path}: the field {each.name!r} has a value that is not of type {each.type} "
                f"after row {line:,}: {printable(reason)}"
            ) from error
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


class Writer(Protocol):
    """A table that is being written."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch."""

    def close(self) -> None:
        """Write the remaining rows."""


@contextlib.contextmanager
def open_writer(path: str, schema: pa.Schema) -> Iterator[Writer]:
    """Write a table under a temporary name, and rename it to *path* at the end.

    If the block raises an exception, the temporary file is deleted and *path* is not changed.
    """
    kind = format_of(path)
    target = Path(path)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with refusing(path, "write"):
            sink = partial.open("xb")
        with sink:
            with refusing(path, "write"):
                writer = _WRITERS[kind](sink, schema)
            yield writer
            with refusing(path, "write"):
                writer.close()
                sink.flush()
                os.fsync(sink.fileno())
        with refusing(path, "write"):
            partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


class _ParquetWriter:
    def __init__(self, sink: BinaryIO, schema: pa.Schema) -> None:
        self._writer = parquet.ParquetWriter(sink, schema)
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema))
        self._waiting, self._rows = [], 0

    def close(self) -> None:
        self._flush()
        self._writer.close()


class _CsvWriter:
    def __init__(self, sink: BinaryIO, schema: pa.Schema) -> None:
        self._writer = csv.CSVWriter(sink, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


class _JsonWriter:
    def __init__(self, sink: BinaryIO, schema: pa.Schema) -> None:
        self._sink = sink

    def write(self, batch: pa.RecordBatch) -> None:
        for row in batch.to_pylist():
            # Times and similar values become strings in JSON.
            self._sink.write(json.dumps(row, ensure_ascii=False, default=str).encode() + b"\n")

    def close(self) -> None:
        """Do nothing, because everything has already been written."""


_WRITERS: dict[str, Any] = {"parquet": _ParquetWriter, "csv": _CsvWriter, "json": _JsonWriter}
