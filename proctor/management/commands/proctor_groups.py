"""`manage.py proctor_groups`: in which groups of the declared tests a visitor is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from proctor.cli.groups import look, write
from proctor.cli.inputs import given_context, given_identifiers
from proctor.configuration import current_configuration
from proctor.core.forcing import ForceGroups
from proctor.core.groups import Groups
from proctor.core.sources import GroupsRequest, MatrixSource
from proctor.management.live_matrix import TIMEOUT, live_matrix
from proctor.management.visitor_command import (
    VisitorCommand,
    visitor_of,
    what_the_site_makes_of,
)

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from proctor.configuration import Configuration
    from proctor.core.declarations import Registry
    from proctor.core.sources import Source

__all__ = ["Command"]


class Found(NamedTuple):
    """Groups, why tests gave none, and what is to be said beside them."""

    groups: Groups
    reasons: dict[str, str]
    notes: list[str]


class Command(VisitorCommand[Found]):
    """Print the groups, by the matrix of the settings, or as their source says."""

    help = (
        "Prints the groups of a visitor: as `python -m proctor groups`, for the declared tests, "
        "with the matrix, the variables and the source keys of the settings. With "
        "PROCTOR_API_ROOT the Pipet is asked. Exit code 2 where there is no answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        super().add_arguments(parser)
        parser.add_argument(
            "--all",
            action="store_true",
            help="tests that PROCTOR_TESTS does not declare, too",
        )

    def look(self, options: Namespace) -> Found:
        """Determine the groups, and what the site makes of them."""
        configuration = current_configuration()
        registry = configuration.registry
        if not registry and not options.all:
            note = "PROCTOR_TESTS declares no tests; --all shows those of the matrix."
            return Found(Groups({}), {}, [note])
        if _is_asked(configuration.source, options):
            found, unknown = _ask(configuration, options), "no group: none was given"
        else:
            found, unknown = _evaluate(registry, options), "no group: the matrix has no such test"
        return _as_the_site_has_it(registry, found, unknown)

    def show(self, found: Found, *, json: bool) -> None:
        """Print the groups, and the notes on standard error."""
        write(found.groups, found.reasons, self.stdout, json=json)
        self.note(found.notes)


def _is_asked(source: Source | None, options: Namespace) -> bool:
    """Whether the site's source has to be asked, since more than a matrix decides."""
    if options.matrix is not None or source is None:
        return False
    # A class of the site's own may answer otherwise than its matrix.
    return getattr(type(source), "determine_groups", None) is not MatrixSource.determine_groups


def _evaluate(registry: Registry, options: Namespace) -> Found:
    """The groups by a matrix."""
    matrix = live_matrix(options.matrix)
    tests = None if options.all else registry.names
    visitor = visitor_of(options, matrix)
    return Found(*look(matrix.proctor, visitor, random=True, tests=tests), [])


def _ask(configuration: Configuration, options: Namespace) -> Found:
    """The groups that the source gives, which takes source keys as they are."""
    source = configuration.source
    if source is None:
        raise ImproperlyConfigured("there is no source of groups")
    asked = GroupsRequest(
        identifiers=given_identifiers(options),
        context=given_context(options),
        force_groups=ForceGroups.parse(options.force),
        tests=None if options.all else configuration.registry.names,
        timeout=TIMEOUT,
    )
    groups = source.determine_groups(asked)
    if not hasattr(source, "matrix_url"):
        return Found(groups, {}, [f"Asked: {type(source).__qualname__}."])
    return Found(groups, {}, [f"Asked: the {source}. proctor_explain TEST says why."])


def _as_the_site_has_it(registry: Registry, found: Found, unknown: str) -> Found:
    """Without what the site does not take, and with what its visitors have instead.

    *unknown* is the reason of a test without a group and without a reason.
    """
    assignments, reasons, notes = found.groups.to_dict(), dict(found.reasons), list(found.notes)
    for name, test in registry.items():
        assignment = assignments.get(name)
        words = what_the_site_makes_of(test, assignment)
        if assignment is None:
            reason = reasons.get(name, unknown)
            reasons[name] = reason if words is None else f"{reason}; {words}"
        elif words is not None and test.knows(assignment.group):
            assignments[name] = assignment.without_payload()
            notes.append(f"{name}: {words}.")
        elif words is not None:
            del assignments[name]
            reasons[name] = f"no group: {words}"
    groups = Groups(assignments, found.groups.errors, found.groups.properties)
    return Found(groups, dict(sorted(reasons.items())), notes)
