"""`manage.py proctor_audit`: what can be cleaned up in the matrix, the settings and the code."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.management.base import BaseCommand

from proctor.audit import Finding, Kind, decided, undeclared, unused
from proctor.configuration import current_configuration
from proctor.core.display import printable
from proctor.management.findings import found_lines, unlisted_lines
from proctor.management.live_matrix import LiveMatrix, add_matrix, live_matrix, one_line
from proctor.mentions import Mentions, find_mentions

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from proctor.core.declarations import Registry

__all__ = ["Command"]

#: Exit code, for CI; 0 where there is nothing to clean up.
UNTIDY = 1


class Audit(NamedTuple):
    """What was looked into, and what was found."""

    registry: Registry
    matrix: LiveMatrix
    mentions: Mentions
    findings: list[Finding]


class Command(BaseCommand):
    """Say what can be cleaned up."""

    help = (
        "Says what can be cleaned up: tests of the matrix that PROCTOR_TESTS does not declare, "
        "declared tests that give everybody the same group, and names that stand in no template "
        "and in no .py file. Exit code 0: nothing; 1: something; 2: it could not look."
    )

    #: Their exit code is 1, which here means something else.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        add_matrix(parser)
        parser.add_argument(
            "--skip",
            action="append",
            default=[],
            choices=[each.value for each in Kind],
            help="leave out findings of this kind, as undeclared tests where other applications "
            "have the same matrix; may be repeated",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, print, and exit with what CI wants to know."""
        with one_line():
            registry = current_configuration().registry
            matrix = live_matrix(options["matrix"])
            mentions = find_mentions(registry.names)
            findings = [
                *decided(registry, matrix.proctor),
                *unused(registry, mentions.found),
                *undeclared(registry, matrix.proctor),
            ]
        kept = [each for each in findings if each.kind.value not in options["skip"]]
        audit = Audit(registry, matrix, mentions, kept)
        if options["json"]:
            self.stdout.write(json.dumps(_document(audit), indent=2))
        else:
            self._print(audit)
        if kept:
            sys.exit(UNTIDY)

    def _print(self, audit: Audit) -> None:
        findings, mentions = audit.findings, audit.mentions
        words = [(each.message, each.way_out) for each in findings]
        for line in found_lines("FINDING", findings, words, self.style.WARNING):
            self.stdout.write(line)
        for line in unlisted_lines(mentions.unlisted, self.style.WARNING):
            self.stdout.write(line)
        count = len(findings)
        self.stdout.write(
            f"{len(audit.registry)} declared tests, {len(audit.matrix.proctor.matrix.tests)} in "
            f"the matrix of version {printable(str(audit.matrix.version))}, {mentions.templates} "
            f"templates and {mentions.python_files} Python files: "
            f"{count or 'no'} finding{'' if count == 1 else 's'}"
        )


def _document(audit: Audit) -> dict[str, Any]:
    return {
        "matrix_version": audit.matrix.version,
        "findings": [each.to_dict() for each in audit.findings],
        "searched": {
            "templates": audit.mentions.templates,
            "python_files": audit.mentions.python_files,
            "loaders_not_listed": list(audit.mentions.unlisted),
        },
    }
