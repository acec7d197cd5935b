"""Results of type checkers and editors for the module of `manage.py proctor_types`."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from proctor import ProctorTest
from proctor.generated_types.module_text import module_text
from proctor.visits.proc import OWN_NAMES
from tests.typing.language_server import LanguageServer

ROOT = Path(__file__).resolve().parents[2]

SIGNUP = {"groups": ("control", "onestep"), "default": "control", "payload": str}

TESTS = (
    ProctorTest("signuptst", **SIGNUP),
    ProctorTest("button-color", groups=("grey", "blue"), payload=list[int]),
    ProctorTest("legacytst"),
)

#: After this group was added, two of three are handled.
GROWN = (
    ProctorTest("signuptst", **{**SIGNUP, "groups": ("control", "onestep", "twosteps")}),
    *TESTS[1:],
)

VIEWS = """\
from __future__ import annotations

from django.http import HttpResponse
from typing_extensions import assert_never

from site_types import ProctorRequest, TestName


def signup(request: ProctorRequest) -> HttpResponse:
    group = request.proc.signuptst.group
    match group:
        case "control":
            return HttpResponse("1 of 3")
        case "onestep":
            return HttpResponse(request.proc.signuptst.payload or "One step")
        case _:
            assert_never(group)


def read(request: ProctorRequest, name: TestName) -> int | None:
    return request.proc[name].value


def names(request: ProctorRequest) -> list[TestName]:
    return [*request.proc]
"""

TYPES = """\
from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from typing_extensions import assert_type

from proctor import GroupAssignment
from site_types import Proc, TestName


def check(proc: Proc) -> None:
    assert_type(proc.signuptst.group, Literal["control", "onestep"])
    assert_type(proc.signuptst.payload, str | None)
    assert_type(proc["signuptst"].group, Literal["control", "onestep"])
    assert_type(proc.peek("signuptst").payload, str | None)
    assert_type(proc["button-color"].group, Literal["grey", "blue"] | None)
    assert_type(proc["button-color"].payload, tuple[int, ...] | None)
    assert_type(proc.legacytst.group, str | None)
    assert_type(proc.signuptst.value, int | None)
    assert_type(proc.get_group_string_list(), list[str])
    assert_type(iter(proc), Iterator[TestName])
    taken: GroupAssignment = proc.signuptst
    print(taken, "signuptst" in proc, len(proc), proc.logging_string())
"""

VIEW = """\
from __future__ import annotations

from site_types import ProctorRequest


def view(request: ProctorRequest) -> None:
    {}
"""

#: One in each line except the first.
MISTAKES = """\
proc = request.proc
    print(proc.signuptst.group == "onstep")
    print(proc.signuptest)
    print(proc["signuptest"])
    print(proc.signuptst.payload.upper())
    print(proc.legacytst.group.upper())"""

#: The module has no main of its own, and the script may not be on the path.
START = "from basedpyright.langserver import main; main()"

has_mypy = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("mypy", "django-stubs"))),
    reason="needs mypy and django-stubs, which are in the group `lint`",
)
has_pyright = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("basedpyright", "django-stubs"))),
    reason="needs basedpyright (group `test`) and django-stubs (group `lint`)",
)


@pytest.fixture
def site(tmp_path):
    """A folder with the module for TESTS, and a pyright configuration."""
    write_types(tmp_path, TESTS)
    configuration = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(configuration))
    return tmp_path


def write_types(folder, tests):
    (folder / "site_types.py").write_text(module_text(tests, OWN_NAMES))


def run(folder, *command):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"MYPYPATH": f"{folder}:{ROOT}", "HOME": str(folder), "PATH": "/usr/bin:/bin"},
    )
    return done.stdout + done.stderr


def mypy(folder):
    """The errors that mypy finds without a plugin, as line and message."""
    # Errors in the package itself are ignored, because it is checked elsewhere.
    options = ("--strict", "--config-file=", "--follow-imports=silent", "--hide-error-context")
    # The cache is shared by all tests, because Django's stubs take most of the time.
    cache = folder.parent / "mypy-cache"
    text = run(folder, "mypy", *options, f"--cache-dir={cache}", "views.py", "site_types.py")
    found = re.findall(r"^\w+\.py:(\d+): error: (.+)", text, re.M)
    assert found or "Success" in text, text
    return [(int(line), message) for line, message in found]


def pyright(folder):
    """The errors that basedpyright finds in pyright's mode `strict`, as line and message."""
    options = ("--pythonpath", sys.executable, "--outputjson")
    text = run(folder, "basedpyright", *options, "views.py", "site_types.py")
    return [
        (each["range"]["start"]["line"] + 1, each["message"])
        for each in json.loads(text)["generalDiagnostics"]
        if each["severity"] == "error"
    ]


CHECKERS = [
    pytest.param(mypy, marks=has_mypy, id="mypy"),
    pytest.param(pyright, marks=has_pyright, id="pyright"),
]


@pytest.mark.parametrize("check", CHECKERS)
class TestCheckers:
    def test_code_that_handles_all_groups_has_no_errors(self, site, check):
        (site / "views.py").write_text(VIEWS)
        assert check(site) == []

    def test_a_group_that_was_added_is_found_where_it_is_not_handled(self, site, check):
        (site / "views.py").write_text(VIEWS)
        write_types(site, GROWN)
        ((line, error),) = check(site)
        assert VIEWS.splitlines()[line - 1].strip() == "assert_never(group)"
        assert "twosteps" in error

    def test_tests_have_the_declared_types(self, site, check):
        (site / "views.py").write_text(TYPES)
        assert check(site) == []

    def test_each_mistake_is_an_error(self, site, check):
        text = VIEW.format(MISTAKES)
        (site / "views.py").write_text(text)
        lines = [number for number, line in enumerate(text.splitlines(), 1) if "print" in line]
        assert sorted({line for line, _ in check(site)}) == lines


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if importlib.util.find_spec("basedpyright") is None:
        pytest.skip("needs basedpyright, which is in the group `test`")
    folder = tmp_path_factory.mktemp("completions")
    write_types(folder, TESTS)
    configuration = {"extraPaths": [str(ROOT)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(configuration))
    command = [sys.executable, "-c", START, "--stdio"]
    with LanguageServer(command, folder) as started:
        yield lambda statement: started.completions(
            folder / "views.py", VIEW.format(statement).rstrip("\n")
        )


class TestCompletion:
    def test_an_editor_completes_names_of_tests(self, server):
        offered = server("request.proc.")
        assert {"signuptst", "legacytst", "peek"} <= offered
        assert "button-color" not in offered

    def test_an_editor_completes_names_of_tests_by_item(self, server):
        assert '"button-color"' in server('request.proc["')

    def test_an_editor_completes_groups_in_a_comparison(self, server):
        assert {'"control"', '"onestep"'} <= server('request.proc.signuptst.group == "')

    def test_an_editor_completes_groups_in_a_match(self, server):
        text = "match request.proc.signuptst.group:\n        case "
        assert {'"control"', '"onestep"'} <= server(f'{text}"')
