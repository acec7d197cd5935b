"""The command: its output and its error messages."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import proctor
from proctor.cli.main import main, script
from proctor.cli.printing import bar, table, width
from proctor.core import Matrix, Proctor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.core.evaluation.explanation import Explanation

ROOT = Path(__file__).resolve().parents[2]
MATRIX = str(ROOT / "examples" / "matrix.json")
CONFIG = str(ROOT / "examples" / "pipet-config.json")
VISITOR = ("--id", "USER=pa5xq0lz4n80", "--context", "country=US")

REFUSED_FORCES = [
    ("buttoncolor", "--force: expected entries like buttoncolortst2, got 'buttoncolor'"),
    ("buttoncolortst2,$1", "--force: expected entries like buttoncolortst2, got '$1'"),
    (
        "buttoncolrtst2",
        "--force: the matrix has no test 'buttoncolrtst'; did you mean 'buttoncolortst'?",
    ),
    (
        "buttoncolortst9",
        "--force: buttoncolortst has no group 9; expected one of -1 (inactive), 0",
    ),
    ("grn1,buttoncolortst9", "--force: the matrix has no test 'grn'; buttoncolortst has no group"),
    ("grn,$1", "--force: expected entries like buttoncolortst2, got 'grn' and '$1'"),
]


class Command:
    """Runs the command in this process and stores its output."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        try:
            code = main(arguments)
        except SystemExit as error:  # argparse ends in this way
            code = int(error.code or 0)
        self.out, self.err = self._capsys.readouterr()
        return code

    def json(self, *arguments: str) -> Any:
        assert self(*arguments, "--json") == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a separate process."""
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    program = [sys.executable, "-m", "proctor", *arguments]
    return subprocess.run(program, capture_output=True, cwd=ROOT, check=False, **options)


def definition(**changes: Any) -> dict[str, Any]:
    """A test with two buckets, half of the visitors in each."""
    return {
        "testType": "USER",
        "salt": "&salt",
        "buckets": [{"name": "control", "value": 0}, {"name": "active", "value": 1}],
        "allocations": [
            {"ranges": [{"bucketValue": 0, "length": 0.5}, {"bucketValue": 1, "length": 0.5}]}
        ],
        **changes,
    }


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Write a matrix of the tests to a file and return its path."""

    def write_matrix(**tests: Any) -> str:
        path = tmp_path / "matrix.json"
        path.write_text(json.dumps({"audit": {"version": "1"}, "tests": tests}))
        return str(path)

    return write_matrix


