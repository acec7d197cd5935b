"""Errors in a request itself, as opposed to errors in the change that it requests."""

from __future__ import annotations

from proctor.editor.errors import EditorError

__all__ = [
    "BadRequest",
    "BaseMissing",
    "MediaType",
    "MethodRefused",
    "PreconditionFailed",
    "RequestFailure",
    "TooLarge",
]


class RequestFailure(EditorError):  # noqa: N818 - says what happened to the request
    """Base class of errors in a request. Each subclass defines the response's status code."""

    status = 400


class BadRequest(RequestFailure):
    """The body is not JSON, or a parameter or field is unknown, missing or of the wrong type."""

    code = "bad-request"


class MethodRefused(RequestFailure):
    """The URL does not support this method."""

    code, status = "method", 405

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"expected {allowed}, got {method}")
        self.allowed = allowed


class PreconditionFailed(RequestFailure):
    """The current revision of the test does not satisfy If-Match or If-None-Match."""

    code, status = "precondition", 412


class TooLarge(RequestFailure):
    """The body is too large."""

    code, status = "too-large", 413


class MediaType(RequestFailure):
    """The body is not application/json in UTF-8."""

    code, status = "media-type", 415


class BaseMissing(RequestFailure):
    """A write does not say which revision it is based on."""

    code, status = "base-required", 428

    def __init__(self) -> None:
        super().__init__(
            'The key "base" is missing: send the id of the revision that you changed, or null if '
            "the branch has no such test"
        )
