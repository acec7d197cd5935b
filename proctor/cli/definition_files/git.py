"""Read a tree of definitions from a branch of a git repository, without a checkout."""

from __future__ import annotations

import io
import subprocess
import tarfile
from typing import TYPE_CHECKING, NamedTuple

from proctor.cli.errors import CommandError
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.trees.tree import tree_of_files

if TYPE_CHECKING:
    from proctor.core.authoring.trees.tree import Tree

__all__ = ["Commit", "read_branch"]


class Commit(NamedTuple):
    """The commit at the tip of a branch."""

    id: str
    #: In seconds since 1970.
    time: int
    #: The part of the author's email address before the @, or else the author's name, as in Java
    #: Proctor.
    author: str


def read_branch(location: str, branch: str, directory: str) -> tuple[Commit, Tree]:
    """Return the commit at the tip of *branch*, and its tree sorted by test name.

    *location* is a directory in a repository. *branch* is anything that git can resolve to a
    commit. Raises CommandError if git fails or the tree is invalid.
    """
    reference = f"{branch}^{{commit}}"
    found = _git(location, "rev-parse", "--verify", "--end-of-options", reference)
    commit = found.decode().strip()
    shown = _git(location, "log", "-1", "--format=%ct%n%ae%n%an", commit)
    time, email, name, *_ = (shown.decode(errors="replace") + "\n\n").split("\n")
    author = email.partition("@")[0] if "@" in email else name
    archive = _git(location, "archive", "--format=tar", commit, "--", directory)
    files: dict[str, str | bytes | None] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for member in opened:
            content = opened.extractfile(member) if member.isfile() else None
            if content is not None:
                files[member.name] = content.read()
    try:
        tree = tree_of_files(files, directory)
    except Refusal as refusal:
        raise CommandError(f"{location}, {branch}: {refusal.problem.message}") from refusal
    return Commit(commit, int(time), author), dict(sorted(tree.items()))


def _git(location: str, *arguments: str) -> bytes:
    try:
        # This runs the first git in the user's PATH. The arguments are not passed through a shell.
        result = subprocess.run(  # noqa: S603
            ["git", "-C", location, *arguments],  # noqa: S607
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise CommandError(f"cannot run git: {error.strerror or error}") from error
    if result.returncode:
        lines = result.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise CommandError(f"{location}: git {arguments[0]}: {lines[0]}")
    return result.stdout
