from __future__ import annotations

import ast
import importlib.util
import inspect
import subprocess
import sys
import typing

import pytest

from proctor import Assignment, ProctorTest
from proctor.core.matrices.matrix import Bucket, Payload, TestDefinition
from proctor.generated_types.annotations import assignment_type, quoted
from proctor.generated_types.module_text import InMatrix, difference, in_matrix, module_text

ODD_NAMES = ("button-color", "class", "_hidden", "peek", "str", "tést", 'quo"te', "it's", "a\nb")


def text_of(*tests, matrix=None):
    return module_text(tests, frozenset({"peek", "known_groups"}), matrix)


def attributes(text):
    (proc,) = (
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef) and node.name == "Proc"
    )
    return {node.target.id for node in proc.body if isinstance(node, ast.AnnAssign)}


@pytest.fixture
def load(tmp_path, monkeypatch):
    def load_module(text):
        path = tmp_path / "proctor_types.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("proctor_types", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "proctor_types", module)
        spec.loader.exec_module(module)
        return module

    return load_module


MANY = (
    ProctorTest("signuptst", groups=[f"a_long_name_of_a_group_{n}" for n in range(9)], payload=str),
    ProctorTest("button-color", groups=("grey", "blue")),
    ProctorTest("legacytst"),
)


@pytest.mark.parametrize("tests", [MANY, MANY[:1], MANY[1:2], ()])
def test_a_site_s_linters_have_nothing_to_say(tests, tmp_path):
    path = tmp_path / "proctor_types.py"
    path.write_text(text_of(*tests), encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "ALL", str(path)]
    style = [sys.executable, "-m", "pycodestyle", "--max-line-length=100", str(path)]
    for command in (ruff, style):
        pytest.importorskip(command[2], reason=f"{command[2]} is not installed")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"groups": ("control", "onestep"), "default": "control", "payload": str},
            'Assignment[Literal["control", "onestep"], str | None]',
        ),
        ({"groups": {"off": -1, "on": 1}}, 'Assignment[Literal["off", "on"] | None, Any]'),
        ({}, "Assignment[str | None, Any]"),
        ({"default": "control"}, "Assignment[str, Any]"),
    ],
)
def test_a_declared_group_is_a_literal_and_none_comes_without_a_default(options, expected):
    assert str(assignment_type(ProctorTest("signuptst", **options))) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (str, "str | None"),
        (int, "int | None"),
        ("doubleValue", "float | None"),
        (list[str], "tuple[str, ...] | None"),
        (list[int], "tuple[int, ...] | None"),
        ("doubleArray", "tuple[float, ...] | None"),
        (dict, "Mapping[str, Any] | None"),
        ("json", "Any"),
    ],
)
def test_a_payload_has_the_type_that_a_page_gets_or_is_none(payload, expected):
    assert str(assignment_type(ProctorTest("t", payload=payload))) == (
        f"Assignment[str | None, {expected}]"
    )


def test_the_module_can_be_imported_and_its_annotations_resolved(load):
    module = load(text_of(ProctorTest("a", groups=("x",), payload=list[int]), ProctorTest("b")))
    hints = typing.get_type_hints(module.Proc)
    expected = Assignment[typing.Literal["x"] | None, tuple[int, ...] | None]
    assert hints == {"a": expected, "b": Assignment[str | None, typing.Any]}
    assert typing.get_args(module.TestName) == ("a", "b")
    assert typing.get_type_hints(module.ProctorRequest)["proc"] is module.Proc


@pytest.mark.parametrize("tests", [(), ("one",), ("one", "two")])
def test_any_number_of_tests_makes_a_module(load, tests):
    module = load(text_of(*map(ProctorTest, tests)))
    assert set(inspect.get_annotations(module.Proc)) == set(tests)


def test_names_that_cannot_be_attributes_are_there_by_item_only(load):
    text = text_of(*map(ProctorTest, (*ODD_NAMES, "fine")))
    assert attributes(text) == {"tést", "fine"}
    assert typing.get_args(load(text).TestName) == (*ODD_NAMES, "fine")


@pytest.mark.parametrize("name", [*ODD_NAMES, "\ud83d", "\\", ""])
def test_a_quoted_name_reads_as_the_name(name):
    assert ast.literal_eval(quoted(name)) == name


def test_long_lines_are_broken():
    test = ProctorTest("a" * 40, groups=[f"group{number}" for number in range(30)])
    lines = text_of(test, ProctorTest("b" * 30)).splitlines()
    assert [line for line in lines if len(line) > 88 and "def " not in line] == []


def test_two_runs_write_the_same():
    tests = ProctorTest("a", groups=("x", "y")), ProctorTest("b")
    assert text_of(*tests) == text_of(*tests)


class TestWhatTheMatrixHas:
    def test_it_is_read_for_undeclared_groups_only(self):
        buckets = (Bucket("control", 0, payload=Payload("stringValue", "x")), Bucket("on", 1))
        definitions = {name: TestDefinition(name, buckets=buckets) for name in ("a", "b", "c")}
        tests = ProctorTest("a"), ProctorTest("b", groups=("control",)), ProctorTest("d")
        assert in_matrix(tests, definitions) == {"a": InMatrix(("control", "on"), "stringValue")}

    def test_it_stands_in_a_comment_above_the_test(self):
        text = text_of(ProctorTest("a"), matrix={"a": InMatrix(("control", "on"), "stringValue")})
        comment = '    #: In the matrix: "control", "on"; payload stringValue\n'
        assert f"{comment}    a: Assignment[str | None, Any]\n" in text

    def test_a_group_with_a_line_break_stays_in_the_comment(self, load):
        text = text_of(ProctorTest("a"), matrix={"a": InMatrix(("x\nimport nosuch",), None)})
        assert load(text).TestName == typing.Literal["a"]

    def test_it_does_not_make_a_module_stale(self):
        test = ProctorTest("a")
        written = text_of(test, matrix={"a": InMatrix(("control",), None)})
        assert difference(text_of(test), written, "types.py") == ""


def test_a_difference_is_shown_as_a_diff():
    before, after = (text_of(ProctorTest("a", groups=groups)) for groups in ("x", "xy"))
    changes = difference(after, before, "types.py")
    assert '-    a: Assignment[Literal["x"] | None, Any]\n' in changes
    assert '+    a: Assignment[Literal["x", "y"] | None, Any]\n' in changes
