"""Where a request's force groups come from, and the cookie that keeps them.

[ProctorConsumerUtils] The caller has made sure that the visitor may force groups.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import unquote

from proctor.conf import settings
from proctor.core.forcing import ForceGroups
from proctor.once import printable

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["COOKIE", "HEADER", "PARAMETER", "forced_groups", "is_forcing", "keep", "store"]

logger = logging.getLogger(__name__)

PARAMETER = COOKIE = "prforceGroups"
HEADER = "X-PRFORCEGROUPS"
_HEADER_KEY = "HTTP_X_PRFORCEGROUPS"
_STORED = "_proctor_force_stored"


#: A browser refuses a cookie of more than 4,096 characters, name and attributes included.
MAX_COOKIE = 3800


def _note(request: HttpRequest, force: ForceGroups) -> None:
    request.__dict__[_STORED] = True
    logger.info("%s forces %s", _who(request), printable(str(force) or "nothing any more"))


def _who(request: HttpRequest) -> str:
    """The signed-in user, as far as somebody has asked already: that may take a query."""
    known = request.__dict__
    user = known.get("_cached_user") or known.get("_acached_user")
    if user is None or not user.is_authenticated:
        return "Somebody who may"
    return f"The user {printable(user.pk)}"


def is_forcing(request: HttpRequest) -> bool:
    """Whether there is anything to force, so that it matters who asks."""
    meta = request.META
    return (
        _may_have_parameter(request)
        or _HEADER_KEY in meta
        or COOKIE in meta.get("HTTP_COOKIE", "")
        # A request that was made by hand; others parse their cookies when they are asked for.
        or COOKIE in request.__dict__.get("COOKIES", ())
    )


def _may_have_parameter(request: HttpRequest) -> bool:
    """Whether it is worth to read GET, which raises for a hostile query."""
    query = request.META.get("QUERY_STRING", "")
    return PARAMETER in query or ("%" in query and PARAMETER in unquote(query))


def asked_now(request: HttpRequest) -> str | None:
    """What this request itself asks for, by parameter or header; "" clears."""
    if _may_have_parameter(request):
        asked = request.GET.get(PARAMETER)
        if asked is not None:
            return asked
    header: str | None = request.META.get(_HEADER_KEY)
    return header


def forced_groups(request: HttpRequest) -> ForceGroups:
    """The first that is present of parameter, header and cookies."""
    asked = asked_now(request)
    if asked is not None:
        return ForceGroups.parse(asked)
    return ForceGroups.parse_cookie(*_cookies(request))


def _cookies(request: HttpRequest) -> list[str]:
    """The values of all cookies of the name, in the order of the request.

    Django keeps the last one only; the Java joins them, and a browser sends several where
    paths or domains differ.
    """
    raw = request.META.get("HTTP_COOKIE", "")
    pairs = (chunk.partition("=") for chunk in raw.split(";"))
    found = [value.strip() for name, _, value in pairs if name.strip() == COOKIE]
    return found or [request.COOKIES[COOKIE]] if COOKIE in request.COOKIES else found


def keep(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Write what this request asks for into the cookie; forget it where it asks for nothing.

    True if the response has a cookie now, which no cache may store for others.
    """
    if _STORED in request.__dict__:
        return True  # a page has changed it, whatever its address asks for
    asked = asked_now(request)
    return asked is not None and store(request, response, ForceGroups.parse(asked))


def store(request: HttpRequest, response: HttpResponseBase, force: ForceGroups) -> bool:
    """Write *force* into the cookie, and into the log; forget it where it forces nothing.

    False if it is too much for a cookie. That lasts for the browser's session, is on for
    the whole site, and has the form that Java services read.
    """
    if force.is_empty:
        _note(request, force)
        response.delete_cookie(COOKIE, path="/", samesite="Lax")
        return True
    value = force.cookie_value()
    if len(value) > MAX_COOKIE:
        logger.warning("So many groups are forced that no cookie can keep them: %d", len(value))
        return False
    _note(request, force)
    response.set_cookie(
        COOKIE,
        value,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE or request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return True
