"""Helpers for all results pages: access and rendering."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from proctor.conf import settings
from proctor.core.java.encodable import encodable
from proctor.results.access import VIEW, may

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["NOTICE", "address", "optional_address", "page", "refusal", "render"]

#: Session key of the message for the next page.
NOTICE = "proctor_results_notice"

_EDITOR_VIEW = "proctor_editor.view"


def address(name: str, *arguments: str) -> str:
    """Return the URL of a results page."""
    return reverse(f"proctor_results:{name}", args=arguments)


def optional_address(name: str, *arguments: str) -> str:
    """Return the URL of an optional page, or "" if the site does not have this page."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


def page(
    permission: str = VIEW, methods: tuple[str, ...] = ("GET", "HEAD")
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Decorate a view so that it requires a permission and its pages are never cached."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **options: Any) -> HttpResponseBase:
            user = getattr(request, "user", None)
            if user is None or not user.is_authenticated:
                return redirect_to_login(request.get_full_path(), _sign_in_address())
            if may(user, permission, options.get("test")):
                response = view(request, *args, **options)
            else:
                response = refusal(
                    request,
                    403,
                    _("%(name)s does not have the permission %(permission)s.")
                    % {"name": user.get_username(), "permission": permission},
                )
            response.headers["Cache-Control"] = "no-store, private"
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
            return response

        limited = require_http_methods(methods)(csrf_protect(guarded))
        found: Callable[..., HttpResponseBase] = login_not_required(limited)
        return found

    return decorate


def render(
    request: HttpRequest, template: str, title: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Return a page: *template* inside the site's base template."""
    text = render_to_string(
        "proctor/results/page.html",
        {
            "base_template": settings.PROCTOR_BASE_TEMPLATE,
            "page_template": f"proctor/results/{template}",
            "page_title": title,
            "person": request.user.get_username(),
            "editor_address": optional_address("proctor_editor:tests"),
            "editor_menu": _editor_menu(request.user),
            "stop_address": optional_address("proctor_editor:stop_any"),
            "sign_out_address": optional_address("proctor_editor:sign_out"),
            "groups_address": optional_address("forcegroups"),
            "admin_address": optional_address("admin:index"),
            **context,
        },
        request,
    )
    return HttpResponse(encodable(text), status=status)


def _editor_menu(user: Any) -> list[tuple[str, str]]:
    """Return the titles and URLs of the editor pages that the user may see."""
    if not optional_address("proctor_editor:tests") or not user.has_perm(_EDITOR_VIEW):
        return []
    pages = [("review", _("Review")), ("schedules", _("Schedule"))]
    if len(settings.PROCTOR_EDITOR_BRANCHES) > 1:
        pages.append(("promote", _("Promote")))
    pages += [("applications", _("Applications")), ("matrix", _("Matrix")), ("tokens", _("Tokens"))]
    return [(title, optional_address(f"proctor_editor:{name}")) for name, title in pages]


def refusal(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """Return a page that explains why a request was rejected."""
    titles = {403: _("You cannot do that"), 404: _("Not found")}
    return render(
        request,
        "refusal.html",
        titles.get(status, _("That does not work")),
        status=status,
        message=message,
    )


def _sign_in_address() -> str:
    """Return LOGIN_URL if the site has that page, or else the URL of the editor's sign-in page."""
    try:
        found = resolve_url(settings.LOGIN_URL)
        resolve(found.partition("?")[0])
    except (NoReverseMatch, Resolver404):
        return optional_address("proctor_editor:sign_in") or str(settings.LOGIN_URL)
    return found
