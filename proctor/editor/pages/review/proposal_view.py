"""The page of one proposal: its effects, its discussion, and the actions on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect
from django.utils.translation import gettext as _

from proctor.core.authoring.refusals import Refusal
from proctor.editor.access.permissions import APPROVE, VIEW
from proctor.editor.branches import first_branch
from proctor.editor.changes.preparing import prepare_exact
from proctor.editor.changes.proposed import publish_proposal
from proctor.editor.changes.sentences import proposed_sentences
from proctor.editor.changes.updating import can_be_edited, rebase_proposal
from proctor.editor.errors import (
    Changed,
    Conflict,
    EditorError,
    NotFound,
    PermissionMissing,
)
from proctor.editor.http_status import status_of
from proctor.editor.models import Hold, Proposal
from proctor.editor.pages.acting import done, typed
from proctor.editor.pages.answers import address, page, render
from proctor.editor.pages.asking import people_for
from proctor.editor.pages.changes import consumable_of, json_lines
from proctor.editor.pages.effects import Effect, effect_of
from proctor.editor.pages.review.cards import cards_of
from proctor.editor.pages.schedules.shown_schedules import shown_schedules
from proctor.editor.pages.translating import messages_of, translated, words_of
from proctor.editor.pages.unsent import was_sent
from proctor.editor.proposals import deciding
from proctor.editor.proposals.content import current_hash, definition_of_proposal
from proctor.editor.proposals.finding import find_proposal
from proctor.editor.publishing.heads import definition_of, find_head
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.schedules.services import accept
from proctor.editor.specifications.verdicts import BREAKS, OLDER

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import TestDefinition
    from proctor.editor.access.permissions import Actor
    from proctor.editor.models import Revision

__all__ = ["proposal"]

#: Gap between the segments of the approvals bar, in percent.
_GAP = 1.5


@page
def proposal(request: HttpRequest, actor: Actor, number: int) -> HttpResponseBase:
    """Show a proposal, or perform the action that the form submits."""
    found = _found(actor, number)
    if not was_sent(request):
        return _show(request, actor, found)
    try:
        return _act(request, actor, found)
    except NotFound:
        raise
    except EditorError as error:
        words = messages_of(getattr(error, "problems", ())) or [_words(error)]
        return _show(request, actor, _found(actor, number), status=status_of(error), alerts=words)


def _found(actor: Actor, number: int) -> Proposal:
    if not actor.may(VIEW):
        actor.require(VIEW, branch=first_branch())
    return find_proposal(actor, number)


def _words(error: EditorError) -> str:
    if isinstance(error, Changed):
        return _("The proposal was changed while you were viewing it. Review it again.")
    if isinstance(error, Conflict):
        return _("The base has moved: someone has published on the branch in the meantime.")
    text = words_of(error)
    if isinstance(error, PermissionMissing):
        return text  # begins with a user name, whose case must not change
    return text[:1].upper() + text[1:]


def _act(request: HttpRequest, actor: Actor, found: Proposal) -> HttpResponseBase:
    number, sent = found.pk, request.POST
    content, base, text = sent.get("hash", ""), sent.get("base") or None, typed(request, "text")
    step = sent.get("do")
    if step == "publish" and found.kind == Proposal.Change.SCHEDULE:
        accept(actor, number, content=content, base=base)
        where = f"{address('schedules')}?made={number}#schedule-{number}"
        return HttpResponseRedirect(where, status=303)
    if step == "publish":
        return done(found.test, publish_proposal(actor, number, content=content, base=base))
    if step == "approve":
        deciding.approve(actor, number, content=content, base=base, message=text)
    elif step == "reject":
        deciding.reject(actor, number, reason=text)
    elif step == "withdraw":
        deciding.withdraw(actor, number, message=text)
    elif step == "rebase":
        head = sent.get("head") or None
        rebase_proposal(actor, number, content=content, base=head)
    else:
        deciding.comment(actor, number, text=text)
    return HttpResponseRedirect(address("proposal", str(number)), status=303)


def _show(
    request: HttpRequest,
    actor: Actor,
    found: Proposal,
    *,
    status: int = 200,
    alerts: list[str] | None = None,
) -> HttpResponseBase:
    (card,) = cards_of(actor, [found])
    test, branch = found.test, found.branch.name
    wanted = _readable(found)
    head = find_head(test, branch)
    is_schedule = found.kind == Proposal.Change.SCHEDULE
    context: dict[str, Any] = {
        "proposal": found,
        "card": card,
        "content": current_hash(found),
        "test": test,
        "branch": branch,
        "people": people_for(found) if found.is_open else "",
        "approvals": [(each, each in card.approvals) for each in found.approvals.order_by("time")],
        "sentences": [] if is_schedule else [*map(translated, proposed_sentences(found))],
        "lines": [] if is_schedule else json_lines(_compared(found, head), wanted),
        "slots": _slots(len(card.approvals), card.needed),
        "events": list(found.comments.all()),
        "head": head,
        "hold": _hold(found),
        "may_reject": actor.may(APPROVE, test=test, branch=branch) and not card.is_mine,
        "may_edit": found.is_open and card.may_publish and can_be_edited(found),
        "is_schedule": is_schedule,
        "schedule": shown_schedules(actor, pk=found.pk)[0] if is_schedule else None,
        "override": found.override_reason,
        "alerts": alerts or [],
        "typed": request.POST.get("text", ""),
        "is_rejecting": request.POST.get("do") == "reject",
        "here": "review",
    }
    if not is_schedule:
        context |= _effects(found, wanted)
    return render(request, actor, "review/proposal.html", card.title, status=status, **context)


def _slots(given: int, needed: int) -> list[dict[str, Any]]:
    """Return the segments of the approvals bar: one for each approval that is needed."""
    if not needed:
        return []
    width = (100 - _GAP * (needed - 1)) / needed
    return [
        {
            "x": f"{index * (width + _GAP):.2f}%",
            "width": f"{width:.2f}%",
            "given": index < given,
        }
        for index in range(needed)
    ]


def _effects(found: Proposal, wanted: Definition | None) -> dict[str, Any]:
    """Return the effects of a proposal on the current head or, once it is closed, on its base."""
    if not found.is_open:
        return {"effect": _past_effect(found, wanted), "problems": []}
    try:
        prepared = prepare_exact(found.branch.name, found.test, wanted)
    except Refusal as refusal:
        return {"effect": None, "problems": messages_of([refusal.problem])}
    return {
        "effect": effect_of(found.test, prepared.before, prepared.after),
        # Leave out the problems of applications, because each application's row shows them.
        "problems": messages_of(
            each for each in prepared.problems if each.code not in (BREAKS, OLDER)
        ),
        "says": prepared.says,
        "breaks": [*map(translated, prepared.broken)],
    }


def _past_effect(found: Proposal, wanted: Definition | None) -> Effect:
    after: dict[str, TestDefinition] = {}
    before = consumable_of(found.base)
    try:
        if wanted is not None:
            after[found.test] = wanted.with_version(None).consumable()
        return effect_of(found.test, {} if before is None else {found.test: before}, after)
    except (Refusal, ValueError):
        return effect_of(found.test, {}, {})


def _readable(found: Proposal) -> Definition | None:
    try:
        return definition_of_proposal(found)
    except Refusal:
        return None


def _compared(found: Proposal, head: Revision | None) -> Definition | None:
    """Return the definition to compare with: the head, or the base if the proposal is closed."""
    try:
        return definition_of(head if found.is_open else found.base)
    except Refusal:
        return None


def _hold(found: Proposal) -> Hold | None:
    rows = Hold.objects.using(write_alias()).filter(branch=found.branch, test=found.test)
    return rows.filter(released=None).first()
