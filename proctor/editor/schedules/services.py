"""Services that change schedules. Like the services for single changes, they check permissions.

All take the `Actor` as the first argument. They raise PermissionMissing, NotFound for an unknown
branch, test or schedule, Refused for invalid steps, Conflict if the base is not the test's head,
Held if the test is held, and Closed for a schedule that has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from proctor.core.sentences import Sentence, gettext_noop, listed
from proctor.database.retrying import retried
from proctor.editor.access.permissions import VIEW, writing
from proctor.editor.branches import check_branch, ensure_rows
from proctor.editor.errors import Closed, Conflict, NotFound, refused
from proctor.editor.models import Branch, Comment, Kind, Proposal, ScheduledStep
from proctor.editor.proposals.approvals import counting_approvals
from proctor.editor.proposals.content import Content
from proctor.editor.proposals.deciding import match_content, refuse_moved, require_open, withdraw
from proctor.editor.proposals.events import note
from proctor.editor.proposals.finding import state_word
from proctor.editor.proposals.opening import propose, refuse_held
from proctor.editor.publishing.clock import database_time
from proctor.editor.publishing.heads import definition_of, head_of
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.publishing.queue import lock_branch, note_next_due
from proctor.editor.publishing.texts import parse
from proctor.editor.schedules.planning import Wanted, kind_of, plan, refuse_times, step_rows
from proctor.editor.schedules.publisher import publish_due
from proctor.editor.written import refuse_long

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from proctor.editor.access.permissions import Actor
    from proctor.editor.schedules.planning import Planned

__all__ = [
    "Scheduled",
    "accept",
    "cancel",
    "check",
    "find_schedule",
    "reschedule",
    "resume",
    "running_schedule",
    "schedule",
]

State, Block = ScheduledStep.State, ScheduledStep.Block

#: Reasons for a block that a user can resolve without changing the step.
_RESUMABLE = (Block.GUARD, Block.INVALID, Block.ERROR, Block.HOLD)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A new schedule and the effects of its steps."""

    proposal: Proposal
    planned: tuple[Planned, ...]

    @property
    def is_accepted(self) -> bool:
        """True if the schedule needs no further approval."""
        return self.proposal.state != Proposal.State.OPEN


def find_schedule(number: int) -> Proposal:
    """Return the schedule with this id, with its branch loaded. Raises NotFound if none exists."""
    found: Proposal | None = _schedules().filter(pk=number).first()
    if found is None:
        raise NotFound(Sentence(gettext_noop("there is no schedule {number}"), number=number))
    return found


def running_schedule(test: str, branch: str) -> Proposal | None:
    """Return the test's running schedule on the branch, or None if there is none.

    A schedule is running if it was accepted and is not finished.
    """
    found: Proposal | None = (
        _schedules().filter(test=test, branch__name=branch, state=Proposal.State.ACCEPTED).first()
    )
    return found


def _schedules() -> QuerySet[Proposal]:
    rows = Proposal.objects.using(write_alias()).select_related("branch", "base")
    return rows.filter(kind=Proposal.Change.SCHEDULE)


def check(actor: Actor, test: str, branch: str, wanted: Sequence[Wanted]) -> tuple[Planned, ...]:
    """Return the effects and the problems of each step. Nothing is written."""
    actor.require(VIEW, test=test, branch=check_branch(branch))
    known = definition_of(head_of(test, branch))
    assert known is not None
    return tuple(plan(branch, test, known, wanted))


def schedule(
    actor: Actor,
    test: str,
    branch: str,
    wanted: Sequence[Wanted],
    *,
    base: str,
    message: str = "",
    replaces: int | None = None,
    review: bool = False,
) -> Scheduled:
    """Create a schedule, and accept it unless it needs approvals or *review* is True.

    A test can have at most one running schedule on each branch. *replaces* is the id of the running
    schedule that the new one replaces: it ends when the new one is accepted.
    """
    actor.require(writing(check_branch(branch)), test=test, branch=branch)
    for written in (message, *(each.message for each in wanted)):
        refuse_long(test, message=written)
    using = write_alias()
    head = head_of(test, branch)
    if head.id != base:
        raise Conflict(test, branch, base=base, yours=None, head=head.id)
    refuse_held(test, branch)
    running = running_schedule(test, branch)
    if replaces is not None and (running is None or running.pk != replaces):
        text = gettext_noop("schedule {number} is not running for this test on {branch!r}")
        sentence = Sentence(text, number=replaces, branch=branch)
        raise refused(test, "schedule-replaces", sentence)
    if replaces is None:
        _refuse_second(running)
    known = definition_of(head)
    assert known is not None
    planned = plan(branch, test, known, wanted)
    for each in planned:
        each.prepared.checked()
    refuse_times(test, wanted, database_time(using))
    ensure_rows([branch], using)
    kind = kind_of(wanted)
    if running is not None and all(each.definition is not None for each in wanted):
        kind = Kind(running.revision_kind)
    content = Content(kind, branch, test, base, None, message=message, is_schedule=True)
    is_accepted = not review and not actor.approvals_needed(branch)
    number = _store(actor, content, planned, replaces, is_accepted=is_accepted)
    if is_accepted:
        _publish(number)
    return Scheduled(find_schedule(number), tuple(planned))


