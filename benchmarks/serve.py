"""Measure how fast the Pipet API is served: `python benchmarks/serve.py`.

wrk sends requests to each of the following in turn, over 16 connections, in several rounds of one
run. All of them use uvicorn with the same number of workers, on the same machine as wrk:

- `python -m proctor serve` for 50 tests, and for 100;
- the same API in a Django site, `include("proctor.pipet.urls")`, under ASGI;
- a Django view that returns a constant body of the same size, as a function and as a coroutine.

The benchmark prints requests per second, the median and the 99th percentile of the latency, and the
memory of the server's processes (the private memory of each, and its part of the shared memory).
Half of the tests have a rule. Needs wrk; exits with 1 if a figure misses its limit.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.live.pipet import free_port
from tests.live.serving import Process, proctor_serve, running

if TYPE_CHECKING:
    from collections.abc import Iterator

QUERY = "/groups/identify?id.USER=pa5xq0lz4n80&ctx.country=US"
COUNTRIES = ["US", "GB", "CA", "AU", "DE", "FR", "JP", "IN"]
CONFIG = {
    "context": {"country": {"source": "QUERY", "type": "String", "defaultValue": ""}},
    "identifiers": {"USER": {"source": "QUERY"}},
}

#: Figures for Java's Pipet with 100 tests: requests per second, and memory in MB.
JAVA, JAVA_MEMORY = 1250, 290

SITE = """
from django.conf import settings
settings.configure(
    SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, DEBUG=False,
    PROCTOR_MATRIX={matrix!r}, PROCTOR_PIPET_CONFIG={config!r},
)
import django
django.setup()
from django.core.asgi import get_asgi_application
from django.http import HttpResponse
from django.urls import include, path
BODY = b"x" * {size}
def constant(request):
    return HttpResponse(BODY, content_type="application/json;charset=UTF-8")
async def aconstant(request):
    return constant(request)
urlpatterns = [
    path("pipet/", include("proctor.pipet.urls")),
    path("constant", constant),
    path("aconstant", aconstant),
]
application = get_asgi_application()
"""


def matrix(tests: int) -> str:
    """Return tests with three buckets and payloads; half of them run only in some countries."""
    ranges = [{"bucketValue": value, "length": 1 / 3} for value in (-1, 0, 1)]
    definitions = {
        f"test{number}x": {
            "version": "1",
            "salt": f"salt{number}",
            "testType": "USER",
            "rule": "${proctor:contains(COUNTRIES, country)}" if number % 2 else None,
            "constants": {"COUNTRIES": COUNTRIES},
            "buckets": [
                {"name": f"group{value}", "value": value, "payload": {"stringValue": "some text"}}
                for value in (-1, 0, 1)
            ],
            "allocations": [{"id": "#A1", "ranges": ranges}],
        }
        for number in range(tests)
    }
    audit = {"version": "1", "updated": 1, "updatedBy": "benchmark"}
    return json.dumps({"audit": audit, "tests": definitions})


@dataclass
class Target:
    name: str
    url: str
    server: Process
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def measure(self, seconds: int) -> None:
        command = ["wrk", "-t1", "-c16", f"-d{seconds}", "--latency", self.url]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        bad = re.search(r"Non-2xx.*", said)
        assert bad is None, f"{self.name}: {bad}"
        self.rates.append(float(_found(r"Requests/sec:\s+([\d.]+)", said)))
        self.p50.append(_milliseconds(_found(r"\n +50% +(\S+)", said)))
        self.p99.append(_milliseconds(_found(r"\n +99% +(\S+)", said)))

    @property
    def memory(self) -> float:
        """The memory that all processes of the server use together, in MB."""
        return sum(_memory(pid) for pid in _family(self.server.process.pid))


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\D+)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        children = ""
        with contextlib.suppress(OSError):  # a thread may have ended in the meantime
            children = (task / "children").read_text()
        for child in children.split():
            yield from _family(int(child))


def _memory(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(_found(r"Pss:\s+(\d+)", text)) / 1024


def body_size(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as response:
        return len(response.read())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds per target")
    parser.add_argument("--seconds", type=int, default=3, help="seconds per round")
    parser.add_argument("--workers", type=int, default=1, help="worker processes per server")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is not installed")
        return 1
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        config = folder / "config.json"
        config.write_text(json.dumps(CONFIG))
        targets = list(start(folder, config, options.workers, stack))
        for number in range(options.rounds + 1):
            for target in targets:
                target.measure(1 if number == 0 else options.seconds)
        return report(targets)


def start(
    folder: Path, config: Path, workers: int, stack: contextlib.ExitStack
) -> Iterator[Target]:
    size = 0
    for tests in (50, 100):
        place = folder / f"matrix{tests}.json"
        place.write_text(matrix(tests))
        arguments = ["--config", str(config), "--workers", str(workers), "--no-access-log"]
        server = stack.enter_context(proctor_serve(folder / f"log{tests}", place, *arguments))
        url = f"{server.root}{QUERY}"
        size = size or body_size(url)
        yield Target(f"python -m proctor serve, {tests} tests", url, server)
    text = SITE.format(matrix=str(folder / "matrix50.json"), config=str(config), size=size)
    (folder / "site50.py").write_text(text)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "site50:application", "--port", str(port)]
    command += ["--app-dir", str(folder), "--no-access-log", "--workers", str(workers)]
    command += ["--lifespan", "off"]
    server = stack.enter_context(running(command, port, "/aconstant", folder / "log"))
    yield Target("in a Django site, 50 tests", f"{server.root}/pipet{QUERY}", server)
    yield Target("a Django view, constant", f"{server.root}/constant", server)
    yield Target("a coroutine view, constant", f"{server.root}/aconstant", server)


def report(targets: list[Target]) -> int:
    print(
        f"Python {sys.version.split()[0]}, {'requests/s':>28} {'p50 ms':>8} {'p99 ms':>8} {'MB':>6}"
    )
    median = statistics.median
    for each in targets:
        rate, p50, p99 = median(each.rates[1:]), median(each.p50[1:]), median(each.p99[1:])
        print(f"{each.name:36} {rate:9.0f} {p50:8.2f} {p99:8.2f} {each.memory:6.0f}")
    fifty, hundred, mounted, constant, aconstant = targets
    # Compare within each round, because the speed of the machine may change between rounds.
    pairs = zip(fifty.p50[1:], constant.p50[1:], aconstant.p50[1:], mounted.p50[1:], strict=True)
    beside = [(ours / plain, ours / co, inside / plain) for ours, plain, co, inside in pairs]
    plain, coroutine, inside = (median(column) for column in zip(*beside, strict=True))
    figures = [
        ("p50 of serve relative to the plain view's", plain, 1.5),
        ("p50 of serve relative to the coroutine view's", coroutine, 1.5),
        ("p50 in Django relative to the plain view's", inside, 1.5),
        ("Java's requests/s relative to serve's, 100 tests", JAVA / median(hundred.rates[1:]), 1.0),
        ("memory relative to a third of Java's", hundred.memory / (JAVA_MEMORY / 3), 1.0),
    ]
    missed = 0
    for what, value, wanted in figures:
        missed += value > wanted
        verdict = "met" if value <= wanted else "MISSED"
        print(f"{what:50} {value:5.2f}  limit {wanted:.1f}  {verdict}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
