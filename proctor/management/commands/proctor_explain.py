"""`manage.py proctor_explain`: why a visitor is in a group of a test, or in none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proctor.cli.explain import look, write
from proctor.configuration import current_configuration
from proctor.management.live_matrix import live_matrix
from proctor.management.visitor_command import (
    VisitorCommand,
    visitor_of,
    what_the_site_makes_of,
)

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from proctor.core.explanation import Explanation

__all__ = ["Command"]


class Found(NamedTuple):
    """An explanation, and what is to be said beside it."""

    explanation: Explanation
    notes: list[str]


class Command(VisitorCommand[Found]):
    """Explain one test, with the matrix and the variables of the settings."""

    help = (
        "Says why a visitor is in a group of a test, or in none: as `python -m proctor explain`, "
        "with the matrix, the variables and the source keys of the settings. Exit code 2 where "
        "it cannot."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("test", metavar="TEST", help="name of the test")
        super().add_arguments(parser)

    def look(self, options: Namespace) -> Found:
        """Explain."""
        registry = current_configuration().registry
        matrix = live_matrix(options.matrix)
        explanation = look(matrix.proctor, options.test, visitor_of(options, matrix), random=True)
        notes = []
        if matrix.of_pipet:
            notes.append(
                f"Explained from the matrix of version {matrix.version} that the Pipet shows at "
                f"{matrix.location}."
            )
        declared = registry.get(options.test)
        difference = (
            "PROCTOR_TESTS does not declare it, and so the site does not ask for it"
            if declared is None
            else what_the_site_makes_of(declared, explanation.assignment)
        )
        if difference is not None:
            notes.append(f"{options.test}: {difference}.")
        return Found(explanation, notes)

    def show(self, found: Found, *, json: bool) -> None:
        """Print the explanation, and the notes on standard error."""
        write(found.explanation, self.stdout, json=json)
        self.note(found.notes)
