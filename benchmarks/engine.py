"""Measure the engine relative to a floor: `python benchmarks/engine.py`.

The floor is the work that no engine in Python can avoid: for each test one hashlib.md5 of salt and
identifier, its last four bytes as a signed integer, and a bisect, in a plain loop. All times are
multiples of the floor, or of a loop written by hand, because absolute times depend on the machine.

Both sides of a ratio are timed alternately, a few milliseconds each, over many rounds, and the
median of the rounds' ratios is printed: a temporary slowdown of the machine affects both sides.
(pyperf times one function after the other, each in its own processes. On a shared machine, its
ratios differ by half from run to run.) Times are CPU times of this thread, so other processes do
not count; the garbage collector stays on.

Exits with 1 if a figure misses its limit.
"""

from __future__ import annotations

import argparse
import bisect
import gc
import hashlib
import json
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from proctor.core.evaluation.engine import Proctor
from proctor.core.matrices.matrix import Matrix
from tests.core.vectorfiles import conformance_directory, read_jsonl, read_matrix_text
from tests.core.vectorvalues import converted, declared_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Approximate time that each side of a round takes, in seconds.
ROUND = 0.004

IDENTIFIERS = [f"{random.Random(number).getrandbits(60):015x}" for number in range(100)]


def ratio(subject: Callable[[], object], base: Callable[[], object], rounds: int) -> float:
    """Return the time of *subject* divided by the time of *base*: the median of many rounds."""
    loops = [_loops(subject), _loops(base)]
    ratios = []
    for _ in range(rounds):
        taken = [
            _seconds(each, count) / count
            for each, count in zip((subject, base), loops, strict=True)
        ]
        ratios.append(taken[0] / taken[1])
    return statistics.median(ratios)


def _seconds(function: Callable[[], object], loops: int) -> float:
    begin = time.thread_time()
    for _ in range(loops):
        function()
    return time.thread_time() - begin


def _loops(function: Callable[[], object]) -> int:
    loops = 1
    while (taken := _seconds(function, loops)) < ROUND / 4:
        loops *= 2
    return max(1, round(loops * ROUND / taken))


# -- the floor ----------------------------------------------------------------------------

Places = list[tuple[str, bytes, list[int]]]


def places(count: int) -> Places:
    """Return the name, the salt prefix and the cut-offs of *count* tests with three buckets."""
    return [
        (f"test{n}", f"test{n}|salt{n}".encode(), [-715827883, 715827882]) for n in range(count)
    ]


def floor(tests: Places, identifier: str) -> dict[str, int]:
    """Return the index of a visitor's range in each of *tests*."""
    encoded = identifier.encode()
    found = {}
    for name, salt, cutoffs in tests:
        digest = hashlib.md5(salt + encoded).digest()
        position = int.from_bytes(digest[12:], "big", signed=True)
        found[name] = bisect.bisect_left(cutoffs, position)
    return found


def floor_of(count: int) -> Callable[[], object]:
    """Return a function that does the minimum work for *count* tests and all of `IDENTIFIERS`."""
    tests = places(count)
    return lambda: [floor(tests, identifier) for identifier in IDENTIFIERS]


# -- matrices -----------------------------------------------------------------------------


def matrix_of(tests: dict[str, dict[str, Any]]) -> Matrix:
    """Return a matrix of tests with three buckets."""
    ranges = [{"bucketValue": value, "length": 1 / 3} for value in (-1, 0, 1)]
    usual = {
        "version": "1",
        "testType": "USER",
        "buckets": [{"name": f"group{value}", "value": value} for value in (-1, 0, 1)],
        "allocations": [{"id": "#A1", "ranges": ranges}],
    }
    return Matrix.from_dict(
        {
            "audit": {"version": "1", "updated": 1, "updatedBy": "benchmark"},
            "tests": {
                name: {**usual, "salt": f"salt{number}", **test}
                for number, (name, test) in enumerate(tests.items())
            },
        }
    )


def bench100() -> tuple[Matrix, dict[str, Any], list[dict[str, Any]]]:
    """Return the matrix, context types and visitors of the conformance vectors made for timing."""
    directory = conformance_directory()
    lines = read_jsonl(directory, "assignments/bench100.jsonl")
    header = next(lines)["header"]
    matrix = Matrix.from_json(read_matrix_text(directory, header["matrix"]))
    return matrix, declared_types(header), list(lines)


