"""Bodies of replies within bounds, addresses without secrets, and failures in words."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ENCODINGS",
    "FAILURES",
    "BodyError",
    "TooLarge",
    "host",
    "public_url",
    "read_body",
    "root_cause",
]

#: What a call may raise besides what the caller raises himself.
FAILURES = (requests.RequestException, HTTPError, OSError, ValueError, zlib.error)

#: Only what can be unpacked within bounds is asked for.
ENCODINGS = "gzip"

_CHUNK = 64 * 1024


class BodyError(Exception):
    """A body that will not be read; the text says why."""


class TooLarge(BodyError):  # noqa: N818 - says what the body is
    """A body of more bytes than the caller wants."""


def read_body(
    response: requests.Response, max_bytes: int, check: Callable[[], object] | None = None
) -> bytes:
    """The body of a streamed *response*, after decompression at most *max_bytes*.

    With *check* each piece is taken as it comes, and that is called before each; else the
    connection itself keeps the time. Raises BodyError.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise BodyError(f"it came as {encoding[:80]!r}, and gzip was asked for")
    unpack = _Gunzip() if encoding.endswith("gzip") else None
    raw = response.raw
    # What is not urllib3's need not have it.
    read = getattr(raw, "read1", raw.read) if check else raw.read
    content = bytearray()
    while True:
        if check:
            check()
        data = read(_CHUNK, decode_content=False)
        if not data:
            break
        content += unpack.feed(data, max_bytes + 1 - len(content)) if unpack else data
        if len(content) > max_bytes:
            raise TooLarge(f"it is larger than {max_bytes} bytes")
    if unpack is not None and not unpack.complete:
        raise BodyError("its gzip data end too early")
    return bytes(content)


class _Gunzip:
    """Unpacks gzip piece by piece, and never more than is asked for."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    @property
    def complete(self) -> bool:
        """Whether the data ended where gzip data may end."""
        return self._member.eof

    def feed(self, data: bytes, limit: int) -> bytes:
        """The next bytes, at most *limit*; what is beyond is lost."""
        unpacked = bytearray()
        while data and len(unpacked) < limit:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            unpacked += self._member.decompress(data, limit - len(unpacked))
            data = self._member.unused_data or self._member.unconsumed_tail
        return bytes(unpacked)


def public_url(url: str) -> str:
    """*url* as logs may show it: without a password, and without its query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}{'?…' if parts.query else ''}"


def host(url: str) -> str | None:
    """The host that *url* names, if any; ValueError where it is no URL at all."""
    return urlsplit(url).hostname


def root_cause(error: BaseException) -> str:
    """The first cause, in words that do not change from one time to the next.

    Those of requests and urllib3 hold the addresses of objects, and the URL's query.
    """
    while (cause := error.__cause__ or error.__context__) is not None:
        if isinstance(error, OSError) and error.errno is not None:
            break  # what is behind is what the caller was doing
        error = cause
    words = (isinstance(error, OSError) and error.strerror) or str(error)
    return f"{type(error).__name__}: {words[:200]}"
