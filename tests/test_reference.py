"""The reference pages show every public name, and the options of every command."""

from __future__ import annotations

import importlib
import re

import pytest

from proctor.cli.main import build_parser
from tests.fences import ROOT
from tests.test_docs_imports import PUBLIC

PAGES = "\n".join(page.read_text() for page in sorted((ROOT / "docs").glob("*.md")))

#: Names that a directive documents by itself.
SHOWN = set(re.findall(r"^\.\. auto(?:class|function|data):: (\S+)", PAGES, re.M))

#: Modules whose documented members are all shown.
WHOLE = set(re.findall(r"^\.\. automodule:: (\S+)\n   :members:", PAGES, re.M))

#: Names described in the text: a version number, and a class that is shown under a different name.
IN_WORDS = {"proctor.__version__"}

#: Names that are shown under the package in which they are defined.
ELSEWHERE = {
    "proctor.GroupAssignment": "proctor.core.GroupAssignment",
    "proctor.Reason": "proctor.core.Reason",
    "proctor.core.ProctorTest": "proctor.ProctorTest",
}

NAMES = sorted(
    f"{module}.{name}"
    for module in PUBLIC
    for name in getattr(importlib.import_module(module), "__all__", ())
)

COMMANDS = sorted(
    command
    for action in build_parser()._actions
    if isinstance(action.choices, dict)
    for command in action.choices
) + sorted(
    f"manage {path.stem}" for path in (ROOT / "proctor").rglob("management/commands/proctor_*.py")
)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_in_the_reference(name):
    module, _, short = name.rpartition(".")
    shown = ELSEWHERE.get(name, name)
    is_error = module == "proctor.core" and f"proctor.core.exceptions.{short}" in EXCEPTIONS
    assert shown in SHOWN or module in WHOLE or is_error or name in IN_WORDS


#: `proctor.core.exceptions` is shown as a whole.
EXCEPTIONS = {
    f"proctor.core.exceptions.{name}"
    for name in vars(importlib.import_module("proctor.core.exceptions"))
    if "proctor.core.exceptions" in WHOLE
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_options_of_a_command_are_on_the_page(command):
    assert f"```{{command-help}} {command}\n```" in (ROOT / "docs/options.md").read_text()
