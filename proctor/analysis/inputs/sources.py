"""Sources of exposures and outcomes."""

from __future__ import annotations

import contextlib
import csv
import glob
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from proctor.analysis.errors import AnalysisError
from proctor.analysis.inputs.workspace import quoted
from proctor.core.messages import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proctor.analysis.inputs.workspace import Workspace

__all__ = ["Files", "Query", "Source", "is_small", "open_source"]

#: Maximum sizes for an analysis in memory, in bytes: one table, and all files together.
_SMALL_TABLE, _SMALL_FILES = 400_000_000, 40_000_000

_FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".log": "json",
}


@dataclass(frozen=True, slots=True)
class Files:
    """Files of one format: Parquet, CSV or JSON lines. CSV and JSON may be gzipped."""

    #: Paths or patterns, such as `logs/exposures-*.jsonl.gz`.
    paths: tuple[str, ...]

    def __init__(self, *paths: str | Path) -> None:
        object.__setattr__(self, "paths", tuple(str(each) for each in paths))


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT statement in DuckDB's SQL or, if *database* is a SQLite file, in SQLite's SQL."""

    sql: str
    database: str | None = None


#: Files, a path, several paths, a query, or a table. A table is anything that DuckDB accepts as one
#: (Arrow, pandas, Polars), a DuckDB relation, or an Arrow record batch reader.
Source: TypeAlias = "Files | Query | str | Path | Sequence[str | Path] | Any"


def open_source(space: Workspace, name: str, source: Source, columns: Sequence[str]) -> str:
    """Create a view or table called *name* for the source. Return the source's name for messages.

    *columns* are the names of the columns to read from JSON lines, which have no header. Raises
    AnalysisError if the source cannot be read.
    """
    if isinstance(source, str | Path):
        source = Files(source)
    if isinstance(source, list | tuple) and all(isinstance(each, str | Path) for each in source):
        source = Files(*source)
    if isinstance(source, Files):
        return _open_files(space, name, source, columns)
    if isinstance(source, Query):
        return _open_query(space, name, source)
    return _open_table(space, name, source)


def is_small(source: Source | None) -> bool:
    """Return whether a source is known to be small enough for an analysis in memory."""
    if source is None:
        return True
    if isinstance(source, str | Path):
        source = Files(source)
    if isinstance(source, list | tuple) and all(isinstance(each, str | Path) for each in source):
        source = Files(*source)
    if isinstance(source, Files):
        paths = [path for pattern in source.paths for path in glob.glob(pattern)]  # noqa: PTH207
        with contextlib.suppress(OSError):
            return sum(Path(path).stat().st_size for path in paths) <= _SMALL_FILES
        return False
    size = getattr(source, "nbytes", None)
    return isinstance(size, int) and size <= _SMALL_TABLE


def _open_files(space: Workspace, name: str, files: Files, columns: Sequence[str]) -> str:
    paths = [path for pattern in files.paths for path in _matching(pattern)]
    kinds = {format_of(path): path for path in paths}
    if len(kinds) > 1:
        raise AnalysisError(
            f"Expected {name} in files of one format, got {' and '.join(sorted(kinds.values()))}"
        )
    if not paths:
        raise AnalysisError(f"Expected a file with {name}, got none")
    about = printable(paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more")
    listed = ", ".join(_literal(path) for path in paths)
    fields = ", ".join(f"{_literal(each)}: 'VARCHAR'" for each in columns)
    reader = {
        "parquet": f"read_parquet([{listed}], union_by_name = true)",
        "csv": f"read_csv([{listed}], all_varchar = true, header = true, union_by_name = true, "
        "null_padding = false, strict_mode = true)",
        "json": f"read_json([{listed}], format = 'newline_delimited', maximum_object_size = "
        f"16777216, columns = {{{fields}}})",
    }[next(iter(kinds))]
    space.run(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {reader}", about=about)
    return about


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _matching(pattern: str) -> list[str]:
    if Path(pattern).is_file():
        return [glob.escape(pattern)]
    # Path.glob does not accept absolute patterns.
    paths = glob.glob(pattern, recursive=True)  # noqa: PTH207
    found = [path for path in sorted(paths) if Path(path).is_file()]
    if not found:
        raise AnalysisError(f"Cannot read {printable(pattern)!r}: no such file")
    return [glob.escape(path) for path in found]


def format_of(path: str) -> str:
    """Return `parquet`, `csv` or `json`. Raises AnalysisError for any other file name."""
    suffixes = Path(path).suffixes
    if suffixes and suffixes[-1].lower() == ".gz":
        suffixes = suffixes[:-1]
    found = _FORMATS.get(suffixes[-1].lower()) if suffixes else None
    if found is None:
        raise AnalysisError(
            f"Expected a file name that ends in {', '.join(_FORMATS)} or one of these with .gz; "
            f"got {printable(path)!r}"
        )
    return found


def _open_query(space: Workspace, name: str, query: Query) -> str:
    about = f"the query for {name}"
    if query.database is None:
        space.run(f"CREATE OR REPLACE TABLE {name} AS {query.sql}", about=about)
        return about
    about = printable(query.database)
    if _is_sqlite(query.database):
        path = space.directory / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            _write_rows(query.sql, query.database, file)
        return _open_files(space, name, Files(path), ())
    alias, home = f"given_{name}", space.run("SELECT current_database()")[0][0]
    space.run(f"ATTACH {_literal(query.database)} AS {alias} (READ_ONLY)", about=about)
    space.run(f"USE {alias}")
    target = f"{quoted(home)}.main.{name}"
    space.run(f"CREATE OR REPLACE TABLE {target} AS {query.sql}", about=about)
    space.run(f"USE {quoted(home)}")
    space.run(f"DETACH {alias}")
    return about


def _is_sqlite(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return file.read(15) == b"SQLite format 3"
    except OSError as error:
        raise AnalysisError(f"Cannot read {printable(path)!r}: {error.strerror}") from error


def _write_rows(sql: str, database: str, file: TextIO) -> None:
    """Write the rows of a query to a CSV file.

    Used for SQLite, because DuckDB would have to download an extension to read it.
    """
    try:
        address = f"{Path(database).resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            rows = connection.execute(sql)
            writer = csv.writer(file)
            writer.writerow([column[0] for column in rows.description or ()])
            writer.writerows(rows)
    except sqlite3.Error as error:
        raise AnalysisError(f"{printable(database)}: {printable(error)}") from error


def _open_table(space: Workspace, name: str, table: Any) -> str:
    for method in ("to_arrow_reader", "fetch_record_batch"):
        if type(table).__name__ == "DuckDBPyRelation" and hasattr(table, method):
            # A relation belongs to a different connection, so its rows are passed on as an Arrow
            # table.
            table = getattr(table, method)()
            break
    about = f"the {name}"
    try:
        space.connection.register("given", table)
    except Exception as error:
        raise AnalysisError(
            f"Expected {name} as files, a Query, or a table (Arrow, pandas, Polars or DuckDB), "
            f"got {type(table).__name__}"
        ) from error
    # An Arrow batch reader can be read only once.
    space.run(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given", about=about)
    space.connection.unregister("given")
    return about
