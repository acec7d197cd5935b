"""Queries for the proposals that a user may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.sentences import Sentence, gettext_noop
from proctor.editor.access.permissions import VIEW
from proctor.editor.branches import branch_names
from proctor.editor.errors import NotFound
from proctor.editor.models import Head, Kind, Proposal
from proctor.editor.publishing.publishing import write_alias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from proctor.editor.access.permissions import Actor

__all__ = [
    "find_proposal",
    "kind_word",
    "moved_keys",
    "proposals",
    "state_word",
    "visible_keys",
]

#: The words that messages use for states and kinds.
_STATES = {
    Proposal.State.OPEN: gettext_noop("open"),
    Proposal.State.ACCEPTED: gettext_noop("accepted"),
    Proposal.State.PUBLISHED: gettext_noop("published"),
    Proposal.State.REJECTED: gettext_noop("rejected"),
    Proposal.State.WITHDRAWN: gettext_noop("withdrawn"),
}
_KINDS = {
    Kind.CREATE: gettext_noop("create"),
    Kind.EDIT: gettext_noop("edit"),
    Kind.PROMOTE: gettext_noop("promote"),
    Kind.REVERT: gettext_noop("revert"),
    Kind.ROLL_BACK: gettext_noop("roll back"),
    Kind.RAMP: gettext_noop("ramp"),
    Kind.STOP: gettext_noop("stop"),
    Kind.FINISH: gettext_noop("finish"),
    Kind.DELETE: gettext_noop("delete"),
    Kind.IMPORT: gettext_noop("import"),
}


def proposals() -> QuerySet[Proposal]:
    """Return the proposals on configured branches, with their branch, base and revision loaded."""
    rows = Proposal.objects.using(write_alias()).filter(branch__name__in=branch_names())
    return rows.select_related("branch", "base__branch", "revision__branch")


def find_proposal(actor: Actor, number: int, *, is_schedule: bool = False) -> Proposal:
    """Return the proposal with this id, with its branch and base loaded.

    If *is_schedule* is True, only a schedule is found. Raises NotFound if no such proposal exists
    or its test is hidden from the user, and PermissionMissing if the user may view neither the test
    nor the branch.
    """
    rows = proposals().filter(pk=number)
    found = (rows.filter(kind=Proposal.Change.SCHEDULE) if is_schedule else rows).first()
    if found is None or not actor.may(VIEW, test=found.test, branch=found.branch.name):
        if found is not None and not actor.may(VIEW, branch=found.branch.name):
            actor.require(VIEW, branch=found.branch.name)
        text = gettext_noop("there is no proposal {number}")
        if is_schedule:
            text = gettext_noop("there is no schedule {number}")
        raise NotFound(Sentence(text, number=number))
    return found


def state_word(state: str) -> Sentence:
    """Return the word that messages use for a proposal's state."""
    return Sentence(_STATES[Proposal.State(state)])


def kind_word(kind: str) -> Sentence:
    """Return the word that messages use for a proposal's kind."""
    return Sentence(_KINDS[Kind(kind)])


def moved_keys(found: Iterable[Proposal]) -> set[int]:
    """Return the ids of the proposals whose base is no longer the test's head."""
    known = [each for each in found if each.is_open]
    if not known:
        return set()
    rows = Head.objects.using(write_alias()).filter(
        branch__in={each.branch_id for each in known}, test__in={each.test for each in known}
    )
    values = rows.filter(is_deletion=False).values_list("branch", "test", "revision")
    heads = {(branch, test): revision for branch, test, revision in values}
    return {each.pk for each in known if heads.get((each.branch_id, each.test)) != each.base_id}


def visible_keys(actor: Actor, **conditions: Any) -> list[int]:
    """Return the ids of the proposals that the actor may see, newest first.

    *conditions* are lookups, as for `QuerySet.filter`.
    """
    rows = Proposal.objects.using(write_alias()).filter(branch__name__in=branch_names())
    rows = rows.filter(**conditions).order_by("-pk")
    found = list(rows.values_list("pk", "test", "branch__name"))
    tests: dict[str, set[str]] = {}
    for _, test, branch in found:
        tests.setdefault(branch, set()).add(test)
    seen = {on: {*actor.choose(VIEW, names, branch=on)} for on, names in tests.items()}
    return [key for key, test, branch in found if test in seen[branch]]
