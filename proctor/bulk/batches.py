"""Batches of a suitable size: small batches are joined, large ones are split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from proctor.core.exceptions import ConfigurationError
from proctor.core.messages import printable, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["BATCH_ROWS", "resized"]

#: Arrays of this size fit into the processor's cache. With batches of 2,048 rows, hashing takes 2.5
#: times as long.
BATCH_ROWS = 16_384


def resized(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the same rows in batches of `BATCH_ROWS`; the last one may be smaller.

    Raises ConfigurationError if the batches have different columns.
    """
    waiting: list[pa.RecordBatch] = []
    rows = 0
    schema: pa.Schema | None = None
    for batch in batches:
        schema = _checked(batch, schema)
        start = 0
        while start < batch.num_rows:
            part = batch.slice(start, BATCH_ROWS - rows)
            waiting.append(part)
            start += part.num_rows
            rows += part.num_rows
            if rows == BATCH_ROWS:
                yield _joined(waiting)
                waiting, rows = [], 0
    if waiting:
        yield _joined(waiting)


def _checked(batch: object, schema: pa.Schema | None) -> pa.Schema:
    if not isinstance(batch, pa.RecordBatch):
        raise TypeError(f"batches: expected pyarrow record batches, got {shown(batch)}")
    if schema is not None and not batch.schema.equals(schema):
        raise ConfigurationError(
            f"Expected batches with the columns and types of the first batch, "
            f"{printable(schema.names)}, got {printable(batch.schema.names)}"
        )
    return batch.schema if schema is None else schema


def _joined(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(parts) == 1:
        return parts[0]
    return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]
