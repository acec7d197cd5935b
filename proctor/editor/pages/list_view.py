"""The list of tests, with a row for each test."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.utils.translation import gettext as _

from proctor.core.java.text import lower
from proctor.editor.access.permissions import EDIT, VIEW
from proctor.editor.branches import branch_names, first_branch
from proctor.editor.models import Revision
from proctor.editor.pages.answers import page, render, visible
from proctor.editor.pages.catalog import STATES, CatalogTest, owner_of, read_catalog
from proctor.editor.pages.shown import Bar, Group, bar_of, groups_of
from proctor.editor.pages.words import bare_rule, rule_words
from proctor.editor.publishing.publishing import write_alias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.matrices.matrix import Allocation, Bucket, TestDefinition
    from proctor.editor.access.permissions import Actor

__all__ = ["tests"]

#: Number of rows on a page.
_ROWS = 30
#: Maximum number of allocations for which a row shows bars.
_BARS = 2
#: Maximum length of a search, in characters.
_SEARCH = 200


@dataclass(frozen=True, slots=True)
class _Allocation:
    #: The allocation's rule, in words if possible; "" if the test has only one allocation.
    label: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class _Branches:
    """Adjacent branches on which a test has the same allocations."""

    names: list[str]
    allocations: list[_Allocation]
    more: int


@dataclass(frozen=True, slots=True)
class _Row:
    entry: CatalogTest
    state: str
    state_name: str
    owner: str
    groups: list[Group]
    branches: list[_Branches]
    revision: Revision | None


@page
def tests(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Show the tests that match the search, with pagination."""
    catalog = read_catalog()
    seen = visible(actor, catalog.tests.values())
    if not seen:
        actor.require(VIEW, branch=first_branch())
    words = request.GET.get("q", "")[:_SEARCH]
    state, sort = request.GET.get("state", ""), request.GET.get("sort", "")
    looked_for = lower(words).split()
    matching = [each for each in seen if each.matches(looked_for)] if looked_for else seen
    states = catalog.states(matching)
    counts = Counter(states.values())
    if state in STATES:
        matching = [each for each in matching if states[each.name] == state]
    shown = Paginator(_sorted(matching, sort, states), _ROWS).get_page(request.GET.get("page"))
    revisions = _revisions(shown.object_list)
    rows = [_row(each, states[each.name], revisions) for each in shown.object_list]
    query = {name: value for name, value in (("q", words), ("state", state)) if value}
    return render(
        request,
        actor,
        "tests.html",
        _("Tests"),
        rows=rows,
        page=shown,
        total=len(seen),
        words=words,
        state=state,
        sort=sort,
        states=[(key, name, counts[key]) for key, name in STATES.items() if counts[key]],
        query=urlencode(query),
        page_query=urlencode({**query, **({"sort": sort} if sort else {})}),
        branches=branch_names(),
        can_create=actor.may(EDIT, branch=first_branch()),
        here="tests",
    )


def _sorted(entries: Iterable[CatalogTest], sort: str, states: dict[str, str]) -> list[CatalogTest]:
    if sort == "updated":
        return sorted(entries, key=lambda each: (-each.updated.timestamp(), each.key))
    if sort == "state":
        order = list(STATES)
        return sorted(entries, key=lambda each: (order.index(states[each.name]), each.key))
    return list(entries)  # already sorted by name


def _revisions(entries: Iterable[CatalogTest]) -> dict[str, Revision]:
    ids = [entry.revision for each in entries for entry in each.entries.values()]
    rows = Revision.objects.using(write_alias()).filter(id__in=ids)
    newest: dict[str, Revision] = {}
    for each in rows.defer("definition", "original", "allocation_ids").select_related("branch"):
        if each.test not in newest or newest[each.test].time < each.time:
            newest[each.test] = each
    return newest


def _row(entry: CatalogTest, state: str, revisions: dict[str, Revision]) -> _Row:
    test = entry.test
    return _Row(
        entry,
        state,
        str(STATES[state]),
        "" if test is None else owner_of(test),
        [] if test is None else groups_of(test),
        _branches(entry.on),
        revisions.get(entry.name),
    )


def _branches(on: Mapping[str, TestDefinition | None]) -> list[_Branches]:
    """Return each branch's allocations; adjacent branches with equal allocations are grouped."""
    return [
        _Branches(
            [name for name, _test in same],
            _allocations(same[0][1]),
            max(0, len(allocations) - _BARS),
        )
        for (allocations, _buckets), same in (
            (key, list(found)) for key, found in groupby(on.items(), lambda item: _drawn(item[1]))
        )
    ]


def _drawn(test: TestDefinition | None) -> tuple[tuple[Allocation, ...], tuple[Bucket, ...]]:
    """Return the parts of a test that determine what its bars look like."""
    return ((), ()) if test is None else (tuple(test.allocations), tuple(test.buckets))


def _allocations(test: TestDefinition | None) -> list[_Allocation]:
    if test is None:
        return []
    is_alone = len(test.allocations) == 1
    return [
        _Allocation("" if is_alone else _label(each, test), bar_of(each.ranges, test))
        for each in test.allocations[:_BARS]
    ]


def _label(allocation: Allocation, test: TestDefinition) -> str:
    words = rule_words(allocation.rule, test.constants) or bare_rule(allocation.rule)
    return words or _("everybody else")
