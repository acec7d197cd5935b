"""API endpoints that list, create, cancel, resume and reschedule schedules."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.forms import DateTimeField
from django.urls import reverse

from proctor.core.messages import nearest, shown
from proctor.editor.access.permissions import VIEW, writing
from proctor.editor.api.bodies import Fields, query_fields, read_fields
from proctor.editor.api.documents import answer, moves_document, problems_document
from proctor.editor.api.failures import BadRequest
from proctor.editor.api.proposal_documents import proposal_document
from proctor.editor.api.proposal_lists import proposal_list
from proctor.editor.api.writing import require_writing
from proctor.editor.branches import branch_names, check_branch
from proctor.editor.models import Proposal
from proctor.editor.proposals.finding import find_proposal
from proctor.editor.publishing.heads import definition_of, head_of
from proctor.editor.schedules import services
from proctor.editor.schedules.planning import Wanted

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpResponse

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.editor.api.endpoint import Call

__all__ = [
    "get_schedule",
    "get_schedules",
    "post_cancel",
    "post_reschedule",
    "post_resume",
    "post_schedule",
]

#: Matches the number of a step.
_NUMBER = re.compile("[1-9][0-9]{0,3}")
_STEP = ("due", "shares", "allocation", "definition", "message", "guard")


def get_schedules(call: Call) -> HttpResponse:
    """GET schedules/: the schedules that the user may see, newest first."""
    return proposal_list(call, kind=Proposal.Change.SCHEDULE)


def get_schedule(call: Call) -> HttpResponse:
    """GET schedules/<id>/: a schedule and its steps."""
    query_fields(call.request, ())
    return answer(proposal_document(_found(call)))


def _found(call: Call) -> Proposal:
    """Return the schedule identified by the URL. Raises NotFound if the user may not see it."""
    find_proposal(call.actor, call.proposal, is_schedule=True)
    return services.find_schedule(call.proposal)


def _require_writing(call: Call) -> None:
    """Raise PermissionMissing unless the user may write to the schedule's branch.

    Raises NotFound if the user may see other tests on that branch but not the scheduled one.
    """
    found = services.find_schedule(call.proposal)
    branch = found.branch.name
    if call.actor.may(VIEW, branch=branch):
        find_proposal(call.actor, call.proposal, is_schedule=True)
    call.actor.require(writing(branch), test=found.test, branch=branch)


def post_schedule(call: Call) -> HttpResponse:
    """POST schedules/: schedule one change for later, or a ramp in steps."""
    require_writing(call, branch_names())
    known = ("test", "branch", "base", "message", "replaces", "steps")
    fields = read_fields(call.request, known)
    test, branch = fields.text("test"), check_branch(fields.text("branch"))
    base = fields.base()
    type(call)(call.request, call.actor, test).see(branch)
    head = definition_of(head_of(test, branch))
    assert head is not None
    done = services.schedule(
        call.actor,
        test,
        branch,
        [_wanted(each, head) for each in _list(fields, "steps")],
        base=base or "",
        message=fields.text("message", ""),
        replaces=fields.integer("replaces"),
    )
    return _made(done)


def _made(done: services.Scheduled) -> HttpResponse:
    """Return the response for a new schedule. Its status is 202 if other people must approve it."""
    document = proposal_document(done.proposal)
    for step, planned in zip(document["steps"], done.planned, strict=True):
        step["moves"] = moves_document(done.proposal.test, planned.prepared.moves)
        step["problems"] = problems_document(planned.prepared.problems)
    is_open = not done.is_accepted
    response = answer({"proposal": document} if is_open else document, 202 if is_open else 201)
    name = "api_proposal" if is_open else "api_schedule"
    response["Location"] = reverse(f"proctor_editor:{name}", args=(done.proposal.pk,))
    return response


def _list(fields: Fields, name: str) -> list[Any]:
    found = json.loads(fields.json(name))
    if not isinstance(found, list):
        raise BadRequest(f'"{name}": expected a list, got {shown(found)}')
    return found


def _wanted(value: Any, head: Definition) -> Wanted:
    if not isinstance(value, dict):
        raise BadRequest(f'"steps": expected objects, got {shown(value)}')
    step = Fields(value, _STEP)
    if ("shares" in value) == ("definition" in value):
        raise BadRequest('Each step needs either "shares" or a "definition"')
    shares = _shares(json.loads(step.json("shares")), head) if "shares" in value else None
    allocation = step.integer("allocation")
    return Wanted(
        _due(step),
        shares=shares,
        allocation=0 if allocation is None else allocation - 1,
        text=step.json("definition") if shares is None else None,
        message=step.text("message", ""),
        guard=step.text("guard", ""),
    )


def _shares(value: Any, head: Definition) -> dict[int, float]:
    """In a map of shares, replace each group name with its bucket value."""
    if not isinstance(value, dict) or any(
        type(each) not in (int, float) for each in value.values()
    ):
        raise BadRequest(
            '"shares": expected an object that maps groups to shares from 0 to 1, '
            f"got {shown(value)}"
        )
    values = {bucket.name: bucket.value for bucket in head.test.buckets}
    for name in value:
        if name not in values:
            raise BadRequest(f'"shares": unknown group {shown(name)}: {nearest(name, values)}')
    return {values[name]: share for name, share in value.items()}


def _due(step: Fields) -> datetime | None:
    text = step.text_or_none("due")
    if text is None:
        return None
    try:
        due: datetime | None = DateTimeField().clean(text)
    except ValidationError:
        raise BadRequest(
            f'"due": expected a time such as 2027-03-01T09:00:00+01:00, or null, got {shown(text)}'
        ) from None
    return due


def post_cancel(call: Call) -> HttpResponse:
    """POST schedules/<id>/cancel/: cancel the remaining steps."""
    _require_writing(call)
    fields = read_fields(call.request, ("message",))
    done = services.cancel(call.actor, call.proposal, message=fields.text("message", ""))
    return answer(proposal_document(done))


def post_resume(call: Call) -> HttpResponse:
    """POST schedules/<id>/resume/: retry a blocked step."""
    _require_writing(call)
    fields = read_fields(call.request, ("message",))
    done = services.resume(call.actor, call.proposal, message=fields.text("message", ""))
    return answer(proposal_document(done))


def post_reschedule(call: Call) -> HttpResponse:
    """POST schedules/<id>/reschedule/: change the times of the remaining steps."""
    _require_writing(call)
    fields = read_fields(call.request, ("base", "dues", "message"))
    base, dues = fields.base(), json.loads(fields.json("dues"))
    if not isinstance(dues, dict) or not all(_NUMBER.fullmatch(each) for each in dues):
        raise BadRequest(
            '"dues": expected an object that maps step numbers to times, such as '
            f'{{"2": "2027-03-01T09:00:00+01:00"}}, got {shown(dues)}'
        )
    done = services.reschedule(
        call.actor,
        call.proposal,
        {int(number): _due(Fields({"due": each}, ("due",))) for number, each in dues.items()},
        base=base or "",
        message=fields.text("message", ""),
    )
    return _made(done)
