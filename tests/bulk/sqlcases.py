"""The conformance assignments that SQL can express: tables, expressions, and expected groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from proctor.bulk.sql import sql_expression
from proctor.core.evaluation.call import INCOGNITO
from proctor.core.evaluation.engine import Proctor, plan_of
from proctor.core.exceptions import ConfigurationError, ConversionError
from proctor.core.java.context_types import pipet_type
from tests.bulk.conformance import FILES, read

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = {
    "string": pa.string(),
    "int": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
}


@dataclass
class Query:
    """A table, and for each test an expression over it and the expected groups."""

    table: pa.Table
    expressions: dict[str, str]
    #: Test → the known groups, by row.
    expected: dict[str, dict[int, str | None]]
    #: Test → why SQL cannot express it.
    refused: dict[str, str]


def query(name: str, dialect: str) -> Query | None:
    """Return the query for one file of assignments, or None if the file declares no types."""
    file = read(name)
    if file is None or file.types:
        return None
    types = dict(plan_of(file.proctor).types or {})
    if INCOGNITO in types:
        # The type there is `json`, which SQL does not have; the engine uses its text.
        types[INCOGNITO] = pipet_type("String")
    proctor = Proctor(file.proctor.matrix, context_types=types)
    validated = file.proctor.identifier_validator is not None
    cases = [
        case
        for part in file.parts
        for case in part.cases
        if not (validated and "" in case["identifiers"].values())
        and (INCOGNITO in types or INCOGNITO not in case["context"])
        and not any("\0" in (each or "") for each in case["identifiers"].values())
    ]
    kinds = sorted({kind for case in cases for kind in case["identifiers"]})
    # Numbered, because Spark and DuckDB treat `user` and `USER` as the same name.
    return _query(proctor, cases, {kind: f"id {n} {kind}" for n, kind in enumerate(kinds)}, dialect)


def _query(
    proctor: Proctor, cases: list[dict[str, Any]], identifiers: dict[str, str], dialect: str
) -> Query:
    columns = {
        column: pa.array([case["identifiers"].get(kind) for case in cases], pa.string())
        for kind, column in identifiers.items()
    }
    context = {}
    for number, (name, declared) in enumerate((plan_of(proctor).types or {}).items()):
        if declared.kind in KINDS:
            context[name] = f"var {number} {name}"
            values = [_converted(declared, case["context"].get(name)) for case in cases]
            columns[context[name]] = pa.array(values, KINDS[declared.kind])
    expressions, refused = {}, {}
    for test in proctor.loaded:
        try:
            expressions[test] = sql_expression(
                proctor, test, dialect=dialect, identifiers=identifiers, context=context
            )
        except ConfigurationError as error:
            refused[test] = str(error)
    expected = {
        test: {
            row: case["groups"].get(test, {}).get("name")
            for row, case in enumerate(cases)
            if test in (case.get("test_filter") or [test])
        }
        for test in expressions
    }
    return Query(pa.table(columns), expressions, expected, refused)


def _converted(declared: Any, value: Any) -> Any:
    try:
        found = declared.convert(value)
    except ConversionError:
        return None
    return found if found is None or declared.kind != "int" else int(found)


#: SQL must express at least this many pairs of a visitor and a test.
ENOUGH = 20_000


def check(dialect: str, run: Callable[[pa.Table, dict[str, str]], dict[str, list[Any]]]) -> None:
    """Compare the results of *run*, which gets a table and expressions, with those of Java."""
    compared = 0
    for name in FILES:
        asked = query(name, dialect)
        if asked is not None:
            found = run(asked.table, asked.expressions)
            for test, expected in asked.expected.items():
                mine = {row: found[test][row] for row in expected}
                assert (name, test, mine) == (name, test, expected), asked.expressions[test]
                compared += len(expected)
    assert compared > ENOUGH
