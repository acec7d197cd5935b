"""`build`: a tree of definitions becomes a matrix."""

from __future__ import annotations

import gc
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proctor.core import Matrix
from proctor.core.authoring.definitions.reading import read_definition
from proctor.core.authoring.trees.builder import build
from tests.cli.conftest import ROOT, described

BAD = {"allocations": []}


def test_it_prints_the_matrix(run, make_tree):
    code, out, err = run("build", make_tree(atst={}, btst={"salt": "&b"}), "-a", "ann", "-v", "r7")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert list(document["tests"]) == ["atst", "btst"]
    assert (document["audit"]["version"], document["audit"]["updatedBy"]) == ("7", "ann")
    assert Matrix.from_json(out).tests["btst"].salt == "&b"


@pytest.mark.parametrize("fields", [{}, BAD])
def test_the_garbage_collector_is_paused_only_while_it_builds(run, make_tree, monkeypatch, fields):
    seen = []

    def observed(*args, **options):
        seen.append(gc.isenabled())
        return build(*args, **options)

    monkeypatch.setattr("proctor.cli.build.build", observed)
    run("build", make_tree(atst=fields))
    assert (seen, gc.isenabled()) == ([False], True)


def test_the_audit_is_the_time_and_the_user(run, make_tree, monkeypatch):
    monkeypatch.setenv("USER", "erin")
    before = time.time_ns() // 1_000_000
    audit = json.loads(run("build", make_tree(), "-a", "  ", "-v", "")[1])["audit"]
    assert before <= audit["updated"] <= time.time_ns() // 1_000_000
    assert audit["version"] == str(audit["updated"])
    assert audit["updatedBy"] == "erin"
    monkeypatch.delenv("USER")
    assert json.loads(run("build", make_tree())[1])["audit"]["updatedBy"] is None


def test_rules_and_special_constants_become_those_of_a_matrix(run, make_tree):
    countries = {"specialConstants": {"__COUNTRIES": ["US"]}, "rule": "loggedIn"}
    matrix = Matrix.from_json(run("build", make_tree(atst=countries))[1])
    test = matrix.tests["atst"]
    assert test.rule == "${proctor:contains(__COUNTRIES, country) && loggedIn}"
    assert test.constants == {"__COUNTRIES": ("US",)}


def test_it_writes_a_file(run, make_tree, tmp_path):
    file = tmp_path / "matrix.json"
    assert run("build", make_tree(atst={}), "-o", file) == (0, "", "")
    assert Matrix.load(file).tests.keys() == {"atst"}
    # Java Proctor's file ends with the brace.
    assert file.read_text().endswith("\n}")


def test_into_a_directory_the_file_has_java_proctors_name_or_the_one_that_is_given(
    run, make_tree, tmp_path
):
    (tmp_path / "out").mkdir()
    assert run("build", make_tree(atst={}), "-o", tmp_path / "out")[0] == 0
    assert run("build", make_tree(atst={}), "-o", tmp_path / "out", "-f", "m.json")[0] == 0
    names = sorted(each.name for each in (tmp_path / "out").iterdir())
    assert names == ["m.json", "proctor-tests-matrix.json"]
    for output in ("-", tmp_path / "file.json"):
        code, _, err = run("build", make_tree(atst={}), "-o", output, "-f", "m.json")
        assert (code, "--filename requires --output to be a directory" in err) == (2, True)


def test_the_directory_of_definitions_may_have_another_name(run, make_tree):
    tree = make_tree(atst={})
    (tree / "test-definitions").rename(tree / "defs")
    assert json.loads(run("build", tree, "-d", "defs")[1])["tests"].keys() == {"atst"}
    assert json.loads(run("build", tree / "defs")[1])["tests"].keys() == {"atst"}
    code, _, err = run("build", tree)
    assert code == 2
    assert "has no definitions; expected test-definitions/<test>/definition.json" in err


def test_one_bad_test_fails_the_build_and_the_file_stays(run, make_tree, tmp_path):
    file = tmp_path / "matrix.json"
    file.write_text("as before")
    code, out, err = run("build", make_tree(good={}, bad=BAD), "-o", file)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "bad: there are no allocations; add at least one" in err
    assert "(--keep-going builds the matrix without bad)" in err
    assert file.read_text() == "as before"
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_to_keep_going_leaves_bad_tests_out_and_names_each(run, make_tree):
    tree = make_tree(good={}, bad=BAD, worse="{", none="null")
    code, out, err = run("build", tree, "--keep-going")
    assert code == 1
    assert json.loads(out)["tests"].keys() == {"good"}
    assert [line.split(":")[1].strip() for line in err.splitlines()] == ["bad", "none", "worse"]


def test_a_number_that_json_cannot_hold_is_a_bad_test(run, make_tree):
    infinite = json.dumps(described(constants={"x": 0})).replace('"x": 0', '"x": 1e999')
    tree = make_tree(good={}, bad=infinite, worse=infinite)
    code, _, err = run("build", tree)
    assert (code, "bad: inf cannot be written as JSON" in err) == (2, True)
    code, out, err = run("build", tree, "--keep-going")
    assert (code, len(err.splitlines())) == (1, 2)
    assert json.loads(out)["tests"].keys() == {"good"}
    code, out, _ = run("validate", tree)
    assert (code, out.count("fatal: ")) == (1, 2)


