"""Measure how the time and memory for loading a matrix grow with its size.

    python benchmarks/loading.py [--runs 3]

Time is the CPU time of the process, so other work on the machine hardly affects it. The limits are:
20,000 tests take at most 25 times as long as 1,000, and 10 MB of long rules need at most 20 times
their size in memory.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from proctor.core import Matrix, Proctor

MEGABYTE = 1_000_000

#: Conditions for the chains of the large rules; `{}` is a number.
OPERANDS = ("country == 'AB{}'", "account == {}", "fn:startsWith(country, 'x{}')")


def definition(rule: str | None = None) -> dict[str, Any]:
    """Return a test with three buckets and two ranges."""
    return {
        "version": "1",
        "salt": "&salt",
        "testType": "USER",
        "rule": rule,
        "constants": {},
        "buckets": [
            {"name": name, "value": value}
            for name, value in (("inactive", -1), ("control", 0), ("active", 1))
        ],
        "allocations": [
            {
                "id": "#A1",
                "rule": None,
                "ranges": [
                    {"bucketValue": 0, "length": 0.5},
                    {"bucketValue": 1, "length": 0.5},
                ],
            }
        ],
    }


def document(rules: list[str | None]) -> bytes:
    """Return a matrix with a test for each rule."""
    tests = {f"number{number}tst": definition(rule) for number, rule in enumerate(rules)}
    return json.dumps({"audit": {"version": "1"}, "tests": tests}).encode()


def chains(operand: str, size: int) -> list[str | None]:
    """Return distinct rules of about 9,900 characters each: chains of conditions joined by `||`."""
    rules: list[str | None] = []
    number = 0
    while len(rules) * 9_900 < size:
        parts: list[str] = []
        length = 0
        while length < 9_900:
            parts.append(operand.format(number))
            length += len(parts[-1]) + 4
            number += 1
        rules.append("${" + " || ".join(parts[:-1]) + "}")
    return rules


def seconds(content: bytes) -> float:
    """Return the CPU time in seconds that it takes to load a matrix."""
    gc.collect()
    began = time.process_time()
    loaded = Proctor(Matrix.from_json(content))
    taken = time.process_time() - began
    del loaded
    return taken


def growth_of_time(runs: int) -> tuple[float, float]:
    """Return the median times to load 1,000 and 20,000 tests, in seconds, measured alternately."""
    small, large = document([None] * 1_000), document([None] * 20_000)
    seconds(small)
    few: list[float] = []
    many: list[float] = []
    for _ in range(runs):
        few += [seconds(small) for _ in range(5)]
        many.append(seconds(large))
    few += [seconds(small) for _ in range(5)]
    return statistics.median(few), statistics.median(many)


def peak_memory(operand: str, types: str) -> float:
    """Return the growth of a new process's peak memory, in bytes per byte of the document."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(document(chains(operand, 10 * MEGABYTE)))
        file.flush()
        command = [sys.executable, __file__, "--file", file.name, "--types", types]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_growth(file: Path, types: str) -> None:
    """Load *file* and print how much memory that took; `peak_memory` runs this in a new process."""
    import resource  # noqa: PLC0415 - not on Windows

    Proctor(Matrix.from_json(document(["${country == 'US'}"])))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    content = file.read_bytes()
    declared = {"country": "String", "account": "Long"} if types == "declared" else None
    Proctor(Matrix.from_json(content), declared)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print((after - before) * 1024 / len(content))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--types", default="none", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.file:
        print_growth(options.file, options.types)
        return
    few, many = growth_of_time(options.runs)
    print(f"1,000 plain tests     {few:8.3f} s")
    print(f"20,000 plain tests    {many:8.3f} s   {many / few:5.1f} times as long (limit 25)")
    for types in ("none", "declared"):
        for operand in OPERANDS:
            ratio = peak_memory(operand, types)
            print(f"10 MB of {operand:<30} types {types:<9} {ratio:5.1f} times its size (limit 20)")


if __name__ == "__main__":
    main()
