"""`manage.py proctor_types`: write a module with the types of the declared tests."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand

from proctor.cli.errors import CommandError as BadInput
from proctor.cli.files import write_file
from proctor.core.exceptions import ProctorError
from proctor.core.messages import printable
from proctor.generated_types.module_text import difference, in_matrix, module_text
from proctor.management.live_matrix import add_matrix, live_matrix, one_line
from proctor.resolving.site_setup import current_setup
from proctor.visits.proc import OWN_NAMES

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from proctor.core.declarations.registry import Registry
    from proctor.generated_types.module_text import InMatrix

#: The file name of the module that the command writes.
MODULE = "proctor_types.py"

#: Exit code of --check if the module is out of date, for CI.
STALE = 1


class Command(BaseCommand):
    """Write, or check, the module with the types of PROCTOR_TESTS."""

    help = (
        "Writes a module with the types of the tests in PROCTOR_TESTS, for mypy, pyright and "
        "editors: Proc, ProctorRequest and TestName. Commit the module. With --check, the "
        "exit code is 0 if the module is up to date, 1 if it is not, and 2 if it could not be "
        "created."
    )

    #: The command must work while the settings still have errors.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument(
            "path",
            nargs="?",
            metavar="PATH",
            help=f"path of the module; by default {MODULE} in the package of the URLconf; - for "
            "standard output",
        )
        parser.add_argument(
            "--check", action="store_true", help="only check, and fail if the module is out of date"
        )
        add_matrix(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the module, or compare it with the expected text."""
        with one_line():
            path = options["path"] or _default_path()
            registry = current_setup().registry
            known = {} if options["check"] else self._known(registry, options["matrix"])
            text = module_text(registry.values(), OWN_NAMES, known)
            if path == "-":
                self.stdout.write(text, ending="")
            elif not options["check"]:
                write_file(path, text.encode())
                count = len(registry)
                self.stdout.write(f"{path}: {count} test{'' if count == 1 else 's'}")
        if options["check"]:
            self._check(text, path)

    def _known(self, registry: Registry, location: str | None) -> dict[str, InMatrix]:
        """Return the matrix's groups for those tests whose groups are not declared."""
        tests = [test for test in registry.values() if test.groups is None]
        if not tests:
            return {}
        try:
            return in_matrix(tests, live_matrix(location).proctor.matrix.tests)
        except (ImproperlyConfigured, ProctorError) as error:
            if location is not None:
                raise
            self.stderr.write(
                "The comments do not list the matrix's groups: " + printable(str(error), 500)
            )
            return {}

    def _check(self, text: str, path: str) -> None:
        with one_line():
            found = _content(path)
        if found is None:
            self.stderr.write(f"{path} does not exist. Run: manage.py proctor_types")
            sys.exit(STALE)
        changes = difference(text, found, path)
        if changes:
            self.stdout.write(changes, ending="")
            self.stderr.write(f"{path} is out of date. Run: manage.py proctor_types")
            sys.exit(STALE)
        self.stdout.write(f"{path} is up to date")


def _default_path() -> str:
    """Return the path of the module, which is in the package that contains the URLconf."""
    package = str(getattr(settings, "ROOT_URLCONF", "")).partition(".")[0]
    spec = find_spec(package) if package else None
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise BadInput(
            "ROOT_URLCONF is not in a package, so there is no default path for the module; give "
            "a path"
        )
    return str(Path(places[0]) / MODULE)


def _content(path: str) -> str | None:
    """Return the text of the module, or None if the file does not exist."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot read {path!r}: {error}") from error
