"""Lists of the proposals, including schedules, that the user may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.editor.access.permissions import VIEW
from proctor.editor.api.bodies import query_fields
from proctor.editor.api.documents import answer
from proctor.editor.api.failures import BadRequest
from proctor.editor.api.paging import page_of
from proctor.editor.api.proposal_documents import proposal_document
from proctor.editor.api.writing import require_any
from proctor.editor.branches import check_branch
from proctor.editor.models import Proposal
from proctor.editor.proposals.finding import proposals, visible_keys

if TYPE_CHECKING:
    from django.http import HttpResponse

    from proctor.editor.api.endpoint import Call

__all__ = ["proposal_list"]


def proposal_list(call: Call, **conditions: Any) -> HttpResponse:
    """Return a page of the proposals that match *conditions* and the query string, newest first."""
    fields = query_fields(call.request, ("branch", "test", "state", "page", "page_size"))
    if branch := fields.text("branch", ""):
        conditions["branch__name"] = check_branch(branch)
    if test := fields.text("test", ""):
        conditions["test"] = test
    if state := fields.text("state", ""):
        if state not in Proposal.State.values:
            raise BadRequest(f'"state": expected one of {", ".join(Proposal.State.values)}')
        conditions["state"] = state
    page = page_of(fields)
    require_any(call, VIEW)
    keys = visible_keys(call.actor, **conditions)
    rows = proposals().filter(pk__in=keys[page.part]).order_by("-pk")
    return answer(
        page.document(call.request, len(keys), [proposal_document(each) for each in rows])
    )
