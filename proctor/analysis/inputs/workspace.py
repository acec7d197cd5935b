"""The DuckDB database in which one analysis runs, with bounded memory."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.analysis.errors import AnalysisError, needed
from proctor.core.messages import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Workspace", "quoted", "workspace"]

#: If DuckDB needs more memory, it writes to disk. Python, NumPy and Arrow need about 300 MB more.
MEMORY = "1200MB"


def quoted(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


class Workspace:
    """A connection to DuckDB that raises DuckDB's errors as AnalysisError."""

    def __init__(self, connection: Any, errors: type[Exception], directory: Path) -> None:
        self.connection = connection
        #: A directory for files that are needed until the connection is closed.
        self.directory = directory
        self._errors = errors

    def run(
        self, sql: str, parameters: Sequence[Any] = (), about: str = ""
    ) -> list[tuple[Any, ...]]:
        """Run a statement and return all rows. Error messages start with *about*."""
        with self.refusing(about):
            found: list[tuple[Any, ...]] = self.connection.execute(sql, parameters).fetchall()
            return found

    def arrays(self, sql: str) -> dict[str, Any]:
        """Run a statement, and return a dict that maps column names to NumPy arrays."""
        with self.refusing(""):
            found: dict[str, Any] = self.connection.execute(sql).fetchnumpy()
            return found

    def columns(self, table: str) -> dict[str, str]:
        """Return the column names of a table or view, with their types."""
        return {row[0]: row[1] for row in self.run(f"DESCRIBE {table}")}

    @contextlib.contextmanager
    def refusing(self, about: str) -> Iterator[None]:
        """Turn DuckDB's exceptions into an AnalysisError with a one-line message."""
        try:
            yield
        except self._errors as error:
            raise AnalysisError(_one_line(str(error), about)) from error


def _one_line(text: str, about: str) -> str:
    first, _, rest = text.partition("\n")
    if "CSV Error on Line" in first:
        # DuckDB's first line says only where the error is; the second line quotes the row.
        reasons = (line for line in rest.split("\n") if line and "Original Line" not in line)
        first = f"{first}: {next(reasons, 'it cannot be read')}"
    for prefix in ("Invalid Input Error: ", "IO Error: ", "Binder Error: ", "Catalog Error: "):
        first = first.removeprefix(prefix)
    return printable(f"{about}: {first}" if about and about not in first else first, 500)


@contextlib.contextmanager
def workspace(
    timezone: str = "UTC", memory: str = MEMORY, *, in_memory: bool = False
) -> Iterator[Workspace]:
    """Open a database in a temporary directory; delete the directory at the end.

    With *in_memory*, tables are kept in memory, which is twice as fast as compressing them into a
    file. Times without an offset are interpreted in *timezone*. Raises AnalysisError if DuckDB is
    missing or the time zone is unknown.
    """
    duckdb = needed("duckdb")
    with tempfile.TemporaryDirectory(prefix="proctor-analysis-") as directory:
        config = {
            "memory_limit": memory,
            "temp_directory": str(Path(directory, "spill")),
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
        }
        place = ":memory:" if in_memory else str(Path(directory, "work.duckdb"))
        connection = duckdb.connect(place, config=config)
        try:
            space = Workspace(connection, duckdb.Error, Path(directory))
            try:
                connection.execute("SET TimeZone = ?", [timezone])
            except duckdb.Error as error:
                raise AnalysisError(
                    f"Unknown time zone {printable(timezone)!r}; expected a name such as "
                    "Europe/Berlin"
                ) from error
            connection.execute("SET enable_progress_bar = false")
            yield space
        finally:
            connection.close()
