"""All sources give the same numbers, and unreadable files cause a clear one-line error."""

from __future__ import annotations

import contextlib
import gzip
import json
import sqlite3
import subprocess
import sys
from datetime import timedelta

import duckdb
import pytest
from pyarrow import csv, parquet

from proctor import Metric
from proctor.analysis import AnalysisError, Files, Query, analyze
from tests.analysis.samples import HALVES, at, exposures, outcomes, split
from tests.cli.conftest import run  # noqa: F401 - a fixture

RAMP = [
    split((0, 0.4), (-1, 0.5), (1, 0.1), version="1", allocation="#A1"),
    split((0, 0.4), (-1, 0.2), (1, 0.4), version="2", allocation="#A2"),
]


def ramp_rows():
    """A ramp with visitors who return, and two metrics with a past."""
    seen, happened = [], []
    for index in range(600):
        name, group = f"00{index}", "blue" if index % 3 == 0 else "control"
        for day in (index % 5, 5 + index % 4) if index % 2 else (5 + index % 4,):
            version = "1" if day < 5 else "2"
            seen.append(
                {
                    "at": at(day, seconds=index),
                    "visitor": name,
                    "group": group,
                    "version": version,
                    "allocation": f"#A{version}",
                }
            )
            if (index * 7 + day) % 3:
                happened.append((at(day, hours=2), name, "orders", 1.0))
                happened.append((at(day, hours=2), name, "revenue", (index * 31 % 97) / 7))
        happened.append((at(-2), name, "revenue", (index * 31 % 89) / 7))
    return exposures(seen), outcomes(happened)


SEEN, HAPPENED = ramp_rows()

METRICS = [
    Metric("orders", kind="proportion"),
    Metric("revenue", past=timedelta(days=7)),
    Metric("revenue/orders", numerator="revenue", denominator="orders"),
    Metric("revenue", kind="quantile", quantile=0.9),
]


def numbers(value):
    """All numbers of a document, in order."""
    if isinstance(value, dict):
        return [each for item in value.values() for each in numbers(item)]
    if isinstance(value, list):
        return [each for item in value for each in numbers(item)]
    return [value] if isinstance(value, int | float) else []


def report_of(seen, happened, **options):
    return analyze("atst", seen, happened, RAMP, METRICS, window=timedelta(days=2), **options)


@pytest.fixture(scope="module")
def wanted():
    return numbers(report_of(SEEN, HAPPENED).to_dict(details=True))


def lines_of(table):
    return "".join(json.dumps(row, default=str) + "\n" for row in table.to_pylist())


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    for name, table in (("exposures", SEEN), ("outcomes", HAPPENED)):
        parquet.write_table(table, folder / f"{name}.parquet")
        csv.write_csv(table, folder / f"{name}.csv")
        with gzip.open(folder / f"{name}.jsonl.gz", "wt") as file:
            file.write(lines_of(table))
        half = table.num_rows // 2
        parquet.write_table(table[:half], folder / f"{name}-1.parquet")
        parquet.write_table(table[half:], folder / f"{name}-2.parquet")
        with duckdb.connect(str(folder / "shop.duckdb")) as connection:
            connection.register("given", table)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
    return folder


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl.gz"])
def test_files_give_the_same_numbers(kind, sources, wanted):
    files = [Files(sources / f"{name}.{kind}") for name in ("exposures", "outcomes")]
    found = report_of(*files).to_dict(details=True)
    assert numbers(found) == pytest.approx(wanted, rel=1e-9)


def test_patterns_give_the_same_numbers(sources, wanted):
    files = [f"{sources}/{name}-*.parquet" for name in ("exposures", "outcomes")]
    assert numbers(report_of(*files).to_dict(details=True)) == pytest.approx(wanted, rel=1e-9)


def test_a_duckdb_file_gives_the_same_numbers(sources, wanted):
    database = str(sources / "shop.duckdb")
    queries = [Query(f"SELECT * FROM {name}", database) for name in ("exposures", "outcomes")]
    assert numbers(report_of(*queries).to_dict(details=True)) == pytest.approx(wanted, rel=1e-9)


def test_a_sqlite_file_gives_the_same_numbers(tmp_path, wanted):
    database = str(tmp_path / "shop.sqlite3")
    with contextlib.closing(sqlite3.connect(database)) as connection:
        for name, table in (("exposures", SEEN), ("outcomes", HAPPENED)):
            names = ", ".join(f'"{column}"' for column in table.column_names)
            marks = ", ".join("?" * table.num_columns)
            rows = [
                [each.isoformat() if hasattr(each, "isoformat") else each for each in row.values()]
                for row in table.to_pylist()
            ]
            connection.execute(f"CREATE TABLE {name} ({names})")
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
        connection.commit()
    queries = [Query(f"SELECT * FROM {name}", database) for name in ("exposures", "outcomes")]
    assert numbers(report_of(*queries).to_dict(details=True)) == pytest.approx(wanted, rel=1e-9)
    with pytest.raises(AnalysisError, match="no such table: orders"):
        report_of(Query("SELECT * FROM orders", database), HAPPENED)


