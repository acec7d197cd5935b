"""Measure the time that the middleware adds to a request: `python benchmarks/request.py`.

The same page is requested alternately, for a few milliseconds each, from two Django stacks: one
with Proctor's middleware and one without any middleware. The benchmark prints the median of the
differences over many rounds, in microseconds, for 50 declared tests and a matrix in memory; half of
the tests have a rule. For comparison, the same rounds also measure the time that the engine alone
needs for these 50 tests. No receiver is connected to the `exposed` signal. Each request is a new
object from a new visitor.

The limit is 15 µs if the view does not read `request.proc`. If the view reads all groups, the limit
is twice the time that the engine needs, plus 30 µs. These limits apply to a machine that needs
61 µs to do, for 100 tests, the work that no engine in Python can avoid (see `floor`;
`benchmarks/engine.py` measures nearly the same work). This work is measured in the same rounds, and
the limits are scaled accordingly. Times are CPU times of the thread; only the switch to another
thread is measured in wall-clock time, including the wait.

The benchmark exits with 1 if a figure misses its limit.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import hashlib
import io
import itertools
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django
from django.conf import settings

settings.configure()  # the modules below read settings when they are imported

from django.core.handlers.asgi import ASGIRequest  # noqa: E402
from django.core.handlers.base import BaseHandler  # noqa: E402
from django.core.handlers.wsgi import WSGIRequest  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

from proctor import ProctorTest  # noqa: E402
from proctor.core import Matrix, Proctor  # noqa: E402
from proctor.middleware import BaseProctorMiddleware  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

#: The result of `floor`, in microseconds, on the machine for which the limits were set.
FLOOR = 61

#: The number of requests to each stack in one round.
REQUESTS = 40

NAMES = [f"test{number}x" for number in range(50)]
COUNTRIES = ["US", "GB", "CA", "AU", "DE", "FR", "JP", "IN"]

visitors = itertools.count()


def matrix() -> str:
    """Return a matrix of 50 tests with three buckets each; half of the tests have a rule."""
    ranges = [{"bucketValue": value, "length": 1 / 3} for value in (-1, 0, 1)]
    tests = {
        name: {
            "version": "1",
            "salt": f"salt{number}",
            "testType": "USER",
            "rule": "${proctor:contains(COUNTRIES, country)}" if number % 2 else None,
            "constants": {"COUNTRIES": COUNTRIES},
            "buckets": [{"name": f"group{value}", "value": value} for value in (-1, 0, 1)],
            "allocations": [{"id": "#A1", "ranges": ranges}],
        }
        for number, name in enumerate(NAMES)
    }
    audit = {"version": "1", "updated": 1, "updatedBy": "benchmark"}
    return json.dumps({"audit": audit, "tests": tests})


# -- the site -----------------------------------------------------------------------------


class Plain(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": request.META["visitor"]}

    def get_context(self, request):
        return {"country": "US"}


class Awaited(BaseProctorMiddleware):
    async def aget_identifiers(self, request):
        return {"USER": request.META["visitor"]}

    async def aget_context(self, request):
        return {"country": "US"}


def read_all(request):
    proc = request.proc
    for name in NAMES:
        getattr(proc, name).group  # noqa: B018 - the read is what is timed
    return HttpResponse()


def read_nothing(request):
    return HttpResponse()


async def aread_all(request):
    return read_all(request)


async def aread_nothing(request):
    return HttpResponse()


urlpatterns = [
    path("all", read_all),
    path("nothing", read_nothing),
    path("aall", aread_all),
    path("anothing", aread_nothing),
]


def handler(middleware: type | None, *, is_async: bool) -> BaseHandler:
    """Return Django's request handler, with the given middleware or without any."""
    settings.MIDDLEWARE = [f"{__name__}.{middleware.__name__}"] if middleware else []
    made = BaseHandler()
    made.load_middleware(is_async=is_async)
    return made


def wsgi_request(url: str) -> HttpRequest:
    return WSGIRequest(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": url,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.input": io.BytesIO(),
            "wsgi.url_scheme": "http",
            "visitor": f"visitor{next(visitors)}",
        }
    )


def asgi_request(url: str) -> HttpRequest:
    scope = {"type": "http", "method": "GET", "path": url, "headers": [], "query_string": b""}
    request = ASGIRequest(scope, io.BytesIO())
    request.META["visitor"] = f"visitor{next(visitors)}"
    return request


# -- timing -------------------------------------------------------------------------------


def wsgi(middleware: type | None, url: str) -> Callable[[], float]:
    """Return a function that returns the mean time of a request in microseconds."""
    get_response = handler(middleware, is_async=False).get_response

    def measure() -> float:
        requests = [wsgi_request(url) for _ in range(REQUESTS)]
        begin = time.thread_time()
        while requests:  # requests are discarded, as in a server
            get_response(requests.pop())
        return (time.thread_time() - begin) / REQUESTS * 1e6

    return measure


