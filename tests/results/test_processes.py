"""Processes that record into a real database, which may be locked, gone, or back again."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import time

import pytest

from tests.editor import databases
from tests.results.databases import ask, end, migrate, number, sqlite, start, tally

FIRSTS = "SELECT visitor, at FROM proctor_results_exposure"


def test_a_process_that_ends_has_written_all_it_noted(tables, halves):
    end(start(tables, halves, "visits", 0, 300))
    assert (number(tables, "exposure"), number(tables, "outcome")) == (300, 300)
    assert number(tables, "split") == 1
    assert ask(tables, "SELECT sum(value) FROM proctor_results_outcome")[0][0] == 300 * 299 / 2


def test_a_page_makes_no_query_of_its_own(tables, halves):
    (((made,),), _log) = end(start(tables, halves, "queries", 20))
    assert made == 0


def test_two_processes_write_one_row_for_each_visitor(tables, halves):
    processes = [start(tables, halves, "again", 5, 100) for _ in range(2)]
    for each in processes:
        end(each)
    assert number(tables, "exposure") == 100


def test_the_earliest_time_stays(tables, halves):
    end(start(tables, halves, "visits", 0, 5))
    before = dict(ask(tables, FIRSTS))
    end(start(tables, halves, "visits", 0, 5))
    assert dict(ask(tables, FIRSTS)) == before


def test_a_fork_loses_nothing_and_writes_nothing_twice(tables, halves):
    end(start(tables, halves, "fork", 40))
    assert number(tables, "exposure") == 120


def test_without_a_thread_each_request_writes(tables, halves):
    end(start(tables, halves, "visits", 0, 10, PROCTOR_RESULTS_THREAD=False))
    assert (number(tables, "exposure"), number(tables, "outcome")) == (10, 10)


def test_rows_wait_while_the_database_is_locked(sqlite_tables, tables, halves):
    if tables is not sqlite_tables:
        pytest.skip("only a SQLite file is locked as a whole")
    entry = {**tables, "OPTIONS": {**tables["OPTIONS"], "timeout": 0.1}}
    process = start(entry, halves, "outage", 20)
    assert process.stdout.readline() == '["before", true]\n'
    blocker = sqlite3.connect(tables["NAME"], isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    say(process, "down")
    assert process.stdout.readline() == '["during", 20]\n'
    blocker.execute("ROLLBACK")
    blocker.close()
    say(process, "up")
    ((after,), log) = end(process)
    assert after == ["after", 0]
    assert log.count("The database does not accept results") == 1
    assert "database is locked" in log
    assert number(tables, "exposure") == 60


def test_a_full_queue_loses_what_it_counts(sqlite_tables, tables, halves):
    if tables is not sqlite_tables:
        pytest.skip("the queue knows no database")
    entry = {**tables, "OPTIONS": {**tables["OPTIONS"], "timeout": 0.1}}
    process = start(entry, halves, "outage", 800, PROCTOR_RESULTS_QUEUE=100)
    process.stdout.readline()
    blocker = sqlite3.connect(tables["NAME"], isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    say(process, "down")
    process.stdout.readline()
    blocker.execute("ROLLBACK")
    blocker.close()
    say(process, "up")
    (_said, log) = end(process)
    lost = tally(tables, "lost")
    assert lost > 0
    assert number(tables, "exposure") + lost == 2400
    assert log.count("the queue is full") <= 3


@pytest.fixture
def own_server(request, halves):
    """A server that a test may stop: its entry of DATABASES, and how to stop and start it."""
    with {"postgresql": own_postgresql, "mariadb": own_mariadb}[request.param](halves) as found:
        yield found


@contextlib.contextmanager
def own_mariadb(halves):
    with databases.mariadb_server() as server:
        migrate(server.entry, halves)
        yield server.entry, server.kill, server.start


@contextlib.contextmanager
def own_postgresql(halves):
    with databases.postgresql_server(flags="") as entry:
        migrate(entry, halves)
        directory = ask(entry, "SHOW data_directory")[0][0]
        control = databases.program("pg_ctl")

        def tell(*arguments):
            subprocess.run(
                [control, "-D", directory, "-w", *arguments],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd="/tmp",
                **databases.as_user(),
            )

        options = ask(entry, "SELECT current_setting('unix_socket_directories')")[0][0]
        begin = ("-l", f"{directory}/../log", "-o", f"-p {entry['PORT']} -k {options} -h 127.0.0.1")
        yield entry, lambda: tell("-m", "immediate", "stop"), lambda: tell(*begin, "start")


@pytest.mark.parametrize(
    ("own_server", "policy"),
    [("postgresql", "keep"), ("postgresql", "drop"), ("mariadb", "keep")],
    indirect=["own_server"],
)
def test_a_server_that_dies_and_comes_back_loses_what_is_counted(own_server, halves, policy):
    entry, stop, begin = own_server
    process = start(entry, halves, "outage", 30, PROCTOR_RESULTS_OUTAGE=policy)
    assert process.stdout.readline() == '["before", true]\n'
    stop()
    say(process, "down")
    waiting = process.stdout.readline()
    assert waiting == ('["during", 30]\n' if policy == "keep" else '["during", 0]\n')
    begin()
    say(process, "up")
    (_said, log) = end(process)
    lost = tally(entry, "lost")
    assert lost == (0 if policy == "keep" else 30)
    assert number(entry, "exposure") == 90 - lost
    assert log.count("The database does not accept results") == 1


@pytest.mark.parametrize("own_server", ["postgresql", "mariadb"], indirect=True)
def test_a_server_that_was_started_again_loses_nothing_even_if_outages_do(own_server, halves):
    entry, stop, begin = own_server
    # The thread keeps its connection, which the server no longer knows.
    process = start(
        {**entry, "CONN_MAX_AGE": None}, halves, "outage", 30, PROCTOR_RESULTS_OUTAGE="drop"
    )
    assert process.stdout.readline() == '["before", true]\n'
    say(process, "down")
    assert process.stdout.readline() == '["during", 0]\n'
    stop()
    begin()
    say(process, "up")
    (_said, log) = end(process)
    assert "does not accept results" not in log
    assert number(entry, "exposure") == 90


def test_a_process_that_ends_in_an_outage_says_what_it_lost(halves, tmp_path):
    began = time.monotonic()
    (_said, log) = end(start(sqlite(tmp_path / "empty.sqlite3"), halves, "visits", 0, 3))
    assert "run manage.py migrate" in log
    assert "Results lost at exit: 6" in log
    assert time.monotonic() - began < 60


def say(process, word):
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
