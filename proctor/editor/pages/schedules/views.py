"""Pages to schedule a ramp, list all schedules, cancel a schedule, and resume a blocked one."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _

from proctor.core.authoring.refusals import Refusal
from proctor.editor.access.permissions import VIEW, writing
from proctor.editor.branches import branch_names, first_branch
from proctor.editor.errors import Conflict, NotFound, Refused
from proctor.editor.models import Hold, Proposal, ScheduledStep
from proctor.editor.pages.acting import done, head_asked_for, number_of, typed
from proctor.editor.pages.answers import address, page, render
from proctor.editor.pages.effects import effect_of
from proctor.editor.pages.schedules.ramp_form import RampForm, live_share
from proctor.editor.pages.schedules.shown_schedules import changed_bar, shown_schedules
from proctor.editor.pages.shown import bar_of, percent
from proctor.editor.pages.translating import messages_of
from proctor.editor.pages.unsent import was_sent
from proctor.editor.proposals.finding import find_proposal
from proctor.editor.publishing.clock import database_time
from proctor.editor.publishing.publishing import write_alias
from proctor.editor.schedules import services
from proctor.editor.schedules.guards import guard_paths
from proctor.editor.schedules.planning import MOST, plan, refuse_times

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.editor.access.permissions import Actor
    from proctor.editor.pages.effects import Effect
    from proctor.editor.pages.shown import Bar
    from proctor.editor.schedules.planning import Planned, Wanted

__all__ = ["cancel", "ramp", "resume", "schedules"]

#: Maximum number of finished schedules on the page that lists all schedules.
_OVER = 15


@dataclass(frozen=True, slots=True)
class _Step:
    """A step in the preview."""

    number: int
    share: str
    due: datetime | None
    bar: Bar | None
    effect: Effect
    problems: list[str]


@page
def schedules(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Show the schedules of all tests: blocked ones, upcoming ones and finished ones."""
    if not any(actor.may(VIEW, branch=each) for each in branch_names()):
        actor.require(VIEW, branch=first_branch())
    live = shown_schedules(actor, state__in=(Proposal.State.OPEN, Proposal.State.ACCEPTED))
    over = shown_schedules(
        actor, most=_OVER, state__in=(Proposal.State.PUBLISHED, Proposal.State.WITHDRAWN)
    )
    upcoming = [each for each in live if each.state in ("accepted", "overdue")]
    return render(
        request,
        actor,
        "schedules.html",
        _("Schedule"),
        urgent=[each for each in live if each.state == "blocked"],
        proposed=[each for each in live if each.state == "open"],
        upcoming=sorted(upcoming, key=lambda each: str(each.next_time)),
        over=over,
        made=number_of(request.GET.get("made"), 0),
        zone=get_current_timezone_name(),
        branches=branch_names(),
        here="schedules",
    )


@page
def ramp(request: HttpRequest, actor: Actor, test: str) -> HttpResponseBase:
    """Schedule a ramp: several steps that raise the share of an allocation's live groups."""
    branch, head, definition = head_asked_for(request, actor, test)
    actor.require(writing(branch), test=test, branch=branch)
    allocations = len(definition.test.allocations)
    if not allocations:
        raise NotFound(_("The test has no allocation %(number)s.") % {"number": 1})
    replaced = services.running_schedule(test, branch)
    form = _form(request, definition, replaced)
    step = request.POST.get("do", "") if was_sent(request) else ""
    focus = form.apply(step)
    problems: list[str] = []
    status = 200
    wanted = form.wanted(definition)
    if step == "publish":
        status = 422
        if len(wanted) == len(form.rows):
            try:
                return done(test, _schedule(request, actor, (test, branch), form, wanted))
            except Refused as error:
                problems = messages_of(error.problems)
            except Conflict:
                words = _(
                    "Someone has published a change in the meantime. This is what the ramp would "
                    "do now."
                )
                problems, status = [words], 409
    return render(
        request,
        actor,
        "ramp.html",
        _("Schedule a ramp of %(test)s") % {"test": test},
        status=status,
        test=test,
        branch=branch,
        head=head,
        form=form,
        focus=focus,
        problems=problems,
        allocations=[
            (index + 1, each, percent(live_share(definition, index)))
            for index, each in enumerate(definition.test.allocations)
        ],
        number=form.allocation + 1,
        now_bar=bar_of(definition.test.allocations[form.allocation].ranges, definition.test),
        can_ramp=_can_ramp(definition),
        plan=_preview((test, branch), definition, form, wanted),
        can_add=len(form.rows) < MOST,
        guards=guard_paths(),
        replaced=replaced,
        needs=actor.approvals_needed(branch),
        hold=_hold(test, branch),
        zone=get_current_timezone_name(),
        here="schedules",
    )


