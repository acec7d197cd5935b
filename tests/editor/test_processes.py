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

from tests.editor.databases import environment, migrate, postgresql_server, start
from tests.fences import ROOT

#: Number of edits of each of two racing processes, and in the race with a thousand edits.
EDITS, MANY = 150, 500
#: Number of schedules that are due simultaneously, with two steps each.
SCHEDULES = 100
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


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """An entry of DATABASES with empty tables of the editor."""
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


@pytest.mark.parametrize("job", ["edit", "api"])
def test_two_processes_that_edit_one_test_lose_nothing(database, job):
    edits = MANY if job == "edit" and "postgresql" in database["ENGINE"] else EDITS
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
    finished(start(database, "schedule", SCHEDULES, -60))
    workers = [start(database, "publish-due", 120, hours) for hours in (0, 0, 1, -1)]
    printed = [line for worker in workers for line in finished(worker)]
    revisions, steps, is_done = stored(database, STEPS)
    assert len(revisions) == 2 * SCHEDULES
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


def test_a_process_that_cannot_write_says_so_once_and_goes_on_reading(postgresql):
    import psycopg

    entry = {**postgresql, "NAME": f"test_{os.getpid()}_reader"}
    address = f"host=127.0.0.1 port={postgresql['PORT']} user=tester dbname=postgres"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{entry["NAME"]}"')
    migrate(entry)
    finished(start(entry, "schedule", 2, -60))
    reading = {**entry, "OPTIONS": {"options": "-c default_transaction_read_only=on"}}
    reader = start(reading, "publish-due", 4, 0, stderr=subprocess.PIPE)
    printed, errors = reader.communicate()
    assert (reader.returncode, printed) == (0, "")
    assert errors.count("This process cannot publish due steps") == 1
    assert "ReadOnlySqlTransaction" in errors or "InternalError" in errors
    assert len(finished(start(entry, "publish-due", 5, 0))) == 4


def test_all_other_tests_of_the_editor_pass_on_postgresql(postgresql):
    here = Path(__file__)
    others = sorted(str(path) for path in here.parent.glob("test_*.py") if path != here)
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *others],
        env=environment(postgresql),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:]
