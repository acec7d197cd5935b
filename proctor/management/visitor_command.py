"""The base class of commands about one visitor, with their options and one-line errors."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.management.base import BaseCommand

from proctor.cli.arguments import add_context, add_identifiers, add_json
from proctor.cli.inputs import read_visitor
from proctor.conf import settings
from proctor.core.messages import printable
from proctor.management.live_matrix import add_matrix, one_line

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterable

    from proctor.cli.inputs import Visitor
    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.management.live_matrix import LiveMatrix

__all__ = ["VisitorCommand", "visitor_of", "what_the_site_makes_of"]

T = TypeVar("T")


class VisitorCommand(BaseCommand, Generic[T]):
    """A command about one visitor: `look` computes a result, and `show` prints it.

    If `look` raises an exception, the command prints one line and exits with 2, like `python -m
    proctor`.
    """

    #: System checks are skipped, because an error would end the command with exit code 1. Even a
    #: site with errors should be able to inspect a matrix.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options for the visitor, the matrix, and the output format."""
        add_identifiers(parser)
        add_context(parser, "PROCTOR_CONTEXT")
        add_matrix(parser)
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Call `look`, then `show`."""
        with one_line():
            found = self.look(Namespace(**options))
        self.show(found, json=options["json"])

    def look(self, options: Namespace) -> T:
        """Return the result to show; any exception ends the command."""
        raise NotImplementedError

    def show(self, found: T, *, json: bool) -> None:
        """Print the result."""
        raise NotImplementedError

    def note(self, notes: Iterable[str]) -> None:
        """Print notes on standard error, so that standard output is that of `python -m proctor`."""
        self.stdout.flush()
        for text in notes:
            self.stderr.write(printable(text, 2000), str)


def visitor_of(options: Namespace, matrix: LiveMatrix) -> Visitor:
    """Return the visitor described by the options, which use the site's source keys."""
    return read_visitor(
        options,
        matrix.variables,
        matrix.test_types,
        matrix=matrix.proctor.matrix,
        keep_empty=settings.PROCTOR_IDENTIFIER_VALIDATOR is not None,
        declarations="PROCTOR_CONTEXT"
        if settings.PROCTOR_PIPET_CONFIG is None
        else "PROCTOR_PIPET_CONFIG",
    )


def what_the_site_makes_of(test: ProctorTest, assignment: GroupAssignment | None) -> str | None:
    """Return the difference between the site's group and the matrix's *assignment*, and the reason.

    Return None if the site uses the assignment unchanged.
    """
    if assignment is None:
        return None if test.default is None else f"the site uses its default {test.default!r}"
    fitted = test.fitted(assignment)
    if fitted is None:
        used = "has no group" if test.default is None else f"uses its default {test.default!r}"
        value = f" with the value {assignment.value}" if test.knows(assignment.group) else ""
        return (
            f"PROCTOR_TESTS does not declare the group {assignment.group!r}{value}, so the site "
            f"{used}"
        )
    if not test.accepts_payload(assignment):
        return (
            f"PROCTOR_TESTS declares a payload of type {test.payload_type}, not "
            f"{assignment.payload_type}, so the site has no payload"
        )
    if fitted.group != assignment.group:
        return f"PROCTOR_TESTS declares the group {assignment.group!r} as {fitted.group!r}"
    return None
