"""Measure the time that recording adds to a request: `python benchmarks/recording.py`.

The same page is requested alternately from two Django stacks: one records with `proctor.results`,
and the other does not have this app. The page reads three of 50 declared tests, from a matrix in
memory. The benchmark prints the median difference over many rounds, in microseconds of CPU time of
the thread that answers, for:

- a visitor who was seen before, as in most requests;
- a new visitor, whose exposures go into the queue;
- a call to `record` with a request.

Meanwhile the recorder's thread writes the rows to a SQLite file. Requests must not make any
queries, which the benchmark checks. The limit is 20 µs for a visitor who was seen before,
because the median request comes from such a visitor if visitors see more than two pages. The limit
applies to a machine that computes the floor of `benchmarks/engine.py` for 100 tests in 61 µs. The
floor is measured here as well, in the same rounds, and scales the limit. The exit code is 1 if a
figure exceeds its limit.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import request as pages
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

from proctor import ProctorTest

if TYPE_CHECKING:
    from collections.abc import Callable

#: The limit in microseconds per request.
WANTED = 20
READ = pages.NAMES[:3]


def read_three(request: Any) -> HttpResponse:
    proc = request.proc
    for name in READ:
        getattr(proc, name).group  # noqa: B018 - the read is what is timed
    return HttpResponse()


def buy(request: Any) -> HttpResponse:
    from proctor.results import record  # noqa: PLC0415 - needs the apps

    record("order", request)
    return HttpResponse()


urlpatterns = [path("three", read_three), path("buy", buy), path("nothing", pages.read_nothing)]


def site(directory: str) -> None:
    place = Path(directory, "matrix.json")
    place.write_text(pages.matrix())
    settings.ROOT_URLCONF = __name__
    settings.INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
    settings.INSTALLED_APPS += ["proctor", "proctor.results"]
    settings.DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(Path(directory, "results.sqlite3")),
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL", "timeout": 20},
        }
    }
    settings.PROCTOR_MATRIX = place
    settings.PROCTOR_TESTS = tuple(ProctorTest(name) for name in pages.NAMES)
    settings.PROCTOR_CONTEXT = {"country": "String"}
    settings.PROCTOR_LAZY = True
    settings.PROCTOR_RESULTS_QUEUE = 1_000_000
    import django  # noqa: PLC0415 - after the settings

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)


def switch(*, on: bool) -> None:
    """Connect or disconnect the receivers of `proctor.results`."""
    from django.core.signals import request_finished  # noqa: PLC0415 - needs the apps

    from proctor.results.recording import receiver  # noqa: PLC0415
    from proctor.signals import exposed  # noqa: PLC0415

    for signal in (exposed, request_finished):
        signal.disconnect(dispatch_uid="proctor_results")
    if on:
        receiver.connect()


def side(url: str, visitors: Callable[[], str], *, on: bool) -> Callable[[], float]:
    """Return a function that makes new requests, and returns their median time in microseconds."""
    get_response = pages.handler(pages.Plain, is_async=False).get_response

    def measure() -> float:
        switch(on=on)
        requests = [pages.wsgi_request(url) for _ in range(pages.REQUESTS)]
        for each in requests:
            each.META["visitor"] = visitors()
        taken = []
        for each in requests:
            begin = time.thread_time()
            get_response(each)
            taken.append(time.thread_time() - begin)
        return statistics.median(taken) * 1e6

    return measure


def numbered(prefix: str, count: int | None) -> Callable[[], str]:
    """Return a function that returns a new visitor on each call, or *count* visitors in turn."""
    given = iter(range(10**9))
    return lambda: f"{prefix}{next(given) if count is None else next(given) % count}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=201, help="number of rounds per figure")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as directory:
        site(directory)
        from django.db import connection  # noqa: PLC0415 - needs the settings

        from proctor.results import flush  # noqa: PLC0415
        from proctor.results.recording.recorder import recorder  # noqa: PLC0415

        queries: list[object] = []

        def count(execute: Any, *rest: Any) -> Any:
            queries.append(rest)
            return execute(*rest)

        pairs = {
            "three tests read, a visitor who was seen before": ("/three", numbered("a", 40)),
            "three tests read, a new visitor": ("/three", numbered("b", None)),
            "record() with a request": ("/buy", numbered("c", None)),
        }
        sides = {
            what: (
                side("/nothing" if url == "/buy" else url, visitors, on=False),
                side(url, visitors, on=True),
            )
            for what, (url, visitors) in pairs.items()
        }
        taken: dict[str, list[float]] = {what: [] for what in sides}
        floors = []
        with connection.execute_wrapper(count):
            for number in range(rounds + 1):
                row = {what: (without(), with_()) for what, (without, with_) in sides.items()}
                if number:  # the first round is a warm-up
                    floors.append(pages.floor())
                    for what, (bare, recorded) in row.items():
                        taken[what].append(recorded - bare)
        flush(60)
        wanted = WANTED * statistics.median(floors) / pages.FLOOR
        print(f"Python {sys.version.split()[0]}, µs per request; {len(queries)} queries")
        missed = bool(queries) or recorder.waiting > 0
        for what, values in taken.items():
            value = statistics.median(values)
            is_wanted = "was seen" in what
            verdict = f"limit {wanted:5.1f}  {'met' if value <= wanted else 'MISSED'}"
            missed |= is_wanted and value > wanted
            print(f"{what:48} {value:7.1f}  {verdict if is_wanted else ''}".rstrip())
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
