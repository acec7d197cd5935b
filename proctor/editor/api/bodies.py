"""Read the fields of a request, with size limits and type checks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from proctor.core.messages import nearest, shown
from proctor.editor.api.failures import BadRequest, BaseMissing, MediaType, TooLarge
from proctor.editor.publishing.texts import is_storable
from proctor.editor.written import MAX_TEXT, strict_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from django.http import HttpRequest

__all__ = ["MAX_BYTES", "Fields", "query_fields", "read_fields", "refuse_media_type"]

#: Maximum size of a request body, in bytes.
MAX_BYTES = 1024 * 1024
#: If a body is too large, up to this many further bytes are read and discarded, because most
#: clients do not read the response until they have sent the whole body.
_MAX_SKIPPED = 32 * MAX_BYTES

#: Maximum length of a value that is quoted in an error message, in characters.
_SHOWN = 80
_MISSING = object()


class Fields:
    """The fields of one request. Each method raises BadRequest for a value of the wrong type."""

    def __init__(self, values: Mapping[str, Any], known: Iterable[str]) -> None:
        """Raise BadRequest unless all fields are *known*.

        Without this check, a misspelled field would be ignored.
        """
        self._values = values
        self.only([*known])

    def text(self, name: str, default: str | None = None) -> str:
        """Return a string. The field is required unless there is a *default*."""
        value = self._values.get(name, _MISSING if default is None else default)
        if value is _MISSING:
            raise BadRequest(f'The field "{name}" is missing')
        if not isinstance(value, str):
            raise BadRequest(f'"{name}": expected a string, got {_shown(value)}')
        if not is_storable(value):
            raise BadRequest(f'"{name}": {shown(value)} contains a NUL or a lone surrogate')
        if len(value) > MAX_TEXT:
            raise BadRequest(
                f'"{name}": expected at most {MAX_TEXT} characters, got {len(value)}; shorten it'
            )
        return value

    def text_or_none(self, name: str) -> str | None:
        """Return a string, or None if the field is missing or null."""
        return None if self._values.get(name) is None else self.text(name)

    def has(self, name: str) -> bool:
        """Return whether the request has this field."""
        return name in self._values

    def base(self) -> str | None:
        """Return the revision that the write is based on, or None if the field is null.

        Raises BaseMissing if the field is missing.
        """
        if "base" not in self._values:
            raise BaseMissing
        return None if self._values["base"] is None else self.text("base")

    def integer(self, name: str) -> int | None:
        """Return an integer, or None if the field is missing or null."""
        value = self._values.get(name)
        if value is not None and type(value) is not int:
            raise BadRequest(f'"{name}": expected an integer or null, got {_shown(value)}')
        return value

    def boolean(self, name: str) -> bool:
        """Return a boolean, or False if the field is missing."""
        value = self._values.get(name, False)
        if type(value) is not bool:
            raise BadRequest(f'"{name}": expected true or false, got {_shown(value)}')
        return value

    def only(self, known: Collection[str]) -> None:
        """Raise BadRequest for a field that is not *known*."""
        for name in self._values:
            if name not in known:
                raise BadRequest(f"Unknown field {shown(name)}: {nearest(name, known)}")

    def json(self, name: str) -> str:
        """Return the value of a required field as ASCII JSON."""
        if name not in self._values:
            raise BadRequest(f'The field "{name}" is missing')
        return _json(self._values[name], f'"{name}"')

    def whole(self) -> str:
        """Return all fields as ASCII JSON."""
        return _json(dict(self._values), "The body")


def _shown(value: Any) -> str:
    """Return a value as JSON, to show in a message."""
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _json(value: Any, place: str) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        raise BadRequest(f"{place} has a number that is too large for a double") from None


def query_fields(request: HttpRequest, known: Iterable[str]) -> Fields:
    """Return the parameters of the query string. Raises BadRequest if one occurs twice."""
    for name, values in request.GET.lists():
        if len(values) > 1:
            raise BadRequest(f"{shown(name)} occurs {len(values)} times; send it once")
    return Fields(request.GET.dict(), known)


def refuse_media_type(request: HttpRequest) -> None:
    """Raise MediaType unless the body is plain JSON in UTF-8."""
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if request.content_type != "application/json" or charset not in ("utf-8", "utf8"):
        given = request.headers.get("Content-Type", "")
        raise MediaType(f"expected application/json in UTF-8, got {shown(given)}")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise MediaType("expected a body without Content-Encoding; send it uncompressed")


def read_fields(request: HttpRequest, known: Iterable[str], limit: int = MAX_BYTES) -> Fields:
    """Return the fields of the JSON object in the body.

    Raises TooLarge if the body has more than *limit* bytes, and discards the rest. Raises
    BadRequest unless the body is an object with known fields only.
    """
    try:
        # Do not use request.body: the site's own size limit would apply to it and raise a different
        # exception.
        content = request.read(limit + 1)
        if len(content) > limit:
            _skip_rest(request)
    except OSError:  # UnreadablePostError
        raise BadRequest("The connection was closed before the whole body was sent") from None
    if len(content) > limit:
        raise TooLarge(f"expected at most {limit} bytes of JSON; the body has more")
    try:
        value = strict_json(content.decode("utf-8"))
    except ValueError as error:
        raise BadRequest(f"The body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadRequest(f"expected a JSON object, got {_shown(value)}")
    return Fields(value, known)


def _skip_rest(request: HttpRequest) -> None:
    skipped = 0
    while skipped < _MAX_SKIPPED and (part := request.read(64 * 1024)):
        skipped += len(part)
