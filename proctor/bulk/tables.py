"""Assign the rows of a table: `assign_batches`, and the schema of its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from proctor.bulk.assigner import Assigner, Inputs
from proctor.bulk.batches import resized
from proctor.bulk.identifiers import check_type
from proctor.bulk.output import Output
from proctor.core.evaluation.explainer import refuse_unknown
from proctor.core.exceptions import ConfigurationError
from proctor.core.messages import nearest, printable, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from proctor.bulk.output import Column, OutputForm
    from proctor.bulk.summary import Summary
    from proctor.core.evaluation.engine import Proctor

__all__ = ["assign_batches", "check_inputs", "schema", "wanted_tests"]


def assign_batches(
    proctor: Proctor,
    batches: Iterable[pa.RecordBatch],
    *,
    identifiers: Mapping[str, str],
    context: Mapping[str, str] | None = None,
    tests: Collection[str] | None = None,
    output: OutputForm = "wide",
    columns: Collection[Column] | None = None,
    dictionary: bool = True,
    random_enabled: bool = False,
    summary: Summary | None = None,
) -> Iterator[pa.RecordBatch]:
    """Assign each row of a table to groups, with the same results as `Proctor.determine_groups`.

    *batches* are pyarrow record batches with the same columns. *identifiers* maps test types to
    columns, and *context* maps variables to columns. A null counts as missing. Identifier columns
    contain text, integers or UUIDs. *tests* restricts the output; None means all loaded tests.
    *random_enabled* lets tests of type RANDOM draw a group.

    If *output* is "wide", every row is kept, in the order of the input. A column is added for each
    test and each of *columns* ("group" by default; also "value", "payload", "allocation"). The
    column is named after the test, or `<test>.<column>` if there are several `columns`. A row
    without a group gets null. If *output* is "long", there is a row for each visitor and each test
    in which the visitor has a group. The columns are visitor, test, and *columns* (by default
    group, value and allocation). Payloads are JSON. Strings are dictionary-encoded unless
    *dictionary* is false.

    The result is a generator: memory does not grow with the table. Rows that cannot be assigned
    with NumPy (incognito visitors, unitless allocations, RANDOM tests) are assigned by the engine
    one by one. *summary* counts these rows, and the rows in each group.

    Raises ConfigurationError if a column is missing, repeated, or of a wrong type; UnknownTest if
    the matrix does not contain a test; and IdentifierError if a column is given for the test type
    RANDOM. All of these are raised before the first batch is assigned.
    """
    inputs = Inputs(dict(identifiers), dict(context or {}), random_enabled=random_enabled)
    assigner = Assigner(proctor, wanted_tests(proctor, tests), inputs)
    made = Output(assigner, output, columns, dictionary=dictionary)
    if isinstance(batches, pa.Table):
        batches = batches.to_batches()
    return _assigned(assigner, made, batches, summary)


def _assigned(
    assigner: Assigner, output: Output, batches: Iterable[pa.RecordBatch], summary: Summary | None
) -> Iterator[pa.RecordBatch]:
    made: pa.Schema | None = None
    for batch in resized(batches):
        if made is None:
            check_inputs(batch.schema, assigner.inputs)
            made = output.schema(batch.schema)
        for piece in output.pieces(assigner.assign(batch, summary)):
            yield output.joined(batch, piece, made)


def schema(
    proctor: Proctor,
    source: pa.Schema,
    *,
    identifiers: Mapping[str, str],
    context: Mapping[str, str] | None = None,
    tests: Collection[str] | None = None,
    output: OutputForm = "wide",
    columns: Collection[Column] | None = None,
    dictionary: bool = True,
) -> pa.Schema:
    """Return the schema of `assign_batches`' output for a table with the schema *source*.

    Use this function for Spark, which needs the schema before it starts, and for empty tables. The
    arguments and errors are the same as for `assign_batches`.
    """
    inputs = Inputs(dict(identifiers), dict(context or {}))
    assigner = Assigner(proctor, wanted_tests(proctor, tests), inputs)
    check_inputs(source, inputs)
    return Output(assigner, output, columns, dictionary=dictionary).schema(source)


def wanted_tests(proctor: Proctor, tests: Collection[str] | None) -> tuple[str, ...]:
    """Return the names of the tests to assign, sorted. None means all loaded tests.

    Raises UnknownTest for a test that the matrix does not contain, and ConfigurationError for a
    test that was dropped.
    """
    if tests is None:
        return proctor.loaded
    if isinstance(tests, str):
        raise TypeError(f"tests: expected a list of names, got {shown(tests)}")
    for name in tests:
        if name in proctor.dropped:
            raise ConfigurationError(
                f"The test {shown(name)} was dropped: {printable(proctor.dropped[name].message)}"
            )
        if name not in proctor.loaded_names:
            refuse_unknown(name, proctor.loaded)
    return tuple(sorted({*tests}))


def check_inputs(source: pa.Schema, inputs: Inputs) -> None:
    """Raise ConfigurationError if a column is missing, repeated, or of a wrong type."""
    if not inputs.identifiers:
        raise ConfigurationError("identifiers: expected a column for at least one test type")
    wanted = [
        *((f"the identifier {printable(kind)}", c) for kind, c in inputs.identifiers.items()),
        *((f"the variable {printable(name)}", c) for name, c in inputs.context.items()),
    ]
    for what, column in wanted:
        count = source.names.count(column)
        if count == 0:
            raise ConfigurationError(
                f"The table has no column {shown(column)} for {what}: "
                f"{printable(nearest(column, source.names), 1000)}"
            )
        if count > 1:
            raise ConfigurationError(
                f"The table has {count} columns named {shown(column)} for {what}"
            )
    for kind, column in inputs.identifiers.items():
        check_type(kind, column, source.field(column).type)
