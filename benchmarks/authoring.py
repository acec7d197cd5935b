"""Measure how long authoring takes with a large tree: `python benchmarks/authoring.py`.

It creates a tree of 10,000 definitions and runs `python -m proctor build` on it. Then it reviews
the change from the resulting matrix to one in which every hundredth test is ramped. Each figure is
printed in seconds and as a multiple of the floor: the time that Python's json module needs to read
all definitions and write them again, measured in the same run. Multiples depend little on the speed
of the machine. All times are CPU time, so other work on the machine does not affect them. Exits
with 1 if `build` takes 10 s or more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from proctor.core.authoring.moves.ramping import ramp
from proctor.core.authoring.review.reviewing import review
from proctor.core.authoring.trees.builder import build, matrix_text
from proctor.core.authoring.trees.tree import DEFINITIONS_DIRECTORY, load_tree
from proctor.core.matrices.matrix import Audit, Matrix

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent

#: Limit for `build` with 10,000 definitions, in seconds.
LIMIT = 10.0

_RULES = (
    None,
    "country == 'US'",
    "${loggedIn && age >= 18}",
    "proctor:contains(COUNTRIES, country)",
    "lang == 'de' || lang == 'fr'",
)


def definition(number: int) -> dict[str, Any]:
    """Return the definition of a test with four groups and three allocations, two with a rule."""
    chance = random.Random(number)
    names = ("inactive", "control", "blue", "green")
    share = chance.choice((0.05, 0.1, 0.2, 0.3))
    ranges = [{"bucketValue": value, "length": share} for value in range(3)]
    ranges.insert(1, {"bucketValue": -1, "length": 1 - 3 * share})
    rules = [f"{rule} && version > {number % 97}" if rule else rule for rule in _RULES]
    rules = [each.replace("} &&", " &&") + "}" if each and "${" in each else each for each in rules]
    return {
        "version": str(number),
        "constants": {"COUNTRIES": ["US", "CA", "GB"]},
        "specialConstants": {"__COUNTRIES": ["US", "DE"]} if number % 3 == 0 else {},
        "salt": f"&test{number}",
        "rule": chance.choice(rules),
        "buckets": [
            {
                "name": name,
                "value": value,
                "description": f"what {name} sees",
                "payload": {"stringValue": f"{name} {number}"},
            }
            for value, name in enumerate(names, -1)
        ],
        "allocations": [
            {"rule": rule, "ranges": ranges, "id": f"#{letter}1", "name": ""}
            for letter, rule in zip("ABC", (rules[1], rules[4], None), strict=True)
        ],
        "silent": False,
        "metaTags": ["search", "mobile"],
        "testType": "USER",
        "description": f"Test {number} of a large site.",
        "dependsOn": None,
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds that *work* takes, and its result."""
    started = spent()
    result = work()
    return spent() - started, result


def spent() -> float:
    """Return the CPU seconds used by this process and its finished children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def floor(texts: list[str | bytes | None]) -> float:
    """Return the seconds that the json module needs to read and write the definitions."""
    return timed(lambda: json.dumps([json.loads(each) for each in texts if each], indent=2))[0]


def ramped(matrix: Matrix) -> Matrix:
    """Return a copy of the matrix in which every hundredth test is ramped."""
    tests = dict(matrix.tests)
    for name in list(tests)[::100]:
        tests[name] = ramp(tests[name], 0, {0: 0.33, 1: 0.33})
    return Matrix(matrix.audit, tests)


def main() -> int:
    """Print the figures and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=10_000, help="definitions (default: %(default)s)")
    number = parser.parse_args().n
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / DEFINITIONS_DIRECTORY
        for index in range(number):
            folder = root / f"test{index:05}tst"
            folder.mkdir(parents=True)
            (folder / "definition.json").write_text(json.dumps(definition(index), indent=2))
        output = Path(directory) / "matrix.json"
        command = [sys.executable, "-m", "proctor", "build", directory, "-o", str(output)]
        taken, _ = timed(lambda: subprocess.run(command, check=True, cwd=ROOT))
        loading, tree = timed(lambda: load_tree(root))
        base = floor(list(tree.values()))
        building, built = timed(lambda: build(tree, Audit("1", 0, "ann")))
        writing, _ = timed(lambda: matrix_text(built.matrix))
        reading, matrix = timed(lambda: Matrix.load(output))
        other = ramped(matrix)
        reviewing, found = timed(lambda: review(matrix, other))
    print(f"{number:,} definitions; the floor is {base:.2f} s")
    rows = {
        "python -m proctor build": taken,
        "  read the files": loading,
        "  build": building,
        "  write the text": writing,
        "load the matrix": reading,
        f"review, {len(found.tests)} tests changed": reviewing,
    }
    for name, seconds in rows.items():
        print(f"{name:30} {seconds:7.2f} s {seconds / base:7.1f} floors")
    return 0 if taken < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
