"""Render the bar as HTML, either where a template places it or at the end of a page."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.template import Context, Engine
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString, mark_safe

from proctor.bar.content import content_of
from proctor.core.java.encodable import encodable
from proctor.core.messages import error_place
from proctor.pages.places import NEXT, here, with_query
from proctor.resolving.site_setup import current_setup
from proctor.visits import bar_cookie
from proctor.visits.visit import Visit

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.visits.forcing import Forcing

__all__ = ["bar_of", "insert_bar"]

logger = logging.getLogger("proctor.bar")

_ELEMENT = b"<proctor-bar"
_END = b"</body>"
_NOTHING = SafeString()


def bar_of(request: HttpRequest | None) -> SafeString:
    """Return the bar for a page, or "" if the visitor may not see the bar.

    The call is fast for visitors without the bar's cookie, and never raises an exception.
    """
    visit = None if request is None else Visit.of(request)
    if visit is None or visit.forcing is None:
        return _NOTHING
    return _bar(visit, visit.forcing)


def _bar(visit: Visit, forcing: Forcing) -> SafeString:
    try:
        address = reverse("forcegroups")
    except NoReverseMatch:
        return _NOTHING  # proctor.urls is not included; `manage.py check` reports this
    try:
        return _rendered(visit, forcing, address) if forcing.show_bar() else _NOTHING
    except Exception as error:  # noqa: BLE001 - a hook, a storage of static files, ...
        current_setup().log.log(
            logger, logging.ERROR, "The bar could not be shown: %s", error_place(error)
        )
        return _NOTHING


def _rendered(visit: Visit, forcing: Forcing, address: str) -> SafeString:
    request = visit.request
    place = here(request)
    context = {
        "bar": content_of(visit, forcing),
        "address": address,
        "place": place,
        "page": with_query(address, **{NEXT: place}),
        "token": _token(request),
        "nonce": _nonce(request),
        "is_open": request.COOKIES.get(bar_cookie.OPEN) == "1",
    }
    html = _engine().get_template("proctor/bar.html").render(Context(context))
    # A matrix may contain lone surrogates, which cannot be encoded in a page.
    return mark_safe(encodable(html))  # noqa: S308 - made by a template


@cache
def _engine() -> Engine:
    # Do not use the site's own template engine: it may be Jinja2, or escape text differently.
    return Engine(
        dirs=[str(Path(__file__).parent.parent / "templates")],
        libraries={
            "i18n": "django.templatetags.i18n",
            "static": "django.templatetags.static",
        },
    )


def _token(request: HttpRequest) -> str:
    """Return the CSRF token, even if the site has no CSRF middleware."""
    if "CSRF_COOKIE" not in request.META:
        CsrfViewMiddleware(lambda _request: HttpResponse()).process_request(request)
    return get_token(request)


def _nonce(request: HttpRequest) -> str:
    """Return the page's CSP nonce, which Django 6.0 (or later) or django-csp provides."""
    nonce = getattr(request, "csp_nonce", None)
    try:
        from django.middleware.csp import get_nonce  # noqa: PLC0415 - since Django 6.0
    except ImportError:
        pass
    else:
        nonce = get_nonce(request) if nonce is None else nonce
    # Both kinds of nonce are lazy objects, which are falsy until their first use.
    return "" if nonce is None else str(nonce)


def insert_bar(request: HttpRequest, response: HttpResponseBase) -> None:
    """Add the bar at the end of a page that has no bar yet, if PROCTOR_BAR is True.

    Only complete HTML pages get the bar. Downloads, compressed and streamed responses do not.
    """
    if not isinstance(response, HttpResponse) or not _is_page(response):
        return
    content = response.content
    end = content.lower().rfind(_END)
    if end < 0 or _ELEMENT in content:
        return
    bar = bar_of(request)
    if bar:
        encoded = bar.encode(response.charset, "xmlcharrefreplace")
        response.content = b"".join((content[:end], encoded, content[end:]))
        if "Content-Length" in response:
            response["Content-Length"] = str(len(response.content))
        del response["ETag"]  # the ETag belongs to the page without the bar


def _is_page(response: HttpResponse) -> bool:
    return (
        response.get("Content-Type", "").startswith("text/html")
        and "Content-Encoding" not in response
        and not response.get("Content-Disposition", "").startswith("attachment")
    )