def asgi(
    middleware: type | None, url: str, clock: Callable[[], float] = time.thread_time
) -> Callable[[], Awaitable[float]]:
    get_response = handler(middleware, is_async=True).get_response_async

    async def measure() -> float:
        requests = [asgi_request(url) for _ in range(REQUESTS)]
        begin = clock()
        while requests:
            await get_response(requests.pop())
        return (clock() - begin) / REQUESTS * 1e6

    return measure


def engine() -> Callable[[], float]:
    proctor = Proctor(Matrix.from_json(matrix()), context_types={"country": "String"})

    def measure() -> float:
        identifiers = [{"USER": f"visitor{next(visitors)}"} for _ in range(REQUESTS)]
        begin = time.thread_time()
        for each in identifiers:
            proctor.determine_groups(identifiers=each, context={"country": "US"})
        return (time.thread_time() - begin) / REQUESTS * 1e6

    return measure


def floor() -> float:
    """Measure the work that no engine can avoid. Return the time for 100 tests, in µs."""
    prefixes = [f"test{number}|salt{number}".encode() for number in range(100)]
    cutoffs = [-715827883, 715827882]
    begin = time.thread_time()
    for _ in range(4):
        for prefix in prefixes:
            digest = hashlib.md5(prefix + b"visitor").digest()
            bisect.bisect_left(cutoffs, int.from_bytes(digest[12:], "big", signed=True))
    return (time.thread_time() - begin) / 4 * 1e6


async def medians(rounds: int, *sides: Callable[[], Any]) -> list[float]:
    """Return the median result of each function.

    For all functions but the first, a result is the difference from the first function's result in
    the same round.
    """
    taken = []
    for number in range(rounds + 1):
        row = [each() for each in sides]
        row = [await each if asyncio.iscoroutine(each) else each for each in row]
        if number:  # the first round is a warm-up
            taken.append([row[0], *(each - row[0] for each in row[1:])])
    return [statistics.median(column) for column in zip(*taken, strict=True)]


# -- figures ------------------------------------------------------------------------------

Figure = tuple[str, float, "float | None"]


def under_wsgi(rounds: int) -> Iterator[Figure]:
    sides = [
        wsgi(None, "/nothing"),
        wsgi(Plain, "/nothing"),
        wsgi(Plain, "/all"),
        engine(),
        floor,
    ]
    bare, unused, read, alone, base = asyncio.run(medians(rounds, *sides))
    alone, pace = alone + bare, (base + bare) / FLOOR
    yield "the floor of 100 tests", base + bare, None
    yield "WSGI, a bare request", bare, None
    yield "the engine alone, 50 tests", alone, None
    yield "WSGI, no test read: time added", unused, 15 * pace
    yield "WSGI, all 50 tests read: time added", read, 2 * alone + 30 * pace


def under_asgi(rounds: int) -> Iterator[Figure]:
    sides = [
        asgi(None, "/anothing"),
        asgi(Awaited, "/anothing"),
        asgi(Awaited, "/aall"),
        engine(),
        floor,
    ]
    bare, unused, read, alone, base = asyncio.run(medians(rounds, *sides))
    alone, pace = alone + bare, (base + bare) / FLOOR
    yield "the floor of 100 tests", base + bare, None
    yield "ASGI, a bare request", bare, None
    yield "the engine alone, 50 tests", alone, None
    yield "ASGI, coroutine hooks, no test read: time added", unused, 15 * pace
    yield "ASGI, coroutine hooks, all 50 tests read: time added", read, 2 * alone + 30 * pace
    clock = time.perf_counter
    sides = [asgi(None, "/anothing", clock), asgi(Plain, "/anothing", clock)]
    yield (
        "ASGI, plain hooks, no test read: wall time added",
        asyncio.run(medians(rounds, *sides))[1],
        None,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=201, help="number of rounds per figure")
    rounds = parser.parse_args().rounds
    missed = 0
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory, "matrix.json")
        place.write_text(matrix())
        settings.ROOT_URLCONF = __name__
        settings.PROCTOR_MATRIX = place
        settings.PROCTOR_TESTS = tuple(
            ProctorTest(name, groups={"group-1": -1, "group0": 0, "group1": 1}, default="group-1")
            for name in NAMES
        )
        settings.PROCTOR_CONTEXT = {"country": "String"}
        settings.PROCTOR_LAZY = True
        django.setup()
        print(f"Django {django.get_version()}, Python {sys.version.split()[0]}, µs per request")
        for figures in (under_wsgi(rounds), under_asgi(rounds)):
            for what, value, wanted in figures:
                verdict = ""
                if wanted is not None:
                    verdict = f"limit {wanted:5.1f}  {'met' if value <= wanted else 'MISSED'}"
                    missed += value > wanted
                print(f"{what:52} {value:7.1f}  {verdict}".rstrip())
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