@retried(write_alias)
def _store(
    actor: Actor,
    content: Content,
    planned: Sequence[Planned],
    replaces: int | None,
    *,
    is_accepted: bool,
) -> int:
    """Store a schedule, accept it if it does not need approval, and return its id."""
    using = write_alias()
    with transaction.atomic(using=using, durable=True):
        lock_branch(content.branch, using)
        row = Branch.objects.using(using).get(name=content.branch)
        proposal = propose(actor, content, step_rows(row, content.test, planned))
        if replaces is not None:
            proposal.replaces_id = replaces
            proposal.save(using=using, update_fields=["replaces"])
        if is_accepted:
            _accept(actor, proposal, using)
    return int(proposal.pk)


def accept(
    actor: Actor, number: int, *, content: str | None = None, base: str | None = None
) -> Proposal:
    """Accept a schedule that enough people have approved. Its steps are published when due.

    *content* is the hash of the content that the user saw, and *base* is the base that they saw. If
    *content* is given, the schedule must still have this content and this base. If the first step
    has no time or is overdue, it is published before this function returns. Also raises
    ApprovalNeeded if approvals are missing, and Changed if the content or the base is different.
    """
    _accept_approved(actor, number, content, base)
    _publish(number)
    return find_schedule(number)


@retried(write_alias)
def _accept_approved(actor: Actor, number: int, content: str | None, base: str | None) -> None:
    using = write_alias()
    branch = find_schedule(number).branch.name
    with transaction.atomic(using=using, durable=True):
        lock_branch(branch, using)
        # Lock the schedule, so that nobody can approve or change it in the meantime.
        Proposal.objects.using(using).filter(pk=number).update(turn=F("turn") + 1)
        proposal = find_schedule(number)
        require_open(proposal)
        actor.require(writing(branch), test=proposal.test, branch=branch)
        if content is not None:
            match_content(proposal, content, base)
        approvers = [each.approver for each in counting_approvals(proposal)]
        actor.require_approvals(branch, approvers)
        _accept(actor, proposal, using)


def _accept(actor: Actor, proposal: Proposal, using: str) -> None:
    """Accept a schedule, and queue its steps until they are due. The branch must be locked."""
    branch = proposal.branch.name
    refuse_held(proposal.test, branch)
    refuse_moved(proposal)
    now = database_time(using)
    _end_replaced(actor, proposal, now, using)
    proposal.state = Proposal.State.ACCEPTED
    proposal.approvals_needed = actor.approvals_needed(branch)
    proposal.save(using=using, update_fields=["state", "approvals_needed"])
    steps = ScheduledStep.objects.using(using).filter(proposal=proposal)
    steps.filter(at_once=True).update(due=now)
    steps.update(state=State.WAITING, since=now)
    steps.filter(position=0).update(base=proposal.base_id, try_at=F("due"))
    note_next_due(branch, using)
    note(proposal, Comment.Event.ACCEPTED, actor)


def _publish(number: int) -> None:
    """Publish a schedule's due steps without waiting for the next poll."""
    for _ in publish_due(only=number):
        pass


def _end_replaced(actor: Actor, proposal: Proposal, now: datetime, using: str) -> None:
    """End the schedule that a new one replaces. Raises Refused if a different one is running."""
    if proposal.replaces_id is not None:
        rows = Proposal.objects.using(using).filter(pk=proposal.replaces_id)
        _end(actor, rows, now, f"Replaced by schedule {proposal.pk}", using)
    _refuse_second(running_schedule(proposal.test, proposal.branch.name))


@retried(write_alias)
def cancel(actor: Actor, number: int, *, message: str = "") -> Proposal:
    """End a schedule. Published steps are not undone; the other steps are never published.

    Before a schedule is accepted, the people who wrote it can withdraw it, like any proposal.
    """
    proposal = find_schedule(number)
    if proposal.is_open:
        return withdraw(actor, number, message=message)
    branch = proposal.branch.name
    actor.require(writing(branch), test=proposal.test, branch=branch)
    refuse_long(proposal.test, message=message)
    using = write_alias()
    with transaction.atomic(using=using, durable=True):
        lock_branch(branch, using)
        rows = Proposal.objects.using(using).filter(pk=number)
        if not _end(actor, rows, database_time(using), message, using):
            raise Closed(
                Sentence(
                    gettext_noop("schedule {number} is over: {state}"),
                    number=number,
                    state=state_word(find_schedule(number).state),
                )
            )
        note_next_due(branch, using)
    return find_schedule(number)


