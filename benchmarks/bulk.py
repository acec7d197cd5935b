"""Measure how fast whole tables are assigned: `python benchmarks/bulk.py`.

Both sides of a ratio are timed alternately in one process; `benchmarks/engine.py` explains why.
`--visitors` sets the number of rows in the Parquet file; `--spark` adds a comparison with Spark's
own MD5, which needs pyspark, pandas and Java.

Exits with 1 if a figure misses its limit.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow as pa
from engine import matrix_of, ratio
from pyarrow import parquet

from proctor.bulk import assign_batches
from proctor.bulk.batches import BATCH_ROWS
from proctor.bulk.identifiers import Identifiers
from proctor.bulk.md5 import positions
from proctor.bulk.sql import sql_expression
from proctor.core.evaluation.engine import Proctor

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

COUNTRIES = ["US", "GB", "CA", "AU", "DE", "FR", "JP", "IN", "XX"]
TESTS = 100
COLUMNS: dict[str, Any] = {"identifiers": {"USER": "user_id"}, "context": {"country": "country"}}

#: How many visitors the engine evaluates one by one. A few are enough, because all of them take
#: about the same time.
SAMPLE = 100

Figure = tuple[str, float, str, float]

SPARK = {
    "values": "group values with mapInArrow",
    "names": "group names with mapInArrow",
    "sql": "group names with the expression from `proctor sql`",
    "md5": "only the MD5 of salted identifiers, in SQL",
}


def matrix() -> Any:
    """Return a matrix of 100 tests with three buckets each; 25 tests have a country rule."""
    rules = [None] * 75 + [f"${{country == '{COUNTRIES[n % 8]}'}}" for n in range(25)]
    return matrix_of({f"test{n}x": {"rule": rule} for n, rule in enumerate(rules)})


def table(rows: int, seed: int = 1) -> pa.Table:
    """Return a table of visitors: identifiers of 15 hexadecimal digits, and countries."""
    random = np.random.default_rng(seed)
    identifiers = [f"{each:015x}" for each in random.integers(0, 2**60, rows).tolist()]
    countries = pa.array(COUNTRIES).take(pa.array(random.integers(0, len(COUNTRIES), rows)))
    return pa.table({"user_id": pa.array(identifiers, pa.string()), "country": countries})


def in_one_process(rounds: int) -> Iterator[Figure]:
    proctor = Proctor(matrix(), context_types={"country": "String"})
    visitors = table(BATCH_ROWS)
    batches = visitors.to_batches()
    sample = visitors.slice(0, SAMPLE).to_pylist()
    found = pa.Table.from_batches(assign_batches(proctor, batches, **COLUMNS))

    def engine() -> list[Any]:
        return [
            proctor.determine_groups(
                identifiers={"USER": each["user_id"]}, context={"country": each["country"]}
            )
            for each in sample
        ]

    for row, groups in zip(found.slice(0, SAMPLE).to_pylist(), engine(), strict=True):
        assert all(
            row[test] == (groups[test].group if test in groups else None) for test in proctor.loaded
        )
    bulk = ratio(lambda: list(assign_batches(proctor, batches, **COLUMNS)), engine, rounds)
    yield (
        "a) 100 tests, 25 with a country rule, relative to the engine in a loop",
        bulk * SAMPLE / BATCH_ROWS,
        "x",
        0.25,
    )
    identifiers = Identifiers(visitors["user_id"].combine_chunks())
    encoded = [each["user_id"].encode() for each in sample]
    hashed = ratio(
        lambda: positions(b"test42x|salt42", identifiers, None),
        lambda: [hashlib.md5(b"test42x|salt42" + each).digest() for each in encoded],
        rounds,
    )
    yield (
        "b) positions only, relative to hashlib.md5 in a loop",
        hashed * SAMPLE / BATCH_ROWS,
        "x",
        0.2,
    )


def parquet_to_parquet(rows: int, jobs: int) -> None:
    """Print how long the command takes for a file. This depends on the machine."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "matrix.json").write_text(json.dumps(matrix().to_dict()))
        source = directory / "users.parquet"
        with parquet.ParquetWriter(source, table(0).schema) as writer:
            for start in range(0, rows, 1_000_000):
                writer.write_table(table(min(1_000_000, rows - start), seed=start))
        command = [sys.executable, "-m", "proctor", "assign", source]
        command += ["-o", directory / "groups.parquet", "--matrix", directory / "matrix.json"]
        command += ["--id", "USER=user_id", "--context", "country:String", "--jobs", str(jobs)]
        begin, before = time.perf_counter(), _processor_time()
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        elapsed, used = time.perf_counter() - begin, _processor_time() - before
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"c) Parquet to Parquet, {rows:,} visitors x {TESTS} tests, {jobs} jobs: {elapsed:.0f} s, "
        f"{used:.0f} s of CPU time ({used / rows / TESTS * 1e9:.0f} ns per assignment), peak "
        f"memory of the largest process {peak:.0f} MB; load average {os.getloadavg()[0]:.1f}"
    )


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tree_time() -> float:
    """Return the CPU time of this process and its descendants.

    Descendants are included because Spark starts several processes. Works only on Linux.
    """
    total, waiting = 0, [os.getpid()]
    while waiting:
        process = Path("/proc", str(waiting.pop()))
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            for thread in (process / "task").iterdir():
                waiting.extend(map(int, (thread / "children").read_text().split()))
        except OSError:
            continue
        # User and system time of the process, and of its finished children.
        total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def spark(rows: int) -> Iterator[Figure]:
    """Measure 50 tests with mapInArrow and in Spark SQL, and their hashes alone in Spark SQL.

    Java 16 and later compute MD5 with an intrinsic, and are several times as fast as earlier
    versions.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an option

    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for name in ("spark.driver.bindAddress", "spark.driver.host"):
        builder = builder.config(name, "127.0.0.1")
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", str(BATCH_ROWS))
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    tests = [f"test{n}x" for n in range(50)]
    proctor = Proctor(matrix(), context_types={"country": "String"})
    numbered = "concat('visitor', cast(id as string)) AS user_id"
    frame = session.range(0, rows, 1, 4).selectExpr(numbered, "'US' AS country")
    bound = functools.partial(assign_batches, proctor, tests=tests, dictionary=False, **COLUMNS)
    given = "user_id string, country string, "
    values = functools.partial(bound, columns=("value",))
    asked = {
        "values": frame.mapInArrow(values, given + ", ".join(f"{e} int" for e in sorted(tests))),
        "names": frame.mapInArrow(bound, given + ", ".join(f"{e} string" for e in sorted(tests))),
        "sql": frame.selectExpr(
            *(
                f"{sql_expression(proctor, each, dialect='spark', **COLUMNS)} AS {each}"
                for each in tests
            )
        ),
        "md5": frame.selectExpr(
            *(f"md5(concat('{each}|salt{n}', user_id)) AS {each}" for n, each in enumerate(tests))
        ),
    }
    taken: dict[str, list[float]] = {what: [] for what in asked}
    for _ in range(3):
        for what, each in asked.items():
            begin = _tree_time()
            # Computes every column but writes nothing.
            each.write.format("noop").mode("overwrite").save()
            taken[what].append(_tree_time() - begin)
    session.stop()
    # Ignore the first round, which starts the workers and compiles the code.
    fastest = {what: min(each[1:]) for what, each in taken.items()}
    for what, seconds in fastest.items():
        rate = rows * len(tests) / seconds / 1e6
        print(f"d) Spark, {SPARK[what]}: {rate:.1f} million per core second")
    yield (
        "d) Spark: group names with mapInArrow, relative to SQL",
        fastest["names"] / fastest["sql"],
        "x",
        1 / 3,
    )
    yield (
        "d) Spark: group values with mapInArrow, relative to only the MD5",
        fastest["values"] / fastest["md5"],
        "x",
        1 / 3,
    )
    # Spark needs more time to read fifty text columns than we need to compute the hashes.
    yield (
        "d) Spark: group names with mapInArrow, relative to only the MD5",
        fastest["names"] / fastest["md5"],
        "x",
        1 / 3,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="number of rounds per ratio")
    parser.add_argument("--visitors", type=int, default=1_000_000, help="rows in the file")
    parser.add_argument("--jobs", type=int, default=2, help="number of processes")
    parser.add_argument("--spark", action="store_true", help="also compare with Spark")
    options = parser.parse_args()
    missed = 0
    figures = [*in_one_process(options.rounds)]
    parquet_to_parquet(options.visitors, options.jobs)
    if options.spark:
        figures += spark(min(options.visitors, 1_000_000))
    for what, value, unit, wanted in figures:
        verdict = "met" if value <= wanted else "MISSED"
        missed += value > wanted
        print(f"{what:75} {value:8.3f}{unit:3}  limit {wanted:.3g}  {verdict}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
