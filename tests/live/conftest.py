"""Servers that are started for the tests, each on a free port and gone with them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time

import pytest

from proctor import ProctorTest
from tests.live.pipet import free_port, serving
from tests.web.conftest import pytest_pyfunc_call  # noqa: F401 - runs coroutine functions


def _started(program: str, *arguments: str):
    """A server that answers on its port; skips where the program is not installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    port = free_port()
    process = subprocess.Popen(
        [found, *(argument.format(port=port) for argument in arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ends = time.monotonic() + 10
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
    process.wait(10)


@pytest.fixture(scope="session")
def redis_server():
    """The address of a Redis that keeps nothing on disk."""
    pytest.importorskip("redis")
    arguments = ("--port", "{port}", "--save", "", "--appendonly", "no", "--bind", "127.0.0.1")
    process, port = _started("redis-server", *arguments)
    yield f"redis://127.0.0.1:{port}"
    _ended(process)


@pytest.fixture(scope="session")
def memcached_server():
    """The address of a Memcached."""
    pytest.importorskip("pymemcache")
    process, port = _started("memcached", "-p", "{port}", "-l", "127.0.0.1", "-u", "nobody")
    yield f"127.0.0.1:{port}"
    _ended(process)


LOCMEM = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


def shared_cache(name: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """An entry of CACHES for a cache that processes share."""
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
def site(pipet, settings):
    """A site whose groups come from the Pipet, with all the time that tests may need."""
    settings.PROCTOR_API_ROOT = pipet.root
    settings.PROCTOR_MATRIX = None
    settings.PROCTOR_TIMEOUT = 10.0
    settings.PROCTOR_TESTS = (
        ProctorTest("buttoncolortst", groups=("control", "blue", "green"), default="control"),
        "headlinetst",
    )
    settings.ROOT_URLCONF = "tests.live.pages"
    settings.MIDDLEWARE = ["tests.live.pages.ByHeader"]
    return settings