def test_a_relation_of_another_connection_gives_the_same_numbers(sources, wanted):
    with duckdb.connect(str(sources / "shop.duckdb"), read_only=True) as connection:
        tables = [connection.table(name) for name in ("exposures", "outcomes")]
        found = report_of(*tables).to_dict(details=True)
    assert numbers(found) == pytest.approx(wanted, rel=1e-9)


def test_record_batches_that_can_be_read_once_give_the_same_numbers(wanted):
    readers = [SEEN.to_reader(100), HAPPENED.to_reader(100)]
    assert numbers(report_of(*readers).to_dict(details=True)) == pytest.approx(wanted, rel=1e-9)


def test_a_data_frame_gives_the_same_numbers(wanted):
    pytest.importorskip("pandas", reason="pandas is not installed")
    frames = [SEEN.to_pandas(), HAPPENED.to_pandas()]
    assert numbers(report_of(*frames).to_dict(details=True)) == pytest.approx(wanted, rel=1e-9)


def test_identifiers_keep_their_zeros(tmp_path):
    (tmp_path / "e.csv").write_text(
        "at,visitor,test,group,allocation,version\n2026-03-02,007,atst,control,#A1,1\n"
    )
    (tmp_path / "o.csv").write_text("at,visitor,metric,value\n2026-03-03,7,orders,1\n")
    report = analyze("atst", tmp_path / "e.csv", tmp_path / "o.csv", [HALVES])
    assert report.outcomes.strangers == 1


def test_times_without_an_offset_are_in_the_time_zone(tmp_path):
    (tmp_path / "e.csv").write_text(
        "at,visitor,test,group,allocation,version\n2026-03-02 12:00:00,a,atst,control,#A1,1\n"
    )
    for zone, hour in (("UTC", 12), ("Europe/Berlin", 11)):
        report = analyze("atst", tmp_path / "e.csv", None, [HALVES], timezone=zone)
        assert report.start.hour == hour


# The command.

GOOD = "at,visitor,test,group,allocation,version\n2026-03-02,a,atst,control,#A1,1\n"
GOOD += "2026-03-02,b,atst,blue,#A1,1\n"
OUTCOMES = "at,visitor,metric,value\n"


@pytest.fixture
def files(tmp_path):
    """Writes files and returns the arguments of the command."""

    def write(seen=GOOD, happened=OUTCOMES + "2026-03-03,a,orders,1\n", matrix=HALVES):
        (tmp_path / "e.csv").write_text(seen)
        (tmp_path / "o.csv").write_text(happened)
        (tmp_path / "m.json").write_text(json.dumps(matrix.to_dict()))
        return [
            "analyze", "atst", "--exposures", tmp_path / "e.csv",
            "--outcomes", tmp_path / "o.csv", "--matrix", tmp_path / "m.json",
        ]  # fmt: skip

    return write


def test_the_command_prints_the_report(files, run):  # noqa: F811
    code, out, err = run(*files(), "--format", "json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert list(found) == [
        "test", "baseline", "from", "until", "verdict", "visitors", "outcomes", "sample_ratio",
        "metrics",
    ]  # fmt: skip
    assert list(found["metrics"][0]) == ["name", "kind", "groups", "effects"]


def test_a_broken_sample_ratio_has_exit_code_1(files, run):  # noqa: F811
    rows = "".join(f"2026-03-02,v{index},atst,control,#A1,1\n" for index in range(40))
    code, out, _ = run(*files(GOOD + rows))
    assert code == 1
    assert "Do not use this test: " in out


def test_a_header_without_rows_means_no_outcomes(files, run):  # noqa: F811
    code, out, _ = run(*files(happened=OUTCOMES))
    assert code == 0
    assert "No verdict: there are no outcomes" in out


