"""The id cookie of `ProctorMiddleware`, and the allowed values of the settings for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from proctor.conf import settings
from proctor.core.messages import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["ID_COOKIE", "IgnoredCookie", "check_id_cookie", "ignored_cookie", "set_id_cookie"]


class _Expected(NamedTuple):
    fits: Callable[[Any], bool]
    words: str


def _matches(pattern: str) -> Callable[[Any], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


_is_name = _matches(r"[\w!#$%&'*+.^`|~-]{1,200}")
# Browsers ignore a cookie with an invalid domain or path. Each page would then set a new id.
_is_domain = _matches(r"\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_is_path = _matches(r"/[!-:<-~]*")

#: The longest age, in seconds, whose expiry date every platform can format; it is 68 years.
_MAX_AGE = 2**31 - 1

#: The allowed values of each setting.
ID_COOKIE: Mapping[str, _Expected] = {
    "PROCTOR_ID_COOKIE": _Expected(
        _is_name, "the name of a cookie (letters, digits, - and _; at most 200 characters)"
    ),
    "PROCTOR_ID_COOKIE_AGE": _Expected(
        lambda value: type(value) is int and 0 < value <= _MAX_AGE,
        f"a whole number of seconds from 1 to {_MAX_AGE}",
    ),
    "PROCTOR_ID_COOKIE_DOMAIN": _Expected(
        lambda value: value is None or _is_domain(value),
        "a domain without https:// and without a port, for example '.example.com', or None",
    ),
    "PROCTOR_ID_COOKIE_PATH": _Expected(
        _is_path, "a path that begins with / and contains neither spaces nor ;"
    ),
    "PROCTOR_ID_COOKIE_SAMESITE": _Expected(
        lambda value: value is False or value in ("Lax", "Strict", "None"),
        "'Lax', 'Strict', 'None' (a string) or False",
    ),
    "PROCTOR_ID_COOKIE_SECURE": _Expected(
        lambda value: value is None or isinstance(value, bool),
        "True, False, or None (True only on https)",
    ),
}


class IgnoredCookie(NamedTuple):
    """The reason why browsers ignore a cookie, and how to correct the settings."""

    reason: str
    hint: str


def ignored_cookie() -> IgnoredCookie | None:
    """Return why browsers ignore the cookie; None if they do not.

    Each setting is assumed to have an allowed value.

    The source is RFC 6265bis, sections 4.1.3 (prefixes) and 5.7 (SameSite=None). If the cookie is
    ignored, every page sets a new id, and visitors change groups with each page.
    """
    name, samesite = settings.PROCTOR_ID_COOKIE, settings.PROCTOR_ID_COOKIE_SAMESITE
    prefix = name.lower().partition("-")[0]
    if settings.PROCTOR_ID_COOKIE_SECURE is False:
        hint = "Set PROCTOR_ID_COOKIE_SECURE to True, or to None"
        if samesite == "None":
            return IgnoredCookie(
                "PROCTOR_ID_COOKIE_SAMESITE is 'None', but PROCTOR_ID_COOKIE_SECURE is False", hint
            )
        if prefix in ("__secure", "__host"):
            return IgnoredCookie(
                f"PROCTOR_ID_COOKIE is {shown(name)}, but PROCTOR_ID_COOKIE_SECURE is False", hint
            )
    if prefix == "__host":
        for setting, needed in (
            ("PROCTOR_ID_COOKIE_DOMAIN", None),
            ("PROCTOR_ID_COOKIE_PATH", "/"),
        ):
            value = getattr(settings, setting)
            if value != needed:
                return IgnoredCookie(
                    f"PROCTOR_ID_COOKIE is {shown(name)}, but {setting} is {shown(value)}",
                    f"Set {setting} to {needed!r}, or choose a name without __Host-",
                )
    return None


def check_id_cookie() -> None:
    """Raise ImproperlyConfigured if a browser would refuse or ignore the cookie."""
    for name, expected in ID_COOKIE.items():
        value = getattr(settings, name)
        if not expected.fits(value):
            raise ImproperlyConfigured(f"{name}: expected {expected.words}, got {shown(value)}")
    problem = ignored_cookie()
    if problem is not None:
        raise ImproperlyConfigured(
            f"{problem.reason}, so browsers ignore the id cookie. {problem.hint}."
        )


def set_id_cookie(request: HttpRequest, response: HttpResponseBase, new_id: str) -> None:
    """Set the cookie that stores *new_id*."""
    secure = settings.PROCTOR_ID_COOKIE_SECURE
    response.set_cookie(
        settings.PROCTOR_ID_COOKIE,
        new_id,
        max_age=settings.PROCTOR_ID_COOKIE_AGE,
        domain=settings.PROCTOR_ID_COOKIE_DOMAIN,
        path=settings.PROCTOR_ID_COOKIE_PATH,
        secure=request.is_secure() if secure is None else secure,
        httponly=True,
        samesite=settings.PROCTOR_ID_COOKIE_SAMESITE,
    )
