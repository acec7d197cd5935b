"""The tests of all branches, cached in memory and updated after each publication."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import IntegerField, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from proctor.core.authoring.compatibility.dynamic_filters import matches_any
from proctor.core.authoring.search import FILTERS
from proctor.core.java.text import lower
from proctor.editor.branches import branch_names
from proctor.editor.models import Hold, Proposal
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.serving.kept_matrices import kept_matrix
from proctor.editor.specifications.known import Applications, read_applications
from proctor.resolving.site_setup import current_setup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from proctor.core.matrices.matrix import TestDefinition
    from proctor.editor.serving.branch_matrix import BranchMatrix, Entry

__all__ = ["STATES", "Catalog", "CatalogTest", "owner_of", "read_catalog"]

#: Maps each state of a test to its name on pages.
STATES = {
    "running": _("running"),
    "scheduled": _("scheduled"),
    "held": _("held"),
    "decided": _("decided"),
    "stale": _("stale"),
    "draft": _("draft"),
    "broken": _("not loaded"),
}
_STALE = timedelta(days=90)
#: Prefix of the meta tag that names the owner.
_OWNER = "owner:"


def owner_of(test: TestDefinition) -> str:
    """Return a test's owner from its meta tag, such as `owner:ada`, or "" if there is none."""
    tags = (tag for tag in test.meta_tags if tag is not None and tag.startswith(_OWNER))
    return next(tags, "")[len(_OWNER) :]


@dataclass(frozen=True)
class CatalogTest:
    """A test and its revision on each branch that has it. Computed properties are cached."""

    name: str
    #: Maps each branch to the test's revision on that branch.
    entries: Mapping[str, Entry]

    @cached_property
    def updated(self) -> datetime:
        """The time of the newest revision."""
        return max(each.time for each in self.entries.values())

    @property
    def on(self) -> dict[str, TestDefinition | None]:
        """Maps each branch to the test's definition, or to None if a matrix cannot contain it."""
        return {branch: each.test for branch, each in self.entries.items()}

    @cached_property
    def key(self) -> str:
        """The sort key for lists."""
        return lower(self.name)

    @cached_property
    def test(self) -> TestDefinition | None:
        """The definition on the first branch that has the test."""
        tests = (each.test for each in self.entries.values())
        return next((test for test in tests if test is not None), None)

    @property
    def _searched(self) -> TestDefinition | None:
        """The definition to search: equal to `test`, except that its version can differ.

        It is taken from the last branch with the same content, because that branch's definition is
        parsed anyway to compute the states.
        """
        entries = [*self.entries.values()]
        for each in entries:
            same = next(one for one in reversed(entries) if one.content == each.content)
            if same.test is not None:
                return same.test
        return None

    @cached_property
    def differs(self) -> bool:
        """True if the test differs between branches."""
        contents = [None if each is None else _content(each) for each in self.on.values()]
        return any(each != contents[0] for each in contents[1:])

    @cached_property
    def _text(self) -> str:
        """All searchable text, joined by a character that no word contains."""
        test = self._searched
        texts = (self.name,) if test is None else FILTERS["ALL"](test)
        return "\0".join(lower(each or "") for each in texts)

    def matches(self, words: list[str]) -> bool:
        """Return whether the definition contains all *words*, as in Java Proctor's search."""
        return all(word in self._text for word in words)

    @cached_property
    def _compared(self) -> dict[tuple[str, str], bool]:
        """The cached results of `differs_between`."""
        return {}

    def differs_between(self, source: str, target: str) -> bool:
        """Return whether a promotion from *source* to *target* would change anything."""
        found = self._compared.get((source, target))
        if found is None:
            found = self._compared[source, target] = self._changes(source, target)
        return found

    def _changes(self, source: str, target: str) -> bool:
        here, there = self.entries.get(source), self.entries.get(target)
        if here is not None and there is not None and here.content == there.content:
            return False
        old, new = self._on(target), self._on(source)
        return new is not None and (
            old is None or replace(old, version=None) != replace(new, version=None)
        )

    def _on(self, branch: str) -> TestDefinition | None:
        found = self.entries.get(branch)
        return None if found is None else found.test

    @cached_property
    def _decided(self) -> dict[str, bool]:
        """The cached results of `is_decided_on`."""
        return {}

    def is_decided_on(self, branch: str) -> bool:
        """Return whether a single group gets all visitors on the branch."""
        found = self._decided.get(branch)
        if found is None:
            test = self._on(branch)
            found = self._decided[branch] = test is not None and _is_decided(test)
        return found