def test_a_page_is_written_by_the_end_of_its_name(files, run, tmp_path):  # noqa: F811
    code, out, _ = run(*files(), "-o", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert (code, out) == (0, "")
    assert page.startswith("<!doctype html>")
    assert "<script" not in page


HOSTILE = {
    "missing columns": (
        "at,visitor,group\n2026-03-02,a,control\n", None, "test, allocation, version are missing",
    ),
    "no header": ("2026-03-02,a,atst,control,#A1,1\n", None, "are missing"),
    "an empty file": ("", None, "missing"),
    "another test": (
        GOOD.replace("atst", "other"), None, "'atst', only in other tests: other",
    ),
    "words for numbers": (
        GOOD, "2026-03-03,a,orders,many\n", "a finite number in the column 'value', got 'many'",
    ),
    "NaN": (GOOD, "2026-03-03,a,orders,NaN\n", "a finite number in the column 'value', got 'NaN'"),
    "no value": (GOOD, "2026-03-03,a,orders,\n", "number in the column 'value', got nothing"),
    "two time formats": (
        GOOD + "02.03.2026,c,atst,blue,#A1,1\n", None, "in the column 'at', got '02.03.2026'",
    ),
    "a time that Python has not": (
        GOOD + "290000-01-01,c,atst,blue,#A1,1\n", None, "in the column 'at', got '290000-01-01'",
    ),
    "a value without a finite square": (
        GOOD, "2026-03-03,a,orders,1e308\n", "a finite number in the column 'value', got '1e308'",
    ),
    "no time": (GOOD + ",c,atst,blue,#A1,1\n", None, "in the column 'at', got nothing"),
    "too many groups": (
        GOOD + "".join(f"2026-03-02,v{n},atst,g{n},#A1,1\n" for n in range(200)), None,
        "at most 100 groups",
    ),
    "too many versions": (
        GOOD + "".join(f"2026-03-02,v{n},atst,blue,#A1,{n}\n" for n in range(2000)), None,
        "at most 1,000 different allocations and versions",
    ),
    "too many metrics": (
        GOOD, "".join(f"2026-03-03,a,m{n},1\n" for n in range(200)), "have 200 metrics; name",
    ),
    "an endless identifier": (
        GOOD + f"2026-03-02,{'i' * 3_000_000},atst,blue,#A1,1\n", None, "aximum line size",
    ),
    "a ragged line": (GOOD + "2026-03-02,c\n", None, "e.csv"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gives_one_line(name, files, run):  # noqa: F811
    seen, happened, wanted = HOSTILE[name]
    code, out, err = run(*files(seen, OUTCOMES + (happened or "")))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert wanted in err


def test_a_truncated_gzip_gives_one_line(files, run, tmp_path):  # noqa: F811
    arguments = files()
    path = tmp_path / "e.csv.gz"
    path.write_bytes(gzip.compress((GOOD * 1000).encode())[:60])
    code, _, err = run(*arguments[:3], path, *arguments[4:])
    assert code == 2
    assert err.count("\n") == 1
    assert "e.csv.gz" in err


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (["--baseline", "red"], "no group 'red'"),
        (["--metric", "order"], "did you mean 'orders'?"),
        (["--metric", "orders:median"], "expected mean, proportion or a quantile"),
        (["--window", "soon"], "expected a length such as 7d"),
        (["--timezone", "Mars"], "Unknown time zone"),
        (["--alpha", "2"], "between 0 and 0.5"),
        (["--until", "tomorrow"], "expected a time"),
        (["--guardrail", "errors=1", "--metric", "orders"], "'errors' is not in --metric"),
    ],
)
def test_a_bad_option_gives_one_line(more, wanted, files, run):  # noqa: F811
    code, out, err = run(*files(), *more)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert wanted in err


def test_a_file_that_does_not_exist_is_named(files, run):  # noqa: F811
    arguments = files()
    code, _, err = run(*arguments[:3], "nowhere.csv", *arguments[4:])
    assert (code, err) == (2, "python -m proctor: Cannot read 'nowhere.csv': no such file\n")


def test_without_the_extra_the_command_says_what_to_install(files):
    hidden = "import sys; sys.modules['duckdb'] = None; from proctor.cli.main import main; "
    code = hidden + "sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, files())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install 'django-proctor[analysis]'" in done.stderr


def test_power_says_how_long_a_test_takes(run):  # noqa: F811
    arguments = ("power", "--mean", "0.05", "--effect", "5%", "--daily", "5000", "--json")
    code, out, _ = run(*arguments)
    found = json.loads(out)
    assert code == 0
    assert found["visitors"] == pytest.approx(2 * 15.7 * 0.0475 / 0.0025**2, rel=0.01)
    assert found["days"] == pytest.approx(found["visitors"] / 5000)


def test_power_says_what_can_be_found(run):  # noqa: F811
    code, out, _ = run(
        "power", "--mean", "5", "--sd", "8", "--days", "14", "--daily", "1000", "--json"
    )
    assert code == 0
    assert json.loads(out)["effect"] == pytest.approx(0.3788, abs=0.001)
