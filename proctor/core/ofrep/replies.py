"""The replies of the protocol: JSON with an entity tag, or an error."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from proctor.core.api_reply import ApiReply
from proctor.core.java.encodable import encodable

if TYPE_CHECKING:
    from proctor.core.api_reply import Headers
    from proctor.core.flags.errors import FlagError

__all__ = [
    "conditional",
    "failure",
    "manifest_refusal",
    "method_not_allowed",
    "outage",
    "refused",
    "success",
    "text_of",
]

_JSON = ("Content-Type", "application/json")
#: Caches must not store replies, because each reply is for a single visitor.
_NO_STORE = ("Cache-Control", "no-store")

#: Messages for clients, in place of messages that reveal too much about the matrix.
_PRIVATE = (
    "the reason is not sent to clients; see the server's log, or run `python -m proctor validate` "
    "on the matrix"
)
_OUTAGE = "the server cannot determine groups at the moment; see the server's log"


def success(document: dict[str, Any]) -> ApiReply:
    """Return a reply with *document*, which must not contain numbers that JSON cannot express."""
    return _reply(200, document)


def failure(error: FlagError, key: str | None) -> ApiReply:
    """Return the reply to a failed request for the flag *key* (None: all flags)."""
    if error.outage:
        return outage(error, key)
    status = 404 if error.code.value == "FLAG_NOT_FOUND" else 400
    return _reply(status, error_document(error, key))


def outage(error: FlagError, key: str | None) -> ApiReply:
    """Return the reply during an outage, in which the source cannot determine any groups."""
    return _reply(500, error_document(error, key))


def error_document(error: FlagError, key: str | None) -> dict[str, Any]:
    """Return the error document for the flag *key*, or for a whole request if *key* is None."""
    document: dict[str, Any] = {} if key is None else {"key": encodable(key)}
    code = error.code.value
    # The protocol has no error codes for problems that only the server's operator can fix.
    document["errorCode"] = "GENERAL" if error.outage else code
    document["errorDetails"] = text_of(error)
    return document


def text_of(error: FlagError) -> str:
    """Return the part of an error's text that clients are allowed to see."""
    if error.outage:
        return _OUTAGE
    return _PRIVATE if error.private else encodable(str(error))


def refused(status: int, words: str, *headers: tuple[str, str]) -> ApiReply:
    """Return the reply to a request that was rejected before evaluation.

    A request is rejected, for example, if the client has no access or the request is too large.
    """
    return _reply(status, {"errorCode": "GENERAL", "errorDetails": words}, *headers)


def manifest_refusal(reply: ApiReply) -> ApiReply:
    """Return the error *reply* in the format that `openfeature pull` expects."""
    words = json.loads(reply.body)["errorDetails"]
    body = {"error": {"message": words, "status": reply.status}}
    return reply._replace(body=_json(body))


def method_not_allowed(*allowed: str) -> ApiReply:
    """Return the reply to a method that is not allowed for this path."""
    names = ", ".join(allowed)
    return refused(405, f"expected {allowed[0]}", ("Allow", names))


def conditional(reply: ApiReply, header: Headers) -> ApiReply:
    """Add an entity tag to a successful reply, or return 304 if the client's copy is current."""
    if reply.status != 200:
        return reply
    tag = f'"{hashlib.sha256(reply.body).hexdigest()[:32]}"'
    if _has(header("If-None-Match"), tag):
        return ApiReply(304, (("ETag", tag), _NO_STORE), b"")
    return reply._replace(headers=(*reply.headers, ("ETag", tag)))


def _has(header: str | None, tag: str) -> bool:
    # Compressing proxies make tags weak (W/"…"), and some append text to them.
    known = (
        [] if header is None else [each.strip().removeprefix("W/") for each in header.split(",")]
    )
    return tag in known or "*" in known


def _reply(status: int, document: dict[str, Any], *headers: tuple[str, str]) -> ApiReply:
    return ApiReply(status, (_JSON, _NO_STORE, *headers), _json(document))


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii")
