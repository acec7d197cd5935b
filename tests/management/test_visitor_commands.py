"""`manage.py proctor_groups` and `proctor_explain`."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from proctor import ProctorTest
from proctor.cli.main import main
from proctor.core.evaluation.groups import GroupAssignment, Groups
from proctor.core.sources.source import MatrixSource
from proctor.resolving.site_setup import current_setup
from tests.core.httpserver import Reply, serving
from tests.live import pipet as fake
from tests.site_matrices import definition, one_bucket, write_matrix

ROOT = Path(__file__).resolve().parents[2]
HERE = __name__
VISITOR = ("--id", "USER=pa5xq0lz4n80")


class Elsewhere:
    """A source without a matrix."""

    def determine_groups(self, request):
        if "fail" in request.identifiers:
            raise ZeroDivisionError("no luck")
        return Groups({"headlinetst": GroupAssignment("warm", 1)})

    def close(self):
        pass


class Corrected(MatrixSource):
    """A source that changes the matrix's answers."""

    def __init__(self):
        super().__init__(settings.PROCTOR_MATRIX)

    def determine_groups(self, request):
        return Groups({"headlinetst": GroupAssignment("corrected", 1)})


def run(command, *arguments):
    """The command's output, and its notes on standard error."""
    out, err = io.StringIO(), io.StringIO()
    call_command(command, *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def groups(*arguments):
    return run("proctor_groups", *arguments)


def explain(*arguments):
    return run("proctor_explain", *arguments)


def document(command, *arguments):
    return json.loads(run(command, *arguments, "--json")[0])


def failure(command, *arguments):
    """The single line with which a command fails, with exit code 2."""
    with pytest.raises(CommandError) as caught:
        run(command, *arguments)
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def engine(capsys):
    """The output of `python -m proctor`."""

    def run_engine(*arguments):
        assert main(arguments) == 0
        return capsys.readouterr().out

    return run_engine


# -- The same as `python -m proctor` ----------------------------------------------------------


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_all_groups_are_printed_as_the_engine_prints_them(site, engine, form):
    site.PROCTOR_TESTS = ()
    arguments = (*VISITOR, "--context", "country=US", *form)
    printed = engine("groups", str(site.PROCTOR_MATRIX), *arguments)
    assert groups(*arguments, "--all") == (printed, "")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_an_explanation_is_printed_as_the_engine_prints_it(site, engine, form):
    arguments = ("headlinetst", *VISITOR, "--context", "country=US", *form)
    printed = engine("explain", str(site.PROCTOR_MATRIX), *arguments)
    assert explain(*arguments) == (printed, "")


# -- Groups -----------------------------------------------------------------------------------


def test_only_declared_tests_are_shown(site):
    site.PROCTOR_TESTS = ("headlinetst",)
    assert list(document("proctor_groups", *VISITOR)["groups"]) == ["headlinetst"]


def test_tests_that_are_not_declared_are_shown_when_asked_for(site):
    site.PROCTOR_TESTS = ("headlinetst",)
    shown = document("proctor_groups", *VISITOR, "--all")
    assert list(shown["groups"]) == ["button-dash", "buttoncolortst", "headlinetst", "sleepingtst"]


def test_a_declared_test_that_the_matrix_does_not_have_has_its_default(site):
    assert document("proctor_groups", *VISITOR)["no_group"] == {
        "absenttst": "no group: the matrix has no such test; the site uses its default 'off'"
    }


def test_a_test_without_a_group_is_shown_with_reason_and_default(site):
    assert document("proctor_groups")["no_group"]["buttoncolortst"] == (
        "no group: there is no identifier of type USER; the site uses its default 'control'"
    )


def test_a_test_without_a_default_is_shown_with_the_reason_alone(site):
    reason = document("proctor_groups")["no_group"]["headlinetst"]
    assert reason == "no group: there is no identifier of type USER"


def test_a_group_that_is_not_declared_is_none(site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups=("control",), default="control"),)
    shown = document("proctor_groups", *VISITOR)
    assert shown["groups"] == {}
    assert shown["no_group"] == {
        "buttoncolortst": "no group: PROCTOR_TESTS does not declare the group 'blue', so the "
        "site uses its default 'control'"
    }


