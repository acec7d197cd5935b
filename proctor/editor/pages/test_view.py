"""A test's page: its revision on each branch, and its history."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.paginator import Paginator
from django.utils.translation import gettext as _

from proctor.core.authoring.refusals import Refusal
from proctor.editor.access.permissions import DELETE, EDIT, STOP, writing
from proctor.editor.applications.listing import declaring
from proctor.editor.branches import branch_names, first_branch
from proctor.editor.errors import NotFound
from proctor.editor.models import Head, Hold, Proposal, Revision
from proctor.editor.pages.answers import optional_address, page, render, require_view
from proctor.editor.pages.catalog import owner_of
from proctor.editor.pages.changes import consumable_of, json_lines, sentences_between
from proctor.editor.pages.declaration import declaration_of
from proctor.editor.pages.effects import Effect, effect_of
from proctor.editor.pages.form.form_shares import raised, summed
from proctor.editor.pages.review.cards import Card, cards_of
from proctor.editor.pages.schedules.shown_schedules import shown_schedules
from proctor.editor.pages.shown import Bar, Group, bar_of, groups_of
from proctor.editor.pages.words import bare_rule, rule_words
from proctor.editor.proposals.finding import proposals, visible_keys
from proctor.editor.publishing.heads import definition_of
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.specifications.known import read_applications
from proctor.resolving.site_setup import current_setup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.java.context_types import ContextType
    from proctor.core.matrices.matrix import Allocation, TestDefinition
    from proctor.editor.access.permissions import Actor

__all__ = ["compare", "test"]

#: Number of revisions on a page of the history.
_REVISIONS = 20
#: Maximum number of open proposals that are shown.
_PROPOSALS = 20
#: The percentages for the "Raise" links.
STEPS = (10, 25, 50, 100)


@dataclass(frozen=True, slots=True)
class _Allocation:
    number: int
    id: str
    name: str
    rule: str
    words: str
    bar: Bar
    #: The percentages to which the allocation's live groups can be raised.
    raises: list[int]


@dataclass(frozen=True, slots=True)
class _Branch:
    """The test on a branch."""

    name: str
    revision: Revision
    definition: Definition | None
    rule: str
    rule_words: str
    groups: list[Group]
    allocations: list[_Allocation]
    hold: Hold | None
    may_write: bool
    may_stop: bool


@dataclass(frozen=True, slots=True)
class _Event:
    """A revision in the history."""

    revision: Revision
    sentences: list[str]
    is_head: bool
    may_return: bool


class _Promotion(NamedTuple):
    """A possible promotion from one branch to the next."""

    source: str
    target: str


@page
def test(request: HttpRequest, actor: Actor, test: str) -> HttpResponseBase:
    """Show a test."""
    require_view(actor, test)
    heads = {
        head.branch.name: head
        for head in Head.objects.using(write_alias())
        .filter(test=test)
        .select_related("branch", "revision")
    }
    revisions = (
        Revision.objects.using(write_alias())
        .filter(test=test, branch__name__in=branch_names())
        .select_related("branch", "made_from", "promoted_from__branch")
        .order_by("-time", "-version")
    )
    history = Paginator(revisions, _REVISIONS).get_page(request.GET.get("page"))
    if not history.object_list:
        raise NotFound(_("There is no test “%(test)s”.") % {"test": test})
    branches = _branches(actor, test, heads)
    shown = next((each.definition for each in branches if each.definition is not None), None)
    published = next(
        (each for each in history.object_list if each.id == request.GET.get("published")), None
    )
    applications = read_applications()
    types = applications.context_types
    declared = declaring(test, applications)
    is_declared_here = test in current_setup().registry
    return render(
        request,
        actor,
        "test.html",
        test,
        test=test,
        definition=shown,
        owner="" if shown is None else owner_of(shown.test),
        tags=[] if shown is None else [tag for tag in shown.test.meta_tags if tag],
        declared=declared,
        is_declared_here=is_declared_here,
        declaration=""
        if shown is None or declared or is_declared_here
        else declaration_of(test, shown.test),
        # Only tests that this site declares have results.
        test_results=optional_address("proctor_results:test", test) if is_declared_here else "",
        promotions=_promotions(actor, test, heads),
        branches=branches,
        is_deleted=not branches,
        first_branch=first_branch(),
        on_first=any(each.name == first_branch() for each in branches),
        events=[_event(actor, each, heads, types) for each in history.object_list],
        history=history,
        proposals=_proposals(actor, test),
        published=published,
        published_effect=None if published is None else _effect_of_revision(published),
        schedules=shown_schedules(
            actor, test=test, state__in=(Proposal.State.OPEN, Proposal.State.ACCEPTED)
        ),
        may_edit=actor.may(EDIT, test=test, branch=first_branch()),
        may_delete=actor.may(DELETE, test=test),
        here="tests",
    )


def _promotions(actor: Actor, test: str, heads: dict[str, Head]) -> list[_Promotion]:
    """Return the promotions that the user may make and that would change the test.

    Each promotion goes from a branch to the next one.
    """
    names = branch_names()
    forms = {name: consumable_of(heads[name].revision) if name in heads else None for name in names}
    return [
        _Promotion(source, target)
        for source, target in itertools.pairwise(names)
        if forms[source] not in (None, forms[target])
        and actor.may(writing(target), test=test, branch=target)
    ]


def _proposals(actor: Actor, test: str) -> list[Card]:
    keys = visible_keys(actor, test=test, state=Proposal.State.OPEN)
    return cards_of(actor, proposals().filter(pk__in=keys[:_PROPOSALS]).order_by("-pk"))


def _branches(actor: Actor, test: str, heads: dict[str, Head]) -> list[_Branch]:
    holds = {
        hold.branch.name: hold
        for hold in Hold.objects.using(write_alias())
        .filter(test=test, released=None)
        .select_related("branch")
    }
    return [
        _branch(actor, heads[name], holds.get(name))
        for name in branch_names()
        if name in heads and not heads[name].is_deletion
    ]


def _branch(actor: Actor, head: Head, hold: Hold | None) -> _Branch:
    name, test = head.branch.name, head.test
    try:
        definition = definition_of(head.revision)
    except Refusal:
        definition = None
    matrix_form = consumable_of(head.revision)
    shown = None if definition is None else definition.test
    may_write = actor.may(writing(name), test=test, branch=name)
    return _Branch(
        name,
        head.revision,
        definition,
        "" if shown is None else bare_rule(shown.rule),
        "" if shown is None else rule_words(shown.rule, shown.constants),
        [] if shown is None else groups_of(shown),
        []
        if shown is None
        else [
            _allocation(index, each, matrix_form or shown)
            for index, each in enumerate(shown.allocations)
        ],
        hold,
        may_write,
        actor.may(STOP, test=test, branch=name),
    )


def _allocation(index: int, each: Allocation, test: TestDefinition) -> _Allocation:
    lengths = summed(part.to_dict() for part in each.ranges)
    for bucket in test.buckets:
        lengths.setdefault(bucket.value, Fraction(0))
    live = sum(share for value, share in lengths.items() if value >= 0)
    can = raised(lengths, Fraction(1, 2)) is not None
    return _Allocation(
        index + 1,
        each.id,
        each.name,
        bare_rule(each.rule),
        rule_words(each.rule, test.constants),
        bar_of(each.ranges, test),
        [step for step in STEPS if can and step > live * 100],
    )


def _event(
    actor: Actor,
    revision: Revision,
    heads: dict[str, Head],
    types: Mapping[str, ContextType] | None,
) -> _Event:
    head = heads.get(revision.branch.name)
    is_head = head is not None and head.revision_id == revision.id
    may = actor.may(writing(revision.branch.name), test=revision.test, branch=revision.branch.name)
    return _Event(
        revision,
        sentences_between(revision.made_from, revision, types),
        is_head,
        may and not is_head and revision.definition is not None,
    )


def _effect_of_revision(revision: Revision) -> Effect:
    """Return how a revision affected the visitors of its test."""
    found: list[dict[str, TestDefinition]] = []
    for each in (revision.made_from, revision):
        definition = consumable_of(each)
        found.append({} if definition is None else {revision.test: definition})
    try:
        return effect_of(revision.test, *found)
    except ValueError:
        return effect_of(revision.test, {}, {})


@page
def compare(request: HttpRequest, actor: Actor, test: str) -> HttpResponseBase:
    """Compare two revisions of a test."""
    require_view(actor, test)
    rows = (
        Revision.objects.using(write_alias())
        .filter(test=test, branch__name__in=branch_names())
        .select_related("branch")
    )
    choices: Sequence[Revision] = list(
        rows.defer("definition", "original").order_by("-time", "-version")[:200]
    )
    if not choices:
        raise NotFound(_("There is no test “%(test)s”.") % {"test": test})
    wanted = request.GET.get("new") or choices[0].id
    new = _one(rows, wanted, test)
    before = request.GET.get("old") or (new.made_from_id or "")
    old = _one(rows, before, test) if before else None
    context: dict[str, Any] = {
        "test": test,
        "old": old,
        "new": new,
        "choices": choices,
        "sentences": sentences_between(old, new),
        "lines": json_lines(_readable(old), _readable(new)),
        "here": "tests",
    }
    return render(request, actor, "compare.html", _("Compare %(test)s") % {"test": test}, **context)


def _one(rows: Any, revision: str, test: str) -> Revision:
    found: Revision | None = rows.filter(id=revision).first()
    if found is None:
        raise NotFound(
            _("“%(test)s” has no revision %(revision)s.") % {"test": test, "revision": revision}
        )
    return found


def _readable(revision: Revision | None) -> Definition | None:
    try:
        return definition_of(revision)
    except Refusal:
        return None
