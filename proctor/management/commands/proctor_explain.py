"""`manage.py proctor_explain`: explain why a visitor is in a group of a test, or in no group."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proctor.cli.explain import look, write
from proctor.management.live_matrix import live_matrix
from proctor.management.visitor_command import (
    VisitorCommand,
    visitor_of,
    what_the_site_makes_of,
)
from proctor.resolving.site_setup import current_setup

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from proctor.core.evaluation.explanation import Explanation

__all__ = ["Command"]


class VisitorExplanation(NamedTuple):
    """An explanation, with notes to print after it."""

    explanation: Explanation
    notes: list[str]


class Command(VisitorCommand[VisitorExplanation]):
    """Explain one test with the matrix and the variables from the settings."""

    help = (
        "Explains why a visitor is in a group of a test, or in no group. Works like `python -m "
        "proctor explain`, but uses the matrix, the variables and the source keys from the "
        "settings. Exit code 2: there is no explanation."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("test", metavar="TEST", help="name of the test")
        super().add_arguments(parser)

    def look(self, options: Namespace) -> VisitorExplanation:
        """Return the explanation of the test for the visitor."""
        registry = current_setup().registry
        matrix = live_matrix(options.matrix)
        explanation = look(matrix.proctor, options.test, visitor_of(options, matrix), random=True)
        notes = []
        if matrix.of_pipet:
            notes.append(
                f"Explained with version {matrix.version} of the matrix, which the Pipet publishes "
                f"at {matrix.location}."
            )
        declared = registry.get(options.test)
        difference = (
            "PROCTOR_TESTS does not declare this test, so the site does not read it"
            if declared is None
            else what_the_site_makes_of(declared, explanation.assignment)
        )
        if difference is not None:
            notes.append(f"{options.test}: {difference}.")
        return VisitorExplanation(explanation, notes)

    def show(self, found: VisitorExplanation, *, json: bool) -> None:
        """Print the explanation, and the notes on standard error."""
        write(found.explanation, self.stdout, json=json)
        self.note(found.notes)
