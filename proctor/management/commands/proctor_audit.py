"""`manage.py proctor_audit`: list items to clean up in the matrix, the settings and the code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.management.base import BaseCommand

from proctor.cli.printing import pretty_json
from proctor.core.messages import counted, printable
from proctor.management.findings import found_lines, unlisted_lines
from proctor.management.live_matrix import LiveMatrix, add_matrix, live_matrix, one_line
from proctor.resolving.site_setup import current_setup
from proctor.upkeep.cleanup import CleanupFinding, CleanupKind, decided, undeclared, unused
from proctor.upkeep.mentions import Mentions, find_mentions

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from proctor.core.declarations.registry import Registry

__all__ = ["Command"]

#: Exit code for CI if there is something to clean up; otherwise it is 0.
UNTIDY = 1


class CleanupReport(NamedTuple):
    """The findings, and what was searched: the declarations, the matrix and the code."""

    registry: Registry
    matrix: LiveMatrix
    mentions: Mentions
    findings: list[CleanupFinding]


class Command(BaseCommand):
    """List the tests that can be cleaned up."""

    help = (
        "Lists what can be cleaned up: tests in the matrix that PROCTOR_TESTS does not declare, "
        "declared tests that give everyone the same group, and declared names that occur in no "
        "template and no .py file. Exit code 0: nothing to clean up; 1: something to clean up; "
        "2: the search failed."
    )

    #: System checks are skipped: they exit with 1, which has a different meaning here.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        add_matrix(parser)
        parser.add_argument(
            "--skip",
            action="append",
            default=[],
            choices=[each.value for each in CleanupKind],
            help="leave out findings of this kind, for example undeclared tests if other "
            "applications use the same matrix; may be repeated",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Search, print the findings, and exit with the code for CI."""
        with one_line():
            registry = current_setup().registry
            matrix = live_matrix(options["matrix"])
            mentions = find_mentions(registry.names)
            findings = [
                *decided(registry, matrix.proctor),
                *unused(registry, mentions.found),
                *undeclared(registry, matrix.proctor),
            ]
        kept = [each for each in findings if each.kind.value not in options["skip"]]
        report = CleanupReport(registry, matrix, mentions, kept)
        if options["json"]:
            self.stdout.write(pretty_json(_document(report)))
        else:
            self._print(report)
        if kept:
            sys.exit(UNTIDY)

    def _print(self, report: CleanupReport) -> None:
        findings, mentions = report.findings, report.mentions
        for line in found_lines("FINDING", findings, self.style.WARNING):
            self.stdout.write(line)
        for line in unlisted_lines(mentions.unlisted, self.style.WARNING):
            self.stdout.write(line)
        declared, matrix = counted(len(report.registry), "declared test"), report.matrix
        self.stdout.write(
            f"{declared}, {len(matrix.proctor.matrix.tests)} in version "
            f"{printable(str(matrix.version))} of the matrix, "
            f"{counted(mentions.templates, 'template')} and "
            f"{counted(mentions.python_files, 'Python file')}: "
            f"{counted(len(findings), 'finding') if findings else 'no findings'}"
        )


def _document(report: CleanupReport) -> dict[str, Any]:
    return {
        "matrix_version": report.matrix.version,
        "findings": [each.to_dict() for each in report.findings],
        "searched": {
            "templates": report.mentions.templates,
            "python_files": report.mentions.python_files,
            "loaders_not_listed": list(report.mentions.unlisted),
        },
    }
