"""Measure the editor with 10,000 tests and 50,000 revisions: `python benchmarks/editor.py`.

Each database is created, filled and queried in a separate process: a SQLite file, and a PostgreSQL
server that is started for this run with its default settings. The figures are:

- each page: queries, milliseconds on the server (without a network), and how many more queries it
  makes than with 100 tests;
- the first request of a new process for the list, Stop and other pages: seconds, and the MiB by
  which the process grows;
- the Edit page's `POST check/`, and the API's `POST check/` with a token, for a test that another
  one depends on;
- saving an edit, as a multiple of a plain SQL INSERT of one revision in a separate transaction;
- the refresh of a process after one change, as a share of its first load, which reads, checks and
  compiles the whole matrix;
- a poll by a process that reads the matrix, when nothing new was published, as a multiple of a
  plain SELECT of one row by its primary key, both on a connection that is already open.

The two sides of a ratio are timed in turn, and medians are shown. Times are wall-clock times, so
figures may miss their limits on a busy machine; the load average and CPU times are shown as well.
One application is registered, which declares 100 of the tests. Exits with 1 if a figure misses its
limit. The PostgreSQL part needs psycopg and PostgreSQL's programs.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from editor_site import FEW, TESTS, boss, document, fill, name_of, register_application

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The name of the figure, its value, its unit, and its limit.
Figure = tuple[str, float, str, float]

#: For each page: its name, its URL below the editor's, and its limits for queries and milliseconds.
#: The limits were set for the list and for the page of a test, and apply to the other pages as
#: well.
PAGES = (
    ("the list page", "", 12, 150),
    ("the list, one state", "?state=decided", 12, 150),
    ("the list, newest first", "?sort=updated&page=7", 12, 150),
    ("the list, by state", "?sort=state", 12, 150),
    ("the list, a search", "?q=colour+test77", 12, 150),
    ("the page of a test", "tests/test0x/", 15, 150),
    ("Edit", "tests/test0x/edit/", 15, 150),
    ("Compare", "tests/test0x/compare/", 15, 150),
    ("Promote", "promote/", 15, 150),
    ("Promote one test", "promote/?test=test0x", 15, 150),
    ("Stop", "stop/", 15, 150),
    ("Finish", "tests/test0x/finish/?branch=production", 15, 150),
    ("Matrix", "matrix/", 15, 150),
    ("Applications", "applications/", 15, 150),
    ("an application", "applications/shop/production/", 15, 150),
    ("Review", "review/", 15, 150),
    ("Schedules", "schedule/", 15, 150),
    ("the API's list", "api/tests/?page_size=50", 15, 150),
    ("the API's list, a search", "api/tests/?page_size=50&q=test77", 15, 150),
    ("the API's history", "api/tests/test0x/history/", 15, 150),
)
#: For each page: its name, its URL, and the limit in seconds for the first request to a new
#: process.
FIRST = (
    ("the list page", "", 2),
    ("the list, a search", "?q=colour", 2),
    ("the page of a test", "tests/test0x/", 2),
    ("Promote", "promote/", 2),
    ("Stop", "stop/", 2),
    ("Matrix", "matrix/", 5),
    ("Applications", "applications/", 2),
)


def median(function: Callable[[], object], rounds: int) -> float:
    """Return the median number of seconds that *function* takes."""
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        function()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def timed(function: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the median seconds and the mean CPU seconds that *function* takes."""
    begin = time.process_time()
    taken = median(function, rounds)
    return taken, (time.process_time() - begin) / rounds


def ratio(subject: Callable[[], object], base: Callable[[], object], rounds: int) -> float:
    """Return the time of *subject* divided by the time of *base*: the median of many rounds."""
    return statistics.median(median(subject, 1) / median(base, 1) for _ in range(rounds))


# -- figures ------------------------------------------------------------------------------


def signed_in() -> Callable[[str], Any]:
    """Return a function that gets a page of the editor as a superuser."""
    from django.test import Client  # noqa: PLC0415

    client = Client(SERVER_NAME="localhost")
    client.force_login(boss())

    def get(address: str) -> Any:
        response = client.get(f"/proctor/{address}")
        assert response.status_code == 200, (address, response.status_code)
        return response

    return get


