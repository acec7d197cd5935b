"""Helpers for the pages that publish: find the branch and the head, and redirect at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect
from django.utils.translation import gettext as _

from proctor.editor.branches import branch_names, check_branch
from proctor.editor.changes.outcomes import Proposed
from proctor.editor.errors import Conflict, Refused
from proctor.editor.pages.answers import address, require_view
from proctor.editor.pages.translating import messages_of
from proctor.editor.publishing.heads import definition_of, find_head, head_of
from proctor.editor.schedules.services import Scheduled

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.authoring.definitions.definition import Definition
    from proctor.editor.access.permissions import Actor
    from proctor.editor.changes.outcomes import Published
    from proctor.editor.models import Revision

__all__ = ["act", "done", "head_asked_for", "number_of", "typed"]


def head_asked_for(
    request: HttpRequest, actor: Actor, test: str
) -> tuple[str, Revision, Definition]:
    """Return the requested branch, and the test's current revision and definition on it."""
    require_view(actor, test)
    default = branch_names()[-1] if request.method == "GET" else ""
    branch = check_branch(request.POST.get("branch") or request.GET.get("branch") or default)
    head = head_of(test, branch)
    definition = definition_of(head)
    assert definition is not None
    return branch, head, definition


def done(test: str, published: Published | Proposed | Scheduled) -> HttpResponseBase:
    """Redirect to the page of the test, the proposal or the schedule."""
    if isinstance(published, Scheduled):
        number = published.proposal.pk
        where = f"{address('schedules')}?made={number}#schedule-{number}"
        if not published.is_accepted:
            where = address("proposal", str(number))
        return HttpResponseRedirect(where, status=303)
    if isinstance(published, Proposed):
        return HttpResponseRedirect(address("proposal", str(published.proposal.pk)), status=303)
    where = f"{address('test', test)}?published={published.revision.id}"
    return HttpResponseRedirect(where, status=303)


def typed(request: HttpRequest, name: str = "message") -> str:
    """Return text that the user typed, without surrounding whitespace.

    Each line break becomes one character: browsers count it as one, although they send two.
    """
    return request.POST.get(name, "").replace("\r\n", "\n").strip()


def act(
    change: Callable[[], Published | Proposed],
    show: Callable[..., HttpResponseBase],
    test: str,
    actor: Actor,
) -> HttpResponseBase:
    """Make the change and redirect, or show the page again with the problems."""
    try:
        return done(test, change())
    except Refused as error:
        return show(status=422, problems=messages_of(error.problems))
    except Conflict as error:
        words = _(
            "Someone has published a change in the meantime. This is what your "
            "change would do now: check it again."
        )
        head = find_head(test, error.branch)
        if head is not None and head.author == actor.name:
            words = _(
                "You have published another change since you opened this page. This is what "
                "the change on this page would do now: check it again."
            )
        return show(status=409, problems=[words])


def number_of(text: str | None, otherwise: Any) -> Any:
    """Convert a string to an integer, or return *otherwise* if it is not an integer."""
    try:
        return int(text or "")
    except ValueError:
        return otherwise
