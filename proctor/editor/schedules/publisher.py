"""Publish the steps that are due, each exactly once, no matter how many processes try.

The database's clock decides what is due. A step is read without a lock. Its publication is one
transaction that locks the branch first, checks the step again, and either succeeds completely or
changes nothing. If a process is killed, another process publishes the step.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError

from proctor.core.authoring.refusals import Refusal
from proctor.core.messages import error_place, printable
from proctor.editor.branches import branch_names
from proctor.editor.changes import services
from proctor.editor.changes.preparing import prepare_exact
from proctor.editor.errors import Conflict, EditorError, Held, Refused
from proctor.editor.models import Hold, Kind, ScheduledStep
from proctor.editor.proposals.approvals import counting_approvals
from proctor.editor.proposals.content import current_hash
from proctor.editor.publishing.heads import definition_of, find_head
from proctor.editor.publishing.publishing import Change, Signature, publish, write_alias
from proctor.editor.publishing.texts import parse
from proctor.editor.schedules.guards import Action, GuardedStep, ask
from proctor.editor.schedules.steps import (
    SCHEDULER,
    Taken,
    block,
    claim,
    first_due,
    scheduler,
    settled,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.editor.models import Revision

__all__ = ["Outcome", "publish_due"]

logger = logging.getLogger("proctor.editor")

#: If a guard has not returned after this time, a different process calls it again.
LEASE = timedelta(minutes=5)
#: Maximum number of attempts in one round to publish a step that other processes keep changing.
_LOOKS = 3

Block = ScheduledStep.Block


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a due step."""

    step: ScheduledStep
    #: The published revision, or None if the step is blocked.
    revision: Revision | None
    problem: str = ""


class _Blocked(Exception):  # noqa: N818 - a state of a step, not a fault
    """The step cannot be published until a person acts."""

    def __init__(self, reason: Block, problem: str) -> None:
        super().__init__(problem)
        self.reason, self.problem = reason, problem


def publish_due(*, only: int | None = None, waits: bool = True) -> Iterator[Outcome]:
    """Publish due steps in order; yield the outcome of each.

    *only* is the id of a proposal; if it is given, only that proposal's steps are published.
    If *waits* is True, each publication waits until this process has loaded the new matrix, so
    *waits* must be False in the thread that loads it. Raises database errors, for example if this
    process cannot write.
    """
    using = write_alias()
    looks: Counter[int] = Counter()
    while (step := first_due(using, branch_names(), only)) is not None:
        looks[step.pk] += 1
        if looks[step.pk] > _LOOKS:
            return
        outcome = _attempt(step, using, waits=waits)
        if outcome is not None:
            yield outcome


def _attempt(step: ScheduledStep, using: str, *, waits: bool) -> Outcome | None:
    """Publish or block a step. Return None if another process was faster."""
    try:
        return Outcome(step, _publish(step, using, waits=waits))
    except Taken:
        return None
    except _Blocked as blocked:
        reason, problem = blocked.reason, blocked.problem
    except Held as error:
        reason, problem = Block.HOLD, _held(error)
    except Conflict:
        reason, problem = Block.BASE, _moved(step, find_head(step.test, step.branch.name))
    except Refused as error:
        reason, problem = Block.INVALID, "; ".join(each.message for each in error.problems)
    except (EditorError, Refusal) as error:
        reason, problem = Block.INVALID, str(error)
    except (DatabaseError, InterfaceError):
        raise  # the step is unchanged; another process or the next round will publish it
    except Exception as error:
        logger.exception("A scheduled step of %s was not published", printable(step.test))
        reason, problem = Block.ERROR, f"publishing failed: {error_place(error)}"
    if not block(step, reason, problem, using):
        return None
    logger.warning(
        "A scheduled step of %s on %s is waiting: %s",
        printable(step.test),
        printable(step.branch.name),
        printable(problem, 400),
    )
    return Outcome(step, None, problem)


def _publish(step: ScheduledStep, using: str, *, waits: bool) -> Revision:
    """Publish a step. Raises _Blocked, Taken, and the same errors as `publish`."""
    branch, head = step.branch.name, find_head(step.test, step.branch.name)
    _refuse_held(step, using)
    if head is None or head.definition is None or head.id != step.base_id:
        raise _Blocked(Block.BASE, _moved(step, head))
    approvers = _approvers(step)
    definition = parse(step.definition, step.test)
    prepare_exact(branch, step.test, definition).checked()
    if step.guard:
        _ask_guard(step, head, definition, using)
    change = Change(branch, step.test, step.base_id, definition, Kind(step.proposal.revision_kind))
    signature = Signature(
        SCHEDULER,
        step.message or step.proposal.message,
        approvers,
        on_behalf_of=step.proposal.author,
        due=step.due,
    )
    (revision,) = publish([change], signature, inside=partial(settled, step), waits=waits)
    return revision


def _refuse_held(step: ScheduledStep, using: str) -> None:
    holds = Hold.objects.using(using).filter(branch=step.branch_id, test=step.test)
    hold = holds.filter(released=None).first()
    if hold is not None:
        raise Held(step.test, step.branch.name, author=hold.author, reason=hold.reason)


def _held(error: Held) -> str:
    return f"the test is held; {error.author} stopped it: {error.reason}"


def _moved(step: ScheduledStep, head: Revision | None) -> str:
    if head is None or head.definition is None:
        return "the test was deleted from the branch"
    who = head.on_behalf_of or head.author
    return (
        f"{who} published revision {head.id} ({Kind(head.kind).label}), but the step is based "
        f"on {step.base_id}"
    )


def _approvers(step: ScheduledStep) -> tuple[str, ...]:
    """Return the schedule's approvers. Raises _Blocked if their approvals no longer suffice."""
    proposal = step.proposal
    if current_hash(proposal) != proposal.content_hash:
        raise _Blocked(Block.APPROVAL, "the schedule has changed since it was accepted")
    approvals = counting_approvals(proposal)
    if len(approvals) < proposal.approvals_needed:
        raise _Blocked(
            Block.APPROVAL,
            f"approvals needed: {proposal.approvals_needed}; still valid: {len(approvals)}",
        )
    return tuple(each.approver for each in approvals)


def _ask_guard(step: ScheduledStep, head: Revision, definition: Definition, using: str) -> None:
    """Call the guard of a step.

    Raises _Blocked unless the guard lets the step pass, and Taken if another process is calling the
    guard.
    """
    before = definition_of(head)
    assert before is not None
    if not claim(step, LEASE, using):
        raise Taken
    assert step.due is not None
    verdict = ask(
        step.guard,
        GuardedStep(
            step.test,
            step.branch.name,
            step.position + 1,
            step.proposal.steps.count(),
            before.test,
            definition.test,
            head.time,
            step.due,
            step.proposal.author,
        ),
    )
    if verdict.action is Action.STOP:
        actor = scheduler(step.proposal.author)
        services.stop(actor, step.test, step.branch.name, reason=verdict.reason)
        raise _Blocked(Block.HOLD, f"the guard stopped the test: {verdict.reason}")
    if verdict.action is Action.HOLD:
        raise _Blocked(Block.GUARD, verdict.reason)
