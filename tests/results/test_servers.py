"""Recording on real servers: gunicorn with two workers, and uvicorn."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

import pytest

from tests.live.pipet import free_port
from tests.live.serving import running
from tests.results.databases import environment, number

# What these servers do to threads and connections does not depend on the database, so two suffice.
pytestmark = pytest.mark.parametrize("tables", ["sqlite", "postgresql"], indirect=True)


def get(root, path, visitor):
    request = Request(f"{root}{path}", headers={"Cookie": f"who={visitor}"})
    with urlopen(request, timeout=60) as response:
        return response.read().decode()


def visit(root, paths, visitors):
    """Let visitors open each page twice, several at a time."""
    asked = [(path, f"v{each}") for _ in range(2) for each in range(visitors) for path in paths]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: get(root, *pair), asked))


def served(command, port, entry, halves, tmp_path, **settings):
    own = {
        name: value
        for name, value in environment(entry, halves, **settings).items()
        if name.startswith(("RESULTS_", "DJANGO_"))
    }
    return running(
        [sys.executable, "-W", "ignore", "-m", *command], port, "/", tmp_path / "log", **own
    )


@pytest.mark.parametrize("options", [["--threads", "4"], ["--preload"]], ids=" ".join)
def test_two_workers_of_gunicorn_write_one_row_for_each_visitor(
    postgresql_tables, tables, halves, tmp_path, options
):
    pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    port = free_port()
    command = ["gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", *options]
    command += ["tests.results.site:wsgi"]
    with served(command, port, tables, halves, tmp_path) as server:
        visit(server.root, ["/", "/buy"], 60)
    assert number(tables, "exposure") == 60
    assert number(tables, "outcome") == 120


def test_uvicorn_writes_what_coroutines_note(tables, halves, tmp_path):
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    port = free_port()
    command = ["uvicorn", "--port", str(port), "tests.results.site:asgi"]
    with served(command, port, tables, halves, tmp_path) as server:
        visit(server.root, ["/apage", "/abuy"], 60)
    assert number(tables, "exposure") == 60
    assert number(tables, "outcome") == 120


def test_a_worker_without_threads_writes_at_the_end_of_each_request(tables, halves, tmp_path):
    pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    port = free_port()
    command = ["gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "tests.results.site:wsgi"]
    with served(command, port, tables, halves, tmp_path, PROCTOR_RESULTS_THREAD=False) as server:
        visit(server.root, ["/", "/buy"], 20)
        # The last rows are written just after their responses.
        ends = time.monotonic() + 30
        while number(tables, "outcome") < 40 and time.monotonic() < ends:
            time.sleep(0.05)
        assert (number(tables, "exposure"), number(tables, "outcome")) == (20, 40)