def _content(test: TestDefinition) -> object:
    allocations = [(each.rule, each.ranges) for each in test.allocations]
    return test.salt, test.rule, test.buckets, allocations, test.test_type, test.constants


def _is_decided(test: TestDefinition) -> bool:
    reached = {
        each.bucket_value
        for allocation in test.allocations
        for each in allocation.ranges
        if each.length > 0
    }
    return len(reached) == 1


@dataclass(frozen=True, slots=True)
class Catalog:
    """The tests of all branches, by name, in the order in which the page lists them."""

    branches: tuple[str, ...]
    tests: Mapping[str, CatalogTest]
    #: Names of the held tests, by branch.
    held: Mapping[str, set[str]]
    applications: Applications
    #: Names of the tests with scheduled steps that are not yet published.
    scheduled: frozenset[str] = frozenset()

    def states(self, entries: Iterable[CatalogTest]) -> dict[str, str]:
        """Return the state of each test by name; each state is a key of STATES."""
        old = timezone.now() - _STALE
        held = set().union(*self.held.values())
        last = self.branches[-1]
        found = {}
        for entry in entries:
            if entry.name in held:
                state = "held"
            elif entry.name in self.scheduled:
                state = "scheduled"
            elif last not in entry.entries:
                state = "draft"
            elif entry.entries[last].test is None:
                state = "broken"
            else:
                decided = entry.is_decided_on(last)
                is_old = entry.updated < old and (decided or not self._is_used(entry))
                state = "stale" if is_old else "decided" if decided else "running"
            found[entry.name] = state
        return found

    def _is_used(self, entry: CatalogTest) -> bool:
        """Return whether the site or an application declares the test or selects it by a filter."""
        if entry.name in self.applications.declared or entry.name in current_setup().registry:
            return True
        test = entry.test
        return test is not None and any(
            matches_any(each.specification.dynamic_filters, test)
            for each in self.applications.known
        )


@dataclass(slots=True)
class _Kept:
    """The tests that were last read from a database. A refresh reads only newer publications."""

    #: The matrices that `tests` was built from.
    made_of: tuple[BranchMatrix, ...] = ()
    tests: dict[str, CatalogTest] = field(default_factory=dict)


_kept: dict[str, _Kept] = {}


def read_catalog() -> Catalog:
    """Return the tests of all branches. Raises Lagging and database errors."""
    alias = write_alias()
    branches = branch_names()
    matrices = tuple(kept_matrix(branch) for branch in branches)
    kept = _kept.setdefault(alias, _Kept())
    if [*map(id, matrices)] != [*map(id, kept.made_of)]:
        kept.tests = _tests(matrices, kept.tests)
        kept.made_of = matrices
    holds = Hold.objects.using(alias).filter(released=None, branch__name__in=branches)
    running = Proposal.objects.using(alias).filter(
        kind=Proposal.Change.SCHEDULE, state=Proposal.State.ACCEPTED, branch__name__in=branches
    )
    # Read holds and schedules in one statement, so that the list of tests needs few queries.
    held: dict[str, set[str]] = {}
    scheduled: set[str] = set()
    for branch, name, is_held in _marked(holds, 1).union(_marked(running, 0)):
        if is_held:
            held.setdefault(branch, set()).add(name)
        else:
            scheduled.add(name)
    return Catalog(branches, kept.tests, held, read_applications(), frozenset(scheduled))


def _marked(rows: QuerySet[Any], mark: int) -> QuerySet[Any]:
    """Return the branch and test of each row, with a marker for use in a union of queries."""
    mark_of = Value(mark, output_field=IntegerField())
    found: QuerySet[Any] = rows.order_by().annotate(mark=mark_of)
    return found.values_list("branch__name", "test", "mark")


def _tests(
    matrices: Iterable[BranchMatrix], known: Mapping[str, CatalogTest]
) -> dict[str, CatalogTest]:
    """Return the tests of the branches, reusing objects whose revisions have not changed."""
    on: dict[str, dict[str, Entry]] = {}
    for matrix in matrices:
        for name, entry in matrix.entries.items():
            on.setdefault(name, {})[matrix.branch] = entry
    made = {
        name: CatalogTest(name, entries)
        for name, entries in on.items()
        if name not in known or known[name].entries != entries
    }
    found = [made.get(name) or known[name] for name in on]
    return {each.name: each for each in sorted(found, key=lambda each: each.key)}
