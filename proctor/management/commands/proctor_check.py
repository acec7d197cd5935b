"""`manage.py proctor_check`: run the system checks, and compare the site with the live matrix."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.core.checks import ERROR, run_checks
from django.core.management.base import BaseCommand

from proctor.checks import TAG
from proctor.cli.printing import pretty_json
from proctor.core.messages import counted, printable
from proctor.management.findings import found_lines, unlisted_lines
from proctor.management.live_matrix import LiveMatrix, add_matrix, live_matrix, one_line
from proctor.resolving.site_setup import current_setup
from proctor.upkeep.matrix_differences import Difference, DifferenceKind, compare, compare_literals
from proctor.upkeep.template_literals import Literals, find_literals

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from django.core.checks import CheckMessage

    from proctor.core.declarations.registry import Registry
    from proctor.core.evaluation.engine import Proctor

#: Exit code for CI if a problem was found; otherwise it is 0.
DIFFERENT = 1

#: Checks that read a matrix themselves. They are left out, because this command compares more.
_ALSO_COMPARED = frozenset({"proctor.W021", "proctor.W022", "proctor.W023"})


class Command(BaseCommand):
    """Run proctor's checks, and compare the project's expectations with the matrix."""

    help = (
        "Runs the checks of `manage.py check --tag proctor`, and compares PROCTOR_TESTS, and the "
        "tests and groups that templates name, with the live matrix. Exit code 0: no differences; "
        "1: a check reports an Error, or there are differences; 2: the comparison failed."
    )

    #: The command runs proctor's own checks below; errors of other apps do not concern the matrix.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        add_matrix(parser)
        parser.add_argument("--json", action="store_true", help="print a JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, compare, print, and exit with the code for CI."""
        with one_line():
            messages = _messages()
        if not options["json"]:
            self._print_messages(messages)
        # Catch every exception: exit code 1 would mean that there are differences.
        with one_line():
            registry = current_setup().registry
            matrix = live_matrix(options["matrix"])
            found = find_literals()
        differences = _differences(registry, matrix.proctor, found)
        if options["json"]:
            self._print_json(matrix, differences, found, messages)
        else:
            self._print_table(matrix, differences, found, len(registry))
        is_wrong = any(each.kind.is_wrong for each in differences)
        if is_wrong or any(each.level >= ERROR for each in messages):
            sys.exit(DIFFERENT)

    def _print_messages(self, messages: list[CheckMessage]) -> None:
        for each in messages:
            kind, style = (
                ("ERROR", self.style.ERROR)
                if each.level >= ERROR
                else ("WARNING", self.style.WARNING)
            )
            hint = f" {each.hint}" if each.hint else ""
            self.stdout.write(style(f"{kind}: ({each.id}) {printable(f'{each.msg}{hint}', 2000)}"))

    def _print_json(
        self,
        matrix: LiveMatrix,
        differences: list[Difference],
        found: Literals,
        messages: list[CheckMessage],
    ) -> None:
        document = {
            "checks": [
                {
                    "id": each.id,
                    "level": "error" if each.level >= ERROR else "warning",
                    "message": each.msg,
                    "hint": each.hint,
                }
                for each in messages
            ],
            "matrix_version": matrix.version,
            "warnings": [each.message for each in matrix.proctor.problems if each.test is None],
            "differences": [each.to_dict() for each in differences],
            "templates": {
                "compiled": found.compiled,
                "not_compiled": {each.name: each.message for each in found.uncompiled},
                "loaders_not_listed": list(found.unlisted),
            },
        }
        self.stdout.write(pretty_json(document))

    def _print_table(
        self,
        matrix: LiveMatrix,
        differences: list[Difference],
        found: Literals,
        declared: int,
    ) -> None:
        for line in found_lines("DIFFERENCE", differences, self.style.ERROR):
            self.stdout.write(line)
        for template in found.uncompiled:
            if not template.matters:
                self.stdout.write(
                    self.style.WARNING(
                        f"Not read: {printable(template.name)}: {printable(template.message)}"
                    )
                )
        for line in unlisted_lines(found.unlisted, self.style.WARNING):
            self.stdout.write(line)
        for problem in matrix.proctor.problems:
            if problem.test is None:
                self.stdout.write(self.style.WARNING(f"The matrix: {printable(problem.message)}"))
        self.stdout.write(
            f"{counted(declared, 'declared test')} and {counted(found.compiled, 'template')}, "
            f"compared with version {printable(str(matrix.version))} of the matrix: "
            f"{counted(len(differences), 'difference') if differences else 'no differences'}"
        )


def _messages() -> list[CheckMessage]:
    """Return the messages of `manage.py check --tag proctor`."""
    return [
        each
        for each in run_checks(tags=[TAG])
        if not each.is_silenced() and each.id not in _ALSO_COMPARED
    ]


def _differences(registry: Registry, proctor: Proctor, found: Literals) -> list[Difference]:
    broken = (
        Difference(DifferenceKind.BROKEN_TEMPLATE, "", each.name, each.message)
        for each in found.uncompiled
        if each.matters
    )
    literals = compare_literals(found.literals, registry, proctor)
    # Remove duplicates, because a line of a template may name the same test twice.
    return list(dict.fromkeys([*compare(registry, proctor), *literals, *broken]))
