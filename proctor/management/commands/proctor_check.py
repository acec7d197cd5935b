"""`manage.py proctor_check`: what settings and templates expect, beside the live matrix."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from proctor.cli.printing import table
from proctor.conf import settings
from proctor.configuration import current_configuration, variables_from_settings
from proctor.core.display import printable
from proctor.core.exceptions import ConfigurationError, ProctorError
from proctor.core.sources import MatrixSource
from proctor.matrix_check import Difference, Kind, compare, compare_literals
from proctor.template_literals import Literals, find_literals

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from proctor.core.declarations import Registry
    from proctor.core.engine import Proctor
    from proctor.core.reloading import Snapshot

#: Seconds that a download of the matrix may take.
TIMEOUT = 30.0

#: Exit codes, for CI; 0 where all is well.
DIFFERENT, FAILED = 1, 2


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
        parser.add_argument(
            "--matrix",
            metavar="PATH_OR_URL",
            help="the matrix to compare with; by default that of the settings",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, print, and exit with what CI wants to know."""
        try:
            registry = current_configuration().registry
            snapshot = _snapshot(options["matrix"])
            found = find_literals()
        except Exception as error:
            # Whatever it is: an exit code of 1 would say that there are differences.
            raise CommandError(_words(error), returncode=FAILED) from error
        differences = _differences(registry, snapshot.proctor, found)
        if options["json"]:
            self._print_json(snapshot, differences, found)
        else:
            self._print_table(snapshot, differences, found, len(registry))
        if differences:
            sys.exit(DIFFERENT)

    def _print_json(
        self, snapshot: Snapshot[Proctor], differences: list[Difference], found: Literals
    ) -> None:
        document = {
            "matrix_version": snapshot.matrix_version,
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
        snapshot: Snapshot[Proctor],
        differences: list[Difference],
        found: Literals,
        declared: int,
    ) -> None:
        if differences:
            rows = [(each.kind.value, each.test, each.place) for each in differences]
            lines = list(table(("DIFFERENCE", "TEST", "PLACE"), rows))
            self.stdout.write(lines[0])
            for line, each in zip(lines[1:], differences, strict=True):
                self.stdout.write(self.style.ERROR(line))
                self.stdout.write(f"    {printable(each.message, 2000)}")
            self.stdout.write("")
        for template in found.uncompiled:
            if not template.matters:
                self.stdout.write(
                    self.style.WARNING(
                        f"Not looked into: {printable(template.name)}: "
                        f"{printable(template.message)}"
                    )
                )
        for loader in found.unlisted:
            self.stdout.write(
                self.style.WARNING(f"Not looked into: templates of {loader}, which lists none")
            )
        count = len(differences)
        self.stdout.write(
            f"{declared} declared tests and {found.compiled} templates, compared with the matrix "
            f"of version {printable(str(snapshot.matrix_version))}: "
            f"{count or 'no'} difference{'' if count == 1 else 's'}"
        )


def _words(error: Exception) -> str:
    known = isinstance(error, (ImproperlyConfigured, ProctorError))
    return printable(str(error) if known else f"{type(error).__name__}: {error}", 2000)


def _differences(registry: Registry, proctor: Proctor, found: Literals) -> list[Difference]:
    broken = (
        Difference(Kind.BROKEN_TEMPLATE, "", each.message, each.name)
        for each in found.uncompiled
        if each.matters
    )
    literals = compare_literals(found.literals, proctor)
    # One line of a template may name a test twice.
    return list(dict.fromkeys([*compare(registry, proctor), *literals, *broken]))


def _snapshot(location: str | None) -> Snapshot[Proctor]:
    """The matrix to compare with. ProctorError or ImproperlyConfigured where there is none."""
    source = current_configuration().source if location is None else _source_of(location)
    if source is None:
        raise ImproperlyConfigured(
            "there is no matrix to compare with: set PROCTOR_MATRIX or PROCTOR_API_ROOT, or give "
            "--matrix PATH_OR_URL"
        )
    # A Pipet shows its matrix.
    matrix_url = getattr(source, "matrix_url", None)
    if matrix_url is not None:
        source = _source_of(matrix_url)
    if not isinstance(source, MatrixSource):
        raise ImproperlyConfigured(
            f"{type(source).__qualname__} decides, and shows no matrix: give --matrix PATH_OR_URL"
        )
    return source.current(TIMEOUT)


def _source_of(location: str) -> MatrixSource:
    """A source of the matrix at *location*, that reads it as the settings say."""
    try:
        return MatrixSource(
            location,
            variables_from_settings(),
            test_types=settings.PROCTOR_TEST_TYPES,
            identifier_validator=settings.PROCTOR_IDENTIFIER_VALIDATOR,
            timeout=TIMEOUT,
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"--matrix: {error}") from error
