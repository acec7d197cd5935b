"""The pending scheduled steps of a branch, and the time of the next one.

Each change to the queue is a transaction whose first statement locks the branch, as in a
publication. `Branch.next_due` is in the row that every process polls, so no process queries steps
until one is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Min

from proctor.editor.models import Branch, ScheduledStep

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["lock_branch", "note_next_due", "resume_held"]


def lock_branch(branch: str, using: str) -> None:
    """Lock a branch, so that no other process can publish on it or change its queue."""
    Branch.objects.using(using).filter(name=branch).update(next_due=F("next_due"))


def note_next_due(branch: str, using: str) -> None:
    """Store the time at which processes should next check the queue of a locked branch."""
    steps = ScheduledStep.objects.using(using).filter(branch__name=branch, try_at__isnull=False)
    Branch.objects.using(using).filter(name=branch).update(
        next_due=steps.aggregate(first=Min("try_at"))["first"]
    )


def resume_held(test: str, branch: str, now: datetime, using: str) -> None:
    """Retry the blocked steps of a test that was released.

    If the base of a step is no longer the test's head, the step is blocked again for that reason. A
    step held by a guard stays blocked.
    """
    lock_branch(branch, using)
    steps = ScheduledStep.objects.using(using).filter(
        branch__name=branch,
        test=test,
        state=ScheduledStep.State.BLOCKED,
        blocked_by=ScheduledStep.Block.HOLD,
    )
    waiting = ScheduledStep.State.WAITING
    if steps.update(state=waiting, try_at=F("due"), blocked_by="", problem="", since=now):
        note_next_due(branch, using)
