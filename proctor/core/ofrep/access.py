"""Access control: bearer tokens, and the origins of web pages that can call the API (CORS)."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from proctor.core.api_reply import ApiReply
from proctor.core.ofrep.replies import refused

if TYPE_CHECKING:
    from collections.abc import Collection

    from proctor.core.api_reply import Headers

__all__ = ["ANY_ORIGIN", "Access", "Origins"]

#: The entry in the list of origins that allows pages from every site.
ANY_ORIGIN = "*"

_ALLOWED_HEADERS = "Authorization, Content-Type, If-None-Match, X-API-Key"
_METHODS = "GET, POST"
#: How long a browser can cache the reply to a preflight request, in seconds.
_MAX_AGE = "600"


class Access:
    """Allows all clients if *public*, otherwise only those with one of *tokens*. Immutable."""

    def __init__(self, tokens: Collection[str] = (), *, public: bool = False) -> None:
        self._tokens = [each.encode("utf-8", "surrogatepass") for each in tokens]
        self._public = public

    def refusal(self, header: Headers) -> ApiReply | None:
        """Return the reply to a client without access; None for a client with access."""
        if self._public:
            return None
        if not self._tokens:
            return refused(
                403, "this API is closed: set PROCTOR_OFREP_TOKEN, or PROCTOR_OFREP_PUBLIC = True"
            )
        given = _token(header)
        if given is None:
            return refused(
                401,
                "expected a header of the form Authorization: Bearer TOKEN",
                ("WWW-Authenticate", "Bearer"),
            )
        # Compare with every token, so that the response time does not reveal anything about the
        # tokens.
        if not sum(hmac.compare_digest(each, given) for each in self._tokens):
            return refused(
                401, "unknown token", ("WWW-Authenticate", 'Bearer error="invalid_token"')
            )
        return None


def _token(header: Headers) -> bytes | None:
    scheme, _, token = (header("Authorization") or "").strip().partition(" ")
    found = token.strip() if scheme.lower() == "bearer" else (header("X-API-Key") or "").strip()
    # Servers decode headers as Latin-1, so encode the token again to get the bytes that were sent.
    return found.encode("latin-1", "replace") if found else None


class Origins:
    """The origins of web pages that can call the API from a browser. Immutable."""

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self._allowed = frozenset(allowed)

    def preflight(self, header: Headers) -> ApiReply:
        """Return the reply to a preflight request."""
        if not self._allows(header("Origin")):
            return ApiReply(204, self._vary(), b"")
        allowed = (
            ("Access-Control-Allow-Methods", _METHODS),
            ("Access-Control-Allow-Headers", _ALLOWED_HEADERS),
            ("Access-Control-Max-Age", _MAX_AGE),
        )
        return self.marked(ApiReply(204, allowed, b""), header)

    def marked(self, reply: ApiReply, header: Headers) -> ApiReply:
        """Return *reply* with headers that let pages from permitted origins read it."""
        origin = header("Origin")
        if not self._allows(origin) or origin is None:
            return reply._replace(headers=(*reply.headers, *self._vary()))
        shown = ANY_ORIGIN if ANY_ORIGIN in self._allowed else origin
        headers = (
            ("Access-Control-Allow-Origin", shown),
            ("Access-Control-Expose-Headers", "ETag, Retry-After"),
        )
        return reply._replace(headers=(*reply.headers, *headers, *self._vary()))

    def _allows(self, origin: str | None) -> bool:
        # Check the origin against the list, because `marked` copies it from the request to the
        # reply.
        return origin is not None and (ANY_ORIGIN in self._allowed or origin in self._allowed)

    def _vary(self) -> tuple[tuple[str, str], ...]:
        is_for_some = bool(self._allowed) and ANY_ORIGIN not in self._allowed
        return (("Vary", "Origin"),) if is_for_some else ()
