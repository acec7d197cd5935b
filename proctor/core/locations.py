"""Where a matrix is kept: a file or a URL, read again only when it has changed."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import NamedTuple, Protocol

from proctor.core.exceptions import ConfigurationError, SourceError

#: A file this young may change once more without its time showing it: clocks of file
#: systems tick slowly, up to two seconds.
_YOUNG_NS = 2_000_000_000


class Document(NamedTuple):
    """What was read, and the token by which its place knows it again (None: it cannot)."""

    content: bytes
    token: object


class Location(Protocol):
    """A place that can be read. It remembers nothing; the caller keeps the token."""

    #: The name for messages, without secrets.
    shown: str
    #: Whether reading may take long, and has to happen behind the callers' backs.
    slow: bool

    def changed(self, token: object) -> bool:
        """Whether reading is worth while; quick, and True where only reading can tell."""

    def read(self, token: object) -> Document | None:
        """The document, or None where it is still that of *token*. Raises SourceError."""


def location_of(location: str | os.PathLike[str], *, timeout: float, max_bytes: int) -> Location:
    """The `Location` of a path or of an http(s) URL; ConfigurationError for anything else."""
    text = os.fspath(location)
    if not text:
        raise ConfigurationError(f"{text!r} is no place of a matrix; give a path or an http(s) URL")
    scheme, separator, _ = text.partition("://")
    if not separator or "/" in scheme:
        return FileLocation(text)
    if scheme.lower() not in ("http", "https"):
        raise ConfigurationError(
            f"A matrix cannot be read from {scheme[:80]!r} URLs; give a path or an http(s) URL"
        )
    return UrlLocation(text, timeout=timeout, max_bytes=max_bytes)


class FileLocation:
    """A file. Its time, size and inode say whether it has changed."""

    slow = False

    def __init__(self, path: str) -> None:
        self.shown = path
        self._path = Path(path)

    def changed(self, token: object) -> bool:
        """Whether the file looks other than when it was read; True if it cannot be seen."""
        try:
            return _identity(self._path.stat()) != token
        except OSError:
            return True

    def read(self, token: object) -> Document | None:
        """The content; SourceError if there is no regular file that can be read."""
        try:
            # Asked before it is opened: opening a pipe would wait for a writer.
            if not stat.S_ISREG(self._path.stat().st_mode):
                raise SourceError(f"Cannot read {self.shown!r}: it is no regular file")
            with self._path.open("rb") as file:
                before = os.fstat(file.fileno())
                content = file.read()
                after = os.fstat(file.fileno())
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or error
            raise SourceError(f"Cannot read {self.shown!r}: {words}") from error
        # A file that is being written, or may be in this tick, is read again next time.
        young = time.time_ns() - after.st_mtime_ns < _YOUNG_NS
        steady = not young and _identity(before) == _identity(after)
        return Document(content, _identity(after) if steady else None)


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino


class UrlLocation:
    """A URL. Its ETag and Last-Modified say whether the document has changed."""

    slow = True

    def __init__(self, url: str, *, timeout: float, max_bytes: int) -> None:
        # Imported here and not in the thread that loads: a process forked during an
        # import would keep the module's lock for ever.
        from proctor.core.http import download  # noqa: F401, PLC0415 - imports requests
        from proctor.core.http.bodies import host, public_url  # noqa: PLC0415

        try:
            self.shown = public_url(url)
            named = host(url)
        except ValueError as error:
            raise ConfigurationError(f"The URL of the matrix is none: {error}") from error
        if not named:
            raise ConfigurationError(f"The URL of the matrix has no host: {self.shown!r}")
        self._url = url
        self._timeout = timeout
        self._max_bytes = max_bytes

    def changed(self, token: object) -> bool:
        """True: only the server knows."""
        return True

    def read(self, token: object) -> Document | None:
        """The document, or None if the server says that it is still that of *token*."""
        from proctor.core.http.download import Validators, fetch  # noqa: PLC0415 - imports requests

        known = token if isinstance(token, Validators) else None
        found = fetch(self._url, timeout=self._timeout, max_bytes=self._max_bytes, known=known)
        return found and Document(found.content, found.validators)
