"""`build`: build a matrix from a tree of definitions."""

from __future__ import annotations

import contextlib
import gc
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proctor.cli.arguments import add_progress
from proctor.cli.definition_files.git import read_branch
from proctor.cli.definition_files.reading import is_directory, read_tree
from proctor.cli.errors import CommandError
from proctor.cli.files import write_file
from proctor.cli.printing import MAX_LINE, note, utf8, write_utf8
from proctor.cli.progress import counted
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.trees.builder import Build, build, matrix_text, unwritable
from proctor.core.authoring.trees.tree import DEFINITIONS_DIRECTORY
from proctor.core.java.frozen import FrozenDict
from proctor.core.matrices.matrix import Audit
from proctor.core.messages import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import TextIO

    from proctor.core.authoring.trees.tree import Tree

DESCRIPTION = "Build a matrix from a tree of definitions."

DETAILS = (
    "A single invalid test makes the build fail, as in Java Proctor. Exit code 0: done. 1: "
    "--keep-going left "
    "tests out. 2: bad input, and nothing is written."
)

#: The file name that Java Proctor's builder uses if the output is a directory.
FILENAME = "proctor-tests-matrix.json"

DONE, LEFT_OUT = 0, 1


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command to the parser."""
    parser = commands.add_parser("build", help=DESCRIPTION, description=f"{DESCRIPTION} {DETAILS}")
    parser.add_argument(
        "tree",
        metavar="TREE",
        help=f"a directory that contains {DEFINITIONS_DIRECTORY}/<test>/definition.json",
    )
    parser.add_argument(
        "-d",
        "--test-definitions-directory",
        metavar="NAME",
        default=DEFINITIONS_DIRECTORY,
        help="the directory in TREE that contains the definitions (default: %(default)s)",
    )
    parser.add_argument(
        "-b",
        "--branch",
        metavar="NAME",
        help="read the definitions from a branch, or any commit, of the git repository in TREE; "
        "author, version and time then come from the commit",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        help="the file to write, or a directory; - for standard output (default: %(default)s)",
    )
    parser.add_argument(
        "-f",
        "--filename",
        metavar="NAME",
        help=f"the name of the file if --output is a directory (default: {FILENAME})",
    )
    parser.add_argument(
        "-a",
        "--author",
        metavar="NAME",
        default="",
        help="who publishes the matrix (default: the USER environment variable)",
    )
    parser.add_argument(
        "-v",
        "--version",
        metavar="TEXT",
        default="",
        help="the version of the matrix, without a leading r (default: the time in milliseconds)",
    )
    parser.add_argument(
        "--keep-going", action="store_true", help="leave out invalid tests, and report each of them"
    )
    add_progress(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Write the matrix. Return the exit code."""
    target = _target(options.output, options.filename)
    tree, audit = _input(options)
    with _paused_collector():
        found, text = _built(tree, audit, options)
    if target is None:
        # Java Proctor's file has no newline at the end, but a terminal needs one.
        write_utf8(out, text + "\n")
    else:
        write_file(target, utf8(text))
    for name, refusal in found.failed.items():
        note(f"left out: {name}: {refusal.problem.message}")
    return LEFT_OUT if found.failed else DONE


@contextlib.contextmanager
def _paused_collector() -> Iterator[None]:
    """Pause Python's cyclic garbage collector, which costs a sixth of the time of a large build.

    A build creates many objects but hardly any cycles, so the pause needs no extra memory.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_tree_to_build(location: str, directory: str = DEFINITIONS_DIRECTORY) -> Tree:
    """Return the tree at a location. Raises CommandError if there is no tree."""
    if not is_directory(location):
        raise CommandError(
            f"expected a directory with {directory}/<test>/definition.json, got {location!r}"
        )
    return read_tree(location, directory)


def _input(options: argparse.Namespace) -> tuple[Tree, Audit]:
    """Return the tree, and the author and time that Java Proctor would write into the matrix."""
    directory = options.test_definitions_directory
    if options.branch is None:
        tree = read_tree_to_build(options.tree, directory)
        now = time.time_ns() // 1_000_000
        audit = Audit(str(now), now, os.environ.get("USER"))
    else:
        commit, tree = read_branch(options.tree, options.branch, directory)
        audit = Audit(commit.id, commit.time * 1000, commit.author)
    version = options.version.removeprefix("r")
    author = options.author if options.author.strip() else audit.updated_by
    return tree, replace(audit, version=version or audit.version, updated_by=author)


def _built(tree: Tree, audit: Audit, options: argparse.Namespace) -> tuple[Build, str]:
    """Return the matrix and its text. With --keep-going, invalid tests are left out."""
    try:
        with counted(len(tree), "tests", wanted=options.progress) as progress:
            found = build(
                tree, audit, root=options.tree, keep_going=options.keep_going, progress=progress
            )
        return _written(found, keep_going=options.keep_going)
    except Refusal as refusal:
        test = refusal.problem.test
        raise CommandError(
            f"{options.tree}: {printable(str(refusal), MAX_LINE)}"
            + (f" (--keep-going builds the matrix without {test})" if test else "")
        ) from refusal


def _written(found: Build, *, keep_going: bool) -> tuple[Build, str]:
    try:
        return found, matrix_text(found.matrix)
    except Refusal as refusal:
        failed = unwritable(found.matrix.tests)
        if not keep_going or not failed:
            raise next(iter(failed.values()), refusal) from refusal
    tests = {name: test for name, test in found.matrix.tests.items() if name not in failed}
    matrix = replace(found.matrix, tests=FrozenDict(tests))
    return Build(matrix, {**found.failed, **failed}), matrix_text(matrix)


def _target(output: str, filename: str | None) -> Path | None:
    """Return the file to write, or None for standard output."""
    if output == "-":
        if filename is not None:
            raise CommandError("--filename requires --output to be a directory")
        return None
    directory = Path(output)
    if is_directory(output) or filename is not None:
        name = filename or FILENAME
        if filename is not None and not is_directory(output):
            raise CommandError(f"--filename requires --output to be a directory, got {output!r}")
        return directory / name
    return directory
