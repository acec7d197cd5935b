"""The bar's cookie. Visitors who have the cookie see the bar, and may use a different identity.

The groups page sets the cookie for visitors who may force groups. The cookie is signed, but grants
no permission: each request checks whether the visitor may force groups. The cookie expires at the
end of the browser's session, or after `MAX_AGE`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core import signing

from proctor.conf import settings
from proctor.core.java.frozen import FrozenDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.sources.source import GroupsRequest

__all__ = [
    "COOKIE",
    "OPEN",
    "BarCookie",
    "Identity",
    "hide",
    "is_hidden",
    "read",
    "unfold",
    "write",
]

COOKIE = "proctor_bar"
#: A second cookie, which is "1" if the bar is unfolded. The bar's script sets this cookie too.
OPEN = "proctor_bar_open"

#: The value of `COOKIE` after the visitor has hidden the bar.
_HIDDEN = "hidden"
_SALT = "proctor.bar"

#: Lifetime in seconds. It is short, because exposures are suppressed as long as a visitor uses a
#: different identity, and visitors may forget to switch back.
MAX_AGE = 24 * 60 * 60

#: Maximum length of the value. Browsers reject a cookie if its name, value and attributes have more
#: than 4,096 characters.
MAX_COOKIE = 3800


@dataclass(frozen=True, slots=True)
class Identity:
    """The differences from the visitor's own identity, by source key.

    A value of None removes the key.
    """

    identifiers: Mapping[str, str | None] = field(default_factory=FrozenDict)
    context: Mapping[str, str | None] = field(default_factory=FrozenDict)

    def __bool__(self) -> bool:
        return bool(self.identifiers or self.context)

    def __str__(self) -> str:
        """Return the differences in one line: `USER=pa5xq0, country=DE, ACCOUNT=(none)`."""
        pairs = [*self.identifiers.items(), *self.context.items()]
        return ", ".join(f"{key}={'(none)' if value is None else value}" for key, value in pairs)

    def applied(self, own: GroupsRequest) -> GroupsRequest:
        """Return *own*, the visitor's own request to the source, changed to this identity."""
        return replace(
            own,
            identifiers=_changed(own.identifiers, self.identifiers),
            context=_changed(own.context, self.context),
        )


class BarCookie(NamedTuple):
    """The content of the cookie."""

    #: None if the visitor uses their own identity.
    identity: Identity | None = None


def _changed(own: Mapping[str, object], differences: Mapping[str, str | None]) -> dict[str, object]:
    found = {**own, **differences}
    return {
        key: value
        for key, value in found.items()
        if key not in differences or differences[key] is not None
    }


def read(request: HttpRequest) -> BarCookie | None:
    """Return the content of the cookie, or None if it is missing or its signature is invalid."""
    value = request.COOKIES.get(COOKIE)
    if value is None or value == _HIDDEN:
        return None
    try:
        found = signing.loads(value, salt=_SALT, max_age=MAX_AGE)
    except signing.BadSignature:
        return None
    identity = _identity(found)
    return BarCookie(identity or None)


def _identity(found: Any) -> Identity | None:
    if not isinstance(found, dict):
        return None
    return Identity(FrozenDict(found.get("id", {})), FrozenDict(found.get("ctx", {})))


def is_hidden(request: HttpRequest) -> bool:
    """Return True if the visitor has hidden the bar."""
    return request.COOKIES.get(COOKIE) == _HIDDEN


def write(request: HttpRequest, response: HttpResponseBase, cookie: BarCookie) -> bool:
    """Set the cookie and return True; if the content is too long for a cookie, return False."""
    identity = cookie.identity or Identity()
    content = {"id": dict(identity.identifiers), "ctx": dict(identity.context)}
    value = signing.dumps(
        {key: values for key, values in content.items() if values}, salt=_SALT, compress=True
    )
    if len(value) > MAX_COOKIE:
        return False
    _set(request, response, COOKIE, value, httponly=True)
    return True


def hide(request: HttpRequest, response: HttpResponseBase) -> None:
    """Hide the bar, and switch back to the visitor's own identity."""
    _set(request, response, COOKIE, _HIDDEN, httponly=True)
    response.delete_cookie(OPEN, path="/", samesite="Lax")


def unfold(request: HttpRequest, response: HttpResponseBase) -> None:
    """Make the next page show the bar unfolded, as on the page where the visitor clicked."""
    _set(request, response, OPEN, "1", httponly=False)


def _set(
    request: HttpRequest, response: HttpResponseBase, name: str, value: str, *, httponly: bool
) -> None:
    response.set_cookie(
        name,
        value,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE or request.is_secure(),
        httponly=httponly,
        samesite="Lax",
    )
