"""API endpoints that list, open and decide on proposals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.messages import shown
from proctor.editor.access.permissions import VIEW, writing
from proctor.editor.api.bodies import query_fields, read_fields
from proctor.editor.api.documents import answer, moves_document, problems_document, test_document
from proctor.editor.api.failures import BadRequest
from proctor.editor.api.proposal_documents import proposal_document, whole_document
from proctor.editor.api.proposal_lists import proposal_list
from proctor.editor.api.writing import outcome, require_any
from proctor.editor.branches import check_branch, first_branch
from proctor.editor.changes import services
from proctor.editor.changes.proposed import publish_proposal
from proctor.editor.changes.updating import rebase_proposal, update_proposal
from proctor.editor.models import Proposal
from proctor.editor.proposals import deciding
from proctor.editor.proposals.finding import find_proposal
from proctor.editor.schedules.services import accept, cancel

if TYPE_CHECKING:
    from django.http import HttpResponse

    from proctor.editor.api.bodies import Fields
    from proctor.editor.api.endpoint import Call

__all__ = [
    "get_proposal",
    "get_proposals",
    "post_approve",
    "post_comment",
    "post_proposals",
    "post_publish",
    "post_reject",
    "post_withdraw",
    "put_proposal",
]

#: Maps each kind of proposal that can be opened to the fields that it has besides the common
#: ones.
_KINDS = {
    "edit": ("definition",),
    "promote": ("from", "to", "revision"),
    "roll back": ("branch", "revision"),
    "delete": ("branch",),
}


def get_proposals(call: Call) -> HttpResponse:
    """GET proposals/: the proposals that the user may see, newest first."""
    return proposal_list(call)


def get_proposal(call: Call) -> HttpResponse:
    """GET proposals/<id>/: a proposal, its history, and the effects of publishing it."""
    query_fields(call.request, ())
    return answer(whole_document(find_proposal(call.actor, call.proposal)))


def post_proposals(call: Call) -> HttpResponse:
    """POST proposals/: ask for approval, even if the branch does not require it."""
    require_any(call, VIEW)
    known = {name for names in _KINDS.values() for name in names}
    fields = read_fields(call.request, ("kind", "test", "base", "message", *sorted(known)))
    kind = fields.text("kind")
    if kind not in _KINDS:
        raise BadRequest(f'"kind": expected one of {", ".join(_KINDS)}, got {shown(kind)}')
    test, base = fields.text("test"), fields.base()
    return outcome(_proposed(type(call)(call.request, call.actor, test), kind, fields, base), base)


def _proposed(
    call: Call, kind: str, fields: Fields, base: str | None
) -> services.Published | services.Proposed:
    message = fields.text("message", "")
    if kind == "edit":
        branch = fields.text("branch", first_branch())
        call.see(check_branch(branch))
        text = fields.json("definition")
        return services.edit(
            call.actor, call.test, text, base=base, message=message, branch=branch, review=True
        )
    branch = check_branch(fields.text("to" if kind == "promote" else "branch"))
    call.see(branch)
    if kind == "promote":
        return services.promote(
            call.actor,
            call.test,
            fields.text("from"),
            branch,
            revision=fields.text("revision"),
            base=base,
            message=message,
            review=True,
        )
    if kind == "roll back":
        revision = fields.text("revision")
        return services.roll_back(
            call.actor, call.test, branch, revision, base=base, message=message, review=True
        )
    return services.delete(call.actor, call.test, branch, base=base, message=message, review=True)


def put_proposal(call: Call) -> HttpResponse:
    """PUT proposals/<id>/: change the definition, or rebase the change."""
    proposal = find_proposal(call.actor, call.proposal)
    branch = proposal.branch.name
    call.actor.require(writing(branch), test=proposal.test, branch=branch)
    fields = read_fields(call.request, ("hash", "base", "definition", "message"))
    content, base = fields.text("hash"), fields.base()
    if fields.has("definition"):
        done = update_proposal(
            call.actor,
            call.proposal,
            fields.json("definition"),
            content=content,
            base=base,
            message=fields.text("message", proposal.message),
        )
    else:
        done = rebase_proposal(call.actor, call.proposal, content=content, base=base)
    return answer(whole_document(done.proposal))


def post_approve(call: Call) -> HttpResponse:
    """POST proposals/<id>/approve/: approve the content that the user saw."""
    find_proposal(call.actor, call.proposal)
    fields = read_fields(call.request, ("hash", "base", "message"))
    base = fields.base()
    done = deciding.approve(
        call.actor,
        call.proposal,
        content=fields.text("hash"),
        base=base,
        message=fields.text("message", ""),
    )
    return answer(proposal_document(done))


def post_reject(call: Call) -> HttpResponse:
    """POST proposals/<id>/reject/: close the proposal, with a reason."""
    find_proposal(call.actor, call.proposal)
    fields = read_fields(call.request, ("reason",))
    done = deciding.reject(call.actor, call.proposal, reason=fields.text("reason", ""))
    return answer(proposal_document(done))


def post_withdraw(call: Call) -> HttpResponse:
    """POST proposals/<id>/withdraw/: close your own proposal, or end a schedule."""
    proposal = find_proposal(call.actor, call.proposal)
    fields = read_fields(call.request, ("message",))
    is_running = proposal.state == Proposal.State.ACCEPTED
    withdraw = cancel if is_running else deciding.withdraw
    done = withdraw(call.actor, call.proposal, message=fields.text("message", ""))
    return answer(proposal_document(done))


def post_comment(call: Call) -> HttpResponse:
    """POST proposals/<id>/comment/: comment on the proposal."""
    proposal = find_proposal(call.actor, call.proposal)
    fields = read_fields(call.request, ("text",))
    deciding.comment(call.actor, call.proposal, text=fields.text("text"))
    return answer(whole_document(proposal), 201)


def post_publish(call: Call) -> HttpResponse:
    """POST proposals/<id>/publish/: publish a proposal that enough people have approved."""
    proposal = find_proposal(call.actor, call.proposal)
    fields = read_fields(call.request, ("hash", "base"))
    content = fields.text("hash", "") or None
    base = None if content is None else fields.base()
    if proposal.kind == Proposal.Change.SCHEDULE:
        found = accept(call.actor, call.proposal, content=content, base=base)
        return answer(proposal_document(found))
    done = publish_proposal(call.actor, call.proposal, content=content, base=base)
    document = {
        **test_document(done.revision),
        "moves": moves_document(proposal.test, done.moves),
        "problems": problems_document(done.problems),
    }
    return answer(document, 201 if proposal.base_id is None else 200)