def _can_ramp(definition: Definition) -> bool:
    return any(bucket.value < 0 for bucket in definition.test.buckets)


def _hold(test: str, branch: str) -> Hold | None:
    holds = Hold.objects.using(write_alias()).filter(branch__name=branch, test=test, released=None)
    found: Hold | None = holds.first()
    return found


def _form(request: HttpRequest, definition: Definition, replaced: Proposal | None) -> RampForm:
    if request.method == "POST":
        return RampForm.posted(request.POST, len(definition.test.allocations))
    index = number_of(request.GET.get("allocation"), 1) - 1
    index = min(max(index, 0), len(definition.test.allocations) - 1)
    if replaced is not None:
        steps = [
            each
            for each in replaced.steps.order_by("position")
            if each.state != ScheduledStep.State.PUBLISHED
        ]
        with contextlib.suppress(Refusal, ValueError):  # the ramp no longer fits the test
            return RampForm.of_steps(steps, definition)
    return RampForm.proposed(definition, index)


def _schedule(
    request: HttpRequest,
    actor: Actor,
    place: tuple[str, str],
    form: RampForm,
    wanted: list[Wanted],
) -> services.Scheduled:
    test, branch = place
    # Replace only the schedule that the user saw, not one that was created since then.
    known = number_of(request.POST.get("replaces"), None)
    running = services.running_schedule(test, branch)
    return services.schedule(
        actor,
        test,
        branch,
        wanted,
        base=request.POST.get("base", ""),
        message=form.message,
        replaces=known if running is not None and running.pk == known else None,
    )


def _preview(
    place: tuple[str, str], definition: Definition, form: RampForm, wanted: list[Wanted]
) -> dict[str, Any]:
    """Return the effects of each step, or the reasons why the steps are impossible."""
    if not wanted:
        return {"steps": [], "problems": []}
    test, branch = place
    problems = []
    try:
        planned = plan(branch, test, definition, wanted)
        refuse_times(test, wanted, database_time(write_alias()))
    except Refused as error:
        problems = messages_of(error.problems)
        try:
            planned = plan(branch, test, definition, wanted)
        except Refused:
            planned = []
    steps = [_step(test, number, each, form) for number, each in enumerate(planned)]
    return {"steps": steps, "problems": problems}


def _step(test: str, number: int, planned: Planned, form: RampForm) -> _Step:
    before, after = planned.prepared.before, planned.prepared.after
    new = after.get(test)
    return _Step(
        number + 1,
        form.rows[number].share,
        planned.wanted.due,
        None if new is None else changed_bar(before.get(test), new),
        effect_of(test, before, after),
        messages_of(planned.prepared.problems),
    )


@page
def cancel(request: HttpRequest, actor: Actor, number: int) -> HttpResponseBase:
    """Cancel a schedule."""
    return _act(request, actor, number, "schedule_cancel.html", _("Cancel the schedule"))


@page
def resume(request: HttpRequest, actor: Actor, number: int) -> HttpResponseBase:
    """Retry a blocked step."""
    return _act(request, actor, number, "schedule_resume.html", _("Resume the schedule"))


def _act(
    request: HttpRequest, actor: Actor, number: int, template: str, title: str
) -> HttpResponseBase:
    if not actor.may(VIEW):
        actor.require(VIEW, branch=first_branch())
    proposal = find_proposal(actor, number, is_schedule=True)
    test, branch = proposal.test, proposal.branch.name
    actor.require(writing(branch), test=test, branch=branch)
    problems: list[str] = []
    if was_sent(request):
        act = services.cancel if template == "schedule_cancel.html" else services.resume
        try:
            act(actor, number, message=typed(request))
            where = f"{address('schedules')}#schedule-{number}"
            return HttpResponseRedirect(where, status=303)
        except Refused as error:
            problems = messages_of(error.problems)
    (shown,) = shown_schedules(actor, pk=number)
    return render(
        request,
        actor,
        template,
        title,
        status=422 if problems else 200,
        schedule=shown,
        branches=branch_names(),
        message=request.POST.get("message", ""),
        problems=problems,
    )
