"""`manage.py proctor_export`: export a branch as a matrix file or a tree of definitions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from proctor.core.exceptions import ProctorError
from proctor.core.messages import counted
from proctor.editor.management.options import add_branch, known_branch, progress
from proctor.editor.transfer.exporting import ExportRefused, export_matrix, export_tree

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Write all tests of a branch."""

    help = (
        "Exports a branch of the editor: as a matrix file if the output's name ends in .json, "
        "otherwise as a tree of definitions for Proctor's builder and Webapp."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        add_branch(parser)
        parser.add_argument("-o", "--output", required=True, metavar="FILE_OR_TREE", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file or files, and print how many tests they contain."""
        branch = known_branch(options["branch"])
        path: Path = options["output"]
        try:
            if path.suffix == ".json":
                count = export_matrix(branch, path)
            else:
                count = export_tree(branch, path, progress)
        except (ExportRefused, ProctorError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{branch}: {counted(count, 'test')} written to {path}")
