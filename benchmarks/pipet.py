"""Measure the cost of groups from a Pipet: `python benchmarks/pipet.py`.

The Pipet is another process on the loopback interface that answers for 50 tests, a third of which
have a payload. Three things are measured; figures that are compared with each other are timed
alternately in one run:

- an answer through `PipetSource`, compared with a bare `requests.Session().get` of the same URL;
- a visitor's groups from the cache, compared with a bare `cache.get` of the same entry, in LocMem
  and in a Redis server that the benchmark starts (skipped if Redis is not installed);
- the time that a request to a site has to wait during an outage: the first request, and the median
  of 200 more, for a Pipet that refuses connections, hangs, or sends its headers or its body one
  byte at a time.

Exits with 1 if a figure misses its limit.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from django.conf import settings

BUDGET = 0.25
NAMES = [f"test{number}x" for number in range(50)]

settings.configure(
    SECRET_KEY="benchmark",
    PROCTOR_TESTS=tuple(NAMES),
    PROCTOR_TIMEOUT=BUDGET,
    PROCTOR_LAZY=True,
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
)

import django  # noqa: E402

django.setup()

import requests  # noqa: E402
from django.core.cache import caches  # noqa: E402
from django.core.handlers.base import BaseHandler  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import RequestFactory, override_settings  # noqa: E402
from django.urls import path  # noqa: E402

from proctor.core import GroupsRequest, PipetSource  # noqa: E402
from proctor.middleware import BaseProctorMiddleware  # noqa: E402
from proctor.resolving.ask_source import ask  # noqa: E402
from proctor.resolving.site_setup import current_setup  # noqa: E402
from tests.live import pipet as live  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VISITOR = GroupsRequest(
    identifiers={"USER": "pa5xq0lz4n80", "acctid": 5083},
    context={"country": "US", "loggedIn": True},
    tests=tuple(NAMES),
)


# -- the Pipet's process ----------------------------------------------------------------------


def serve(connection: Any) -> None:
    """Run a Pipet. Each message names the fault that it simulates from then on; "" means none."""
    with live.serving() as pipet:
        pipet.publish("1", 1000, **dict.fromkeys(NAMES, ("blue", 1)))
        for name in NAMES[::3]:
            pipet.groups[name]["payload"] = {"stringValue": "Sign up, it is free"}
        connection.send(pipet.root)
        while (fault := connection.recv()) is not None:
            pipet.fault = live.FAULTS.get(fault)
            connection.send(True)


class Server:
    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        self.root: str = self._connection.recv()

    def behave(self, fault: str) -> None:
        self._connection.send(fault)
        self._connection.recv()

    def end(self) -> None:
        self._connection.send(None)
        self._process.join(10)


# -- the site ---------------------------------------------------------------------------------


class Plain(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": request.META["HTTP_X_USER"]}


def page(request):
    return HttpResponse(str(request.proc.test0x.group))


urlpatterns = [path("", page)]


# -- timing -----------------------------------------------------------------------------------


def paired(rounds: int, *sides: Callable[[], object]) -> list[float]:
    """Call the functions alternately, and return the median time of each in seconds."""
    taken: list[list[float]] = [[] for _ in sides]
    for number in range(rounds + rounds // 10):
        for side, times in zip(sides, taken, strict=True):
            began = time.perf_counter()
            side()
            if number >= rounds // 10:  # the first rounds are a warm-up
                times.append(time.perf_counter() - began)
    return [statistics.median(times) for times in taken]


Figure = tuple[str, float, str, float]


def calls(server: Server, rounds: int) -> Iterator[Figure]:
    with PipetSource(server.root, timeout=10) as source, requests.Session() as session:
        url = source.url(VISITOR) or ""
        bare, ours = paired(
            rounds, lambda: session.get(url), lambda: source.determine_groups(VISITOR)
        )
    print(f"{'a bare requests.Session().get':58} {bare * 1e6:8.0f} µs")
    print(f"{'an answer through PipetSource':58} {ours * 1e6:8.0f} µs")
    yield "PipetSource relative to a bare get", ours / bare, "times", 1.25


def hits(server: Server, rounds: int, name: str, entry: dict[str, str]) -> Iterator[Figure]:
    with override_settings(
        PROCTOR_API_ROOT=server.root,
        PROCTOR_CACHE_METHOD="cache",
        PROCTOR_TIMEOUT=10.0,
        CACHES={"default": entry},
    ):
        setup = current_setup()
        ask(setup, VISITOR, None)
        kept = setup.cache
        recalled = kept.recall(VISITOR, None)
        assert recalled.groups is not None
        cache = caches["default"]
        bare, ours = paired(
            rounds,
            lambda: cache.get(recalled.key),
            lambda: ask(setup, VISITOR, None),
        )
    print(f"{f'a bare cache.get of the entry, {name}':58} {bare * 1e6:8.0f} µs")
    print(f"{f'the groups from the cache, {name}':58} {ours * 1e6:8.0f} µs")
    yield f"a cache hit relative to a bare cache.get, {name}", ours / bare, "times", 1.5


def outages(server: Server) -> Iterator[Figure]:
    refusing = f"http://127.0.0.1:{live.free_port()}"
    for fault, root in (
        ("refuses", refusing),
        ("hangs", server.root),
        ("drips its headers", server.root),
        ("drips its body", server.root),
    ):
        server.behave(fault)
        with override_settings(
            PROCTOR_API_ROOT=root, PROCTOR_TESTS=(*NAMES, f"of{fault.replace(' ', '')}x")
        ):
            with_proc, without = stack(Plain), stack(None)
            first = timed(with_proc)
            pairs = [(timed(with_proc), timed(without)) for _ in range(200)]
            current_setup().source.close()
        wanted = BUDGET + 0.05
        yield f"a Pipet that {fault}: the first request", first * 1000, "ms", wanted * 1000
        added = statistics.median(ours - bare for ours, bare in pairs)
        yield f"a Pipet that {fault}: added to 200 more (median)", added * 1000, "ms", 1.0
    server.behave("")


def stack(middleware: type | None) -> Callable[[Any], Any]:
    settings.MIDDLEWARE = [f"{__name__}.{middleware.__name__}"] if middleware else []
    handler = BaseHandler()
    handler.load_middleware()

    def get_response(request: Any) -> Any:
        if middleware is None:
            request.proc = NOBODY
        return handler.get_response(request)

    return get_response


class Nobody:
    class test0x:  # noqa: N801 - a test's name
        group = None


NOBODY = Nobody()


def timed(get_response: Callable[[Any], Any]) -> float:
    request = RequestFactory().get("/", headers={"x-user": "someone"})
    began = time.perf_counter()
    get_response(request)
    return time.perf_counter() - began


# -- Redis ------------------------------------------------------------------------------------


def redis_entry(port: int) -> dict[str, str]:
    location = f"redis://127.0.0.1:{port}"
    return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": location}


def start_redis() -> tuple[subprocess.Popen[bytes], int] | None:
    found = shutil.which("redis-server")
    try:
        import redis  # noqa: PLC0415 - it may not be installed
    except ImportError:
        redis = None
    if found is None or redis is None:
        return None
    port = live.free_port()
    process = subprocess.Popen(
        [found, "--port", str(port), "--save", "", "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
    )
    live.wait_until(lambda: _answers(port))
    return process, port


def _answers(port: int) -> bool:
    try:
        live.socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1000, help="number of rounds per figure")
    rounds = parser.parse_args().rounds
    server = Server()
    started = start_redis()
    print(f"Django {django.get_version()}, Python {sys.version.split()[0]}, 50 tests")
    figures = [*calls(server, rounds)]
    locmem = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    figures += hits(server, rounds, "LocMem", locmem)
    if started is None:
        print("Redis is not installed, so its figures are skipped")
    else:
        process, port = started
        figures += hits(server, rounds, "Redis", redis_entry(port))
        process.terminate()
        process.wait()
    figures += outages(server)
    server.end()
    missed = 0
    for what, value, unit, wanted in figures:
        verdict = "met" if value <= wanted else "MISSED"
        missed += value > wanted
        print(f"{what:58} {value:8.2f} {unit:5} limit {wanted:6.2f}  {verdict}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
