"""Real databases for processes that record results."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys

from tests.editor import databases
from tests.fences import ROOT


def environment(entry, matrix, **settings):
    """Return the environment of a process that uses the database."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.results.settings",
        "RESULTS_DATABASE": json.dumps(entry, default=str),
        "RESULTS_MATRIX": str(matrix),
        "RESULTS_SETTINGS": json.dumps(settings),
        "PYTHONPATH": os.pathsep.join(paths),
    }


def sqlite(path, **options):
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL", "timeout": 20, **options},
    }


def start(entry, matrix, *arguments, **settings):
    """Start `tests.results.worker`."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.results.worker", *map(str, arguments)],
        env=environment(entry, matrix, **settings),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def end(process):
    """Wait for a worker and return its output and its log."""
    said, log = process.communicate(timeout=120)
    assert process.returncode == 0, log
    return [json.loads(line) for line in said.splitlines()], log


def migrate(entry, matrix):
    """Create the tables."""
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "-v", "0"],
        env=environment(entry, matrix),
        cwd=ROOT,
        check=True,
    )


@contextlib.contextmanager
def connected(entry):
    """Return a connection of the driver, because pytest-django blocks Django's own."""
    if "sqlite3" in entry["ENGINE"]:
        connection = sqlite3.connect(entry["NAME"], isolation_level=None, timeout=20)
    elif "mysql" in entry["ENGINE"]:
        connection = databases.connected(entry)
    else:
        import psycopg

        address = {"host": entry["HOST"], "port": entry["PORT"], "user": entry["USER"]}
        connection = psycopg.connect(**address, dbname=entry["NAME"], autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def ask(entry, sql):
    """Return the rows of a query."""
    with connected(entry) as connection, contextlib.closing(connection.cursor()) as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def empty(entry):
    """Delete all rows."""
    with connected(entry) as connection, contextlib.closing(connection.cursor()) as cursor:
        for table in ("exposure", "outcome", "split", "tally", "forcedvisitor"):
            cursor.execute(f"DELETE FROM proctor_results_{table}")


def number(entry, table):
    return ask(entry, f"SELECT count(*) FROM proctor_results_{table}")[0][0]


def tally(entry, kind):
    sql = f"SELECT sum(number) FROM proctor_results_tally WHERE kind = '{kind}'"
    return int(ask(entry, sql)[0][0] or 0)