def large_matrix(count: int) -> str:
    """Return JSON of *count* tests like those in bench100; 30 % of them have a payload."""
    source = json.loads(read_matrix_text(conformance_directory(), "matrices/bench100.json"))
    tests = list(source["tests"].values())
    source["tests"] = {f"large{n}x": {**tests[n % 100], "salt": f"large{n}"} for n in range(count)}
    return json.dumps(source)


# -- figures ------------------------------------------------------------------------------

Figure = tuple[str, float, str, float]


def visitor_of_bench100(rounds: int) -> Iterator[Figure]:
    matrix, types, visitors = bench100()
    typed, untyped = Proctor(matrix, context_types=types), Proctor(matrix)
    raw = [(each["identifiers"], each["context"]) for each in visitors]
    ready = [(identifiers, converted(context, types)) for identifiers, context in raw]
    base = floor_of(100)
    yield (
        "a) bench100, contexts converted in the call, relative to the floor of 100 tests",
        ratio(lambda: [_ask(typed, *each) for each in raw], base, rounds),
        "x",
        0.8,
    )
    yield (
        "d) bench100 without declared types, relative to the floor of 100 tests",
        ratio(lambda: [_ask(untyped, *each) for each in ready], base, rounds),
        "x",
        2.0,
    )


def _ask(proctor: Proctor, identifiers: dict[str, Any], context: dict[str, Any]) -> object:
    return proctor.determine_groups(identifiers=identifiers, context=context)


def _ask_all(proctor: Proctor, context: dict[str, Any]) -> object:
    return [_ask(proctor, {"USER": each}, context) for each in IDENTIFIERS]


COUNTRIES = ["US", "GB", "CA", "AU", "DE", "FR", "JP", "IN"]


def fifty_tests(rounds: int) -> Iterator[Figure]:
    """Measure 50 tests: 25 have no rule, 25 check the country, and 10 of these also the version."""
    rules = [None] * 25 + ["${proctor:contains(COUNTRIES, country)}"] * 15
    rules += ["${proctor:contains(COUNTRIES, country) && appVersion >= 12}"] * 10
    constants = {"COUNTRIES": COUNTRIES}
    tests = {f"test{n}x": {"rule": rule, "constants": constants} for n, rule in enumerate(rules)}
    proctor = Proctor(matrix_of(tests), context_types={"country": "String", "appVersion": "int"})
    chosen = random.Random(1)
    visitors = [
        (
            identifier,
            {"country": chosen.choice([*COUNTRIES, "XX"]), "appVersion": chosen.choice([11, 12])},
        )
        for identifier in IDENTIFIERS
    ]
    by_hand = _by_hand(proctor)
    for identifier, context in visitors:
        groups = _ask(proctor, {"USER": identifier}, context)
        assert {name: each.group for name, each in groups.items()} == by_hand(identifier, context)
    yield (
        "b) 50 tests with three buckets, 25 with rules, relative to a hand-written loop",
        ratio(
            lambda: [_ask(proctor, {"USER": each}, context) for each, context in visitors],
            lambda: [by_hand(each, context) for each, context in visitors],
            rounds,
        ),
        "x",
        1.1,
    )


def _by_hand(proctor: Proctor) -> Callable[[str, dict[str, Any]], dict[str, str]]:
    """Return a hand-written function that determines the groups for the tests of `fifty_tests`."""
    buckets = ("group-1", "group0", "group1")
    countries = frozenset(COUNTRIES)
    cutoffs = (-715827883, 715827882)
    tests = []
    for name in proctor.loaded:
        rule = proctor.definition(name).rule or ""
        salt = f"{name}|{proctor.definition(name).salt}".encode()
        tests.append((name, salt, "COUNTRIES" in rule, "appVersion" in rule))

    def determine(identifier: str, context: dict[str, Any]) -> dict[str, str]:
        encoded = identifier.encode()
        is_wanted = context["country"] in countries
        is_recent = is_wanted and context["appVersion"] >= 12
        groups = {}
        for name, salt, needs_country, needs_version in tests:
            if needs_country and not (is_recent if needs_version else is_wanted):
                continue
            digest = hashlib.md5(salt + encoded).digest()
            position = int.from_bytes(digest[12:], "big", signed=True)
            groups[name] = buckets[bisect.bisect_left(cutoffs, position)]
        return groups

    return determine


