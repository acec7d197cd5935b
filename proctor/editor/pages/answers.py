"""Helpers for all pages of the editor: access, rendering and errors."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from proctor.conf import settings
from proctor.core.authoring.refusals import Refusal
from proctor.core.java.encodable import encodable
from proctor.core.messages import shown
from proctor.core.sentences import Sentence, gettext_noop
from proctor.editor.access.permissions import VIEW, Actor, backends_know_tests, person
from proctor.editor.branches import branch_names, first_branch
from proctor.editor.errors import (
    EditorError,
    NotFound,
    PermissionMissing,
    refused,
)
from proctor.editor.http_status import status_of
from proctor.editor.models import Proposal
from proctor.editor.pages.translating import messages_of, words_of
from proctor.editor.pages.unsent import csrf_keeping, from_own_page, is_unsent, kept_fields
from proctor.editor.proposals.finding import visible_keys
from proctor.editor.publishing.texts import is_storable
from proctor.editor.written import MAX_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["address", "can_see", "optional_address", "page", "render", "require_view", "visible"]


class Named(Protocol):
    """An object whose `name` attribute is the name of a test."""

    @property
    def name(self) -> str:
        """The name of the test."""


Test = TypeVar("Test", bound=Named)

#: The namespace of all URL names.
NAMESPACE = "proctor_editor"


def address(name: str, *arguments: str) -> str:
    """Return the URL of a page of the editor."""
    return reverse(f"{NAMESPACE}:{name}", args=arguments)


def page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view to require login, disable caching and show errors as pages.

    The view gets the `Actor` as its second argument, after the request.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return _signed_out(request)
        try:
            _require_storable(request)
            response = view(request, person(user), *args, **options)
        except EditorError as error:
            response = _refusal(request, person(user), error, status_of(error, 422))
        except Refusal as refusal:
            response = _refusal(request, person(user), refusal, 422)
        response.headers["Cache-Control"] = "no-store, private"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    limited = require_http_methods(["GET", "HEAD", "POST"])(csrf_keeping(guarded))
    # ATOMIC_REQUESTS must not apply, because each publication is a separate transaction.
    found: Callable[..., HttpResponseBase] = login_not_required(
        transaction.non_atomic_requests(limited)
    )
    return found


def _signed_out(request: HttpRequest) -> HttpResponseBase:
    """Redirect to the sign-in page. If a form was sent, show a page that can send it again."""
    where = redirect_to_login(request.get_full_path(), sign_in_address())
    if request.method != "POST" or not from_own_page(request):
        return where
    response = render(
        request,
        None,
        "signed_out.html",
        _("You are signed out"),
        status=403,
        sign_in_address=where.url,
        form_address=request.get_full_path(),
        fields=kept_fields(request),
    )
    response.headers["Cache-Control"] = "no-store, private"
    return response


def _require_storable(request: HttpRequest) -> None:
    """Raise Refused for text that cannot be stored."""
    for name, text in (*request.GET.items(), *request.POST.items()):
        if not is_storable(str(text)):
            words = gettext_noop("the field {name} contains a NUL character or a lone surrogate")
            raise refused("", "not-storable", Sentence(words, name=shown(name)))


def sign_in_address() -> str:
    """Return the sign-in URL: LOGIN_URL if the site has that page, otherwise the editor's."""
    try:
        found = resolve_url(settings.LOGIN_URL)
        resolve(found.partition("?")[0])
    except (NoReverseMatch, Resolver404):
        return address("sign_in")
    return found


def can_see(actor: Actor, test: str) -> bool:
    """Return whether the user may see the test."""
    return actor.may(VIEW, test=test)


def visible(actor: Actor, tests: Iterable[Test]) -> list[Test]:
    """Return the tests that the user may see."""
    if not backends_know_tests():
        return list(tests) if actor.may(VIEW) else []
    return [each for each in tests if can_see(actor, each.name)]


def require_view(actor: Actor, test: str) -> None:
    """Raise NotFound for a test that the user may not see, as if it did not exist."""
    if not can_see(actor, test):
        if not actor.may(VIEW):
            actor.require(VIEW, branch=first_branch())
        raise NotFound(_("There is no test “%(test)s”.") % {"test": test})


def render(
    request: HttpRequest,
    actor: Actor | None,
    template: str,
    title: str,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Return a page: *template* inside the site's base template."""
    text = render_to_string(
        "proctor/editor/page.html",
        {
            "base_template": settings.PROCTOR_BASE_TEMPLATE,
            "page_template": f"proctor/editor/{template}",
            "page_title": title,
            "actor": actor,
            "waiting": 0 if actor is None else len(visible_keys(actor, state=Proposal.State.OPEN)),
            "admin_address": optional_address("admin:index"),
            "results_address": optional_address("proctor_results:tests"),
            "groups_address": optional_address("forcegroups"),
            "has_later_branches": len(branch_names()) > 1,
            "is_unsent": is_unsent(request),
            "max_text": str(MAX_TEXT),  # a str, because Django would localize an int
            **context,
        },
        request,
    )
    if status == 200 and is_unsent(request):
        status = 403
    # A definition can contain a lone surrogate, which cannot be encoded in a page.
    return HttpResponse(encodable(text), status=status)


def optional_address(name: str, *arguments: str) -> str:
    """Return the URL of an optional page, or "" if the site does not have the page."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


def _refusal(request: HttpRequest, actor: Actor, error: Exception, status: int) -> HttpResponse:
    titles = {
        403: _("You cannot do that"),
        404: _("Not found"),
        409: _("Something changed"),
        422: _("That does not work"),
    }
    words = words_of(error)
    return render(
        request,
        actor,
        "refusal.html",
        titles[status],
        status=status,
        message=words if isinstance(error, PermissionMissing) else _sentence(words),
        problems=messages_of(getattr(error, "problems", ())),
    )


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
