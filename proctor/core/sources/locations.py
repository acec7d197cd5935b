"""Locations from which a matrix is read: files, URLs, and objects in a store.

A location is read again only if its content has changed.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from proctor.core.exceptions import ConfigurationError, SourceError
from proctor.core.sources.documents import Document, ReadMatrix
from proctor.core.sources.object_stores import (
    ObjectLocation,
    is_object_address,
    public_address,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Document",
    "FileLocation",
    "Location",
    "ReadMatrix",
    "Schemes",
    "UrlLocation",
    "is_address",
    "location_of",
    "public_location",
]

#: If a file was modified less than this many nanoseconds ago, it can change again without a new
#: timestamp: file systems record times in steps of up to two seconds.
_YOUNG_NS = 2_000_000_000


class Location(Protocol):
    """A location from which a matrix is read.

    It is stateless, so the caller keeps the token, which identifies the content that was last read.
    """

    #: The location's name in messages, without secrets.
    shown: str
    #: True if reading can be slow and must be done in the background.
    slow: bool
    #: True if processes should read at slightly different times, to reduce the load on a server.
    spread: bool

    @property
    def inline(self) -> bool:
        """True if the location is read in the thread that requests the matrix.

        Such a location is checked for changes on each request. If reading fails, the previous
        matrix is no longer used.
        """

    def changed(self, token: object) -> bool:
        """Return True if the content might have changed or cannot be checked. Must be fast."""

    def read(self, token: object) -> Document | ReadMatrix | None:
        """Return the content, or None if it still matches *token*. Raises SourceError."""


#: For each scheme, a function that returns the `Location` for a string such as `scheme:rest`. The
#: function raises ConfigurationError if the string is invalid.
Schemes: TypeAlias = "Mapping[str, Callable[[str], Location]]"


def location_of(
    location: str | os.PathLike[str],
    *,
    timeout: float,
    max_bytes: int,
    token: str | None = None,
    locations: Schemes | None = None,
) -> Location:
    """Return the `Location` for a path, an http(s) URL or a URL with a scheme in *locations*.

    Any other scheme, such as s3, is looked up in fsspec. *token* is a bearer token for http(s)
    URLs. Raises ConfigurationError for any other text, or if the package for a scheme is missing.
    """
    text = os.fspath(location)
    if not text:
        raise ConfigurationError(f"{text!r} is not a matrix location: expected a path or a URL")
    make = (locations or {}).get(text.partition(":")[0]) if ":" in text else None
    if make is not None:
        return make(text)
    if is_object_address(text):
        return ObjectLocation(text, timeout=timeout, max_bytes=max_bytes)
    if not is_address(text):
        return FileLocation(text, max_bytes=max_bytes)
    return UrlLocation(text, timeout=timeout, max_bytes=max_bytes, bearer=token)


def is_address(text: str) -> bool:
    """Return True if *text* is the URL of a file or of an object in a store, and not a path."""
    scheme, separator, _ = text.partition("://")
    return bool(separator) and "/" not in scheme


def public_location(text: str) -> str:
    """Return *text* in a form that is safe to show in messages.

    The result is a path, or a URL without its user, password and query.
    """
    return public_address(text) if is_address(text) else text


class FileLocation:
    """A file. Its modification time, size and inode show whether it has changed."""

    slow = False
    inline = False
    spread = False

    def __init__(self, path: str, *, max_bytes: int) -> None:
        self.shown = path
        self._path = Path(path)
        self._max_bytes = max_bytes

    def changed(self, token: object) -> bool:
        """Return True if the file has changed since it was read, or cannot be examined."""
        try:
            return _identity(self._path.stat()) != token
        except OSError:
            return True

    def read(self, token: object) -> Document | None:
        """Return the content.

        Raises SourceError unless the location is a readable file of at most `max_bytes`.
        """
        try:
            # Checked before opening the file, because opening a pipe would wait for a writer.
            if not stat.S_ISREG(self._path.stat().st_mode):
                raise SourceError(f"Cannot read {self.shown!r}: it is not a regular file")
            with self._path.open("rb") as file:
                before = os.fstat(file.fileno())
                content = file.read(self._max_bytes + 1)
                after = os.fstat(file.fileno())
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or error
            raise SourceError(f"Cannot read {self.shown!r}: {words}") from error
        if len(content) > self._max_bytes:
            raise SourceError(
                f"Cannot read {self.shown!r}: it is larger than {self._max_bytes} bytes; if that "
                f"is intended, raise max_bytes"
            )
        # Read the file again next time, because it could still change without a new timestamp.
        young = time.time_ns() - after.st_mtime_ns < _YOUNG_NS
        steady = not young and _identity(before) == _identity(after)
        return Document(content, _identity(after) if steady else None)


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino


class UrlLocation:
    """A URL. Its ETag and Last-Modified show whether the document has changed."""

    slow = True
    inline = False
    spread = True

    def __init__(
        self, url: str, *, timeout: float, max_bytes: int, bearer: str | None = None
    ) -> None:
        # Imported here, not in the loading thread. Otherwise, a process forked during the import
        # would keep the module's lock forever.
        from proctor.core.sources.http import download  # noqa: F401, PLC0415 - imports requests
        from proctor.core.sources.http.bodies import host, public_url  # noqa: PLC0415

        try:
            self.shown = public_url(url)
            named = host(url)
        except ValueError as error:
            raise ConfigurationError(f"The URL of the matrix is invalid: {error}") from error
        if not named:
            raise ConfigurationError(f"The URL of the matrix has no host: {self.shown!r}")
        self._url = url
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._bearer = bearer

    def changed(self, token: object) -> bool:
        """Return True: only the server can tell whether the matrix has changed."""
        return True

    def read(self, token: object) -> Document | None:
        """Return the document, or None if the server says that it still matches *token*."""
        from proctor.core.sources.http.download import Validators, fetch  # noqa: PLC0415

        known = token if isinstance(token, Validators) else None
        found = fetch(
            self._url,
            timeout=self._timeout,
            max_bytes=self._max_bytes,
            known=known,
            bearer=self._bearer,
        )
        return found and Document(found.content, found.validators)