class TestGroups:
    def test_prints_a_table(self, command: Command) -> None:
        assert command("groups", MATRIX, *VISITOR) == 0
        assert command.out.splitlines()[:2] == [
            "TEST               GROUP     VALUE  PAYLOAD    WHY",
            'buttoncolortst     blue          1  "#2B60DE"  allocation #A1',
        ]
        assert command.err == ""

    def test_says_why_a_test_gave_no_group(self, command: Command) -> None:
        command("groups", MATRIX, *VISITOR)
        assert command.out.endswith(
            "\n\nonepagecheckouttst: no group: there is no identifier of type ACCOUNT\n"
        )

    def test_says_when_there_is_no_group_at_all(self, command: Command) -> None:
        assert command("groups", MATRIX) == 0
        assert command.out.startswith("The visitor is in no group.\n\nbuttoncolortst: no group: ")

    def test_json_has_all_of_an_assignment(self, command: Command) -> None:
        document = command.json("groups", MATRIX, *VISITOR)
        assert document["groups"]["buttoncolortst"] == {
            "group": "blue",
            "value": 1,
            "payload": "#2B60DE",
            "payload_type": "stringValue",
            "reason": "assigned",
            "allocation": 0,
            "allocation_id": "#A1",
            "version": "7",
        }
        assert list(document["no_group"]) == ["onepagecheckouttst"]

    def test_forces_groups(self, command: Command) -> None:
        document = command.json("groups", MATRIX, *VISITOR, "--force", "buttoncolortst2")
        assert document["groups"]["buttoncolortst"]["group"] == "green"
        assert document["groups"]["buttoncolortst"]["reason"] == "forced"

    def test_reports_a_rule_that_failed(self, command: Command) -> None:
        assert command("groups", MATRIX, "--id", "USER=x") == 0
        assert "\nbuttoncolortst: no group: the rule of allocation 1" in command.out

    def test_reports_a_test_that_was_dropped(self, command: Command, write: Any) -> None:
        command("groups", write(good=definition(), bad=definition(testType="NOSUCH")))
        assert "\nbad: no group: the test is dropped" in command.out

    def test_numbers_an_allocation_without_an_id_from_1(self, command: Command, write: Any) -> None:
        command("groups", write(t=definition()), "--id", "USER=x")
        assert command.out.splitlines()[1].endswith("allocation 1")

    def test_shows_properties_of_payload_experiments(self, command: Command, write: Any) -> None:
        experiment = definition(payloadExperimentConfig={"priority": "1"})
        for bucket in experiment["buckets"]:
            bucket["payload"] = {"json": {"size": 12}}
        command("groups", write(t=experiment), "--id", "USER=x")
        assert "property size of t: 12" in command.out

    @pytest.mark.parametrize("sub_command", [("groups",), ("explain", "buttoncolortst")])
    @pytest.mark.parametrize(("force", "complaint"), REFUSED_FORCES)
    def test_refuses_a_force_that_cannot_work(
        self, command: Command, sub_command: tuple[str, ...], force: str, complaint: str
    ) -> None:
        name, *rest = sub_command
        assert command(name, MATRIX, *rest, *VISITOR, "--force", force) == 2
        assert command.out == ""
        assert command.err.count("\n") == 1
        assert complaint in command.err

    def test_asks_random_tests_only_when_told(self, command: Command, write: Any) -> None:
        path = write(t=definition(testType="RANDOM"))
        assert command.json("groups", path)["groups"] == {}
        assert list(command.json("groups", path, "--random")["groups"]) == ["t"]

    def test_knows_further_test_types(self, command: Command, write: Any) -> None:
        path = write(t=definition(testType="DEVICE"))
        arguments = ("groups", path, "--test-type", "DEVICE", "--id", "DEVICE=x")
        assert list(command.json(*arguments)["groups"]) == ["t"]

    def test_refuses_empty_identifiers_when_told(self, command: Command, write: Any) -> None:
        arguments = ("groups", write(t=definition()), "--id", "USER=")
        assert list(command.json(*arguments)["groups"]) == ["t"]
        assert list(command.json(*arguments, "--no-empty")["groups"]) == []


class TestContext:
    @pytest.mark.parametrize(
        "arguments",
        [("--type", "loggedIn=boolean"), ("--config", CONFIG)],
        ids=["typed", "declared"],
    )
    def test_refuses_a_boolean_that_is_neither_true_nor_false(
        self, command: Command, write: Any, arguments: tuple[str, ...]
    ) -> None:
        path = write(t=definition(rule="${loggedIn}"))
        assert command("groups", path, "--context", "loggedIn=maybe", *arguments) == 2
        assert command.err.count("\n") == 1
        assert "loggedIn: expected true or false, got 'maybe'" in command.err

    @pytest.mark.parametrize(
        ("rule", "arguments"),
        [
            ("${country == 'US'}", ["--context", "country=US"]),
            ("${formula == 'a=b'}", ["--context", "formula=a=b"]),
            ("${empty country}", ["--context", "country="]),
            ("${loggedIn}", ["--context", "loggedIn=true", "--type", "loggedIn=boolean"]),
            ("${loggedIn}", ["--context-json", '{"loggedIn": true}']),
            ("${proctor:inRange(age, 4, 6)}", ["--context", "age=5", "--type", "age=long"]),
            ("${age == 5}", ["--context-json", '{"age": "5"}', "--type", "age=Integer"]),
            (
                "${ua.android}",
                ["--context", "ua=Mozilla/5.0 (Linux; Android 14)", "--type", "ua=UserAgent"],
            ),
            ("${proctor:contains(tags, 'b')}", ["--context-json", '{"tags": ["a", "b"]}']),
        ],
    )
    def test_a_rule_sees(
        self, command: Command, write: Any, rule: str, arguments: list[str]
    ) -> None:
        document = command.json("groups", write(t=definition(rule=rule)), "--id=USER=x", *arguments)
        assert list(document["groups"]) == ["t"], document["errors"]

    def test_an_untyped_true_is_a_string_and_no_boolean(self, command: Command, write: Any) -> None:
        path = write(t=definition(rule="${loggedIn}"))
        arguments = ("--id", "USER=x", "--context", "loggedIn=true")
        assert list(command.json("groups", path, *arguments)["errors"]) == ["t"]

    def test_a_configuration_converts_and_has_defaults(self, command: Command) -> None:
        arguments = ("--id", "acctid=5083", "--context", "country=US", "--context", "loggedIn=1")
        document = command.json("groups", MATRIX, "--config", CONFIG, *arguments)
        assert list(document["groups"]) == ["onepagecheckouttst"]


