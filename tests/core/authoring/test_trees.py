"""Trees of definitions on disk, and matrices built from them."""

from __future__ import annotations

import json

import pytest

from proctor.core.authoring.definitions.reading import definition_of, read_definition
from proctor.core.authoring.edits.kept_definitions import tree_problems
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.trees.builder import build, matrix_text
from proctor.core.authoring.trees.tree import load_tree, save_definition, tree_of_files
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.rules.parser import parse
from tests.core.small_matrices import allocation, definition

AUDIT = Audit("7", 0, "ann")


def text(**fields):
    return json.dumps(definition(**fields))


def test_a_saved_definition_is_loaded_with_its_unknown_fields(tmp_path):
    saved = definition_of(definition(team="growth"), "colortst")
    save_definition(tmp_path, saved)
    assert load_tree(tmp_path).keys() == {"colortst"}
    assert read_definition(load_tree(tmp_path)["colortst"], "colortst") == saved
    assert (tmp_path / "colortst" / "metadata.json").read_bytes() == b"{ }"


def test_a_saved_text_may_hold_any_character(tmp_path):
    saved = definition_of(definition(description="\ud800 \U0001f600 \u00e9"), "colortst")
    save_definition(tmp_path, saved)
    assert read_definition(load_tree(tmp_path)["colortst"], "colortst") == saved


def test_files_and_the_directory_of_subversion_are_no_tests(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".svn").mkdir()
    (tmp_path / "empty").mkdir()
    assert load_tree(tmp_path) == {"empty": None}


def test_a_missing_directory_is_refused_with_the_layout(tmp_path):
    with pytest.raises(Refusal, match=r"expected test-definitions/<test>/definition\.json"):
        load_tree(tmp_path / "nowhere")


def test_a_name_that_no_file_can_have_is_refused():
    with pytest.raises(Refusal, match="cannot read the definitions directory"):
        load_tree("\0")


def test_a_tree_of_files_is_the_tree_on_disk():
    files = {
        "defs/a/definition.json": "1",
        "defs/a/metadata.json": "2",
        "defs/b": None,
        "defs/notes.txt": "3",
        "other/c/definition.json": "4",
    }
    assert tree_of_files(files, "defs/") == {"a": "1", "b": None}


def test_java_proctors_builder_reads_in_test_definitions_whatever_its_option_says():
    files = {"defs/a/definition.json": "1", "test-definitions/a/definition.json": "2"}
    assert tree_of_files(files, "defs", contents="test-definitions") == {"a": "2"}


def test_one_bad_test_fails_the_build_and_says_where_it_is():
    bad = text(allocations=[allocation(control=0.5)])
    with pytest.raises(Refusal, match="badtst, allocation 1: range lengths add up"):
        build({"goodtst": text(), "badtst": bad}, AUDIT)


def test_to_keep_going_leaves_out_the_bad_tests_and_names_each():
    tree = {
        "goodtst": text(),
        "sumtst": text(allocations=[allocation(control=0.5)]),
        "brokentst": "{",
        "nonetst": None,
        "nulltst": "null",
    }
    built = build(tree, AUDIT, keep_going=True)
    assert list(built.matrix.tests) == ["goodtst"]
    assert {name: each.code for name, each in built.failed.items()} == {
        "sumtst": "range-sum",
        "brokentst": "unreadable",
        "nonetst": "build-missing",
        "nulltst": "build-missing",
    }


def test_progress_is_told_each_name():
    seen = []
    build({"a": text(), "b": text()}, AUDIT, progress=seen.append)
    assert seen == ["a", "b"]


@pytest.mark.parametrize("work", [lambda tree: build(tree, AUDIT), tree_problems])
def test_equal_rules_of_different_tests_are_parsed_once(monkeypatch, work):
    parsed = []

    def counted(rule):
        parsed.append(rule)
        return parse(rule)

    monkeypatch.setattr("proctor.core.rules.pool.parse", counted)
    work({name: text(rule="country == 'US'") for name in ("firsttst", "secondtst")})
    assert parsed == ["${country == 'US'}"]


def test_a_built_matrix_is_one_that_the_engine_loads():
    built = build({"colortst": text(rule="age > 17", constants={"x": 1 / 3})}, AUDIT)
    loaded = Matrix.from_json(matrix_text(built.matrix))
    assert loaded.tests["colortst"].rule == "${age > 17}"
    assert loaded.tests["colortst"].constants["x"] == 0.3333333333
    assert loaded.audit.version == "7"


def test_lengths_are_judged_as_given_and_not_as_written():
    # Rounded to ten digits it would be 0.9999, and fine.
    bad = text(allocations=[allocation(control=0.99989999999)])
    assert build({"t": bad}, AUDIT, keep_going=True).failed["t"].code == "range-sum"


def test_an_infinite_constant_is_refused_when_it_is_written():
    tree = {"t": text(constants={"x": 0}).replace('"x": 0', '"x": 1e999')}
    with pytest.raises(Refusal, match="finite"):
        matrix_text(build(tree, AUDIT).matrix)
