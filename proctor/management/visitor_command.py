"""What commands share that ask about one visitor: his options, and errors in one line."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.management.base import BaseCommand

from proctor.cli.arguments import add_context, add_identifiers, add_json
from proctor.cli.inputs import read_visitor
from proctor.conf import settings
from proctor.core.display import printable
from proctor.management.live_matrix import add_matrix, one_line

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from proctor.cli.inputs import Visitor
    from proctor.core.declarations import ProctorTest
    from proctor.core.groups import GroupAssignment
    from proctor.management.live_matrix import LiveMatrix

__all__ = ["VisitorCommand", "visitor_of", "what_the_site_makes_of"]

T = TypeVar("T")


class VisitorCommand(BaseCommand, Generic[T]):
    """A command about one visitor: `look` finds, and `show` prints what was found.

    Whatever goes wrong while it looks is one line and exit code 2, as with
    `python -m proctor`.
    """

    #: Their exit code is 1, and to look into a matrix a site need not be without faults.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who the visitor is, the matrix, and the form of the output."""
        add_identifiers(parser)
        add_context(parser, "PROCTOR_CONTEXT")
        add_matrix(parser)
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, and show."""
        with one_line():
            found = self.look(Namespace(**options))
        self.show(found, json=options["json"])

    def look(self, options: Namespace) -> T:
        """What is to be shown; any exception ends the command."""
        raise NotImplementedError

    def show(self, found: T, *, json: bool) -> None:
        """Print it."""
        raise NotImplementedError

    def note(self, notes: Iterable[str]) -> None:
        """Say something below the output, which stays as `python -m proctor` prints it."""
        self.stdout.flush()
        for text in notes:
            self.stderr.write(printable(text, 2000), str)


def visitor_of(options: Namespace, matrix: LiveMatrix) -> Visitor:
    """The visitor of the options, whose names are the source keys of the site."""
    return read_visitor(
        options,
        matrix.variables,
        matrix.test_types,
        keep_empty=settings.PROCTOR_IDENTIFIER_VALIDATOR is not None,
        declarations="PROCTOR_CONTEXT"
        if settings.PROCTOR_PIPET_CONFIG is None
        else "PROCTOR_PIPET_CONFIG",
    )


def what_the_site_makes_of(test: ProctorTest, assignment: GroupAssignment | None) -> str | None:
    """Where a visitor of the site has something else than the matrix gives him, and what.

    None where he has the assignment as it is.
    """
    if assignment is None:
        return None if test.default is None else f"the site has its default {test.default!r}"
    if not test.knows(assignment.group):
        default = "no group" if test.default is None else f"its default {test.default!r}"
        return (
            f"PROCTOR_TESTS does not declare the group {assignment.group!r}, and so the site has "
            f"{default}"
        )
    if not test.accepts_payload(assignment):
        return (
            f"PROCTOR_TESTS declares a payload of the type {test.payload_type} and not "
            f"{assignment.payload_type}, and so the site has none"
        )
    return None
