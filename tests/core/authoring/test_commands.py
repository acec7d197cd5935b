"""The commands `review` and `ramp`: output, exit codes, and files changed in place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from proctor.cli import review as review_command
from proctor.cli.definition_files.in_place import next_version
from proctor.cli.main import main
from proctor.core.authoring.review.reviewing import review
from tests.core.authoring.small_definitions import make_test, split

ROOT = Path(__file__).resolve().parents[3]
MATRIX = ROOT / "examples" / "matrix.json"

#: A definition as Proctor's store writes it.
DEFINITION = """{
  "version" : "-1",
  "salt" : "&color",
  "rule" : "country == 'US'",
  "buckets" : [ {
    "name" : "inactive",
    "value" : -1
  }, {
    "name" : "control",
    "value" : 0
  }, {
    "name" : "active",
    "value" : 1
  } ],
  "allocations" : [ {
    "rule" : null,
    "ranges" : [ {
      "bucketValue" : -1,
      "length" : 0.8
    }, {
      "bucketValue" : 0,
      "length" : 0.1
    }, {
      "bucketValue" : 1,
      "length" : 0.1
    } ],
    "id" : "#A1",
    "owner" : "me"
  } ],
  "testType" : "USER",
  "specialConstants" : { "__COUNTRIES" : [ "US" ] }
}"""


@pytest.fixture
def command(capsys):
    """Return a function that runs the command and returns its exit code, output and errors."""

    def run(*arguments):
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as error:
            code = int(error.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def tree(tmp_path):
    """A tree with one definition, color."""
    directory = tmp_path / "tree"
    file = directory / "test-definitions" / "color" / "definition.json"
    file.parent.mkdir(parents=True)
    file.write_text(DEFINITION)
    return directory


def file_of(tree):
    return tree / "test-definitions" / "color" / "definition.json"


@pytest.fixture
def careless(tree, tmp_path):
    """The tree, changed manually to 60/20/20."""
    other = tmp_path / "careless"
    shutil.copytree(tree, other)
    text = DEFINITION.replace("0.8", "0.6").replace("0.1", "0.2")
    file_of(other).write_text(text)
    return other


# review


def test_review_says_who_moves(command, tree, careless):
    code, out, err = command("review", tree, careless)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "color: changed, danger",
        (
            "  control grows from 10 % to 20 %, active grows from 10 % to 20 %; "
            "20 % of visitors enter, 10 % jump from control to active."
        ),
        (
            "  The id of allocation 1 (#A1) should have been incremented, because results from "
            "before and after the change must not be pooled."
        ),
        "",
        "1 test: 1 danger",
    ]


def test_review_fails_at_the_risk_that_is_given(command, tree, careless, tmp_path):
    assert command("review", tree, careless, "--fail-on", "danger")[0] == 1
    assert command("review", tree, careless, "--fail-on", "notice")[0] == 1
    assert command("review", tree, tree, "--fail-on", "notice")[:2] == (0, "Nothing changed.\n")
    noticed = tmp_path / "noticed.json"
    noticed.write_text(DEFINITION.replace("== 'US'", "== 'DE'").replace("#A1", "#A2"))
    assert command("review", file_of(tree), noticed, "--fail-on", "notice")[0] == 1
    assert command("review", file_of(tree), noticed, "--fail-on", "danger")[0] == 0


def test_review_prints_json(command, tree, careless):
    code, out, _ = command("review", tree, careless, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["risk"] == "danger"
    assert document["tests"][0]["moves"][0]["jump"] == pytest.approx(0.1, abs=1e-9)
    assert json.loads(command("review", tree, tree, "--json")[1]) == {"risk": "none", "tests": []}


def test_review_prints_markdown_that_shows_names_as_they_are(command, tree, careless):
    out = command("review", tree, careless, "--markdown")[1]
    assert out.splitlines()[:5] == [
        "### Proctor review: 1 test: 1 danger",
        "",
        "**color**: changed, danger",
        "",
        (
            "- **Danger:** control grows from 10 % to 20 %, active grows from 10 % to 20 %; "
            "20 % of visitors enter, 10 % jump from control to active."
        ),
    ]
    old, new = (make_test(split((1, 1.0)), description=text) for text in ("a", "@x <b> [y](z) |"))
    text = "\n".join(review_command.markdown(review(old, new)))
    assert "@\u200bx \\<b\\> \\[y\\]\\(z\\) \\|" in text


def test_red_is_for_danger_and_for_terminals():
    old = make_test(split((0, 0.5), (1, 0.5)))
    new = make_test(split((1, 0.5), (0, 0.5)), description="new")
    found = review(old, new)
    colored = list(review_command.lines(found, color=True))
    assert colored[0] == "\x1b[31mt: changed, danger\x1b[0m"
    assert "  The description changed from none to new." in colored
    assert "\x1b" not in "".join(review_command.lines(found))


def test_a_terminal_may_refuse_colors(monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert review_command.has_color(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not review_command.has_color(Terminal())


def test_single_definitions_are_the_same_test_whatever_their_files_are_called(
    command, tree, tmp_path
):
    other = tmp_path / "other.json"
    other.write_text(DEFINITION.replace('"-1"', '"5"'))
    out = command("review", other, file_of(tree))[1]
    assert out.splitlines()[:2] == [
        "color: changed, no risk",
        "  The version changed from 5 to -1.",
    ]


def test_a_definition_is_compared_with_its_test_in_a_matrix_or_tree(command, tree):
    assert command("review", tree, file_of(tree))[1] == "Nothing changed.\n"
    assert command("review", file_of(tree), tree)[1] == "Nothing changed.\n"


def test_an_empty_file_is_a_definition_that_does_not_exist(command, tree, tmp_path):
    empty = tmp_path / "empty.json"
    empty.write_text("")
    assert command("review", empty, file_of(tree))[1].startswith("color: created, no risk\n")
    assert command("review", file_of(tree), empty)[1].startswith("color: deleted, notice\n")
    assert command("review", empty, empty)[1] == "Nothing changed.\n"


def test_a_tree_is_compared_with_a_matrix(command, tree):
    out = command("review", MATRIX, tree)[1]
    assert "color: created" in out
    assert "buttoncolortst: deleted" in out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "expected a JSON object"),
        ("{", "not valid JSON"),
        ('{"buckets": 5}', "5 is not a list"),
        ('{"tests": {}}', "audit: missing"),
    ],
)
def test_bad_input_is_one_line(command, tree, tmp_path, content, message):
    bad = tmp_path / "bad.json"
    bad.write_text(content)
    code, out, err = command("review", tree, bad)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err


def test_a_directory_without_definitions_is_bad_input(command, tree, tmp_path):
    (tmp_path / "nothing").mkdir()
    code, _, err = command("review", tree, tmp_path / "nothing")
    assert code == 2
    assert "has no definitions; expected test-definitions/<test>/definition.json" in err
    shutil.copytree(tree, tmp_path / "broken")
    (tmp_path / "broken" / "test-definitions" / "empty").mkdir()
    code, _, err = command("review", tree, tmp_path / "broken")
    assert code == 2
    assert "empty/definition.json" in err


# ramp


def test_ramp_prints_ranges_that_move_nobody_between_groups(command, tree):
    code, out, err = command("ramp", tree, "color", "control=20%", "active=0.2")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "GROUP     VALUE  LENGTH",
        "active        1  0.1",
        "inactive     -1  0.6",
        "control       0  0.2",
        "active        1  0.1",
        "",
        "color: changed, no risk",
        (
            "  control grows from 10 % to 20 %, active grows from 10 % to 20 %; "
            "20 % of visitors enter, nobody jumps."
        ),
        "",
        "1 test: 1 no risk",
    ]
    assert file_of(tree).read_text() == DEFINITION


def test_ramp_prints_json(command, tree):
    document = json.loads(command("ramp", tree, "color", "1=1/5", "--json")[1])
    assert document.keys() == {"ranges", "moves"}
    assert [each["bucketValue"] for each in document["ranges"]] == [1, -1, 0, 1]
    (pair,) = document["moves"]
    assert (pair["allocation"], pair["jump"], pair["id"]) == (1, 0.0, "#A2")


def test_ramp_in_place_changes_the_ranges_and_the_id_and_nothing_else(command, tree):
    assert command("ramp", tree, "color", "active=0%", "-i")[0] == 0
    assert file_of(tree).read_text() == DEFINITION.replace(
        """{
      "bucketValue" : 0,
      "length" : 0.1
    }, {
      "bucketValue" : 1,
      "length" : 0.1
    } ]""",
        """{
      "bucketValue" : 0,
      "length" : 0.1
    }, {
      "bucketValue" : -1,
      "length" : 0.1
    } ]""",
    ).replace("#A1", "#A2")


def test_ramp_in_place_moves_the_versions_of_a_matrix_on(command, tmp_path):
    file = tmp_path / "matrix.json"
    # Windows line ends, letters that are not ASCII, and bytes behind the document stay.
    content = MATRIX.read_bytes().replace(b"\n", b"\r\n") + "ü".encode() + b"\xff"
    file.write_bytes(content)
    assert command("ramp", file, "newfeaturerollout", "active=35%", "-i")[0] == 0
    before, after = content.split(b"\r\n"), file.read_bytes().split(b"\r\n")
    changes = [(a.strip(), b.strip()) for a, b in zip(before, after, strict=True) if a != b]
    assert changes == [
        (b'"version": "20261122.1",', b'"version": "20261122.2",'),
        (b'"version": "3",', b'"version": "4",'),
        (b'{"bucketValue": 1, "length": 0.1},', b'{"bucketValue": 1, "length": 0.35},'),
        (b'{"bucketValue": -1, "length": 0.9}', b'{"bucketValue": -1, "length": 0.65}'),
    ]


def test_ramp_in_place_leaves_a_file_alone_that_has_the_shares(command, tree):
    code, out, _ = command("ramp", tree, "color", "active=10%", "-i")
    assert code == 0
    assert out.endswith("\n\nNothing changed.\n")
    assert file_of(tree).read_text() == DEFINITION


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["color", "activ=20%"], "'color' has no group 'activ': did you mean 'active'?"),
        (["color", "active=200%"], "expected a share such as 20% or 0.2, got '200%'"),
        (["color", "active=20"], "expected a share such as 20% or 0.2, got '20'"),
        (["color", "active=1e9%"], "expected a share such as 20% or 0.2"),
        (["color", "active=1/0"], "expected a share such as 20% or 0.2"),
        (["color", "active=nan"], "expected a share such as 20% or 0.2"),
        (["color", "active"], "expected NAME=VALUE"),
        (["color", "active=10%", "1=20%"], "the share of '1' is given twice"),
        (["color", "active=95%"], "add up to 105 %, but the maximum is 100 %"),
        (["color", "active=1%", "--allocation", "2"], "expected an allocation from 1 to 1, got 2"),
        (["nothing", "active=1%"], "has no test 'nothing'"),
    ],
)
def test_a_ramp_that_makes_no_sense_is_one_line(command, tree, arguments, message):
    code, out, err = command("ramp", tree, *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err


def test_a_ramp_asks_for_the_allocation_of_several(command, tmp_path):
    file = tmp_path / "color.json"
    test = make_test(split((-1, 1.0), rule="${a}"), split((-1, 1.0), id="#B1"))
    file.write_text(json.dumps(test.to_dict()))
    code, _, err = command("ramp", file, "color", "blue=5%")
    assert code == 2
    assert "'color' has 2 allocations; choose one with --allocation, 1 to 2" in err
    assert command("ramp", file, "color", "blue=5%", "--allocation", "2", "-i")[0] == 0
    first, second = json.loads(file.read_text())["allocations"]
    assert first == test.to_dict()["allocations"][0]
    assert second["id"] == "#B2"


def test_a_test_that_the_matrix_does_not_have_is_named(command):
    code, _, err = command("ramp", MATRIX, "buttoncolor", "blue=5%")
    assert code == 2
    assert "buttoncolortst" in err


def test_an_id_that_cannot_move_on_is_refused_in_place_only(command, tree):
    file_of(tree).write_text(DEFINITION.replace("#A1", "first"))
    assert command("ramp", tree, "color", "active=20%")[0] == 0
    code, _, err = command("ramp", tree, "color", "active=20%", "-i")
    assert code == 2
    assert "expected an allocation id such as #A1, got 'first'" in err
    assert "first" in file_of(tree).read_text()


def test_standard_input_cannot_be_changed_in_place(command, monkeypatch):
    class Input:
        buffer = MATRIX.open("rb")

    monkeypatch.setattr("sys.stdin", Input)
    code, _, err = command("ramp", "-", "newfeaturerollout", "active=35%", "-i")
    Input.buffer.close()
    assert code == 2
    assert "-i needs a file to write to" in err


def test_a_wrong_allocation_besides_is_one_line(command, tmp_path):
    file = tmp_path / "color.json"
    test = make_test(split((-1, 0.5), rule="${a}"), split((-1, 1.0)))
    file.write_text(json.dumps(test.to_dict()))
    code, _, err = command("ramp", file, "color", "blue=5%", "--allocation", "2")
    assert code == 2
    assert "a different allocation of 'color' is invalid" in err


@pytest.mark.parametrize(
    ("version", "after"),
    [
        ("7", "8"),
        ("1.2", "1.3"),
        ("20261122.9", "20261122.10"),
        ("r5", "r5-1"),
        ("r5-1", "r5-2"),
        ("0fb3a91", "0fb3a91-1"),
        ("-1", "-1"),
        ("", ""),
        ("9" * 30, "9" * 30 + "-1"),
    ],
)
def test_versions_move_on(version, after):
    assert next_version(version) == after


def test_a_version_that_is_a_number_stays_one(command, tmp_path):
    file = tmp_path / "color.json"
    for before, after in ((7, 8), (1.5, 1.6), (-1, -1), (None, None)):
        file.write_text(json.dumps(make_test(split((-1, 1.0)), version=before).to_dict()))
        document = {**json.loads(file.read_text()), "version": before}
        file.write_text(json.dumps(document))
        assert command("ramp", file, "color", "blue=5%", "-i")[0] == 0
        assert json.loads(file.read_text())["version"] == after
