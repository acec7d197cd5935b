"""Detect requests that the visitor's browser sends because of a page on a different site.

If privilege depends on the visitor's IP address, requests caused by a different site are privileged
too. Such requests must not set the force cookie.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

__all__ = ["is_cross_site", "is_shared"]


def is_cross_site(request: HttpRequest) -> bool:
    """Return True if the headers show that a page on a different site caused the request.

    Over https, browsers send Sec-Fetch-Site; without this header, Origin or Referer is checked.
    """
    meta = request.META
    site = meta.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return bool(site == "cross-site")
    caller = meta.get("HTTP_ORIGIN") or meta.get("HTTP_REFERER")
    if not caller:
        return False
    try:
        return bool(urlsplit(caller).netloc.lower() != request.get_host().lower())
    except (ValueError, DisallowedHost):
        return True


def is_shared(is_privileged: Callable[[HttpRequest], object], request: HttpRequest) -> bool:
    """Return True if the request would be privileged even without its user, session and cookies.

    If so, privilege comes from the IP address or from headers that a proxy adds, and any page open
    in the visitor's browser can send privileged requests.
    """
    try:
        return bool(is_privileged(_without_person(request)))
    except Exception:  # noqa: BLE001 - the site's code, which may need the user
        return False


class _Nobody:
    """A user who is not signed in. Django's AnonymousUser needs models; this class does not."""

    is_authenticated = is_active = is_staff = is_superuser = False
    is_anonymous = True
    pk = id = None
    username = email = ""

    def has_perm(self, *_: Any, **__: Any) -> bool:
        """Return False: this user has no permissions."""
        return False

    has_perms = has_module_perms = has_perm


def _without_person(request: HttpRequest) -> HttpRequest:
    """Return a copy of *request* without its cookies, session and user.

    The IP address and all other headers are kept, because privilege can come from them.
    """

    async def auser() -> _Nobody:
        return _Nobody()

    stripped = copy.copy(request)
    meta = {key: value for key, value in request.META.items() if key != "HTTP_COOKIE"}
    stripped.META = meta
    for cached in ("headers", "COOKIES"):
        stripped.__dict__.pop(cached, None)
    stripped.__dict__.update(COOKIES={}, session={}, user=_Nobody(), auser=auser)
    return stripped
