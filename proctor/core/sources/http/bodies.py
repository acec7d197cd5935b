"""Read response bodies up to a maximum size, and describe URLs and failures without secrets."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from proctor.core.messages import printable

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

#: The exceptions that requests, urllib3 or a decoder can raise during a call.
FAILURES = (requests.RequestException, HTTPError, OSError, ValueError, zlib.error)

#: Request only encodings that can be decompressed with a size limit.
ENCODINGS = "gzip"

_CHUNK = 64 * 1024

#: Modules whose exceptions contain the operating system's messages.
_SYSTEMS = ("builtins", "socket", "ssl")


class BodyError(Exception):
    """A body that was rejected. The message says why."""


class TooLarge(BodyError):  # noqa: N818 - says what the body is
    """A body that is larger than the limit."""


def read_body(
    response: requests.Response, max_bytes: int, check: Callable[[], object] | None = None
) -> bytes:
    """Return the body of a streamed *response*, at most *max_bytes* after decompression.

    If *check* is given, the body is read piece by piece, and *check* is called before each piece.
    Otherwise, the connection itself enforces the time limit. Raises BodyError if the body is
    rejected.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise BodyError(f"expected the encoding gzip, got {encoding[:80]!r}")
    unpack = _Gunzip() if encoding.endswith("gzip") else None
    raw = response.raw
    # A response that does not come from urllib3 might not have `read1`.
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
        raise BodyError("its gzip data is incomplete")
    return bytes(content)


class _Gunzip:
    """Decompresses gzip piece by piece, and never returns more than requested."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    @property
    def complete(self) -> bool:
        """True if the gzip data can end at this point."""
        return self._member.eof

    def feed(self, data: bytes, limit: int) -> bytes:
        """Return the next bytes, at most *limit*. The rest is discarded."""
        unpacked = bytearray()
        while data and len(unpacked) < limit:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            unpacked += self._member.decompress(data, limit - len(unpacked))
            data = self._member.unused_data or self._member.unconsumed_tail
        return bytes(unpacked)


def public_url(url: str) -> str:
    """Return a form of *url* that is safe to log, without its password or query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}{'?…' if parts.query else ''}"


def host(url: str) -> str | None:
    """Return the host of *url*, or None. Raises ValueError if *url* is not a URL."""
    return urlsplit(url).hostname


def root_cause(error: BaseException) -> str:
    """Return the class of the root cause, and its message if that comes from the operating system.

    Messages of other libraries are left out, because they can contain memory addresses, text from
    the server, or the URL's query, which identifies visitors.
    """
    while (cause := error.__cause__ or error.__context__) is not None:
        if isinstance(error, OSError) and error.errno is not None:
            break  # the remaining causes only describe what the caller was doing
        error = cause
    kind = type(error)
    name = f"{kind.__module__}.error" if kind.__name__ == "error" else kind.__name__
    if isinstance(error, OSError) and kind.__module__ in _SYSTEMS and error.strerror:
        return printable(f"{name}: {error.strerror}")
    return printable(name)
