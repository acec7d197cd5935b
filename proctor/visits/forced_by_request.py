"""Read the force groups from a request's parameter, header and cookies; store them in the cookie.

Java's counterpart is `ProctorConsumerUtils`. Callers must check first that the visitor may force
groups.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from proctor.conf import settings
from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.messages import printable
from proctor.visits.signed_in import loaded_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = [
    "COOKIE",
    "HEADER",
    "PARAMETER",
    "asked_now",
    "forced_groups",
    "is_asking",
    "keep",
    "store",
    "who",
]

logger = logging.getLogger("proctor.force")

PARAMETER = COOKIE = "prforceGroups"
HEADER = "X-PRFORCEGROUPS"
_HEADER_KEY = "HTTP_X_PRFORCEGROUPS"
_STORED = "_proctor_force_stored"


#: Maximum length of the value. Browsers reject a cookie if its name, value and attributes have more
#: than 4,096 characters.
MAX_COOKIE = 3800


def _note(request: HttpRequest, force: ForceGroups) -> None:
    request.__dict__[_STORED] = True
    logger.info("%s forced %s", who(request), printable(str(force) or "nothing (cleared)"))


def who(request: HttpRequest) -> str:
    """Return the name under which log records mention the user.

    The user is not loaded, because that could need a query.
    """
    user = loaded_user(request)
    if user is None:
        return "Authorized user"
    return f"User {printable(getattr(user, 'pk', user))}"


def is_asking(meta: Mapping[str, Any]) -> bool:
    """Return True if the force-groups header is present, or the parameter may be in the query."""
    return _HEADER_KEY in meta or _may_have_parameter(meta)


def _may_have_parameter(meta: Mapping[str, Any]) -> bool:
    """Return True if GET may contain the parameter.

    If not, callers do not read GET, because reading it raises an exception if the query is
    malformed.
    """
    query = meta.get("QUERY_STRING", "")
    return PARAMETER in query or ("%" in query and PARAMETER in unquote(query))


def asked_now(request: HttpRequest) -> str | None:
    """Return the force groups from the parameter or header, or None; "" means to clear them."""
    if _may_have_parameter(request.META):
        asked = request.GET.get(PARAMETER)
        if asked is not None:
            return asked
    header: str | None = request.META.get(_HEADER_KEY)
    return header


def forced_groups(request: HttpRequest) -> ForceGroups:
    """Return the force groups from the parameter, else from the header, else from the cookies."""
    asked = asked_now(request)
    if asked is not None:
        return ForceGroups.parse(asked)
    return ForceGroups.parse_cookie(*_cookies(request))


def _cookies(request: HttpRequest) -> list[str]:
    """Return the values of all force cookies, in the order in which they appear in the request.

    A browser sends several such cookies if their paths or domains differ. Django keeps only the
    last cookie, but Java Proctor joins them.
    """
    raw = request.META.get("HTTP_COOKIE", "")
    pairs = (chunk.partition("=") for chunk in raw.split(";"))
    found = [value.strip() for name, _, value in pairs if name.strip() == COOKIE]
    return found or [request.COOKIES[COOKIE]] if COOKIE in request.COOKIES else found


def keep(request: HttpRequest, response: HttpResponseBase, asked: str | None) -> bool:
    """Store *asked*, the force groups from this request, in the cookie; "" deletes the cookie.

    If *asked* is None, nothing is stored, but the groups page may have set the cookie earlier.
    Return True if the response sets the cookie: no cache may then store the response for other
    visitors.
    """
    if _STORED in request.__dict__:
        return True  # the groups page has changed the cookie, and that overrides the URL
    return asked is not None and store(request, response, ForceGroups.parse(asked))


def store(request: HttpRequest, response: HttpResponseBase, force: ForceGroups) -> bool:
    """Write *force* to the cookie and the log; delete the cookie if *force* is empty.

    Return False if *force* is too long for a cookie. The cookie lasts for the browser's session, is
    valid on the whole site, and has the format that Java services read.
    """
    if force.is_empty:
        _note(request, force)
        response.delete_cookie(COOKIE, path="/", samesite="Lax")
        return True
    value = force.cookie_value()
    if len(value) > MAX_COOKIE:
        logger.warning("The forced groups are too long for a cookie: %d characters", len(value))
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