def queries_of(ask: Callable[[], object]) -> int:
    """Return how many queries *ask* makes when it is called for the second time."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    ask()
    with CaptureQueriesContext(connection) as asked:
        ask()
    return len(asked)


#: The number of queries of each page while there are few tests.
few: dict[str, int] = {}


def count_queries() -> None:
    """Count the queries of each page while there are few tests."""
    get = signed_in()
    few.update({what: queries_of(lambda page=page: get(page)) for what, page, _, _ in PAGES})


def pages(rounds: int) -> Iterator[Figure]:
    """Measure each page: its queries, how many more it makes than with few tests, and its time."""
    get = signed_in()
    for what, page, queries, milliseconds in PAGES:
        ask = functools.partial(get, page)
        found = queries_of(ask)
        yield f"a) {what}: queries", found, "", queries
        yield f"   more queries than with {FEW} tests", found - few[what], "", 0
        taken, cpu = (each * 1000 for each in timed(ask, rounds))
        yield f"   time on the server ({cpu:.0f} ms of CPU)", taken, " ms", milliseconds
    taken = median(lambda: get("matrix/?download=1"), 3)
    print(f"   (no limit: downloading a matrix takes {taken:.1f} s)")


def first_requests(rounds: int) -> Iterator[Figure]:
    """Measure the first request of a new process, several times because the time varies."""
    for what, page, wanted in FIRST:
        shown = [again("--first", page) for _ in range(max(1, rounds // 10))]
        seconds, cpu, *mib = (statistics.median(each) for each in zip(*shown, strict=True))
        yield f"b) the first request for {what} ({cpu:.2f} s of CPU)", seconds, " s", wanted
        print(f"   (the process grows from {mib[0]:.0f} to {mib[1]:.0f} MiB)")


def again(*arguments: str) -> list[float]:
    """Run this file in a new process on the same database; return the numbers that it prints."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(each) for each in done.stdout.split()]


def first_request(page: str) -> None:
    """Print the seconds and CPU seconds that *page* takes, and the MiB in use before and after."""
    import django  # noqa: PLC0415 - in this process only

    django.setup()
    get = signed_in()
    get("tokens/")  # loads the URLs and the base template, and connects to the database
    before = resident()
    print(*timed(lambda: get(page), 1), before, resident())


def resident() -> float:
    """Return the resident memory of this process, in MiB, as reported by Linux."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def checks(rounds: int) -> Iterator[Figure]:
    """Measure the check that the Edit page requests while someone types, and the API's check."""
    from django.test import Client  # noqa: PLC0415

    from proctor.editor.publishing.heads import head_of  # noqa: PLC0415
    from tests.editor.api_client import api_of  # noqa: PLC0415

    client = Client(SERVER_NAME="localhost")
    client.force_login(boss())
    base, other = head_of(name_of(0), "trunk").id, document(0, description="other")
    form = {"test": name_of(0), "base": base, "mode": "json", "json": json.dumps(other)}
    panel = functools.partial(client.post, "/proctor/check/", form)
    response = panel()
    assert response.status_code == 200
    assert b"pe-problem" not in response.content
    yield "c) the Edit page's check", median(panel, rounds) * 1000, " ms", 100
    send = api_of(boss())
    body = {"branch": "trunk", "test": name_of(0), "base": base, "definition": other}
    assert not send.post("check/", body).json()["problems"]
    taken = median(lambda: send.post("check/", body), rounds)
    yield "   the API's check", taken * 1000, " ms", 100


def saving(rounds: int) -> Iterator[Figure]:
    """Measure an edit on the first branch, relative to the INSERT that no editor can avoid."""
    from django.db import connection, transaction  # noqa: PLC0415

    from proctor.editor.access.permissions import person  # noqa: PLC0415
    from proctor.editor.changes import services  # noqa: PLC0415
    from proctor.editor.models import Revision  # noqa: PLC0415
    from proctor.editor.publishing.heads import head_of  # noqa: PLC0415
    from proctor.editor.revision_ids import new_revision_id  # noqa: PLC0415

    actor, number, test = person(boss()), iter(range(10**6)), name_of(1)
    columns = [field.column for field in Revision._meta.concrete_fields]  # noqa: SLF001
    table, names = Revision._meta.db_table, ", ".join(columns)  # noqa: SLF001 - documented
    marks = ", ".join(["%s"] * len(columns))
    row = list(Revision.objects.filter(test=name_of(2)).values_list(*columns)[0])

    base = head_of(test, "trunk").id

    def save() -> None:
        nonlocal base
        text = json.dumps(document(1, description=f"edit {next(number)}"))
        base = services.edit(actor, test, text, base=base, message="benchmark").revision.id

    def insert() -> None:
        row[columns.index("id")] = new_revision_id()
        row[columns.index("version")] = 10**6 + next(number)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)

    save()
    insert()
    yield "d) saving an edit, relative to a plain INSERT", ratio(save, insert, rounds), "x", 20
    taken = median(save, rounds), median(insert, rounds)
    print(f"   (saving takes {taken[0] * 1000:.1f} ms, a plain INSERT {taken[1] * 1000:.2f} ms)")


