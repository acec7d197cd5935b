"""Comparison with vectors of Java Proctor's editor, store and builder, from the project's copy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.authoring.vectors import AUTHORING_CHECKS
from tests.core.vectorfiles import conformance_directory, read_jsonl
from tests.core.vectors import _names, check_directory, check_file

DIRECTORY = conformance_directory() / "authoring"


@pytest.mark.parametrize("name", sorted(AUTHORING_CHECKS))
def test_every_answer_is_the_java_one(name):
    result = check_file(DIRECTORY, name)
    assert (result.failures[:3], result.passed > 0) == ([], True)


def test_there_are_vectors_of_every_kind():
    assert set(_names(DIRECTORY)) == set(AUTHORING_CHECKS)


#: A case of each file, and an answer that is wrong for it.
WRONG = {
    "writer.jsonl": {"definition_text": "{ }"},
    "build.jsonl": {"text": "{ }"},
    "allocation_ids.jsonl": {"ids": ["#Q1"]},
    "id_arithmetic.jsonl": {"result": "#Q1"},
    "edit_validation.jsonl": {"commit_message": "other"},
    "verify.jsonl": {"missing": ["other"]},
    "specification.jsonl": {"specification": {}},
    "auto_promote.jsonl": {"all_inactive": None},
    "jobs.jsonl": {"title": "other"},
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_answer_is_a_failure(name, tmp_path):
    case = next(read_jsonl(DIRECTORY, name)) | WRONG[name]
    (tmp_path / name).write_text(json.dumps(case) + "\n", "ascii")
    [result] = check_directory(tmp_path)
    assert len(result.failures) == 1


def test_a_wrong_list_of_names_is_a_failure(tmp_path):
    case = next(read_jsonl(DIRECTORY, "search.jsonl"))
    case["results"] = [case["results"][0] | {"names": []}]
    (tmp_path / "search.jsonl").write_text(json.dumps(case) + "\n", "ascii")
    [result] = check_directory(tmp_path)
    assert len(result.failures) == 1


def test_a_refusal_in_place_of_an_answer_is_a_failure(tmp_path):
    case = next(read_jsonl(DIRECTORY, "edit_validation.jsonl"))
    del case["commit_message"]
    case["error"] = {"class": "IllegalArgumentException", "message": "no"}
    (tmp_path / "edit_validation.jsonl").write_text(json.dumps(case) + "\n", "ascii")
    [result] = check_directory(tmp_path)
    assert len(result.failures) == 1


def test_the_runner_walks_the_directory_and_counts():
    command = [sys.executable, "-m", "tests.core.vectors", str(DIRECTORY)]
    top = Path(__file__).parents[3]
    result = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "1456 passed, 0 failed")
