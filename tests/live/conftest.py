"""Servers that are started for the tests, each on a free port, and stopped afterwards."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from functools import partial

import pytest

from proctor import ProctorTest
from proctor.core.sources import pipet_source
from proctor.resolving import site_setup
from proctor.resolving.answer_cache import AnswerCache
from tests.clocks import Clock
from tests.live.calls import NotedSessions
from tests.live.pipet import free_port, serving


def _started(program: str, *arguments: str):
    """Yield a server that answers on its port; skip the test if the program is not installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    port = free_port()
    process = subprocess.Popen(
        [found, *(argument.format(port=port) for argument in arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ends = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, f"{program} ended at once"
            assert time.monotonic() < ends, f"{program} does not listen"
            time.sleep(0.02)
        else:
            return process, port


def _ended(process):
    process.terminate()
    process.wait(60)


@pytest.fixture(scope="session")
def redis_server():
    """Return the address of a Redis server that stores nothing on disk."""
    pytest.importorskip("redis")
    arguments = ("--port", "{port}", "--save", "", "--appendonly", "no", "--bind", "127.0.0.1")
    process, port = _started("redis-server", *arguments)
    yield f"redis://127.0.0.1:{port}"
    _ended(process)


@pytest.fixture(scope="session")
def memcached_server():
    """Return the address of a Memcached server."""
    pytest.importorskip("pymemcache")
    process, port = _started("memcached", "-p", "{port}", "-l", "127.0.0.1", "-u", "nobody")
    yield f"127.0.0.1:{port}"
    _ended(process)


LOCMEM = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


def shared_cache(name: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """Return an entry of CACHES for a cache that processes share."""
    if name == "redis":
        location = request.getfixturevalue("redis_server")
        return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": location}
    location = request.getfixturevalue("memcached_server")
    return {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        "LOCATION": location,
    }


@pytest.fixture
def pipet():
    with serving() as pipet:
        pipet.publish("1", 1000, buttoncolortst=("blue", 1), headlinetst=("warm", 0))
        yield pipet


@pytest.fixture
def clock():
    """Return the clock of the source of `site`, and of the cache of its answers."""
    return Clock()


@pytest.fixture
def calls():
    """Return the URLs that the sources of `site` have called."""
    return []


@pytest.fixture
def site(pipet, settings, monkeypatch, clock, calls):
    """Return a site whose groups come from the Pipet, with timeouts long enough for tests."""
    source = partial(pipet_source.PipetSource, clock=clock, sessions=partial(NotedSessions, calls))
    monkeypatch.setattr(pipet_source, "PipetSource", source)
    cache = partial(AnswerCache, clock=clock, time_of_day=clock)
    monkeypatch.setattr(site_setup, "AnswerCache", cache)
    settings.PROCTOR_API_ROOT = pipet.root
    settings.PROCTOR_MATRIX = None
    settings.PROCTOR_TIMEOUT = 30.0
    settings.PROCTOR_TESTS = (
        ProctorTest("buttoncolortst", groups=("control", "blue", "green"), default="control"),
        "headlinetst",
    )
    settings.ROOT_URLCONF = "tests.live.pages"
    settings.MIDDLEWARE = ["tests.live.pages.ByHeader"]
    return settings
