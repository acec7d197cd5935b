"""Comparison with Java's results, and the runner for it: `python -m tests.core.vectors`."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.vectorfiles import conformance_directory, read_jsonl
from tests.core.vectors import _names, check_directory, check_file

DIRECTORY = conformance_directory()
FILES = _names(DIRECTORY)


@pytest.mark.parametrize("name", FILES)
def test_every_answer_is_the_java_one(name):
    result = check_file(DIRECTORY, name)
    assert (result.failures[:3], result.passed > 0) == ([], True)


def test_there_are_vectors_of_every_kind():
    assert {name.split("/")[0] for name in FILES} == {
        *("assignments", "cutoffs.jsonl", "definitions.jsonl", "forcegroups.jsonl"),
        *("hashes.jsonl", "load.jsonl", "partial_rules.jsonl", "rules.jsonl"),
    }


def run(directory):
    command = [sys.executable, "-m", "tests.core.vectors", str(directory)]
    top = Path(__file__).parents[2]
    return subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)


@pytest.fixture
def written(tmp_path):
    """Write the first vectors of a file, with the last one changed."""

    def write(name, **changes):
        cases = [case for case, _ in zip(read_jsonl(DIRECTORY, name), range(3), strict=False)]
        cases[-1] |= changes
        (tmp_path / name).write_text("".join(json.dumps(case) + "\n" for case in cases), "ascii")
        return tmp_path

    return write


def test_the_runner_counts_what_passed(written):
    result = run(written("hashes.jsonl"))
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "3 passed, 0 failed")


def test_the_runner_fails_on_a_wrong_answer_and_shows_it(written):
    result = run(written("hashes.jsonl", hash=1))
    assert (result.returncode, "2 passed, 1 failed" in result.stdout) == (1, True)
    assert "java: 1" in result.stdout


def test_a_wrong_error_is_a_failure(written):
    directory = written(
        "rules.jsonl", boolean_rule={"error": {"class": "x", "message": "x"}}, expr=""
    )
    assert run(directory).returncode == 1


def test_a_compressed_file_is_read_too(tmp_path):
    line = json.dumps({"test": "t", "salt": "s", "identifier": "1", "hash": 7})
    (tmp_path / "hashes.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    [result] = check_directory(tmp_path)
    assert len(result.failures) == 1


def test_a_directory_without_vectors_is_an_error(tmp_path):
    result = run(tmp_path)
    assert (result.returncode, "there are no vectors" in result.stderr) == (2, True)