def single_tests(rounds: int) -> Iterator[Figure]:
    country = {"rule": "${country == 'US'}"}
    cases = [
        ("without a rule", {}, {"country": "String"}),
        ("with a country rule", country, {"country": "String"}),
        ("with a country rule, without declared types", country, None),
    ]
    context = {"country": "US"}
    base = floor_of(1)
    for what, test, types in cases:
        proctor = Proctor(matrix_of({"single": test}), context_types=types)
        yield (
            f"c) a single test {what}, relative to the floor",
            ratio(
                lambda: _ask_all(proctor, context),  # noqa: B023 - called at once
                base,
                rounds,
            ),
            "x",
            3.0,
        )


def one_of_fifty(rounds: int) -> Iterator[Figure]:
    """Measure how long `determine_groups` and `determine_group` take for one of fifty tests."""
    country = {"rule": "${country == 'US'}"}
    tests = {f"test{n}x": country if n % 2 else {} for n in range(50)}
    context = {"country": "US"}
    base = floor_of(1)
    for types, what in (({"country": "String"}, "declared types"), (None, "no declared types")):
        proctor = Proctor(matrix_of(tests), context_types=types)
        for name, rule, most in (("test0x", "no rule", 1.0), ("test1x", "country rule", 1.5)):
            long, short = _one_test(proctor, name, context)
            assert [groups.get(name) for groups in long()] == short()
            for function, way, wanted in (
                (long, "determine_groups(tests=(t,))", 2.0),
                (short, "determine_group(t)", most),
            ):
                taken = ratio(function, base, rounds)
                yield f"g) one of 50, {rule}, {what}: {way}, in floors", taken, "x", wanted


def _one_test(
    proctor: Proctor, name: str, context: dict[str, Any]
) -> tuple[Callable[[], list[Any]], Callable[[], list[Any]]]:
    """Return two functions that evaluate a test for all of `IDENTIFIERS`; the second is faster."""
    tests = (name,)

    def long() -> list[Any]:
        return [
            proctor.determine_groups(identifiers={"USER": each}, context=context, tests=tests)
            for each in IDENTIFIERS
        ]

    def short() -> list[Any]:
        return [
            proctor.determine_group(name, identifiers={"USER": each}, context=context)
            for each in IDENTIFIERS
        ]

    return long, short


def loading() -> Iterator[Figure]:
    """Measure how long 1,000 tests take to load from JSON, and how much memory they then need."""
    text = large_matrix(1000)
    types = bench100()[1]
    taken = []
    for _ in range(5):
        begin = time.thread_time()
        Proctor(Matrix.from_json(text), context_types=types)
        taken.append(time.thread_time() - begin)
    yield "e) 1,000 tests: read, checked and compiled", statistics.median(taken), " s", 0.5
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = Proctor(Matrix.from_json(text), context_types=types)
    gc.collect()
    size = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(kept.loaded) == 1000
    yield "e) memory per test, including its definition in the matrix", size / 1e6, " kB", 15


def importing(rounds: int) -> Iterator[Figure]:
    ratios = [(_process("import proctor.core"), _process("pass")) for _ in range(rounds)]
    core, bare = (statistics.median(each) * 1000 for each in zip(*ratios, strict=True))
    yield f"f) import proctor.core ({core:.0f} ms minus startup {bare:.0f})", core - bare, " ms", 40


def _process(code: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)
    return time.perf_counter() - begin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=101, help="number of rounds per ratio")
    rounds = parser.parse_args().rounds
    per_call = _seconds(floor_of(100), 20) / 20 / len(IDENTIFIERS)
    print(f"The floor of 100 tests takes {per_call * 1e6:.0f} µs on this machine.")
    missed = 0
    for figures in (
        visitor_of_bench100(rounds),
        fifty_tests(rounds),
        single_tests(rounds),
        one_of_fifty(rounds),
        loading(),
        importing(21),
    ):
        for what, value, unit, wanted in figures:
            verdict = "met" if value <= wanted else "MISSED"
            missed += value > wanted
            print(f"{what:84} {value:8.2f}{unit:3}  limit {wanted:g}  {verdict}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
