"""`manage.py proctor_groups`: print a visitor's groups in the declared tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from proctor.cli.groups import look, write
from proctor.cli.inputs import given_context, given_identifiers, well_formed_force
from proctor.core.evaluation.groups import Groups
from proctor.core.sources.source import GroupsRequest, MatrixSource
from proctor.management.live_matrix import TIMEOUT, live_matrix
from proctor.management.visitor_command import (
    VisitorCommand,
    visitor_of,
    what_the_site_makes_of,
)
from proctor.resolving.site_setup import current_setup

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from proctor.core.declarations.registry import Registry
    from proctor.core.sources.source import Source
    from proctor.resolving.site_setup import SiteSetup

__all__ = ["Command"]


class VisitorGroups(NamedTuple):
    """Groups, the reasons for missing groups, and notes to print after the groups."""

    groups: Groups
    reasons: dict[str, str]
    notes: list[str]


class Command(VisitorCommand[VisitorGroups]):
    """Print the groups from the matrix in the settings, or from another source."""

    help = (
        "Prints the groups of a visitor in the declared tests. Works like `python -m proctor "
        "groups`, but uses the matrix, the variables and the source keys from the settings. If "
        "PROCTOR_API_ROOT is set, asks the Pipet. Exit code 2: there is no answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        super().add_arguments(parser)
        parser.add_argument(
            "--all",
            action="store_true",
            help="include tests that PROCTOR_TESTS does not declare",
        )

    def look(self, options: Namespace) -> VisitorGroups:
        """Determine the groups, and adapt them to PROCTOR_TESTS as the site does."""
        setup = current_setup()
        registry = setup.registry
        if not registry and not options.all:
            note = "PROCTOR_TESTS declares no tests; --all shows the tests in the matrix."
            return VisitorGroups(Groups({}), {}, [note])
        if _is_asked(setup.source, options):
            found, unknown = _ask(setup, options), "no group"
        else:
            found, unknown = _evaluate(registry, options), "no group: the matrix has no such test"
        return _as_the_site_has_it(registry, found, unknown)

    def show(self, found: VisitorGroups, *, json: bool) -> None:
        """Print the groups, and the notes on standard error."""
        write(found.groups, found.reasons, self.stdout, json=json)
        self.note(found.notes)


def _is_asked(source: Source | None, options: Namespace) -> bool:
    """Return True if the groups must come from the site's source, not from its matrix alone."""
    if options.matrix is not None or source is None:
        return False
    # The site's own source class may assign different groups than its matrix does.
    return getattr(type(source), "determine_groups", None) is not MatrixSource.determine_groups


def _evaluate(registry: Registry, options: Namespace) -> VisitorGroups:
    """Return the groups that a matrix assigns."""
    matrix = live_matrix(options.matrix)
    tests = None if options.all else registry.names
    visitor = visitor_of(options, matrix)
    return VisitorGroups(*look(matrix.proctor, visitor, random=True, tests=tests), [])


def _ask(setup: SiteSetup, options: Namespace) -> VisitorGroups:
    """Return the groups from the site's source, with the source keys unchanged."""
    source = setup.source
    if source is None:
        raise ImproperlyConfigured("the site has no source of groups")
    asked = GroupsRequest(
        identifiers=given_identifiers(options),
        context=given_context(options),
        force_groups=well_formed_force(options.force or ""),
        tests=None if options.all else setup.registry.names,
        timeout=TIMEOUT,
    )
    groups = source.determine_groups(asked)
    if not hasattr(source, "matrix_url"):
        return VisitorGroups(groups, {}, [f"Groups from {type(source).__qualname__}."])
    note = f"Groups from the {source}. To see why, run proctor_explain TEST."
    return VisitorGroups(groups, {}, [note])


def _as_the_site_has_it(registry: Registry, found: VisitorGroups, unknown: str) -> VisitorGroups:
    """Replace groups that the site does not accept with the ones that its visitors get instead.

    *unknown* is the reason to show for a test that has neither a group nor a reason.
    """
    assignments, reasons, notes = found.groups.to_dict(), dict(found.reasons), list(found.notes)
    for name, test in registry.items():
        assignment = assignments.get(name)
        words = what_the_site_makes_of(test, assignment)
        if assignment is None:
            reason = reasons.get(name, unknown)
            reasons[name] = reason if words is None else f"{reason}; {words}"
            continue
        fitted = test.fitted(assignment)
        if fitted is None:
            del assignments[name]
            reasons[name] = f"no group: {words}"
        elif words is not None:
            accepted = test.accepts_payload(fitted)
            assignments[name] = fitted if accepted else fitted.without_payload()
            notes.append(f"{name}: {words}.")
    groups = Groups(assignments, found.groups.errors, found.groups.properties)
    return VisitorGroups(groups, dict(sorted(reasons.items())), notes)
