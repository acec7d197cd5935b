"""`validate` of trees, definitions and specifications; matrices are in test_cli."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import ROOT, described


@pytest.fixture
def write(tmp_path):
    def write_it(document, name="file.json"):
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write_it


def test_a_sound_tree_has_no_problems(run, make_tree):
    assert run("validate", make_tree(atst={}, btst={})) == (0, "2 tests, no problems\n", "")


def test_all_that_is_wrong_with_a_tree_is_found_at_once(run, make_tree):
    tree = make_tree(
        atst={},
        bad={"allocations": []},
        lost={"dependsOn": {"testName": "atst", "bucketValue": 99}, "salt": "other"},
        none="null",
        torn="{",
    )
    code, out, _ = run("validate", tree)
    lines = out.splitlines()
    assert code == 1
    assert [each.split(":")[:2] for each in lines[:-1]] == [
        ["fatal", " none"],
        ["fatal", " torn"],
        ["dropped", " bad"],
        ["dropped", " lost"],
    ]
    assert lines[-1] == "5 tests, 2 fatal, 2 dropped"


def test_what_only_an_editor_refuses_is_a_warning(run, make_tree):
    tree = make_tree(**{"7tst": {"description": " ", "metaTags": ["a b"]}})
    code, out, _ = run("validate", tree)
    assert code == 0
    assert "warning: 7tst: invalid test name '7tst'" in out
    assert "warning: 7tst: the description is missing; add one" in out
    assert "warning: 7tst: invalid meta tags 'a b'" in out
    assert run("validate", tree, "--strict")[0] == 1


def test_rules_are_checked_against_declarations(run, make_tree, write):
    tree = make_tree(atst={"rule": "nothing == 1"})
    assert run("validate", tree)[0] == 0
    code, out, _ = run("validate", tree, "--config", ROOT / "examples" / "pipet-config.json")
    assert (code, out.splitlines()[-1]) == (1, "1 test, 1 dropped")


def test_one_definition_is_checked_without_what_it_depends_on(run, write):
    document = described(dependsOn={"testName": "other", "bucketValue": 1})
    assert run("validate", write(document)) == (0, "1 test, no problems\n", "")
    document["allocations"] = []
    code, out, _ = run("validate", write(document))
    assert (code, out.splitlines()[-1]) == (1, "1 test, 1 dropped")


def test_a_definition_that_cannot_be_read_is_fatal(run, write):
    code, out, _ = run("validate", write({"buckets": 5}))
    assert code == 1
    assert out.startswith("fatal: ")
    code, out, _ = run("validate", write(described(constants=None)))
    assert code == 1
    assert "constants is null; make it empty instead" in out


def test_a_sound_specification_has_no_problems(run, write):
    document = {
        "providedContext": {"country": "String"},
        "tests": {
            "atst": {"buckets": {"control": 0}, "fallbackValue": 0, "payload": {"type": "json"}}
        },
        "dynamicFilters": [{"type": "match_all"}],
    }
    assert run("validate", write(document)) == (0, "1 test, no problems\n", "")
    assert run("validate", write("// ours\n" + json.dumps(document)))[0] == 0


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        ({"buckets": {"a": 0, "b": 0}, "fallbackValue": 0}, "dropped: t: the buckets 'a' and 'b'"),
        ({"buckets": {"a": None}}, "fatal: t: the bucket 'a' has no value; add one"),
        ({"buckets": {"a": 0}}, "warning: t: the fallback value -1 is not the value of a bucket"),
        ({"payload": {}}, "fatal: t: unknown payload type None"),
        ({"payload": {"type": "stringVal"}}, "did you mean 'stringValue'?"),
        ({"payload": {"type": "map"}}, "dropped: t: the payload is a map without a schema"),
        (
            {"payload": {"type": "map", "schema": {"k": "json"}}},
            "dropped: t: the schema gives 'k' the unknown type 'json'",
        ),
        (
            {"payload": {"type": "longValue", "validator": "${value >}"}},
            "fatal: t: the validator '${value >}' is not a valid rule",
        ),
        (None, "fatal: t: the specification of the test is null"),
        ({"bucket": {}}, "warning: specification, tests: unknown field"),
    ],
)
def test_what_is_wrong_with_a_specification_is_named(run, write, expected, line):
    code, out, _ = run("validate", write({"providedContext": {}, "tests": {"t": expected}}))
    assert code == (0 if "warning" in line else 1)
    assert line in out


def test_a_specification_that_cannot_be_read_is_fatal(run, write):
    code, out, _ = run("validate", write({"dynamicFilters": [{"type": "unknown"}]}))
    assert code == 1
    assert out.startswith("fatal: ")


def test_what_is_none_of_these_is_a_matrix_without_an_audit(run, write):
    for document in ({}, {"tests": {}}, {"tests": {"t": described()}}):
        code, out, _ = run("validate", write(document))
        assert code == 1
        assert "audit: missing" in out


def test_json_has_the_shape_that_matrices_have(run, make_tree):
    document = json.loads(run("validate", make_tree(bad={"allocations": []}), "--json")[1])
    assert document["tests"] == 1
    assert document["problems"][0].keys() == {
        *("severity", "test", "allocation", "rule", "column", "message")
    }


@pytest.mark.parametrize("content", ["", "[1]", "{", "nothing"])
def test_what_is_no_json_object_is_one_line(run, write, content):
    code, out, err = run("validate", write(content))
    assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_a_directory_without_definitions_is_one_line(run, tmp_path):
    code, _, err = run("validate", tmp_path)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "has no definitions; expected test-definitions/<test>/definition.json" in err
