"""Databases and a matrix for the tests of results."""

from __future__ import annotations

import json

import pytest

from tests.editor.databases import mariadb_server, postgresql_server
from tests.results.databases import empty, migrate, sqlite


def definition(**changes):
    """Return a test that puts half of the users into each of two groups."""
    return {
        "version": "1",
        "salt": "&button",
        "testType": "USER",
        "buckets": [{"name": "control", "value": 0}, {"name": "blue", "value": 1}],
        "allocations": [
            {
                "id": "#A1",
                "ranges": [{"bucketValue": 0, "length": 0.5}, {"bucketValue": 1, "length": 0.5}],
            }
        ],
        **changes,
    }


def matrix_file(directory, **tests):
    path = directory / "matrix.json"
    audit = {"version": "1", "updated": 1, "updatedBy": "tests"}
    path.write_text(json.dumps({"audit": audit, "tests": tests}), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def halves(tmp_path_factory):
    """Return the path of a matrix with `buttontst`."""
    return matrix_file(tmp_path_factory.mktemp("matrix"), buttontst=definition())


@pytest.fixture(scope="session")
def postgresql_tables(halves):
    """Return a PostgreSQL database with the tables."""
    with postgresql_server() as entry:
        migrate(entry, halves)
        yield entry


@pytest.fixture(scope="session")
def mariadb_tables(halves):
    """Return a MariaDB database with the tables."""
    with mariadb_server() as server:
        migrate(server.entry, halves)
        yield server.entry


@pytest.fixture(scope="session")
def sqlite_tables(halves, tmp_path_factory):
    """Return a SQLite file with the tables."""
    entry = sqlite(tmp_path_factory.mktemp("tables") / "results.sqlite3")
    migrate(entry, halves)
    return entry


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def tables(request):
    """Return an empty database of each kind."""
    entry = request.getfixturevalue(f"{request.param}_tables")
    empty(entry)
    return entry


@pytest.fixture
def site(db, settings, tmp_path):
    """A site of `tests.results.site` with a test of the type USER and one of the type ACCOUNT."""
    settings.ROOT_URLCONF = "tests.results.site"
    settings.MIDDLEWARE = ["tests.results.site.ByCookie"]
    settings.PROCTOR_TESTS = ("buttontst", "accounttst")
    settings.PROCTOR_IDENTIFIERS = {"acctid": "ACCOUNT"}
    settings.PROCTOR_CONTEXT = {}
    settings.PROCTOR_METRICS = ()
    settings.PROCTOR_MATRIX = matrix_file(
        tmp_path, buttontst=definition(), accounttst=definition(salt="&a", testType="ACCOUNT")
    )
    return settings