def test_a_file_is_no_tree(run, tmp_path):
    (tmp_path / "x").write_text("{}")
    for location in (tmp_path / "x", tmp_path / "nowhere", "-", "http://localhost/x"):
        code, _, err = run("build", location)
        assert (code, len(err.splitlines())) == (2, 1)
        assert "expected a directory with test-definitions/<test>/definition.json" in err


def test_what_cannot_be_written_is_one_line(run, make_tree, tmp_path):
    code, _, err = run("build", make_tree(atst={}), "-o", tmp_path / "no" / "such" / "m.json")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "cannot write" in err


def test_a_link_stays_one_and_the_file_keeps_its_permissions(run, make_tree, tmp_path):
    file, link = tmp_path / "real.json", tmp_path / "link.json"
    file.write_text("before")
    file.chmod(0o640)
    link.symlink_to(file)
    assert run("build", make_tree(atst={}), "-o", link)[0] == 0
    assert link.is_symlink()
    assert Matrix.load(file).tests
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_pipe_is_written_and_not_replaced(make_tree, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = [sys.executable, "-m", "proctor", "build", str(make_tree(atst={})), "-o", str(pipe)]
    with subprocess.Popen(program, cwd=ROOT) as process:
        text = pipe.read_text()
    assert (process.returncode, stat.S_ISFIFO(pipe.stat().st_mode)) == (0, True)
    assert Matrix.from_json(text).tests.keys() == {"atst"}


def test_output_is_utf_8_whatever_the_terminal_takes(make_tree):
    tree = make_tree(atst={"description": "\u00e9\U0001f600"}, btst={"description": "\ud800"})
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    program = [sys.executable, "-m", "proctor", "build", str(tree)]
    result = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, check=True)
    matrix = Matrix.from_json(result.stdout)
    assert matrix.tests["atst"].description == "\u00e9\U0001f600"
    assert matrix.tests["btst"].description == "\ud800"


def test_progress_is_shown_if_it_is_wanted(run, make_tree):
    pytest.importorskip("tqdm")
    assert "tests" in run("build", make_tree(atst={}), "--progress")[2]
    assert run("build", make_tree(atst={}), "--no-progress")[2] == ""


def test_comments_are_allowed_in_definitions(run, make_tree):
    text = (
        '// ours\n{"testType": "USER", "salt": "&c", /* two */ '
        '"buckets": [{"name": "a", "value": 0}], '
        '"allocations": [{"ranges": [{"bucketValue": 0, "length": 1}]}]}'
    )
    tree = make_tree(ctst=text)
    assert json.loads(run("build", tree)[1])["tests"].keys() == {"ctst"}
    assert run("review", tree, tree)[:2] == (0, "Nothing changed.\n")
    assert run("validate", tree)[0] == 0
    assert read_definition(text).test.salt == "&c"


def test_the_example_tree_is_the_example_matrix(run):
    built = Matrix.from_json(run("build", ROOT / "examples")[1])
    example = Matrix.load(Path(ROOT / "examples" / "matrix.json"))
    assert built.tests.keys() == example.tests.keys()
    assert run("review", ROOT / "examples" / "matrix.json", ROOT / "examples")[1] == (
        "Nothing changed.\n"
    )


@pytest.fixture
def repository(make_tree, monkeypatch):
    """A tree in a git repository, with one commit on main."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    tree = make_tree(atst={}, btst={"salt": "&b"})
    for name, value in {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Erin E.",
        "GIT_AUTHOR_EMAIL": "erin@example.com",
        "GIT_COMMITTER_NAME": "robot",
        "GIT_COMMITTER_EMAIL": "robot@example.com",
        "GIT_COMMITTER_DATE": "1500000000 +0000",
    }.items():
        monkeypatch.setenv(name, value)
    for arguments in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "first"),
    ):
        subprocess.run(["git", "-C", str(tree), *arguments], check=True)
    return tree


def test_a_branch_is_built_as_it_was_committed(run, repository):
    (repository / "test-definitions" / "btst" / "definition.json").write_text("{")
    assert run("build", repository)[0] == 2
    code, out, err = run("build", repository, "-b", "main")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert list(document["tests"]) == ["atst", "btst"]
    audit = document["audit"]
    assert (audit["updated"], audit["updatedBy"]) == (1_500_000_000_000, "erin")
    assert len(audit["version"]) == 40
    audit = json.loads(run("build", repository, "-b", "HEAD", "-v", "r7", "-a", "ann")[1])["audit"]
    assert (audit["version"], audit["updatedBy"]) == ("7", "ann")


def test_a_branch_that_git_does_not_have_is_one_line(run, repository, tmp_path):
    for location, branch, directory in (
        (repository, "nowhere", "test-definitions"),
        (repository, "--all", "test-definitions"),
        (repository, "main", "other"),
        (tmp_path / "missing", "main", "test-definitions"),
    ):
        code, out, err = run("build", location, f"--branch={branch}", "-d", directory)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert "git" in err
