"""Several processes with one database: nothing is lost, and no one sees a partial publication."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.editor.databases import (
    empty,
    environment,
    mariadb_server,
    migrate,
    postgresql_server,
    start,
)
from tests.fences import ROOT

#: The databases of tests in which processes race. Django's isolation level for MySQL is READ
#: COMMITTED; the server's own is REPEATABLE READ, where reading too early means reading old rows.
RACING = pytest.mark.parametrize(
    "database", ["sqlite", "postgresql", "mariadb", "mariadb repeatable read"], indirect=True
)
#: Number of edits of each of two racing processes, and in the race with a thousand edits.
EDITS, MANY = 150, 500
#: Number of schedules that are due simultaneously, with two steps each.
SCHEDULES = 100
#: The same for MariaDB, which comes last: fewer, because the statements are those of the others.
FEW = 30
#: The other tests that run on MariaDB: those of services that lock rows, compare texts, search or
#: read the clock. Pages and checks are above these, and run no SQL of their own.
ON_MARIADB = ("every_database", "location", "proposals", "schedules", "services", "transfer")
QUERY = """
import json, django; django.setup()
from proctor.editor.models import *
print(json.dumps([
    [*Branch.objects.values_list("name", "version").order_by("name")],
    [*Revision.objects.order_by("version").values_list("test", "id", "version", "made_from")],
    [*Head.objects.values_list("test", "revision")],
]))
"""


@pytest.fixture(scope="module")
def postgresql():
    with postgresql_server() as entry:
        yield entry


@pytest.fixture(scope="module")
def mariadb():
    with mariadb_server() as server:
        migrate(server.entry)
        yield server


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request, tmp_path):
    """An entry of DATABASES with empty tables of the editor."""
    if request.param.startswith("mariadb"):
        entry = request.getfixturevalue("mariadb").entry
        empty(entry, "proctor_editor_", "auth_user", "django_admin_log")
        level = request.param.partition(" ")[2]
        return {**entry, "OPTIONS": {"isolation_level": level}} if level else entry
    if request.param == "sqlite":
        entry = {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": tmp_path / "editor.sqlite3",
            "OPTIONS": {"timeout": 60, "init_command": "PRAGMA journal_mode=WAL"},
        }
    else:
        server = request.getfixturevalue("postgresql")
        name = f"test_{os.getpid()}_{abs(hash(request.node.name))}"
        import psycopg

        address = f"host=127.0.0.1 port={server['PORT']} user=tester dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        entry = {**server, "NAME": name}
    migrate(entry)
    return entry


def stored(entry, query=QUERY):
    """The branches, the revisions by version, and the heads; or the output of *query*."""
    result = subprocess.run(
        [sys.executable, "-c", query],
        env=environment(entry),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(result.stdout)


@RACING
@pytest.mark.parametrize("job", ["edit", "api"])
def test_two_processes_that_edit_one_test_lose_nothing(database, job):
    edits = MANY if job == "edit" and "postgresql" in database["ENGINE"] else EDITS
    if "mysql" in database["ENGINE"]:
        edits = FEW
    workers = [start(database, job, author, edits) for author in ("ada", "bob")]
    reader = start(database, "poll", 5)
    printed = [worker.communicate()[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    branches, revisions, heads = stored(database)
    assert branches == [["trunk", 2 * edits]]
    assert sorted(each[1] for each in revisions) == sorted([*printed[0], *printed[1]])
    # Each version occurs once and is based on the previous one, so no edit was overwritten.
    assert [each[2] for each in revisions] == [*range(1, 2 * edits + 1)]
    assert [each[3] for each in revisions] == [None, *(each[1] for each in revisions[:-1])]
    assert heads == [["buttontst", revisions[-1][1]]]
    output = reader.communicate()[0]
    assert "TWO CONTENTS" not in output
    seen = json.loads(output)
    assert len(seen) > 3
    names = [name for name, _ in seen.values()]
    assert len({*names}) == len(names)


def printed_by(process):
    output, _ = process.communicate()
    assert process.returncode == 0
    return output.strip()


@RACING
def test_two_processes_that_publish_one_proposal_make_one_revision(database, tmp_path):
    number = printed_by(start(database, "propose", "x"))
    gate = tmp_path / "gate"
    workers = [start(database, "publish", each, number, gate) for each in ("ada", "grace") * 2]
    gate.touch()
    printed = sorted(printed_by(each) for each in workers)
    branches, revisions, heads = stored(database)
    assert printed.count("closed") == 3
    (revision,) = revisions
    assert revision[1] in printed
    assert (branches, heads) == ([["trunk", 1]], [["buttontst", revision[1]]])


APPROVED = """
import json, django; django.setup()
from proctor.editor.models import *
(found,) = Proposal.objects.all()
print(json.dumps([
    found.content_hash,
    [*found.approvals.values_list("content_hash", flat=True)],
    found.contributor_names,
]))
"""


@RACING
def test_no_approval_outlives_a_change_that_another_process_makes(database):
    number = printed_by(start(database, "propose", "x"))
    workers = [
        start(database, "approve", "grace", number, 40),
        start(database, "update", "ada", number, 40),
    ]
    assert [printed_by(each) for each in workers] == ["done", "done"]
    output = subprocess.run(
        [sys.executable, "-c", APPROVED],
        env=environment(database),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    content, approved, contributors = json.loads(output)
    assert contributors == ["ada"]
    assert {*approved} <= {content}


def test_a_process_killed_inside_a_publication_leaves_none_of_it(database):
    editor = start(database, "edit", "ada", 2)
    editor.communicate()
    before = stored(database)
    worker = start(database, "hang", "x")
    assert worker.stdout.readline() == "inside\n"
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    assert stored(database) == before
    after = start(database, "edit", "bob", 1)
    assert len(after.communicate()[0].split()) == 1
    assert stored(database)[0] == [["trunk", 3]]


STEPS = """
import json, django; django.setup()
from proctor.editor.models import *
revisions = Revision.objects.exclude(due=None).order_by("version")
print(json.dumps([
    [[each.id, each.test, each.due.timestamp(), each.time.timestamp()] for each in revisions],
    [*ScheduledStep.objects.order_by("proposal", "position").values_list("state", "revision")],
    Branch.objects.get().next_due is None,
]))
"""


def finished(worker):
    """The lines that a worker printed."""
    printed = worker.communicate()[0]
    assert worker.returncode == 0
    return printed.splitlines()


def test_what_is_due_at_once_is_published_once_and_in_order_by_four_processes(database):
    schedules = FEW if "mysql" in database["ENGINE"] else SCHEDULES
    finished(start(database, "schedule", schedules, -60))
    workers = [start(database, "publish-due", 120, hours) for hours in (0, 0, 1, -1)]
    printed = [line for worker in workers for line in finished(worker)]
    revisions, steps, is_done = stored(database, STEPS)
    assert len(revisions) == 2 * schedules
    assert sorted(printed) == sorted(f"{test} {each}" for each, test, _, _ in revisions)
    assert [due for _, _, due, _ in revisions] == sorted(due for _, _, due, _ in revisions)
    assert sorted(each for _, each in steps) == sorted(each for each, _, _, _ in revisions)
    assert is_done
    # The database's time, whichever process it was.
    assert all(time.time() - 600 < at < time.time() + 60 for _, _, _, at in revisions)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_process_whose_clock_is_off_publishes_nothing_before_its_time(database, hours):
    finished(start(database, "schedule", 1, 30))
    assert finished(start(database, "publish-due", 3, hours)) == []
    assert stored(database, STEPS)[0] == []


def test_a_process_killed_inside_a_scheduled_publication_is_replaced(database):
    finished(start(database, "schedule", 1, -60))
    worker = start(database, "hang-due", "x")
    assert worker.stdout.readline() == "inside\n"
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    assert stored(database, STEPS)[0] == []
    assert len(finished(start(database, "publish-due", 5, 0))) == 2
    assert [state for state, _ in stored(database, STEPS)[1]] == ["published"] * 2


@pytest.mark.parametrize(
    ("database", "reading"),
    [
        ("postgresql", {"options": "-c default_transaction_read_only=on"}),
        ("mariadb", {"init_command": "SET SESSION TRANSACTION READ ONLY"}),
    ],
    ids=["postgresql", "mariadb"],
    indirect=["database"],
)
def test_a_process_that_cannot_write_says_so_once_and_goes_on_reading(database, reading):
    finished(start(database, "schedule", 2, -60))
    reader = start({**database, "OPTIONS": reading}, "publish-due", 4, 0, stderr=subprocess.PIPE)
    printed, errors = reader.communicate()
    assert (reader.returncode, printed) == (0, "")
    assert errors.count("This process cannot publish due steps") == 1
    assert any(each in errors for each in ("ReadOnlySql", "InternalError", "OperationalError"))
    assert len(finished(start(database, "publish-due", 5, 0))) == 4


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
def test_a_process_reads_on_after_the_server_was_started_again(database, mariadb):
    finished(start(database, "edit", "ada", 1))
    reader = start({**database, "CONN_MAX_AGE": None}, "watch", "x")
    try:
        assert reader.stdout.readline() == "ada 0\n"
        mariadb.kill()
        mariadb.start()
        finished(start(database, "edit", "bob", 1))
        assert reader.stdout.readline() == "bob 0\n"
    finally:
        reader.kill()
        reader.communicate()


def test_all_other_tests_of_the_editor_pass_on_postgresql(postgresql):
    here = Path(__file__)
    run_tests(postgresql, sorted(path for path in here.parent.glob("test_*.py") if path != here))


def test_the_other_tests_of_what_writes_and_locks_pass_on_mariadb(mariadb):
    here = Path(__file__).parent
    names = ("every_database", "recording", "writer")
    results = [here.parent / "results" / f"test_{name}.py" for name in names]
    run_tests(mariadb.entry, [*(here / f"test_{name}.py" for name in ON_MARIADB), *results])


def run_tests(entry, paths):
    """Run test modules on a database."""
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *paths],
        env=environment(entry),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:]
