"""Schedules, as data for the templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from proctor.core.authoring.refusals import Refusal
from proctor.editor.access.permissions import writing
from proctor.editor.models import Head, Proposal, ScheduledStep
from proctor.editor.pages.effects import effect_of
from proctor.editor.pages.shown import bar_of
from proctor.editor.proposals.finding import proposals, visible_keys
from proctor.editor.publishing.clock import database_time
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.publishing.texts import parse
from proctor.editor.schedules.background import background
from proctor.editor.serving.location import is_test_run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from proctor.core.matrices.matrix import TestDefinition
    from proctor.editor.access.permissions import Actor
    from proctor.editor.models import Revision
    from proctor.editor.pages.effects import Effect
    from proctor.editor.pages.shown import Bar

__all__ = ["ShownSchedule", "ShownStep", "changed_bar", "consumable", "shown_schedules"]

State, Block = ScheduledStep.State, ScheduledStep.Block

#: State of a step → its name on pages: the model's states and "overdue".
_STEP_STATES = {**dict(State.choices), "overdue": _("overdue")}
#: If a step has been due for longer than this, the page says that no process is publishing it.
_LATE = timedelta(minutes=10)
#: State of a schedule → its name on pages.
STATES = {
    "blocked": _("waits"),
    "overdue": _("overdue"),
    "open": _("waiting for approval"),
    "accepted": _("running"),
    "published": _("done"),
    "withdrawn": _("cancelled"),
    "rejected": _("rejected"),
}


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step, its bar, and how it affects visitors."""

    step: ScheduledStep
    number: int
    #: A state of the model, or "overdue".
    state: str
    bar: Bar | None
    effect: Effect | None
    #: True if the step has been due for so long that no process seems to be publishing steps.
    is_late: bool

    @property
    def state_name(self) -> str:
        """The name of the state, as pages show it."""
        return str(_STEP_STATES[self.state])


@dataclass(frozen=True, slots=True)
class ShownSchedule:
    """A schedule with its steps."""

    proposal: Proposal
    steps: list[ShownStep]
    #: A key of STATES.
    state: str
    #: The reason why the next step will not be published, if this is known before the step is due.
    warning: str
    may_write: bool

    @property
    def state_name(self) -> str:
        """The name of the state, as pages show it."""
        return str(STATES[self.state])

    @property
    def is_over(self) -> bool:
        """True if no more steps will be published."""
        return self.proposal.state not in (Proposal.State.OPEN, Proposal.State.ACCEPTED)

    @property
    def blocked(self) -> ShownStep | None:
        """The step that is waiting for someone to act."""
        return next((each for each in self.steps if each.state == State.BLOCKED), None)

    @property
    def may_go_on(self) -> bool:
        """True if a user can retry the blocked step without changing it."""
        blocked = self.blocked
        return blocked is not None and blocked.step.blocked_by not in (Block.BASE, Block.APPROVAL)

    @property
    def next_time(self) -> datetime | None:
        """The time of the next step."""
        waiting = (State.WAITING, State.PROPOSED, State.BLOCKED, "overdue")
        return next((each.step.due for each in self.steps if each.state in waiting), None)


def shown_schedules(
    actor: Actor, *, most: int | None = None, **conditions: Any
) -> list[ShownSchedule]:
    """Return the schedules that the actor may see, newest first.

    *conditions* are lookups, as for `QuerySet.filter`.
    """
    keys = visible_keys(actor, kind=Proposal.Change.SCHEDULE, **conditions)[:most]
    rows = proposals().filter(pk__in=keys).order_by("-pk").prefetch_related("steps__base")
    found = list(rows)
    if not found:
        return []
    using = write_alias()
    now = database_time(using)
    heads = Head.objects.using(using).filter(test__in={each.test for each in found})
    at = {(row.branch_id, row.test): row for row in heads.select_related("revision")}
    shown = [_schedule(actor, each, at.get((each.branch_id, each.test)), now) for each in found]
    if any(each.state == "overdue" for each in shown) and not is_test_run():
        # Due steps are usually published by a process that reads the matrix. This process might not
        # read it, so publish the steps here.
        background.publish_soon()
    return shown


def _schedule(actor: Actor, proposal: Proposal, head: Head | None, now: datetime) -> ShownSchedule:
    steps = _steps(proposal, now)
    state, warning = proposal.state, _warning(proposal, steps, head)
    if state == Proposal.State.ACCEPTED:
        found = {each.state for each in steps} | ({"blocked"} if warning else set())
        state = next((each for each in ("blocked", "overdue") if each in found), state)
    branch = proposal.branch.name
    return ShownSchedule(
        proposal,
        steps,
        state,
        warning,
        actor.may(writing(branch), test=proposal.test, branch=branch),
    )


def _steps(proposal: Proposal, now: datetime) -> list[ShownStep]:
    before = consumable(proposal.base)
    found = []
    for step in sorted(proposal.steps.all(), key=lambda each: each.position):
        after = _consumable(step.definition, step.test)
        state = step.state
        if step.try_at is not None and step.try_at < now:
            state = "overdue"
        bar = None if after is None else changed_bar(before, after)
        effect = None
        if before is not None and after is not None:
            effect = effect_of(step.test, {step.test: before}, {step.test: after})
        is_late = step.try_at is not None and now - step.try_at > _LATE
        found.append(ShownStep(step, step.position + 1, state, bar, effect, is_late))
        before = after
    return found


def _warning(proposal: Proposal, steps: Iterable[ShownStep], head: Head | None) -> str:
    """Return the reason why the next step cannot be published, if it is already known."""
    waits = next((each for each in steps if each.step.try_at is not None), None)
    base = waits.step.base_id if waits is not None else None
    if proposal.is_open:
        base = proposal.base_id
    if base is None or head is None or head.revision_id == base:
        return ""
    who = head.revision.on_behalf_of or head.revision.author
    return str(
        _(
            "%(who)s has since changed the test, so no more steps will be "
            "published. Schedule the change again."
        )
        % {"who": who}
    )


def consumable(revision: Revision | None) -> TestDefinition | None:
    """Return a revision's test in the matrix's format, or None if it cannot be read."""
    if revision is None or revision.definition is None:
        return None
    return _consumable(revision.definition, revision.test)


def _consumable(text: str, test: str) -> TestDefinition | None:
    try:
        return parse(text, test).with_version(None).consumable()
    except Refusal:
        return None


def changed_bar(before: TestDefinition | None, after: TestDefinition) -> Bar | None:
    """Return the bar of the first allocation that a step changes."""
    old = () if before is None else before.allocations
    for index, each in enumerate(after.allocations):
        if index >= len(old) or old[index].ranges != each.ranges:
            return bar_of(each.ranges, after)
    return bar_of(after.allocations[0].ranges, after) if after.allocations else None
