"""Convert assigned groups to the columns of an output table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pyarrow as pa

from proctor.bulk.compiled import NO_GROUP
from proctor.core.exceptions import ConfigurationError
from proctor.core.java.frozen import thaw
from proctor.core.messages import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from proctor.bulk.assigner import Assigned, Assigner
    from proctor.bulk.compiled import CompiledTest
    from proctor.core.evaluation.groups import GroupAssignment

__all__ = ["Column", "Output", "OutputForm"]

OutputForm = Literal["wide", "long"]
Column = Literal["group", "value", "payload", "allocation"]

COLUMNS: tuple[str, ...] = get_args(Column)

#: The default columns of wide and of long output.
_DEFAULTS = {"wide": ("group",), "long": ("group", "value", "allocation")}


def _payload(outcome: GroupAssignment) -> str | None:
    if outcome.payload_type is None:
        return None
    value = thaw(outcome.payload) if outcome.payload_type else {}
    return json.dumps(value, ensure_ascii=False)


_TEXTS: dict[str, Callable[[GroupAssignment], str | None]] = {
    "group": lambda outcome: outcome.group,
    "payload": _payload,
    "allocation": lambda outcome: outcome.allocation_id,
}


class Output:
    """Builds wide or long output tables. Raises ConfigurationError for invalid arguments."""

    def __init__(
        self,
        assigner: Assigner,
        form: OutputForm,
        columns: Collection[str] | None,
        *,
        dictionary: bool,
    ) -> None:
        if form not in get_args(OutputForm):
            raise ConfigurationError(f"output: expected 'wide' or 'long', got {shown(form)}")
        if isinstance(columns, str):
            raise ConfigurationError(f"columns: expected a list of names, got {shown(columns)}")
        columns = _DEFAULTS[form] if columns is None else tuple(columns)
        if not columns:
            raise ConfigurationError("columns: expected at least one name, got none")
        for each in columns:
            if each not in COLUMNS:
                raise ConfigurationError(f"Unknown column {shown(each)}: {nearest(each, COLUMNS)}")
        self._assigner = assigner
        self._form = form
        self._columns = tuple(dict.fromkeys(columns))
        self._text = pa.dictionary(pa.int32(), pa.string()) if dictionary else pa.string()
        self._added = pa.schema(list(self._fields()))
        compiled = [assigner.compiled[test] for test in assigner.tests]
        # In long output, all tests share the columns, and therefore the dictionaries.
        shared = [outcome for test in compiled for outcome in test.outcomes]
        self._makers = [
            (
                test.chooser.name,
                [
                    _Maker(test, each, self._text, shared if form == "long" else test.outcomes)
                    for each in self._columns
                ],
            )
            for test in compiled
        ]

    def _fields(self) -> Iterator[pa.Field]:
        if self._form == "long":
            yield pa.field("visitor", pa.string())
            yield pa.field("test", self._text)
        for test in self._assigner.tests if self._form == "wide" else [None]:
            for column in self._columns:
                name = column if test is None else self._name(test, column)
                yield pa.field(name, pa.int32() if column == "value" else self._text)

    def schema(self, source: pa.Schema) -> pa.Schema:
        """Return the schema of the output for an input with the given schema.

        Raises ConfigurationError if a column of the output has the same name as a column of the
        input.
        """
        if self._form == "long":
            return self._added
        for name in self._added.names:
            if name in source.names:
                raise ConfigurationError(
                    f"The table already has a column {shown(name)}, which is also the "
                    "name of an output column: rename the table's column, or leave the test out"
                )
        return pa.schema([*source, *self._added], metadata=source.metadata)

    def _name(self, test: str, column: str) -> str:
        return test if len(self._columns) == 1 else f"{test}.{column}"

    def pieces(self, assigned: Assigned) -> Iterator[pa.RecordBatch]:
        """Yield the output for one batch of input: rows (long) or additional columns (wide)."""
        if self._form == "wide":
            arrays = [
                maker.array(assigned.codes[test])
                for test, makers in self._makers
                for maker in makers
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=self._added)
            return
        for number, (test, makers) in enumerate(self._makers):
            codes = assigned.codes[test]
            rows = np.flatnonzero(codes != NO_GROUP)
            if len(rows):
                kind = self._assigner.compiled[test].chooser.test_type
                columns = [
                    _visitors(assigned, kind, rows),
                    self._test_names(number, len(rows)),
                    *(maker.array(codes[rows]) for maker in makers),
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=self._added)

    def joined(
        self, batch: pa.RecordBatch, piece: pa.RecordBatch, schema: pa.Schema
    ) -> pa.RecordBatch:
        """Return a batch of output, given a batch of input and its result from `pieces`."""
        if self._form == "long":
            return piece
        return pa.RecordBatch.from_arrays([*batch.columns, *piece.columns], schema=schema)

    def _test_names(self, number: int, rows: int) -> pa.Array:
        """Return the column of long output that contains the name of the test."""
        names = pa.array(self._assigner.tests, pa.string())
        indices = pa.array(np.full(rows, number, np.int32))
        if self._text == pa.string():
            return names.take(indices)
        return pa.DictionaryArray.from_arrays(indices, names)


def _visitors(assigned: Assigned, kind: str, rows: NDArray[Any]) -> pa.Array:
    """Return the identifiers of *rows*. In a RANDOM test they are null."""
    identifiers = assigned.identifiers.get(kind)
    if identifiers is None:
        return pa.nulls(len(rows), pa.string())
    return identifiers.column.take(rows).cast(pa.string())


class _Maker:
    """Creates one column of the output for one test."""

    def __init__(
        self,
        test: CompiledTest,
        column: str,
        text: pa.DataType,
        pool: Sequence[GroupAssignment],
    ) -> None:
        self._is_value = column == "value"
        self._text = text
        if self._is_value:
            self._numbers = np.array([*(each.value or 0 for each in test.outcomes), 0], np.int32)
            return
        read = _TEXTS[column]
        # All batches share one dictionary for a column, because a file can have only one.
        known = dict.fromkeys(read(each) for each in pool)
        known.pop(None, None)
        numbers = {name: number for number, name in enumerate(known)}
        indices = [-1 if (name := read(each)) is None else numbers[name] for each in test.outcomes]
        self._numbers = np.array([*indices, -1], np.int32)
        self._names = pa.array(known, pa.string())

    def array(self, codes: NDArray[Any]) -> pa.Array:
        """Return the column's value for each of the *codes*."""
        found = self._numbers[codes]
        missing = codes == NO_GROUP if self._is_value else found < 0
        mask = missing if missing.any() else None
        if self._is_value:
            return pa.array(found, pa.int32(), mask=mask)
        indices = pa.array(found, pa.int32(), mask=mask)
        if self._text == pa.string():
            return self._names.take(indices)
        return pa.DictionaryArray.from_arrays(indices, self._names)