def explained(**options: Any) -> Explanation:
    """The engine's explanation of the visitor's group in the color test."""
    return Proctor(Matrix.load(MATRIX)).explain(
        "buttoncolortst",
        identifiers={"USER": "pa5xq0lz4n80"},
        context={"country": "US"},
        **options,
    )


class TestExplain:
    def test_says_what_was_decided_and_how(self, command: Command) -> None:
        assert command("explain", MATRIX, "buttoncolortst", *VISITOR) == 0
        assert command.out == f"{explained()}\n"

    def test_json_has_the_steps(self, command: Command) -> None:
        document = command.json("explain", MATRIX, "buttoncolortst", *VISITOR)
        assert document == explained().to_dict()

    def test_explains_what_is_forced(self, command: Command) -> None:
        command("explain", MATRIX, "buttoncolortst", *VISITOR, "--force", "buttoncolortst2")
        assert command.out == f"{explained(force_groups='buttoncolortst2')}\n"

    def test_prints_the_function_of_a_matrix(self, command: Command) -> None:
        assert command("explain", MATRIX, "--function") == 0
        assert command.out == f"{Proctor(Matrix.load(MATRIX)).function_text()}\n"
        assert "row_buttoncolortst_A1" in command.out

    def test_prints_the_function_of_a_test(self, command: Command) -> None:
        assert command("explain", MATRIX, "buttoncolortst", "--function") == 0
        assert command.out == f"{Proctor(Matrix.load(MATRIX)).function_text('buttoncolortst')}\n"

    def test_prints_the_function_for_declared_types(self, command: Command) -> None:
        command("explain", MATRIX, "--function", "--config", CONFIG)
        assert "convert_country(" in command.out

    def test_prints_the_function_as_json(self, command: Command) -> None:
        document = command.json("explain", MATRIX, "buttoncolortst", "--function")
        assert document == {
            "function": Proctor(Matrix.load(MATRIX)).function_text("buttoncolortst")
        }

    def test_explains_a_test_that_was_dropped(self, command: Command, write: Any) -> None:
        assert command("explain", write(t=definition(testType="NOSUCH")), "t") == 0
        assert command.out.startswith("t: no group: the test is dropped")


