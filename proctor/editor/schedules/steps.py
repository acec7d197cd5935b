"""Change the state of a step; each change is a transaction that first locks the branch."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from proctor.database.retrying import retried
from proctor.editor.access.permissions import Actor
from proctor.editor.models import Comment, Proposal, ScheduledStep
from proctor.editor.proposals.events import note
from proctor.editor.publishing.clock import database_time
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.publishing.queue import lock_branch, note_next_due

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from django.db.models import QuerySet

    from proctor.editor.models import Revision

__all__ = ["SCHEDULER", "Taken", "block", "claim", "first_due", "scheduler", "settled"]

#: The author of revisions that are published when they are due.
SCHEDULER = "scheduler"

State, Block = ScheduledStep.State, ScheduledStep.Block


class Taken(Exception):  # noqa: N818 - a state of a step, not a fault
    """Another process has published the step, or a user has changed it."""


def scheduler(person: str = "") -> Actor:
    """Return the actor for a scheduler that acts on behalf of a user."""
    return Actor(SCHEDULER, on_behalf_of=person)


def first_due(
    using: str, branches: tuple[str, ...], only: int | None = None
) -> ScheduledStep | None:
    """Return the first step on these branches that is due by the database's clock, or None.

    *only* is the id of a proposal; if it is given, the steps of other proposals are ignored.
    """
    steps = ScheduledStep.objects.using(using).select_related("branch", "proposal__branch", "base")
    due = steps.filter(branch__name__in=branches, try_at__lte=database_time(using))
    if only is not None:
        due = due.filter(proposal=only)
    found: ScheduledStep | None = due.order_by("due", "proposal", "position").first()
    return found


def _same(step: ScheduledStep, using: str) -> QuerySet[ScheduledStep]:
    """Return the step's row, or None if it has changed since it was read."""
    steps = ScheduledStep.objects.using(using)
    return steps.filter(pk=step.pk, state=State.WAITING, base=step.base_id, due=step.due)


@retried(write_alias)
def claim(step: ScheduledStep, lease: timedelta, using: str) -> bool:
    """Reserve the step for a limited time. Return False if another process was faster."""
    with transaction.atomic(using=using, durable=True):
        lock_branch(step.branch.name, using)
        until = database_time(using) + lease
        rows = _same(step, using).filter(try_at=step.try_at)
        claimed = bool(rows.update(try_at=until))
        note_next_due(step.branch.name, using)
    return claimed


@retried(write_alias)
def block(step: ScheduledStep, reason: str, problem: str, using: str) -> bool:
    """Block a step and all later steps in its schedule until a person acts.

    If the step has changed since it was read, return False and change nothing.
    """
    with transaction.atomic(using=using, durable=True):
        lock_branch(step.branch.name, using)
        now = database_time(using)
        blocked = bool(
            _same(step, using).update(
                state=State.BLOCKED, blocked_by=reason, problem=problem, try_at=None, since=now
            )
        )
        if blocked:
            note_next_due(step.branch.name, using)
            text = f"Step {step.position + 1}: {problem}"
            note(step.proposal, Comment.Event.BLOCKED, scheduler(), text)
    return blocked


@contextmanager
def settled(step: ScheduledStep, revisions: list[Revision]) -> Iterator[None]:
    """Record, in the publication's transaction, that the step is published. Raises Taken."""
    using = write_alias()
    now: datetime = database_time(using)
    rows = _same(step, using).filter(due__lte=now, try_at__isnull=False)
    if not rows.update(state=State.PUBLISHED, try_at=None, problem="", since=now):
        raise Taken
    yield
    (revision,) = revisions
    steps = ScheduledStep.objects.using(using).filter(proposal=step.proposal_id)
    steps.filter(pk=step.pk).update(revision=revision)
    following = steps.filter(position=step.position + 1, state=State.WAITING)
    if not following.update(base=revision, try_at=F("due")):
        Proposal.objects.using(using).filter(pk=step.proposal_id).update(
            state=Proposal.State.PUBLISHED, revision=revision, closed=now
        )
        note(step.proposal, Comment.Event.PUBLISHED, scheduler(step.proposal.author))
    note_next_due(step.branch.name, using)
