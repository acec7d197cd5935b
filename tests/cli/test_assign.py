"""The commands `assign` and `sql`: their input, output and error messages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proctor.cli.main import main
from proctor.core import Matrix, Proctor
from tests.core.small_matrices import definition, everybody, matrix

pa = pytest.importorskip("pyarrow", reason="the extra [bulk] is not installed")
from pyarrow import parquet  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
MATRIX = str(ROOT / "examples" / "matrix.json")
CONFIG = str(ROOT / "examples" / "pipet-config.json")


@pytest.fixture
def command(capsys):
    def run(*arguments):
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as error:
            code = int(error.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def matrix_file(tmp_path):
    def write(**tests):
        path = tmp_path / "matrix.json"
        path.write_text(json.dumps(matrix(**tests).to_dict()))
        return path

    return write


@pytest.fixture
def files(tmp_path, matrix_file):
    """A matrix, and a table in each format."""
    test = everybody("blue", "${country == 'US'}")
    made = {"matrix": matrix_file(atst=test, btst=definition(salt="b"))}
    rows = [("007", "US"), ("8", "GB"), (None, "US"), ("9", None)]
    made["parquet"] = tmp_path / "users.parquet"
    table = pa.table({"user_id": [each[0] for each in rows], "country": [each[1] for each in rows]})
    parquet.write_table(table, made["parquet"])
    made["csv"] = tmp_path / "users.csv"
    made["csv"].write_text("user_id,country\n007,US\n8,GB\n,US\n9,\n")
    made["jsonl"] = tmp_path / "users.jsonl"
    lines = [{"user_id": u, "country": c} for u, c in rows]
    lines[1]["user_id"] = 8
    made["jsonl"].write_text("".join(json.dumps(each) + "\n" for each in lines))
    return made


def expected(files):
    proctor = Proctor(Matrix.load(files["matrix"]))
    rows = []
    for user, country in (("007", "US"), ("8", "GB"), (None, "US"), ("9", None)):
        groups = proctor.determine_groups(
            identifiers={"USER": user}, context={"country": country} if country else {}
        )
        found = {name: groups[name].group if name in groups else None for name in ("atst", "btst")}
        rows.append({"user_id": user, "country": country, **found})
    return rows


def read(path):
    if path.suffix == ".parquet":
        return parquet.read_table(path).to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    from pyarrow import csv

    options = csv.ConvertOptions(
        strings_can_be_null=True, null_values=[""], column_types={"user_id": pa.string()}
    )
    return csv.read_csv(path, convert_options=options).to_pylist()


USER = ("--id", "USER=user_id", "--context", "country")


@pytest.mark.parametrize("source", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("target", ["parquet", "csv", "jsonl"])
def test_tables_of_all_formats(files, tmp_path, command, source, target):
    out = tmp_path / f"out.{target}"
    code, text, err = command(
        "assign", files[source], "-o", out, "--matrix", files["matrix"], *USER
    )
    assert (code, err) == (0, "")
    assert read(out) == expected(files)
    assert "4 visitors" in text
    assert "1 without an identifier of type USER" in text
    assert "rule failed for 1 in atst" in text
    assert {each.name for each in tmp_path.glob(".*")} == set()


def test_jobs_give_the_same_file(files, tmp_path, command):
    table = pa.table(
        {"user_id": [f"v{n}" for n in range(40_000)], "country": ["US", "GB"] * 20_000}
    )
    parquet.write_table(table, tmp_path / "large.parquet")
    found = []
    for jobs in ("1", "2"):
        out = tmp_path / f"out{jobs}.parquet"
        code, text, err = command(
            "assign",
            tmp_path / "large.parquet",
            "-o",
            out,
            "--matrix",
            files["matrix"],
            *USER,
            "--jobs",
            jobs,
            "--json",
        )
        assert (code, err) == (0, "")
        found.append((parquet.read_table(out), json.loads(text)))
    assert found[0] == found[1]
    assert found[0][1]["tests"]["atst"] == {
        "groups": [{"group": "blue", "value": 1, "visitors": 20_000}],
        "no_group": 20_000,
    }


def test_long_output_with_columns(files, tmp_path, command):
    out = tmp_path / "out.jsonl"
    options = ("--long", "--columns", "group,value", "--tests", "atst")
    code, _, err = command(
        "assign", files["csv"], "-o", out, "--matrix", files["matrix"], *USER, *options
    )
    assert (code, err) == (0, "")
    assert read(out) == [{"visitor": "007", "test": "atst", "group": "blue", "value": 1}]


def test_a_type_converts_texts_and_counts_those_that_do_not(tmp_path, matrix_file, command):
    path = matrix_file(atst=everybody("blue", "${age >= 18}"))
    (tmp_path / "users.csv").write_text("id,years\na,18\nb,7\nc,many\nd,\n")
    out = tmp_path / "out.csv"
    code, text, err = command(
        "assign",
        tmp_path / "users.csv",
        "-o",
        out,
        "--matrix",
        path,
        "--id",
        "USER=id",
        "--context",
        "age=years:int",
    )
    assert (code, err) == (0, "")
    assert out.read_text().replace('"', "").splitlines()[1:] == [
        "a,18,blue",
        "b,7,",
        "c,many,",
        "d,,",
    ]
    assert "1 with a value for age that cannot be converted" in text
    assert "rule failed for 2 in atst" in text


def test_a_pipet_config_has_types_and_defaults(tmp_path, matrix_file, command):
    path = matrix_file(atst=everybody("blue", "${age >= 18}"))
    config = {
        "context": {
            "age": {
                "source": "QUERY",
                "sourceKey": "years",
                "type": "int",
                "defaultValue": "20",
            }
        },
        "identifiers": {"USER": {"source": "QUERY", "sourceKey": "uid"}},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "users.csv").write_text("id,y\na,17\nb,\n")
    found = []
    for context in (("--context", "years=y"), ()):
        out = tmp_path / "out.jsonl"
        code, _, err = command(
            "assign",
            tmp_path / "users.csv",
            "-o",
            out,
            "--matrix",
            path,
            "--id",
            "uid=id",
            "--config",
            tmp_path / "config.json",
            *context,
        )
        assert (code, err) == (0, "")
        found.append([row["atst"] for row in read(out)])
    assert found == [[None, "blue"], ["blue", "blue"]]


def test_a_table_without_rows(files, tmp_path, command):
    (tmp_path / "none.csv").write_text("user_id,country\n")
    out = tmp_path / "out.csv"
    code, text, _ = command(
        "assign", tmp_path / "none.csv", "-o", out, "--matrix", files["matrix"], *USER
    )
    assert (code, "0 visitors" in text) == (0, True)
    assert out.read_text().strip().replace('"', "") == "user_id,country,atst,btst"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--id", "USER=nobody"), "no column 'nobody' for the identifier USER: known names"),
        (("--id", "USR=user_id"), "Unknown identifier 'USR': did you mean 'USER'?"),
        (("--id", "USER=user_id", "--id", "USER=country"), "'USER' is given twice in --id"),
        ((*USER, "--context", "country=user_id"), "'country' is given twice in --context"),
        ((*USER, "--context", "age:number"), "'number' is not a context type"),
        ((*USER, "--tests", "ctst"), "no test 'ctst'"),
        ((*USER, "--columns", "grp"), "Unknown column 'grp': did you mean 'group'"),
        ((*USER, "--jobs", "0"), "expected a whole number from 1"),
        ((*USER, "-o", "out.xlsx"), "Expected a file name that ends in .parquet"),
        ((*USER, "-o", "missing/out.csv"), "cannot write 'missing/out.csv': No such file"),
        (
            (*USER, "--config", CONFIG, "--context", "x:int"),
            "--context x has a type, but --config also declares types",
        ),
        (("--id", "PAGE=user_id", "--config", CONFIG), "Unknown identifier 'PAGE'"),
        (("--id", "RANDOM=user_id"), "RANDOM"),
    ],
)
def test_bad_options_are_one_line(files, tmp_path, command, options, message):
    base = ("assign", files["csv"], "-o", tmp_path / "out.csv", "--matrix", files["matrix"])
    code, out, err = command(*base, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", None, "No such file"),
        ("a.csv", b"", "Empty CSV file"),
        ("a.csv", b"user_id,country\n1,2,3\n", "Expected 2 columns, got 3"),
        ("a.csv", b"user_id,country\n\xff,US\n", "invalid UTF8"),
        ("a.parquet", b"PAR1", "cannot read"),
        ("a.jsonl", b"[1]\n", "line 1: expected an object, got [1]"),
        ("a.jsonl", b'{"user_id": "a"\n', "line 1 is not JSON"),
        ("a.jsonl", b'{"user_id": 1.5, "country": "US"}\n', "has the type double; expected text"),
        ("a.txt", b"", "Expected a file name that ends in"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_line(
    files, tmp_path, command, *, name, content, message
):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    base = ("assign", path, "-o", tmp_path / "out.csv", "--matrix", files["matrix"])
    code, out, err = command(*base, *USER)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert sorted(each.name for each in tmp_path.iterdir() if "out" in each.name) == []


def test_a_failure_midway_leaves_the_old_file(files, tmp_path, command):
    out = tmp_path / "out.jsonl"
    out.write_text("as before")
    lines = [json.dumps({"user_id": f"v{n}", "country": "US"}) for n in range(20_000)]
    (tmp_path / "bad.jsonl").write_text("\n".join([*lines, '{"user_id": "v", "country": 5}']))
    code, _, err = command(
        "assign", tmp_path / "bad.jsonl", "-o", out, "--matrix", files["matrix"], *USER
    )
    assert code == 2
    assert "the field 'country' has a value that is not of type string after row 16,385" in err
    assert out.read_text() == "as before"
    assert [each.name for each in tmp_path.glob(".*")] == []


def test_the_table_itself_is_not_written_over(files, command):
    base = ("assign", files["csv"], "-o", files["csv"], "--matrix", files["matrix"])
    code, _, err = command(*base, *USER)
    assert (code, "choose another file" in err) == (2, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_partial_file(files, tmp_path, number):
    """The table is a pipe that never ends, so that the command is interrupted while it works."""
    pipe = tmp_path / "endless.jsonl"
    os.mkfifo(pipe)
    out = tmp_path / "out.csv"
    # What a shell starts in the background ignores interrupts.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from proctor.cli.main import main\nsys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "assign", pipe, "-o", out]
    command += ["--matrix", files["matrix"], "--id", "USER=user_id"]
    with (
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process,
        pipe.open("w") as table,
    ):
        for row in range(40_000):
            table.write(json.dumps({"user_id": f"v{row}"}) + "\n")
        table.flush()
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".out.csv.*")):
            assert time.monotonic() < deadline
        process.send_signal(number)
        assert process.wait(60) == 130
        assert process.stderr.read() == "python -m proctor: interrupted\n"
    assert [each.name for each in tmp_path.glob("*out*")] == []


def test_without_the_extra_the_command_says_how_to_get_it(files, tmp_path):
    code = "import sys; sys.modules['pyarrow'] = None\nfrom proctor.cli.main import main\n"
    code += "sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "assign", files["csv"], "-o", tmp_path / "out.csv"]
    command += ["--matrix", files["matrix"], *USER]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (
        2,
        "python -m proctor: assign needs NumPy and PyArrow: pip install 'django-proctor[bulk]'\n",
    )


def test_progress_is_shown_if_wanted(files, tmp_path, command):
    base = ("assign", files["csv"], "-o", tmp_path / "out.csv", "--matrix", files["matrix"])
    assert "visitors" in command(*base, *USER, "--progress")[2]
    assert command(*base, *USER, "--no-progress")[2] == ""


# -- sql -----------------------------------------------------------------------------------


def test_sql_prints_an_expression(command):
    duckdb = pytest.importorskip("duckdb")
    code, out, err = command(
        "sql",
        "buttoncolortst",
        "--matrix",
        MATRIX,
        "--dialect",
        "duckdb",
        "--id",
        "user_id",
        "--context",
        "country:String",
    )
    assert (code, err) == (0, "")
    query = f"SELECT {out} FROM (SELECT 'pa5xq0lz4n80' AS user_id, 'US' AS country)"
    groups = Proctor(Matrix.load(MATRIX)).determine_groups(
        identifiers={"USER": "pa5xq0lz4n80"}, context={"country": "US"}
    )
    assert duckdb.sql(query).fetchall() == [(groups["buttoncolortst"].group,)]


def test_sql_takes_a_config(command):
    base = (
        "sql",
        "buttoncolortst",
        "--matrix",
        MATRIX,
        "--config",
        CONFIG,
        "--dialect",
        "postgres",
    )
    code, out, err = command(*base, "--id", "user_id")
    assert (code, err) == (0, "")
    assert '"user_id"' in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("atst", "--id", "user_id"), "SQL needs the type of the variable 'country'"),
        (("ctst", "--id", "user_id"), "no test 'ctst'"),
        (("btst", "--id", "EMAIL=mail"), "needs a column of identifiers of type USER"),
    ],
)
def test_what_sql_refuses_is_one_line(files, command, options, message):
    base = ("sql", "--matrix", files["matrix"], "--dialect", "spark")
    code, out, err = command(*base, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
