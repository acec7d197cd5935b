"""`manage.py proctor_import`: import a matrix file or a tree of definitions into a branch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from proctor.core.exceptions import ProctorError
from proctor.editor.management.options import add_branch, add_user, known_branch, progress
from proctor.editor.publishing.publishing import Signature
from proctor.editor.transfer.importing import ImportRefused, import_source, read_source
from proctor.editor.transfer.letters import LettersRefused, read_letters
from proctor.editor.written import refuse_long

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Import definitions in one publication."""

    help = (
        "Imports a matrix file, or a directory of definitions, into a branch of the editor. This "
        "is a single publication. Tests that the engine drops are imported too, and listed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("source", metavar="FILE_OR_TREE", type=Path)
        add_branch(parser)
        parser.add_argument(
            "--letters-from",
            metavar="CLONE_OR_FILE",
            type=Path,
            help="a record of the allocation ids that each test has had, so that no letter is "
            "reused: the git clone of a Proctor Webapp, or a JSON file that maps tests to ids",
        )
        parser.add_argument("--message", default="", help="for the history")
        add_user(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Read and publish all definitions, and print what changed."""
        branch = known_branch(options["branch"])
        path: Path = options["source"]
        message = options["message"] or f"Import of {path.name}"
        try:
            refuse_long("", message=message)
            letters = None
            if options["letters_from"] is not None:
                letters = read_letters(options["letters_from"])
            source = read_source(path, progress)
            done = import_source(source, branch, Signature(options["user"], message), letters)
        except (ImportRefused, LettersRefused, ProctorError) as error:
            raise CommandError(f"nothing was imported. {error}") from error
        for line in done.warnings:
            self.stderr.write(self.style.WARNING(f"warning: {line}"))
        if letters is None and done.created:
            self.stderr.write(
                self.style.WARNING(
                    "warning: if these tests had other allocations in the past, the letters of "
                    "those allocations may be reused; --letters-from prevents that. New tests "
                    "are not affected"
                )
            )
        self.stdout.write(
            f"{branch}: {len(done.created)} created, {len(done.changed)} changed, "
            f"{len(done.unchanged)} unchanged"
        )
