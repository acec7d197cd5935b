"""`init`: show the changes that a Django project needs for its first test, and make them."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.cli.set_up.additions import MATRIX, PAGE, TEST
from proctor.cli.set_up.project import find_project
from proctor.cli.set_up.steps import make_plan
from proctor.cli.set_up.trial import apply

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import TextIO

    from proctor.cli.set_up.project import Project
    from proctor.cli.set_up.steps import Plan

DESCRIPTION = "Add django-proctor to a Django project: apps, middleware, URLs and a first test."

DETAILS = (
    "The command prints the changes as a diff. With --write it makes the changes, and undoes them "
    "if `manage.py check` fails. If a change cannot be made safely, the command prints the lines "
    "that you must add yourself. Exit code 0: nothing is left to add. 1: there are lines to add. "
    "2: there is no project."
)

DONE, LEFT = 0, 1

_SITE = "http://127.0.0.1:8000"

_NEXT = f"""\
Next:
  python manage.py migrate
  python manage.py proctor_import {MATRIX} --branch production
  python manage.py createsuperuser
  python manage.py runserver

Then open:
"""

_PAGE_LINE = f"  {_SITE}/  a page with the first test\n"

_PLACES = f"""\
  {_SITE}/proctor/  the editor: sign in as the superuser
  {_SITE}/private/proctor/force/  your groups, after you have signed in
"""

_TEMPLATE = f"""
Put the test on one of your pages. In a template:

  {{% load proctor %}}
  {{% ifgroup {TEST} same %}}one group{{% else %}}the other{{% endifgroup %}}
"""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser("init", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}")
    parser.add_argument(
        "directory",
        nargs="?",
        default=".",
        metavar="DIRECTORY",
        help="the directory of manage.py, or its parent directory (default: the current directory)",
    )
    parser.add_argument(
        "--settings",
        metavar="MODULE",
        help="dotted path of the settings (default: the settings that manage.py names)",
    )
    parser.add_argument("--write", action="store_true", help="make the changes")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Print the changes, and make them with --write. Return the exit code."""
    project = find_project(Path(options.directory), options.settings)
    plan = make_plan(project)
    if not plan.texts and not plan.created and not plan.by_hand:
        out.write("The project is already set up. Nothing was changed.\n")
        return DONE
    out.writelines(_diff(project, plan))
    changes = bool(plan.texts or plan.created)
    if changes and options.write:
        problem = apply(project, plan)
        if problem is not None:
            out.write(
                "\nNothing was changed, because with these changes Django reports:\n\n"
                f"{problem}\n\nCorrect the problem, or add the lines above yourself.\n"
            )
            return LEFT
        out.write("\nThe changes were made, and `manage.py check` passes.\n")
    elif changes:
        out.write(
            "\nNothing has been changed yet. To make these changes: python -m proctor init "
            "--write\n"
        )
    for each in plan.by_hand:
        out.write(f"\nAdd to {each.place} ({each.reason}):\n\n{each.lines}")
    if options.write and not plan.by_hand:
        has_page = any(path.stem == PAGE for path in plan.created)
        out.write(f"\n{_NEXT}{_PAGE_LINE if has_page else ''}{_PLACES}")
        if not has_page:
            out.write(_TEMPLATE)
    return LEFT if plan.by_hand else DONE


def _diff(project: Project, plan: Plan) -> Iterator[str]:
    for path, (file, text) in plan.texts.items():
        yield from _file_diff(file.text, text, project.shown(path))
    for path, text in plan.created.items():
        yield from _file_diff(None, text, project.shown(path))


def _file_diff(old: str | None, new: str, name: str) -> Iterator[str]:
    before = [] if old is None else old.replace("\r\n", "\n").splitlines(keepends=True)
    after = new.replace("\r\n", "\n").splitlines(keepends=True)
    source = "/dev/null" if old is None else f"a/{name}"
    for line in difflib.unified_diff(before, after, source, f"b/{name}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
