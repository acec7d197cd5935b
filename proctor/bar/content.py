"""Compute what the bar shows: the forced tests, and the tests that the page has read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proctor.core.evaluation.groups import Reason
from proctor.pages.mistyped import foreign_tests, mistyped_tests
from proctor.pages.overview import ShownBucket, overview
from proctor.pages.shown_matrix import shown_matrix
from proctor.resolving.site_setup import current_setup
from proctor.visits.proc import determine, known_assignments
from proctor.visits.read_counts import Reads, reads_of

if TYPE_CHECKING:
    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.pages.overview import ShownTest
    from proctor.resolving.site_setup import SiteSetup
    from proctor.visits.bar_cookie import Identity
    from proctor.visits.forcing import Forcing
    from proctor.visits.visit import Visit

__all__ = ["BarContent", "BarTest", "content_of"]


@dataclass(frozen=True, slots=True)
class BarTest:
    """A test as on the groups page, and how often the current page has read it."""

    shown: ShownTest
    #: Number of reads by attribute, item, tag or decorator.
    reads: int
    #: Number of reads by `peek`, and by tags that do not count exposures.
    peeks: int

    @property
    def is_forced(self) -> bool:
        """True if the visitor forces a group of this test, even if that has no effect."""
        return self.shown.forced_value is not None


@dataclass(frozen=True, slots=True)
class BarContent:
    """The content of the bar."""

    #: The forced tests, then all others; each part in the order in which the page read the tests.
    tests: tuple[BarTest, ...]
    identity: Identity | None
    #: Forced tests of other applications.
    foreign: tuple[str, ...]
    #: A sentence for each forced test that does not exist but whose name resembles a declared test.
    mistyped: tuple[str, ...] = ()

    @property
    def read(self) -> int:
        """The number of tests that the page has read."""
        return sum(each.reads + each.peeks > 0 for each in self.tests)

    @property
    def forced(self) -> int:
        """The number of forced tests, including mistyped tests and those of other applications."""
        return sum(each.is_forced for each in self.tests) + len(self.foreign) + len(self.mistyped)


def content_of(visit: Visit, forcing: Forcing) -> BarContent:
    """Return the bar's content for the visit so far. Reads no groups and counts no exposures."""
    setup, force = current_setup(), forcing.groups
    reads = reads_of(visit.proc) or Reads(Counter(), Counter())
    forced = [name for name in setup.registry if name in force.groups]
    if forced and known_assignments(visit.proc) is None and not visit.must_wait:
        determine(visit.proc)
    names = [*forced, *(each for each in reads.peeks if each not in forced)]
    shown = _shown(visit, forcing, setup, [each for each in names if each in setup.registry])
    mistyped = {}
    if not force.groups.keys() <= setup.registry.keys():
        mistyped = mistyped_tests(force, setup.registry, shown_matrix(setup, timeout=0))
    return BarContent(
        tuple(
            BarTest(each, reads.reads.get(each.name, 0), reads.peeks.get(each.name, 0))
            for each in shown
        ),
        forcing.identity,
        foreign_tests(force, setup.registry, mistyped),
        tuple(mistyped.values()),
    )


def _shown(
    visit: Visit, forcing: Forcing, setup: SiteSetup, names: list[str]
) -> tuple[ShownTest, ...]:
    if not names:
        return ()
    known = known_assignments(visit.proc)
    assignments: Mapping[str, GroupAssignment] = known or {
        name: setup.default_of(setup.registry[name], Reason.NOT_READY) for name in names
    }
    # Do not wait for a Pipet's matrix. Once it is loaded, the next page shows it.
    matrix = shown_matrix(setup, timeout=0)
    found = overview(setup, assignments, visit.asked, forcing.groups, matrix, names=names)
    return tuple(_with_declared(each, setup.registry[each.name]) for each in found.tests)


def _with_declared(shown: ShownTest, declared: ProctorTest) -> ShownTest:
    """Return the test, with the declared groups if it has no groups from a matrix."""
    if shown.buckets or not isinstance(declared.groups, Mapping):
        return shown
    buckets = [
        ShownBucket(
            name=name,
            value=value,
            description="",
            percent=0,
            payload="",
            is_mine=not shown.assignment.reason.is_default and shown.assignment.value == value,
            is_forced=shown.forced_value == value,
            is_declared=True,
        )
        for name, value in declared.groups.items()
    ]
    return replace(shown, buckets=tuple(buckets))
