"""Views of the API: they identify the user and turn errors into responses.

Every request is checked in the same order: method, user, media type and CSRF. The handler comes
last; it checks the permission before it reads the body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from proctor.editor.access.permissions import VIEW, Actor
from proctor.editor.access.who import actor_of, has_token
from proctor.editor.api.bodies import refuse_media_type
from proctor.editor.api.documents import error_answer, etag
from proctor.editor.api.failures import MethodRefused, PreconditionFailed, RequestFailure
from proctor.editor.api.hints import hinted
from proctor.editor.errors import BadToken, EditorError, NoSuchTest, NotFound
from proctor.editor.publishing.texts import is_storable

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.editor.models import Revision

__all__ = ["Call", "endpoint", "no_such_address"]

_SAFE = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Call:
    """A request from an identified user."""

    request: HttpRequest
    actor: Actor
    #: The test or the application in the URL, or "" if the URL contains neither.
    test: str
    #: The environment in an application's URL.
    environment: str = ""
    #: The id of the proposal in the URL, or 0 if there is none.
    proposal: int = 0

    def see(self, branch: str) -> None:
        """Raise NoSuchTest if the user may see other tests on the branch but not this one."""
        actor = self.actor
        if actor.may(VIEW, branch=branch) and not actor.may(VIEW, test=self.test, branch=branch):
            raise NoSuchTest(self.test, branch)

    def require_match(self, head: Revision | None) -> None:
        """Raise PreconditionFailed if the If-Match or If-None-Match header forbids the write."""
        found = get_conditional_response(self.request, etag=etag(head))
        if found is not None and found.status_code == 412:
            raise PreconditionFailed(
                "The current revision of the test does not satisfy the If-Match or "
                "If-None-Match header"
            )


class _CsrfFailed(RequestFailure):
    code, status = "csrf", 403


def endpoint(**handlers: Callable[[Call], HttpResponse]) -> Callable[..., HttpResponseBase]:
    """Return a view that calls the handler for the request's method.

    Each of the *handlers* is named after its method in lower case; `get` also handles HEAD.
    """
    allowed = ", ".join(sorted(name.upper() for name in handlers))

    def handled(request: HttpRequest, test: str, environment: str, proposal: int) -> HttpResponse:
        method = "GET" if request.method == "HEAD" else str(request.method)
        handler = handlers.get(method.lower())
        if handler is None:
            raise MethodRefused(method, allowed)
        actor = actor_of(request)
        if actor.user is None or not actor.user.is_authenticated:
            raise BadToken("Send a token (Authorization: Bearer …), or sign in")
        if not is_storable(test + environment):
            raise NotFound(f"there is no {'application' if environment else 'test'} {test!r}")
        if method in ("POST", "PUT"):
            refuse_media_type(request)
        if method not in _SAFE and not has_token(request):
            _check_csrf(request)
        try:
            return handler(Call(request, actor, test, environment, proposal))
        except NotFound as error:
            raise hinted(actor, error) from error

    @csrf_exempt
    @login_not_required
    @transaction.non_atomic_requests
    def view(
        request: HttpRequest, test: str = "", environment: str = "", proposal: int = 0
    ) -> HttpResponseBase:
        try:
            return handled(request, test, environment, proposal)
        except EditorError as error:
            return error_answer(error)

    return view


@csrf_exempt
@login_not_required
def no_such_address(_request: HttpRequest) -> HttpResponse:
    """Return a JSON 404 response for any other URL below `api/`."""
    return error_answer(NotFound("The API has no such URL; docs/api.md lists its URLs"))


def _check_csrf(request: HttpRequest) -> None:
    """Raise _CsrfFailed if Django's CSRF protection rejects a request that uses a session."""

    @csrf_protect
    def passed(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=204)

    if passed(request).status_code != 204:
        raise _CsrfFailed(
            "The CSRF token is missing or wrong: send the X-CSRFToken header, or use a bearer token"
        )
