"""Measure the time and memory that an analysis takes: `python benchmarks/analysis.py`.

The benchmark writes exposures and outcomes to Parquet, with a ramp in the middle, and analyzes them
in a separate process, so that the peak memory of that process can be measured. `--rows` sets the
number of exposures and of outcomes. `--simulations` runs the long form of
tests/analysis/test_simulations.py.

The benchmark exits with 1 if a figure exceeds its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import duckdb

from tests.analysis.samples import split
from tests.analysis.simulating import print_all

ROOT = Path(__file__).resolve().parent.parent

#: Limits in seconds and gigabytes for ten million exposures and ten million outcomes.
WANTED_SECONDS, WANTED_GIGABYTES = 60.0, 2.0

WAYS = [
    "--metric", "orders:proportion", "--metric", "revenue", "--metric", "revenue/orders",
]  # fmt: skip


def write(directory: Path, rows: int) -> list[str]:
    """Write the input files, and return the arguments for `python -m proctor`."""
    connection = duckdb.connect()
    visitors = max(rows * 2 // 5, 100)
    place = "(hash(v * 7919 + 13) % 1000)"
    connection.execute(
        f"""
        COPY (
            SELECT TIMESTAMPTZ '2026-03-02 00:00:00+00' + to_microseconds(x) AS at,
                printf('%016x', hash(v)) AS visitor, 'atst' AS test,
                CASE WHEN {place} < 400 THEN 'control' ELSE 'blue' END AS group,
                CASE WHEN late THEN '#A2' ELSE '#A1' END AS allocation,
                CASE WHEN late THEN '2' ELSE '1' END AS version, false AS forced
            FROM (
                SELECT *, x > 7 * 86400e6 AS late
                FROM (
                    SELECT CAST(random() * {visitors} AS BIGINT) AS v,
                        CAST(random() * 14 * 86400e6 AS BIGINT) AS x
                    FROM range({rows * 2})
                )
            )
            WHERE {place} < 400 OR {place} >= 900 OR (late AND {place} >= 600)
            LIMIT {rows}
        ) TO '{directory}/exposures.parquet' (FORMAT parquet)
        """
    )
    connection.execute(
        f"""
        COPY (
            SELECT TIMESTAMPTZ '2026-03-01 00:00:00+00' + to_microseconds(
                    CAST(random() * 18 * 86400e6 AS BIGINT)) AS at,
                printf('%016x', hash(CAST(random() * {visitors} AS BIGINT))) AS visitor,
                CASE WHEN random() < 0.5 THEN 'orders' ELSE 'revenue' END AS metric,
                round(random() * 100, 2) AS value
            FROM range({rows})
        ) TO '{directory}/outcomes.parquet' (FORMAT parquet)
        """
    )
    connection.close()
    ramp = [
        split((0, 0.4), (-1, 0.5), (1, 0.1), version="1", allocation="#A1"),
        split((0, 0.4), (-1, 0.2), (1, 0.4), version="2", allocation="#A2"),
    ]
    for index, matrix in enumerate(ramp):
        (directory / f"matrix{index}.json").write_text(json.dumps(matrix.to_dict()))
    return [
        "analyze", "atst", "--exposures", f"{directory}/exposures.parquet",
        "--outcomes", f"{directory}/outcomes.parquet",
        "--matrix", f"{directory}/matrix0.json", f"{directory}/matrix1.json",
        "--window", "3d", "--past", "1d", "--format", "json", *WAYS,
    ]  # fmt: skip


def measure(arguments: list[str]) -> tuple[tuple[float, float, float], dict]:
    """Run the command. Return (seconds, CPU seconds, gigabytes of memory) and the report."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "proctor", *arguments],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(f"the command failed with {done.returncode}")
    processor = usage.ru_utime + usage.ru_stime
    return (seconds, processor, usage.ru_maxrss / 1024**2), json.loads(done.stdout)


def main() -> int:
    """Measure and print the figures. Return 0 if they are within the limits, otherwise 1."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--simulations", action="store_true")
    options = parser.parse_args()
    if options.simulations:
        return print_all()
    with tempfile.TemporaryDirectory(prefix="proctor-bench-") as directory:
        arguments = write(Path(directory), options.rows)
        (seconds, processor, gigabytes), report = measure(arguments)
    visitors = report["visitors"]["counted"]
    print(f"{options.rows:,} exposures and outcomes, {visitors:,} visitors, {os.cpu_count()} cores")
    print(f"{seconds:6.1f} s      limit {WANTED_SECONDS:.0f}")
    print(f"{processor:6.1f} s      of CPU time; load {os.getloadavg()[0]:.1f}")
    print(f"{gigabytes:6.2f} GB     limit {WANTED_GIGABYTES:.0f}")
    return int(seconds > WANTED_SECONDS or gigabytes > WANTED_GIGABYTES)


if __name__ == "__main__":
    sys.exit(main())