def test_a_renamed_bucket_has_its_declared_name_and_is_noted(renamed):
    shown = document("proctor_groups", *VISITOR)
    assert shown["groups"]["buttoncolortst"]["group"] == "blue"
    assert (
        "PROCTOR_TESTS declares the group 'azure' as 'blue'"
        in explain("buttoncolortst", *VISITOR)[1]
    )


def test_a_group_that_is_declared_with_a_different_value_is_none(site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups={"control": 0, "blue": 7}),)
    assert document("proctor_groups", *VISITOR)["no_group"]["buttoncolortst"] == (
        "no group: PROCTOR_TESTS does not declare the group 'blue' with the value 1, so the site "
        "has no group"
    )


def test_a_payload_of_another_type_is_left_out_and_noted(site):
    site.PROCTOR_TESTS = (ProctorTest("headlinetst", payload=int),)
    out, err = groups(*VISITOR)
    assert "Welcome" not in out
    assert err == (
        "headlinetst: PROCTOR_TESTS declares a payload of type longValue, not stringValue, "
        "so the site has no payload.\n"
    )


def test_without_declared_tests_it_is_said_how_to_see_others(site):
    site.PROCTOR_TESTS = ()
    out, err = groups(*VISITOR)
    assert (out, "--all" in err) == ("The visitor is in no group.\n", True)


@pytest.mark.parametrize("command", [("proctor_groups",), ("proctor_explain", "buttoncolortst")])
@pytest.mark.parametrize(
    ("force", "complaint"),
    [
        ("$1", "--force: expected entries like buttoncolortst2, got '$1'"),
        (
            "buttoncolrtst2",
            "--force: the matrix has no test 'buttoncolrtst'; did you mean 'buttoncolortst'?",
        ),
        (
            "buttoncolortst9",
            "--force: buttoncolortst has no group 9; expected one of 0 (control), 1 (blue)",
        ),
    ],
)
def test_a_force_that_cannot_work_is_refused(site, command, force, complaint):
    assert complaint in failure(*command, *VISITOR, "--force", force)


def test_groups_can_be_forced(site):
    shown = document("proctor_groups", *VISITOR, "--force", "buttoncolortst2")
    assert shown["groups"]["buttoncolortst"]["reason"] == "forced"


def test_random_tests_draw_as_in_the_site(site, tmp_path):
    draws = definition(one_bucket("drawn", 3), testType="RANDOM")
    write_matrix(tmp_path, headlinetst=draws)
    assert document("proctor_groups")["groups"]["headlinetst"]["group"] == "drawn"


