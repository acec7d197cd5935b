"""The conformance assignments that SQL can express, in real databases."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.bulk.sqlcases import check


def test_duckdb():
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:

        def run(table, expressions):
            connection.register("visitors", table)
            selected = ", ".join(f"{each} AS c{n}" for n, each in enumerate(expressions.values()))
            rows = connection.execute(f"SELECT {selected} FROM visitors").fetchall()
            return dict(zip(expressions, map(list, zip(*rows, strict=True)), strict=True))

        check("duckdb", run)


PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))


@pytest.fixture
def postgres():
    """A connection to the tests' own PostgreSQL server, which listens only on a socket."""
    psycopg = pytest.importorskip("psycopg")
    if not PROGRAMS:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    programs = PROGRAMS[-1].parent
    # The name of a socket may have 107 bytes; pytest's directories are deeper.
    with tempfile.TemporaryDirectory(prefix="proctor-") as name:
        directory = Path(name)
        as_user = []
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            as_user = ["runuser", "-u", "nobody", "--"]
            shutil.chown(directory, "nobody")
        with (
            server(programs, directory, as_user),
            psycopg.connect(host=name, user="tester", dbname="postgres") as connection,
        ):
            yield connection


@contextlib.contextmanager
def server(programs, directory, as_user):
    """A running PostgreSQL in *directory*."""

    def run(program, *arguments):
        command = [*as_user, programs / program, "-D", directory / "data", *arguments]
        subprocess.run(command, check=True, cwd=directory, stdout=subprocess.DEVNULL)

    run("initdb", "--auth=trust", "--username=tester", "--encoding=UTF8", "--no-sync")
    options = f"-c listen_addresses= -c unix_socket_directories={directory} -c fsync=off"
    run("pg_ctl", "start", "--wait", "--log", directory / "log", "--options", options)
    try:
        yield
    finally:
        run("pg_ctl", "stop", "--mode", "immediate")


COLUMN_TYPES = {
    "string": "TEXT",
    "int64": "BIGINT",
    "double": "DOUBLE PRECISION",
    "bool": "BOOLEAN",
}


def test_postgresql(postgres):
    def run(table, expressions):
        columns = ", ".join(f'"{f.name}" {COLUMN_TYPES[str(f.type)]}' for f in table.schema)
        with postgres.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS visitors")
            cursor.execute(f"CREATE TEMPORARY TABLE visitors (row INTEGER, {columns})")
            with cursor.copy("COPY visitors FROM STDIN") as copy:
                for number, row in enumerate(table.to_pylist()):
                    copy.write_row([number, *row.values()])
            # A query has at most 1,664 columns.
            selected = ", ".join(f"{each} AS c{n}" for n, each in enumerate(expressions.values()))
            cursor.execute(f"SELECT {selected} FROM visitors ORDER BY row")
            rows = cursor.fetchall()
        return dict(zip(expressions, map(list, zip(*rows, strict=True)), strict=True))

    check("postgres", run)
