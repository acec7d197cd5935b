"""`manage.py proctor_check`: what settings and templates expect, beside the live matrix."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from proctor.configuration import current_configuration
from proctor.core.display import printable
from proctor.management.findings import found_lines, unlisted_lines
from proctor.management.live_matrix import LiveMatrix, add_matrix, live_matrix, one_line
from proctor.matrix_check import Difference, Kind, compare, compare_literals
from proctor.template_literals import Literals, find_literals

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from proctor.core.declarations import Registry
    from proctor.core.engine import Proctor

#: Exit code, for CI; 0 where all is well.
DIFFERENT = 1


class Command(BaseCommand):
    """Compare what the project expects with what the matrix has."""

    help = (
        "Compares PROCTOR_TESTS, and the tests and groups that templates name, with the live "
        "matrix. Exit code 0: they fit; 1: they differ; 2: they could not be compared."
    )

    #: Their exit code is 1, which here means something else; PROCTOR_TESTS is checked below.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        add_matrix(parser)
        parser.add_argument("--json", action="store_true", help="print a JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, print, and exit with what CI wants to know."""
        # Whatever is raised: an exit code of 1 would say that there are differences.
        with one_line():
            registry = current_configuration().registry
            matrix = live_matrix(options["matrix"])
            found = find_literals()
        differences = _differences(registry, matrix.proctor, found)
        if options["json"]:
            self._print_json(matrix, differences, found)
        else:
            self._print_table(matrix, differences, found, len(registry))
        if differences:
            sys.exit(DIFFERENT)

    def _print_json(
        self, matrix: LiveMatrix, differences: list[Difference], found: Literals
    ) -> None:
        document = {
            "matrix_version": matrix.version,
            "differences": [each.to_dict() for each in differences],
            "templates": {
                "compiled": found.compiled,
                "not_compiled": {each.name: each.message for each in found.uncompiled},
                "loaders_not_listed": list(found.unlisted),
            },
        }
        self.stdout.write(json.dumps(document, indent=2))

    def _print_table(
        self,
        matrix: LiveMatrix,
        differences: list[Difference],
        found: Literals,
        declared: int,
    ) -> None:
        words = [(each.message,) for each in differences]
        for line in found_lines("DIFFERENCE", differences, words, self.style.ERROR):
            self.stdout.write(line)
        for template in found.uncompiled:
            if not template.matters:
                self.stdout.write(
                    self.style.WARNING(
                        f"Not looked into: {printable(template.name)}: "
                        f"{printable(template.message)}"
                    )
                )
        for line in unlisted_lines(found.unlisted, self.style.WARNING):
            self.stdout.write(line)
        count = len(differences)
        self.stdout.write(
            f"{declared} declared tests and {found.compiled} templates, compared with the matrix "
            f"of version {printable(str(matrix.version))}: "
            f"{count or 'no'} difference{'' if count == 1 else 's'}"
        )


def _differences(registry: Registry, proctor: Proctor, found: Literals) -> list[Difference]:
    broken = (
        Difference(Kind.BROKEN_TEMPLATE, "", each.message, each.name)
        for each in found.uncompiled
        if each.matters
    )
    literals = compare_literals(found.literals, proctor)
    # One line of a template may name a test twice.
    return list(dict.fromkeys([*compare(registry, proctor), *literals, *broken]))
