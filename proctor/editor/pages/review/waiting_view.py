"""The Review page: the proposals that are waiting, and the people they are waiting for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.utils.translation import gettext as _

from proctor.editor.access.permissions import VIEW
from proctor.editor.branches import first_branch
from proctor.editor.models import Proposal
from proctor.editor.pages.answers import page, render
from proctor.editor.pages.review.cards import cards_of
from proctor.editor.proposals.finding import proposals, visible_keys

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.editor.access.permissions import Actor

__all__ = ["review"]

#: Maximum number of open proposals that are examined, and of closed proposals on a page.
_MOST, _CLOSED = 200, 20


@page
def review(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Show proposals: those waiting for the user, the user's own, all open ones, or closed ones."""
    actor.require(VIEW, branch=first_branch())
    keys = visible_keys(actor, state=Proposal.State.OPEN)
    cards = cards_of(actor, proposals().filter(pk__in=keys[:_MOST]).order_by("-pk"))
    parts = {
        "you": [each for each in cards if each.waits_for_me],
        "yours": [each for each in cards if each.is_mine],
        "all": cards,
    }
    names = {"you": _("For you"), "yours": _("Yours"), "all": _("All"), "closed": _("Closed")}
    wanted = request.GET.get("show", "")
    if wanted not in names:
        wanted = "you" if parts["you"] or not cards else "all"
    closed = None
    if wanted == "closed":
        old = visible_keys(actor, state__in=[*{*Proposal.State} - {Proposal.State.OPEN}])
        closed = Paginator(old, _CLOSED).get_page(request.GET.get("page"))
        rows = proposals().filter(pk__in=list(closed.object_list)).order_by("-pk")
        parts["closed"] = cards_of(actor, rows)
    return render(
        request,
        actor,
        "review/waiting.html",
        _("Review"),
        cards=parts[wanted],
        shown=wanted,
        parts=[(key, names[key], len(parts[key]) if key != "closed" else "") for key in names],
        closed=closed,
        more=max(0, len(keys) - _MOST),
        here="review",
    )