def _end(actor: Actor, rows: QuerySet[Proposal], now: datetime, message: str, using: str) -> bool:
    """Withdraw the accepted schedules in *rows*. Return whether there were any.

    The branch must be locked.
    """
    ended = False
    for proposal in rows.filter(state=Proposal.State.ACCEPTED).select_related("branch"):
        proposal.state, proposal.closed = Proposal.State.WITHDRAWN, now
        proposal.save(using=using, update_fields=["state", "closed"])
        steps = ScheduledStep.objects.using(using).filter(proposal=proposal)
        steps.exclude(state=State.PUBLISHED).update(state=State.CANCELLED, try_at=None, since=now)
        note(proposal, Comment.Event.WITHDRAWN, actor, message)
        ended = True
    return ended


def resume(actor: Actor, number: int, *, message: str = "") -> Proposal:
    """Retry a blocked step: its guard is called again, and the engine checks the step again.

    Raises Refused if no step is blocked. Also raises Refused if the step's base is no longer the
    test's head, or if the approval is no longer valid: both cases require a new schedule.
    """
    proposal = find_schedule(number)
    actor.require(writing(proposal.branch.name), test=proposal.test, branch=proposal.branch.name)
    refuse_long(proposal.test, message=message)
    _resume(actor, proposal, message)
    _publish(number)
    return find_schedule(number)


@retried(write_alias)
def _resume(actor: Actor, proposal: Proposal, message: str) -> None:
    using, branch = write_alias(), proposal.branch.name
    with transaction.atomic(using=using, durable=True):
        lock_branch(branch, using)
        refuse_held(proposal.test, branch)
        blocked = ScheduledStep.objects.using(using).filter(
            proposal=proposal, state=State.BLOCKED, proposal__state=Proposal.State.ACCEPTED
        )
        resumed = blocked.filter(blocked_by__in=_RESUMABLE).update(
            state=State.WAITING,
            blocked_by="",
            problem="",
            try_at=F("due"),
            since=database_time(using),
        )
        if not resumed:
            step = blocked.first()
            why = Sentence(gettext_noop("no step is blocked")) if step is None else step.problem
            text = gettext_noop("schedule {number} cannot be resumed: {problem}")
            sentence = Sentence(text, number=proposal.pk, problem=why)
            raise refused(proposal.test, "schedule-resume", sentence)
        note_next_due(branch, using)
        note(proposal, Comment.Event.RESUMED, actor, message)


def reschedule(
    actor: Actor,
    number: int,
    dues: Mapping[int, datetime | None],
    *,
    base: str,
    message: str = "",
) -> Scheduled:
    """Change the times of the remaining steps: *dues* maps step numbers, starting at 1, to times.

    This creates a new schedule with the same definitions, based on *base*. The new schedule is
    checked and approved like any other, and replaces the old one once it is accepted.
    """
    old = find_schedule(number)
    if old.state not in (Proposal.State.OPEN, Proposal.State.ACCEPTED):
        raise Closed(
            Sentence(
                gettext_noop("schedule {number} is over: {state}"),
                number=number,
                state=state_word(old.state),
            )
        )
    steps = [*old.steps.exclude(state=State.PUBLISHED).order_by("position")]
    numbers = [step.position + 1 for step in steps]
    for each in dues:
        if each not in numbers:
            text = gettext_noop("schedule {number} has no step {step} left; it has {steps}")
            found = listed(map(str, numbers))
            sentence = Sentence(text, number=number, step=each, steps=found)
            raise refused(old.test, "schedule-steps", sentence)
    wanted = [
        Wanted(
            dues.get(step.position + 1, None if step.at_once else step.due),
            definition=parse(step.definition, step.test),
            message=step.message,
            guard=step.guard,
        )
        for step in steps
    ]
    replaces = number if old.state == Proposal.State.ACCEPTED else None
    branch = old.branch.name
    return schedule(
        actor,
        old.test,
        branch,
        wanted,
        base=base,
        message=message or old.message,
        replaces=replaces,
    )


def _refuse_second(running: Proposal | None) -> None:
    """Raise Refused if a schedule is running: a test can have only one on each branch."""
    if running is not None:
        text = gettext_noop(
            "schedule {number} by {author} is already running on {branch!r}; cancel it, or "
            "replace it"
        )
        branch, author = running.branch.name, running.author
        sentence = Sentence(text, number=running.pk, author=author, branch=branch)
        raise refused(running.test, "schedule-running", sentence)
