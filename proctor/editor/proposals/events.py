"""Record events in a proposal's history, and announce them after the commit."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from proctor.core.messages import error_place
from proctor.editor.models import Comment, Proposal
from proctor.editor.proposals.mails import mail
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.signals import changed

if TYPE_CHECKING:
    from proctor.editor.access.permissions import Actor

__all__ = ["note"]

logger = logging.getLogger("proctor.editor")


def note(proposal: Proposal, event: Comment.Event, actor: Actor, text: str = "") -> Comment:
    """Add an event to the history of a proposal, and announce the event after the commit.

    Call this in the transaction that makes the change.
    """
    using = write_alias()
    comment = Comment.objects.using(using).create(
        proposal=proposal, event=event, author=actor.name, text=text, time=timezone.now()
    )
    transaction.on_commit(lambda: _tell(proposal, event, actor.name), using=using, robust=True)
    return comment


def _tell(proposal: Proposal, event: Comment.Event, actor: str) -> None:
    """Send the signal, and email the people who may approve a new proposal."""
    answers = changed.send_robust(Proposal, proposal=proposal, event=event.value, actor=actor)
    for receiver, answer in answers:
        if isinstance(answer, Exception):
            logger.error(
                "A receiver of the 'changed' signal, %r, failed: %s", receiver, error_place(answer)
            )
    if event in (Comment.Event.OPENED, Comment.Event.UPDATED):
        mail(proposal, actor)