def test_another_matrix_can_be_asked(site, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    path = write_matrix(other, headlinetst=definition(one_bucket("cold", 0)))
    shown = document("proctor_groups", *VISITOR, "--matrix", str(path))
    assert shown["groups"]["headlinetst"]["group"] == "cold"


# -- The words of the site --------------------------------------------------------------------


@pytest.mark.parametrize("key", ["acctid", "ACCOUNT"])
def test_identifiers_come_by_source_key_or_test_type(site, tmp_path, key):
    account = definition(one_bucket("warm", 1), testType="ACCOUNT")
    write_matrix(tmp_path, headlinetst=account)
    assert "headlinetst" in document("proctor_groups", "--id", f"{key}=5083")["groups"]


def test_context_is_converted_to_the_declared_types(site, tmp_path):
    site.PROCTOR_CONTEXT = {"member": {"type": "boolean", "name": "loggedIn"}}
    write_matrix(tmp_path, headlinetst=definition(one_bucket("warm", 1), rule="${loggedIn}"))
    shown = document("proctor_groups", *VISITOR, "--context", "member=true")
    assert "headlinetst" in shown["groups"]


def test_context_may_be_json(site, tmp_path):
    site.PROCTOR_CONTEXT = None
    rule = "${proctor:contains(tags, 'b')}"
    write_matrix(tmp_path, headlinetst=definition(one_bucket("warm", 1), rule=rule))
    shown = document("proctor_groups", *VISITOR, "--context-json", '{"tags": ["a", "b"]}')
    assert "headlinetst" in shown["groups"]


def test_a_site_without_declared_context_takes_types(site, tmp_path):
    site.PROCTOR_CONTEXT = None
    write_matrix(tmp_path, headlinetst=definition(one_bucket("warm", 1), rule="${age > 5}"))
    arguments = (*VISITOR, "--context", "age=6", "--type", "age=int")
    assert "headlinetst" in document("proctor_groups", *arguments)["groups"]


def test_empty_identifiers_are_none_as_in_the_site(site):
    assert document("proctor_groups", "--id", "USER=")["groups"] == {}


def test_empty_identifiers_go_to_unitless_allocations_where_the_site_says_so(site, tmp_path):
    site.PROCTOR_IDENTIFIER_VALIDATOR = "noempty"
    unitless = definition(
        one_bucket("warm", 1), containsUnitlessAllocation=True, enableUnitlessAllocations=True
    )
    unitless["allocations"][0]["rule"] = "${missingExperimentalUnit}"
    write_matrix(tmp_path, headlinetst=unitless)
    assert "headlinetst" in document("proctor_groups", "--id", "USER=")["groups"]


def test_a_pipet_config_has_the_words(site):
    site.PROCTOR_IDENTIFIERS, site.PROCTOR_CONTEXT = {}, None
    site.PROCTOR_PIPET_CONFIG = {
        "identifiers": {"USER": {"source": "QUERY", "sourceKey": "visitor"}},
        "context": {"country": {"source": "QUERY", "type": "String", "defaultValue": ""}},
    }
    assert "headlinetst" in document("proctor_groups", "--id", "visitor=x")["groups"]
    assert "visitor" in failure("proctor_groups", "--id", "USER=x")
    options = ("--context", "country=US", "--type", "country=int")
    assert "PROCTOR_PIPET_CONFIG already declares" in failure("proctor_groups", *options)


# -- Explanations -----------------------------------------------------------------------------


def test_an_explanation_notes_the_default(site):
    out, err = explain("buttoncolortst")
    assert out.startswith("buttoncolortst: no group: there is no identifier of type USER")
    assert err == "buttoncolortst: the site uses its default 'control'.\n"


def test_an_explanation_notes_that_a_test_is_not_declared(site):
    site.PROCTOR_TESTS = ()
    out, err = explain("headlinetst", *VISITOR)
    assert out.startswith("headlinetst: group 'warm' (1) of allocation 1 '#A1'\n")
    assert "PROCTOR_TESTS does not declare this test" in err


def test_an_explanation_notes_that_a_group_is_not_declared(site):
    site.PROCTOR_TESTS = (ProctorTest("headlinetst", groups=("cold",)),)
    assert "does not declare the group 'warm'" in explain("headlinetst", *VISITOR)[1]


# -- A Pipet, and other sources ---------------------------------------------------------------


@pytest.fixture
def pipet(site):
    """A Pipet that assigns the site's groups."""
    with fake.serving() as found:
        found.publish("7", 1000, headlinetst=("warm", 1), buttoncolortst=("pink", 9))
        site.PROCTOR_MATRIX = None
        site.PROCTOR_API_ROOT = found.root
        yield found


def test_a_pipet_is_asked_for_the_groups(pipet):
    shown = document("proctor_groups", *VISITOR)
    assert list(shown["groups"]) == ["headlinetst"]
    assert "the group 'pink'" in shown["no_group"]["buttoncolortst"]
    assert shown["no_group"]["sleepingtst"] == ("no group; the site uses its default 'inactive'")


def test_a_pipet_gets_the_source_keys_as_they_are(pipet):
    groups("--id", "acctid=5083", "--context", "lang=de", "--force", "headlinetst1")
    query = pipet.calls[-1].query
    assert (query["id.acctid"], query["ctx.lang"]) == (["5083"], ["de"])
    assert query["prforceGroups"] == ["headlinetst1"]


def test_a_malformed_force_does_not_reach_a_pipet(pipet):
    calls = len(pipet.calls)
    assert "got '$1'" in failure("proctor_groups", *VISITOR, "--force", "headlinetst1,$1")
    assert len(pipet.calls) == calls


def test_it_is_said_that_a_pipet_was_asked(pipet):
    assert f"Groups from the Pipet at {pipet.root}." in groups(*VISITOR)[1]


def test_a_pipet_that_does_not_answer_is_one_line(pipet, caplog):
    pipet.fault = fake.QUICK_FAULTS["answers 503"]
    assert "it answered 503" in failure("proctor_groups", *VISITOR)
    assert caplog.messages == []


def test_an_explanation_is_from_the_matrix_that_the_pipet_shows(site, engine):
    path = site.PROCTOR_MATRIX
    printed = engine("explain", str(path), "headlinetst", *VISITOR)
    with serving(Reply(path.read_bytes())) as server:
        site.PROCTOR_MATRIX = None
        site.PROCTOR_API_ROOT = server.url.removesuffix("/matrix.json")
        out, err = explain("headlinetst", *VISITOR)
    assert out == printed
    assert err == (
        "Explained with version 1 of the matrix, which the Pipet publishes at "
        f"{site.PROCTOR_API_ROOT}/proctor/matrix.\n"
    )


def test_another_source_is_asked_for_the_groups(site):
    site.PROCTOR_SOURCE = f"{HERE}.Elsewhere"
    out, err = groups(*VISITOR)
    assert out.splitlines()[1].split() == ["headlinetst", "warm", "1", "assigned"]
    assert err == "Groups from Elsewhere.\n"


def test_a_source_that_knows_better_than_its_matrix_is_asked(site):
    site.PROCTOR_SOURCE = f"{HERE}.Corrected"
    assert document("proctor_groups", *VISITOR)["groups"]["headlinetst"]["group"] == "corrected"


def test_what_another_source_raises_is_one_line(site):
    site.PROCTOR_SOURCE = f"{HERE}.Elsewhere"
    assert failure("proctor_groups", "--id", "fail=1") == "ZeroDivisionError: no luck"


def test_another_source_cannot_be_explained(site):
    site.PROCTOR_SOURCE = f"{HERE}.Elsewhere"
    assert "--matrix" in failure("proctor_explain", "headlinetst")


# -- Bad input --------------------------------------------------------------------------------

BAD_INPUT = {
    "an unknown identifier": (["--id", "acctd=1"], "did you mean 'acctid'?"),
    "an identifier in other letters": (["--id", "user=1"], "did you mean 'USER'?"),
    "an identifier twice": (["--id", "USER=1", "--id", "USER=2"], "twice"),
    "a random identifier": (["--id", "RANDOM=1"], "RANDOM"),
    "an unknown variable": (["--context", "contry=US"], "did you mean 'country'?"),
    "a type of what is declared": (
        ["--context", "country=US", "--type", "country=int"],
        "PROCTOR_CONTEXT already declares",
    ),
    "a matrix that is not there": (["--matrix", "absent.json"], "absent.json"),
}


@pytest.mark.parametrize(("arguments", "words"), BAD_INPUT.values(), ids=BAD_INPUT)
@pytest.mark.parametrize("command", ["proctor_groups", "proctor_explain"])
def test_bad_input_is_one_line(site, caplog, command, arguments, words):
    test = ["headlinetst"] if command == "proctor_explain" else []
    assert words in failure(command, *test, *arguments)
    assert caplog.messages == []


def test_a_value_of_another_type_is_one_line(site):
    site.PROCTOR_CONTEXT = {"age": "int"}
    assert "'old' cannot be converted" in failure("proctor_groups", "--context", "age=old")


def test_an_unknown_test_is_one_line_with_the_nearest_name(site):
    assert "did you mean 'headlinetst'?" in failure("proctor_explain", "headlintst")


def test_a_site_without_a_source_is_one_line(site):
    site.PROCTOR_MATRIX = None
    assert "set PROCTOR_MATRIX" in failure("proctor_groups", *VISITOR)
    assert "set PROCTOR_MATRIX" in failure("proctor_explain", "headlinetst")


def test_settings_that_make_no_sense_are_one_line(site):
    site.PROCTOR_TESTS = ("a", "a")
    assert "declared twice" in failure("proctor_groups")


def test_logs_are_as_before_afterwards(site, caplog):
    failure("proctor_groups", "--matrix", "absent.json")
    site.PROCTOR_MATRIX = "absent.json"
    source = current_setup().source
    source.prepare()
    assert "absent.json" in caplog.text


# -- As a command -----------------------------------------------------------------------------


def manage(*arguments):
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    environment["SHOP_EDITOR"] = "0"
    return subprocess.run(
        [sys.executable, "testproject/manage.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def test_the_shop_says_in_which_groups_somebody_is():
    result = manage("proctor_groups", *VISITOR, "--context", "country=DE")
    assert (result.returncode, "buttoncolortst" in result.stdout, result.stderr) == (0, True, "")


def test_a_process_exits_with_2_and_one_line_for_an_unknown_test():
    result = manage("proctor_explain", "butoncolortst")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "CommandError: the matrix has no test 'butoncolortst'; did you mean 'buttoncolortst'?\n"
    )
