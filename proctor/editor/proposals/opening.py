"""Open proposals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from proctor.database.retrying import retried
from proctor.editor.branches import ensure_rows
from proctor.editor.errors import Held
from proctor.editor.models import Branch, Comment, Hold, Proposal
from proctor.editor.proposals.events import note
from proctor.editor.proposals.finding import proposals
from proctor.editor.publishing.publishing import write_alias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proctor.editor.access.permissions import Actor
    from proctor.editor.models import ScheduledStep
    from proctor.editor.proposals.content import Content

__all__ = ["propose", "refuse_held"]


@retried(write_alias)
def propose(actor: Actor, content: Content, steps: Sequence[ScheduledStep] = ()) -> Proposal:
    """Store a proposal and return it. The caller must first check permissions and the content.

    *steps* contains a schedule's unsaved steps, with their branches. If the same change is already
    proposed, the existing proposal is returned. Raises Held if the test is held on the branch.
    """
    using = write_alias()
    refuse_held(content.test, content.branch)
    ensure_rows([content.branch], using)
    digest = content.hash(steps)
    known = _known(content)
    if known is not None:
        return known
    with transaction.atomic(using=using):
        proposal = Proposal.objects.using(using).create(
            kind=content.kind,
            revision_kind=content.revision_kind,
            branch=Branch.objects.using(using).get(name=content.branch),
            test=content.test,
            base_id=content.base,
            promoted_from_id=content.promoted_from,
            definition=content.definition,
            content_hash=digest,
            contributors=actor.name,
            contributor_keys="" if actor.user_id is None else str(actor.user_id),
            author=actor.name,
            message=content.message,
            override_reason=content.override_reason,
            created=timezone.now(),
        )
        for step in steps:
            step.proposal = proposal
            step.save(using=using, force_insert=True)
        note(proposal, Comment.Event.OPENED, actor)
    return proposal


def _known(content: Content) -> Proposal | None:
    """Return an open proposal for the same change, or None. Allocation ids may differ."""
    if content.is_schedule:
        return None
    rows = proposals().filter(
        branch__name=content.branch,
        test=content.test,
        base_id=content.base,
        revision_kind=content.revision_kind,
        promoted_from_id=content.promoted_from,
        message=content.message,
        override_reason=content.override_reason,
        state=Proposal.State.OPEN,
    )
    wanted = _without_ids(content.definition)
    return next((each for each in rows if _without_ids(each.definition) == wanted), None)


def _without_ids(text: str | None) -> Any:
    found = None if text is None else json.loads(text)
    for each in () if found is None else found.get("allocations") or ():
        each.pop("id", None)
    return found


def refuse_held(test: str, branch: str) -> None:
    """Raise Held if the test is held on the branch."""
    holds = Hold.objects.using(write_alias()).filter(branch__name=branch, test=test)
    hold = holds.filter(released=None).first()
    if hold is not None:
        raise Held(test, branch, author=hold.author, reason=hold.reason)