class TestSimulate:
    ARGUMENTS = ("simulate", MATRIX, "buttoncolortst", "--context", "country=US")

    def test_draws_the_split(self, command: Command) -> None:
        assert command(*self.ARGUMENTS, "-n", "3000") == 0
        lines = command.out.splitlines()
        assert lines[0] == "buttoncolortst: 3,000 visitors"
        assert lines[2].split() == ["GROUP", "VALUE", "VISITORS", "SHARE", "EXPECTED"]
        assert lines[5].split()[:2] == ["blue", "1"]
        assert lines[5].endswith("█")

    def test_comes_near_to_what_the_matrix_says(self, command: Command) -> None:
        document = command.json(*self.ARGUMENTS, "-n", "20000")
        for group in document["groups"]:
            assert group["visitors"] / 20000 == pytest.approx(group["expected"], abs=0.02)

    def test_gives_the_same_for_the_same_seed(self, command: Command) -> None:
        first = command.json(*self.ARGUMENTS, "-n", "500", "--seed", "a")
        assert command.json(*self.ARGUMENTS, "-n", "500", "--seed", "a") == first

    def test_gives_another_sample_for_another_seed(self, command: Command) -> None:
        first = command.json(*self.ARGUMENTS, "-n", "500", "--seed", "a")
        assert command.json(*self.ARGUMENTS, "-n", "500", "--seed", "b") != first

    def test_counts_those_who_are_not_in_the_parents_bucket(self, command: Command) -> None:
        document = command.json(
            "simulate", MATRIX, "buttontexttst", "-n", "1000", "--context", "country=US"
        )
        inside = sum(group["visitors"] for group in document["groups"])
        assert document["no_group"] == 1000 - inside > 0

    def test_expects_nothing_where_visitors_differ(self, command: Command) -> None:
        arguments = ("simulate", MATRIX, "buttontexttst", "-n", "100", "--context", "country=US")
        assert {group["expected"] for group in command.json(*arguments)["groups"]} == {None}

    def test_reports_a_rule_that_failed(self, command: Command) -> None:
        command("simulate", MATRIX, "buttoncolortst", "-n", "100")
        assert "rule failed for 100 in buttoncolortst: " in command.out

    def test_draws_random_tests(self, command: Command, write: Any) -> None:
        arguments = ("simulate", write(t=definition(testType="RANDOM")), "t", "-n", "50")
        assert command.json(*arguments)["no_group"] == 0

    def test_shows_a_bar_when_told(self, command: Command) -> None:
        command(*self.ARGUMENTS, "-n", "2000", "--progress")
        assert "visitors" in command.err

    def test_shows_none_where_nobody_looks_on(self, command: Command) -> None:
        command(*self.ARGUMENTS, "-n", "2000")
        assert command.err == ""

    def test_works_without_tqdm(self) -> None:
        result = self.without_tqdm()
        assert (result.returncode, result.stderr) == (0, b"")

    def test_says_how_to_get_tqdm_where_a_bar_is_wanted(self) -> None:
        result = self.without_tqdm("--progress")
        assert result.returncode == 2
        assert b"pip install 'django-proctor[progress]'" in result.stderr

    def without_tqdm(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        code = (
            "import sys; sys.modules['tqdm'] = None; from proctor.cli.main import main;"
            "sys.exit(main(sys.argv[1:]))"
        )
        program = [sys.executable, "-c", code, *self.ARGUMENTS, "-n", "10", *arguments]
        return subprocess.run(program, capture_output=True, cwd=ROOT, check=False)


class TestValidate:
    def test_a_good_matrix_is_0(self, command: Command) -> None:
        assert command("validate", MATRIX) == 0
        assert command.out == "4 tests, no problems\n"

    def test_a_test_that_is_dropped_is_1(self, command: Command, write: Any) -> None:
        assert command("validate", write(t=definition(testType="NOSUCH"))) == 1
        assert command.out.startswith("dropped: t: the test type 'NOSUCH' is unknown")
        assert command.out.endswith("\n1 test, 1 dropped\n")

    def test_a_matrix_that_cannot_be_loaded_is_1(self, command: Command, tmp_path: Path) -> None:
        path = tmp_path / "broken.json"
        path.write_text('{"tests": {}}')
        assert command("validate", str(path)) == 1
        assert command.out.startswith(f"fatal: {path}: ")

    def test_a_rule_that_fails_the_load_is_1(self, command: Command, write: Any) -> None:
        path = write(t=definition(rule="${'abc' + 1 == 2}"))
        assert command("validate", path, "--config", CONFIG) == 1
        assert command.out.startswith("fatal: t, rule")

    def test_a_warning_is_0(self, command: Command, write: Any) -> None:
        assert command("validate", write(tst2=definition())) == 0
        assert command.out.startswith("warning: tst2: ")

    def test_a_warning_is_1_where_it_is_strict(self, command: Command, write: Any) -> None:
        assert command("validate", write(tst2=definition()), "--strict") == 1

    def test_the_gravest_problem_comes_first(self, command: Command, write: Any) -> None:
        command("validate", write(tst2=definition(), u=definition(testType=None)))
        assert [line.partition(":")[0] for line in command.out.splitlines()[:2]] == [
            "dropped",
            "warning",
        ]

    def test_rules_are_checked_against_a_configuration(self, command: Command, write: Any) -> None:
        path = write(t=definition(rule="${nosuch == 1}"))
        assert command("validate", path) == 0
        assert command("validate", path, "--config", CONFIG) == 1

    def test_a_rule_without_braces_is_one_line(self, command: Command, write: Any) -> None:
        path = write(t=definition(description="Colors", rule="country == 'US'"))
        assert command("validate", path, "--config", CONFIG) == 1
        problem, count = command.out.splitlines()
        assert problem.startswith("dropped: t, rule")
        assert "write it between ${ and }, as in \"${country == 'US'}\"" in problem
        assert count == "1 test, 1 dropped"

    def test_json_locates_each_problem(self, command: Command, write: Any) -> None:
        assert command("validate", write(t=definition(rule="${a ==}")), "--json") == 1
        document = json.loads(command.out)
        assert document["tests"] == 1
        (problem,) = document["problems"]
        assert (problem["severity"], problem["test"]) == ("dropped", "t")
        assert (problem["rule"], problem["allocation"]) == ("${a ==}", None)

    def test_no_matrix_to_read_is_2(self, command: Command, tmp_path: Path) -> None:
        assert command("validate", str(tmp_path / "nosuch.json")) == 2


BAD_INPUT = {
    "a matrix that is not there": ["groups", "nosuch.json"],
    "a directory": ["groups", str(ROOT)],
    "a path with a null byte": ["groups", "a\0b"],
    "no JSON": ["groups", str(ROOT / "README.md")],
    "a server that is not there": ["groups", "http://127.0.0.1:9/matrix.json"],
    "a URL that is none": ["groups", "http://[/matrix.json"],
    "an identifier without a value": ["groups", MATRIX, "--id", "USER"],
    "an identifier without a name": ["groups", MATRIX, "--id", "=x"],
    "an identifier of an unknown type": ["groups", MATRIX, "--id", "user=x"],
    "an identifier of type RANDOM": ["groups", MATRIX, "--id", "RANDOM=x"],
    "an identifier twice": ["groups", MATRIX, "--id", "USER=x", "--id", "USER=y"],
    "a variable without a value": ["groups", MATRIX, "--context", "country"],
    "a variable twice": ["groups", MATRIX, "--context", "a=1", "--context", "a=1"],
    "a variable in both forms": ["groups", MATRIX, "--context=a=1", "--context-json", '{"a": 1}'],
    "a context that is not JSON": ["groups", MATRIX, "--context-json", "{"],
    "a context that is no object": ["groups", MATRIX, "--context-json", "[1]"],
    "a context with a word for a number": ["groups", MATRIX, "--context-json", '{"a": [NaN]}'],
    "a context too deep": ["groups", MATRIX, "--context-json", "[" * 100_000],
    "an unknown type": ["groups", MATRIX, "--context", "a=1", "--type", "a=Integr"],
    "a type of no variable": ["groups", MATRIX, "--type", "a=int"],
    "a value that does not fit": ["groups", MATRIX, "--context", "a=x", "--type", "a=int"],
    "a type beside a configuration": [
        *("groups", MATRIX, "--config", CONFIG),
        *("--context", "country=US", "--type", "country=int"),
    ],
    "a configuration that is not there": ["groups", MATRIX, "--config", "nosuch.json"],
    "a configuration that is none": ["groups", MATRIX, "--config", MATRIX],
    "a key that is not configured": ["groups", MATRIX, "--config", CONFIG, "--context", "a=1"],
    "an identifier that is not configured": ["groups", MATRIX, "--config", CONFIG, "--id", "a=1"],
    "no test to explain": ["explain", MATRIX, "--id", "USER=x"],
    "an unknown test's function": ["explain", MATRIX, "buttoncolor", "--function"],
    "a function for a visitor": ["explain", MATRIX, "--function", "--id", "USER=x"],
    "a function for a context": ["explain", MATRIX, "--function", "--context-json", '{"a": 1}'],
    "an unknown test to explain": ["explain", MATRIX, "buttoncolor"],
    "an unknown test": ["simulate", MATRIX, "buttoncolor"],
    "no visitors": ["simulate", MATRIX, "buttoncolortst", "-n", "0"],
    "visitors without end": ["simulate", MATRIX, "buttoncolortst", "-n", "99999999999999"],
    "no JSON to validate": ["validate", str(ROOT / "README.md")],
    "visitors that are no number": ["simulate", MATRIX, "buttoncolortst", "-n", "many"],
    "an unknown command": ["nosuch"],
    "an unknown option": ["groups", MATRIX, "--nosuch"],
    "an option cut short": ["groups", MATRIX, "--forc", "a1"],
    "no command": [],
    "no matrix": ["groups"],
}


class TestInvalidRules:
    """A rule without braces is false, and the problem is logged."""

    COMPLAINT = "Invalid rule \"country == 'US'\" is never true: write it between ${ and }"

    @pytest.fixture
    def path(self, write: Any) -> str:
        matrix: str = write(t=definition(rule="country == 'US'"))
        return matrix

    def test_are_told_once_beside_the_groups(
        self, command: Command, path: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert command("groups", path, "--id", "USER=x") == 0
        assert caplog.messages == [self.COMPLAINT]

    def test_are_told_by_the_explanation_alone(
        self, command: Command, path: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert command("explain", path, "t", "--id", "USER=x") == 0
        assert "does not begin with ${" in command.out
        assert caplog.messages == []

    def test_are_told_once_for_all_made_up_visitors(
        self, command: Command, path: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert command("simulate", path, "t", "-n", "50") == 0
        assert caplog.messages == [self.COMPLAINT]


class TestBadInput:
    @pytest.mark.parametrize("arguments", BAD_INPUT.values(), ids=BAD_INPUT)
    def test_is_2_and_one_line(self, command: Command, arguments: list[str]) -> None:
        assert command(*arguments) == 2
        assert command.out == ""
        assert command.err.startswith("python -m proctor")
        assert command.err.endswith("\n")
        assert len(command.err.splitlines()) == 1

    def test_names_the_most_visitors(self, command: Command) -> None:
        command("simulate", MATRIX, "buttoncolortst", "-n", "100000001")
        assert "from 1 to 100,000,000" in command.err

    def test_names_the_nearest_test(self, command: Command) -> None:
        command("simulate", MATRIX, "buttoncolor")
        assert "'buttoncolortst'" in command.err

    def test_names_the_nearest_identifier(self, command: Command) -> None:
        command("groups", MATRIX, "--id", "user=x")
        assert "did you mean 'USER'?" in command.err

    def test_says_why_a_test_was_dropped(self, command: Command, write: Any) -> None:
        command("simulate", write(t=definition(testType="NOSUCH")), "t")
        assert "the test 't' was dropped: the test type 'NOSUCH' is unknown" in command.err

    def test_cannot_break_the_line(self, command: Command) -> None:
        command("groups", MATRIX, "--id", "a\n\x1b[31mb=x")
        assert len(command.err.splitlines()) == 1
        assert "\x1b" not in command.err


class TestProcess:
    def test_the_matrix_may_come_from_standard_input(self) -> None:
        content = Path(MATRIX).read_bytes()
        result = run("groups", "-", *VISITOR, input=content)
        assert result.returncode == 0
        assert b"buttoncolortst" in result.stdout

    def test_a_standard_input_that_is_no_json_is_one_line_to_validate_too(self) -> None:
        result = run("validate", "-", input=b"<html>")
        message = b"python -m proctor: -: not valid JSON: Expecting value at line 1, column 1\n"
        assert (result.returncode, result.stdout, result.stderr) == (2, b"", message)

    def test_force_groups_that_are_too_long_are_told_once(self) -> None:
        result = run("groups", MATRIX, "--force", "buttoncolortst2," * 8000)
        assert result.returncode == 0
        assert len(result.stderr.splitlines()) == 1

    def test_an_empty_standard_input_is_one_line(self) -> None:
        result = run("groups", "-")
        assert result.returncode == 2
        assert len(result.stderr.splitlines()) == 1

    def test_a_reader_that_has_enough_is_no_error(self) -> None:
        program = [sys.executable, "-m", "proctor", "groups", MATRIX, *VISITOR]
        read, written = os.pipe()
        os.close(read)
        result = subprocess.run(
            program, stdout=written, stderr=subprocess.PIPE, cwd=ROOT, check=False
        )
        os.close(written)
        assert (result.returncode, result.stderr) == (141, b"")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
    def test_a_full_disk_is_one_line(self) -> None:
        program = [sys.executable, "-m", "proctor", "validate", MATRIX]
        with Path("/dev/full").open("wb") as full:
            result = subprocess.run(
                program, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, check=False
            )
        message = b"python -m proctor: cannot write: No space left on device\n"
        assert (result.returncode, result.stderr) == (2, message)

    @pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
    @pytest.mark.parametrize(
        ("redirection", "message"),
        [
            ("<&-", b"python -m proctor: cannot read standard input: it is closed\n"),
            (">&-", b"python -m proctor: cannot write: standard output is closed\n"),
        ],
    )
    def test_a_closed_stream_is_one_line(self, redirection: str, message: bytes) -> None:
        line = f'"{sys.executable}" -m proctor groups - {redirection}'
        result = subprocess.run(line, shell=True, capture_output=True, cwd=ROOT, check=False)
        assert (result.returncode, result.stderr) == (2, message)

    def test_a_terminal_that_knows_ascii_only_gets_escapes(self) -> None:
        environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
        arguments = ("simulate", MATRIX, "newfeaturerollout", "-n", "10")
        result = run(*arguments, env=environment)
        assert result.returncode == 0
        assert rb"\u2588" in result.stdout

    @pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
    def test_an_interrupt_is_one_line(self) -> None:
        # A server that never answers: when it was asked, the command is surely at work.
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(30)
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            # A shell's background jobs, and so tests in one, ignore the signal from the start.
            code = (
                "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
                "from proctor.cli.main import main; sys.exit(main())"
            )
            program = [sys.executable, "-c", code, "groups", url]
            with subprocess.Popen(program, stderr=subprocess.PIPE, cwd=ROOT) as process:
                connection, _ = server.accept()
                with connection:
                    connection.recv(1)
                    process.send_signal(signal.SIGINT)
                    _, message = process.communicate()
        assert (process.returncode, message) == (130, b"python -m proctor: interrupted\n")

    def test_version_prints_the_version_of_the_package(self) -> None:
        result = run("--version")
        assert (result.returncode, result.stderr) == (0, b"")
        assert result.stdout.decode().strip() == f"django-proctor {proctor.__version__}"

    def test_help_says_the_exit_codes(self) -> None:
        result = run("--help")
        assert result.returncode == 0
        assert b"exit codes:" in result.stdout

    def test_django_and_requests_are_not_imported(self) -> None:
        code = (
            f"import sys; from proctor.cli.main import main; main(['groups', {MATRIX!r}]);"
            "print({'django', 'requests'} & {*sys.modules})"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert result.stdout.splitlines()[-1] == b"set()"


@pytest.fixture
def served() -> Iterator[str]:
    """The URL of the examples folder, served by a real server."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(ROOT / "examples"))

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - its name there
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class TestUrl:
    def test_the_matrix_may_come_from_a_server(self, command: Command, served: str) -> None:
        assert command("validate", f"{served}/matrix.json") == 0

    def test_a_missing_page_is_one_line(self, command: Command, served: str) -> None:
        assert command("validate", f"{served}/nosuch.json") == 2
        assert "404" in command.err


class TestPrinting:
    def test_columns_are_as_wide_as_they_need(self) -> None:
        lines = list(table(("A", "B"), [("x", "1"), ("long", "22")], "<>"))
        assert lines == ["A      B", "x      1", "long  22"]

    def test_wide_characters_take_two_columns(self) -> None:
        assert width("日本") == 4
        assert width("e\u0301") == 1

    def test_a_long_cell_is_cut(self) -> None:
        assert list(table(("A",), [("x" * 100,)]))[1] == "x" * 59 + "…"

    def test_a_cell_cannot_command_the_terminal(self) -> None:
        assert list(table(("A",), [("\x1b[2J",)]))[1] == r"\x1b[2J"

    def test_a_table_without_rows_is_its_header(self) -> None:
        assert list(table(("A", "B"), [])) == ["A  B"]

    def test_a_bar_for_little_is_not_empty(self) -> None:
        assert bar(0.0001) == "█"
        assert bar(0.0) == ""
        assert len(bar(1.0)) == 40


def test_serve_takes_a_token_from_a_file_and_never_shows_it(tmp_path):
    from proctor.core.exceptions import ConfigurationError
    from proctor.core.pipet_api.asgi import read_token

    path = tmp_path / "token"
    assert read_token(None) is None
    path.write_text("proctor_abc\n")
    assert read_token(str(path)) == "proctor_abc"
    for content in (b"", b"two words", b"two\nlines", b"\xff"):
        path.write_bytes(content)
        with pytest.raises(ConfigurationError) as caught:
            read_token(str(path))
        assert "words" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="No such file"):
        read_token(str(tmp_path / "missing"))


def test_as_a_script_the_command_says_its_short_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["proctor", "groups", "nosuch.json"])
    assert script() == 2
    assert capsys.readouterr().err.startswith("proctor: cannot read 'nosuch.json'")


class TestObjectStores:
    ADDRESS = "memory://bucket/matrix.json"

    @pytest.fixture(autouse=True)
    def store(self) -> Iterator[None]:
        fsspec = pytest.importorskip("fsspec", reason="needs fsspec, in the group `test`")
        memory = fsspec.filesystem("memory")
        memory.pipe_file("/bucket/matrix.json", Path(MATRIX).read_bytes())
        yield
        memory.store.clear()

    def test_a_command_reads_the_matrix_of_a_store(self, command: Command) -> None:
        assert command("groups", self.ADDRESS, "--id", "USER=pa5xq0lz4n80") == 0
        assert "buttoncolortst" in command.out

    def test_an_object_that_is_not_there_is_named(self, command: Command) -> None:
        assert command("groups", "memory://bucket/nosuch.json") == 2
        assert "'memory://bucket/nosuch.json': the object does not exist" in command.err

    @pytest.mark.parametrize("sub_command", ["groups", "validate", "review"])
    def test_a_bad_matrix_is_named_without_credentials(
        self, command: Command, sub_command: str
    ) -> None:
        import fsspec

        address = "memory://key:hunter2@bucket/bad.json"
        fsspec.filesystem("memory").pipe_file("/key:hunter2@bucket/bad.json", b"[1]")
        assert command(sub_command, *[address] * (2 if sub_command == "review" else 1)) == 2
        assert "memory://bucket/bad.json: " in command.err
        assert "hunter2" not in command.err

    def test_ramp_does_not_write_into_a_store(self, command: Command) -> None:
        assert command("ramp", self.ADDRESS, "newfeaturerollout", "active=40%", "-i") == 2
        assert "-i needs a file to write to" in command.err

    def test_serve_refuses_an_address_that_it_could_never_read(self, command: Command) -> None:
        pytest.importorskip("uvicorn", reason="needs uvicorn, in the group `test`")
        assert command("serve", "gopher://bucket/matrix.json") == 2
        assert "cannot be read from 'gopher' URLs" in command.err