def reading(rounds: int) -> Iterator[Figure]:
    """Measure a process that evaluates the last branch: its first load, a refresh, and a poll."""
    from django.db import connection  # noqa: PLC0415

    from proctor.core.evaluation.engine import Proctor  # noqa: PLC0415
    from proctor.editor.access.permissions import command  # noqa: PLC0415
    from proctor.editor.changes import services  # noqa: PLC0415
    from proctor.editor.models import Branch  # noqa: PLC0415
    from proctor.editor.publishing.heads import head_of  # noqa: PLC0415
    from proctor.editor.serving.branch_matrix import read_matrix  # noqa: PLC0415

    types = {"country": "String"}
    branch, test = "production", name_of(2)

    def load() -> tuple[Any, Proctor]:
        found = read_matrix(branch)
        assert found is not None
        return found, Proctor(found.matrix, types)

    current = load()
    assert len(current[1].loaded) == TESTS, current[1].problems[:3]

    def refresh() -> None:
        nonlocal current
        found = read_matrix(branch, current[0])
        assert found is not None
        current = found, current[1].with_matrix(found.matrix)

    shares = []
    for count in range(max(3, rounds // 10)):
        values = {1: 0.1 + count / 1000}
        base = head_of(test, branch).id
        services.ramp(command(), test, branch, 0, values, base=base)
        shares.append(median(refresh, 1) / median(load, 1))
    yield "e) a refresh relative to a first load", statistics.median(shares), "x", 0.2
    print(f"   (a first load takes {median(load, 1):.2f} s)")
    pk = Branch.objects.get(name=branch).pk
    table = Branch._meta.db_table  # noqa: SLF001 - documented

    def select() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT version, latest FROM {table} WHERE id = %s", [pk])
            cursor.fetchone()

    def poll() -> None:
        assert read_matrix(branch, current[0]) is None

    many = [lambda each=each: [each() for _ in range(20)] for each in (poll, select)]
    yield "f) a reader's poll, relative to a plain SELECT", ratio(many[0], many[1], rounds), "x", 2
    print(f"   (a plain SELECT takes {median(many[1], rounds) / 20 * 1e6:.0f} µs)")


# -- databases ----------------------------------------------------------------------------


def measure(rounds: int) -> int:
    """Fill the database, print its figures, and return how many of them miss their limits."""
    import django  # noqa: PLC0415 - in this process only

    django.setup()
    fill(range(FEW))
    register_application()
    count_queries()
    fill(range(FEW, TESTS))
    missed = 0
    for figures in (pages, first_requests, checks, saving, reading):
        for what, value, unit, wanted in figures(rounds):
            verdict = "met" if value <= wanted else "MISSED"
            missed += value > wanted
            print(f"{what:62} {value:8.2f}{unit:3}  limit {wanted:g}  {verdict}", flush=True)
    print(f"   (load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
    return missed


@contextlib.contextmanager
def sqlite() -> Iterator[dict[str, Any]]:
    """Yield the documented SQLite settings, with which readers do not wait for writers."""
    directory = tempfile.mkdtemp()
    yield {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(Path(directory) / "editor.sqlite3"),
        "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL", "timeout": 20},
    }
    shutil.rmtree(directory)


def main() -> int:
    """Run all benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=31, help="number of rounds per figure")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="use only this database")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--first", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.first is not None:
        first_request(options.first)
        return 0
    if options.here:
        return 1 if measure(options.rounds) else 0
    from tests.editor.databases import environment, migrate, postgresql_server  # noqa: PLC0415

    # The tests pass flags that switch off fsync, but this would speed up a plain INSERT more than
    # an edit.
    usual_postgresql = functools.partial(postgresql_server, flags="")

    status = 0
    for name, server in (("sqlite", sqlite), ("postgresql", usual_postgresql)):
        if options.only in (None, name):
            print(f"\n{name}, {TESTS} tests:", flush=True)
            with server() as entry:
                migrate(entry)
                here = [sys.executable, __file__, "--here", "--rounds", str(options.rounds)]
                variables = {**environment(entry), "PYTHONPATH": str(ROOT)}
                status |= subprocess.run(here, env=variables, check=False).returncode
    return status


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.editor.settings")
    sys.exit(main())
