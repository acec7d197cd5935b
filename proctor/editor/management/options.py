"""Options and helpers shared by the editor's commands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.core.management.base import CommandError

from proctor.cli.progress import tracked
from proctor.editor.access.permissions import COMMAND
from proctor.editor.branches import check_branch
from proctor.editor.errors import NotFound

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from proctor.editor.transfer.importing import Progress

__all__ = ["add_branch", "add_user", "known_branch", "progress"]

#: Show progress if the output is a terminal.
progress: Progress = partial(tracked, wanted=None, unit="tests")


def add_branch(parser: ArgumentParser) -> None:
    """Add the --branch option."""
    parser.add_argument("--branch", required=True, help="one of PROCTOR_EDITOR_BRANCHES")


def add_user(parser: ArgumentParser) -> None:
    """Add the --user option."""
    parser.add_argument(
        "--user", default=COMMAND, metavar="NAME", help="the author to show in the history"
    )


def known_branch(name: str) -> str:
    """Return the branch. Raises CommandError if it is not in PROCTOR_EDITOR_BRANCHES."""
    try:
        return check_branch(name)
    except NotFound as error:
        raise CommandError(f"--branch: {error}") from error
