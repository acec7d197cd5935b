"""Keep what users typed in forms that are sent with an expired session or CSRF token.

A user can sign out, or sign in again, in one tab while a form is open in another. The form is then
shown again with everything that was typed, and nothing is saved until the user sends it again.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.views.decorators.csrf import csrf_exempt, csrf_protect, requires_csrf_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["csrf_keeping", "from_own_page", "is_unsent", "kept_fields", "was_sent"]

_UNSENT = "proctor_editor_unsent"
#: Fields that are not sent again: Django's token, and the button that was pressed.
_DROPPED = ("csrfmiddlewaretoken", "do")


def was_sent(request: HttpRequest) -> bool:
    """Return whether a view may save the form in the request."""
    return request.method == "POST" and not is_unsent(request)


def is_unsent(request: HttpRequest) -> bool:
    """Return whether the CSRF token was wrong, so the form must be shown again and not saved."""
    return bool(getattr(request, _UNSENT, False))


def kept_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the fields of the form, for a page that sends them again."""
    return [
        (name, text)
        for name, texts in request.POST.lists()
        if name not in _DROPPED
        for text in texts
    ]


def from_own_page(request: HttpRequest) -> bool:
    """Return whether the browser says that a page of this site sent the form.

    Without this check, a different site could fill in the form, and users might send it without
    looking.
    """
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def csrf_keeping(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Protect a view against CSRF without losing what the user typed.

    If only the token of a form is wrong, the view is still called, but `was_sent` is False.
    """

    @wraps(view)
    def protected(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
        passed: list[bool] = []

        def checked(request: HttpRequest) -> HttpResponseBase:
            passed.append(True)
            return view(request, *args, **options)

        def again(request: HttpRequest) -> HttpResponseBase:
            return view(request, *args, **options)

        refusal: HttpResponseBase = csrf_protect(checked)(request)
        if passed or not from_own_page(request):
            return refusal
        setattr(request, _UNSENT, True)
        response: HttpResponseBase = requires_csrf_token(again)(request)
        return response

    # Exempt the view from the CSRF middleware, which would refuse the request before this decorator
    # can handle it.
    found: Callable[..., HttpResponseBase] = csrf_exempt(protected)
    return found
