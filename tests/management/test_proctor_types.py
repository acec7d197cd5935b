"""`manage.py proctor_types`."""

from __future__ import annotations

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from proctor import ProctorTest
from proctor.generated_types.module_text import is_generated, module_text
from proctor.upkeep.mentions import find_mentions
from proctor.visits.proc import OWN_NAMES
from tests.site_matrices import definition, one_bucket, write_matrix

DECLARED = ProctorTest("signuptst", groups=("control", "onestep"), default="control", payload=str)


@pytest.fixture
def site(settings, tmp_path, monkeypatch):
    """A project whose package is `mytypedsite`, with one test whose groups are not declared."""
    package = tmp_path / "mytypedsite"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    settings.ROOT_URLCONF = "mytypedsite.urls"
    settings.BASE_DIR = tmp_path
    settings.PROCTOR_TESTS = (DECLARED, ProctorTest("anygrouptst"))
    settings.PROCTOR_IDENTIFIERS = {}
    settings.PROCTOR_CONTEXT = {"country": "String"}
    settings.PROCTOR_MATRIX = write_matrix(
        tmp_path, anygrouptst=definition(one_bucket("a", 0), one_bucket("b", 1))
    )
    yield settings
    sys.modules.pop("mytypedsite", None)


@pytest.fixture
def path(site, tmp_path):
    return tmp_path / "mytypedsite" / "proctor_types.py"


def run(*arguments):
    """The exit code, the output and the errors of the command."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("proctor_types", *arguments, stdout=out, stderr=err, no_color=True)
    except SystemExit as exit_:
        return exit_.code, out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_the_module_is_in_the_package_of_the_urlconf(path):
    code, out, _ = run()
    assert (code, out) == (0, f"{path}: 2 tests\n")
    assert "signuptst: Assignment[" in path.read_text(encoding="utf-8")


def test_the_module_may_be_elsewhere(site, tmp_path):
    run(tmp_path / "types.py")
    assert is_generated((tmp_path / "types.py").read_text(encoding="utf-8"))


def test_a_hyphen_means_standard_output(site, path):
    assert is_generated(run("-")[1])
    assert not path.exists()


def test_groups_of_the_matrix_are_in_a_comment(path):
    run()
    assert '#: In the matrix: "a", "b"\n' in path.read_text(encoding="utf-8")


def test_without_a_matrix_the_module_is_written_and_a_line_says_why(site, path):
    site.PROCTOR_MATRIX = "/nosuch/matrix.json"
    code, _, err = run()
    assert (code, "The comments do not list the matrix's groups: " in err) == (0, True)
    assert path.exists()


def test_with_declared_groups_no_matrix_is_read(site, path):
    site.PROCTOR_TESTS = (DECLARED,)
    site.PROCTOR_MATRIX = "/nosuch/matrix.json"
    assert run() == (0, f"{path}: 1 test\n", "")


def test_a_matrix_that_was_named_must_be_there(site):
    with pytest.raises(CommandError, match="nosuch"):
        run("--matrix", "/nosuch/matrix.json")


def test_a_fresh_module_passes_the_check(path):
    run()
    assert run("--check") == (0, f"{path} is up to date\n", "")


def test_the_check_reads_no_matrix(site, path):
    run()
    site.PROCTOR_MATRIX = "/nosuch/matrix.json"
    assert run("--check")[0] == 0


def test_a_new_group_makes_the_module_stale_and_the_check_shows_it(site, path):
    run()
    before = path.read_text(encoding="utf-8")
    site.PROCTOR_TESTS = (ProctorTest("signuptst", groups=("control", "onestep", "twosteps")),)
    code, out, err = run("--check")
    assert code == 1
    assert (
        '+    signuptst: Assignment[Literal["control", "onestep", "twosteps"] | None, Any]' in out
    )
    assert err == f"{path} is out of date. Run: manage.py proctor_types\n"
    assert path.read_text(encoding="utf-8") == before


def test_a_missing_module_fails_the_check(path):
    assert run("--check")[::2] == (1, f"{path} does not exist. Run: manage.py proctor_types\n")


def test_without_a_package_a_path_is_asked_for(site):
    site.ROOT_URLCONF = "nosuchmodule"
    with pytest.raises(CommandError, match="give a path") as caught:
        run()
    assert caught.value.returncode == 2


def test_declarations_that_make_no_sense_have_exit_code_2(site):
    site.PROCTOR_TESTS = ("a", "a")
    with pytest.raises(CommandError, match="declared twice") as caught:
        run()
    assert caught.value.returncode == 2


def test_tests_with_names_of_proc_are_there_by_item(site):
    text = module_text([ProctorTest("peek")], OWN_NAMES)
    assert "    peek:" not in text
    assert 'name: Literal["peek"]' in text


def test_the_module_does_not_count_as_a_use_of_a_test(path):
    run()
    assert find_mentions(["signuptst"]).found == frozenset()
