"""The page with a user's tokens; a new token is shown once."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from proctor.editor.access.permissions import VIEW
from proctor.editor.access.tokens import Scope, create_token, scopes_of
from proctor.editor.branches import branch_names, first_branch
from proctor.editor.models import Token
from proctor.editor.pages.answers import address, page, render
from proctor.editor.pages.translating import words_of
from proctor.editor.pages.unsent import was_sent
from proctor.editor.publishing.publishing import write_alias

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.editor.access.permissions import Actor

__all__ = ["tokens"]

#: Lifetimes to choose from, in days; "" means that the token never expires.
_DAYS = ("30", "90", "365", "")


@page
def tokens(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Show the user's tokens, create one, or revoke one."""
    actor.require(VIEW, branch=first_branch())
    own = _own(actor)
    if not was_sent(request):
        return _page(request, actor)
    if "revoke" in request.POST:
        with contextlib.suppress(ValueError):  # the form on this page always sends a number
            own.filter(pk=int(request.POST["revoke"])).delete()
        return HttpResponseRedirect(address("tokens"), status=303)
    return _create(request, actor)


def _own(actor: Actor) -> QuerySet[Token]:
    key: Any = actor.user_id
    return Token.objects.using(write_alias()).filter(user_id=key)


def _create(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    name = request.POST.get("name", "").strip()
    days = request.POST.get("days", "")
    branches = request.POST.getlist("branches")
    try:
        if not name:
            raise ValueError(_("Give the token a name, such as the program that uses it."))
        scopes = scopes_of(request.POST.getlist("scopes"))
        if days not in _DAYS:
            raise ValueError(_("Choose one of the lifetimes."))
        expires = timezone.now() + timedelta(days=int(days)) if days else None
        chosen = [] if len(branches) == len(branch_names()) else branches
        user: Any = actor.user  # never None, because the page requires login
        token, secret = create_token(user, name, scopes, branches=chosen, expires=expires)
    except ValueError as error:
        return _page(request, actor, status=422, problem=words_of(error))
    # The token is shown only in this response. It is not stored in a URL, session or log.
    return _page(request, actor, created=token, secret=secret)


def _page(
    request: HttpRequest, actor: Actor, status: int = 200, **context: Any
) -> HttpResponseBase:
    rows = _own(actor).order_by("-created")
    words = {
        Scope.READ: _("read the matrix and the tests"),
        Scope.REGISTER: _("register an application"),
        Scope.EDIT: _("edit and delete tests"),
        Scope.PROMOTE: _("publish on later branches"),
        Scope.STOP: _("stop tests"),
    }
    days = {"30": _("30 days"), "90": _("90 days"), "365": _("1 year"), "": _("never ends")}
    now = timezone.now()
    return render(
        request,
        actor,
        "tokens.html",
        _("Tokens"),
        status=status,
        tokens=[(each, each.expires is not None and each.expires <= now) for each in rows],
        scopes=[(scope.value, words[scope]) for scope in Scope],
        branches=branch_names(),
        days=[(key, days[key]) for key in _DAYS],
        here="tokens",
        name="" if "created" in context else request.POST.get("name", ""),
        **context,
    )
