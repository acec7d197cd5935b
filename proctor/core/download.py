"""Fetching a document over HTTP, bounded in size and in its whole time.

Import this module in the function that needs it: it imports requests.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from proctor.core.exceptions import SourceError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from urllib3 import PoolManager

#: Enough for a host to name its successor and for http to become https.
MAX_REDIRECTS = 3

_CHUNK = 64 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)


class Validators(NamedTuple):
    """What the server said to tell a document's versions apart."""

    etag: str | None = None
    last_modified: str | None = None


class Download(NamedTuple):
    """A document as it came."""

    content: bytes
    validators: Validators


def public_url(url: str) -> str:
    """*url* as logs may show it: without a password, and without its query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}{'?…' if parts.query else ''}"


def host(url: str) -> str | None:
    """The host that *url* names, if any; ValueError where it is no URL at all."""
    return urlsplit(url).hostname


def fetch(
    url: str, *, timeout: float, max_bytes: int, known: Validators | None = None
) -> Download | None:
    """What *url* has, or None if the server says that it is still that of *known*.

    *timeout* is the seconds for the whole of it, from the first connection to the last
    byte; only the resolver of host names may take longer. *max_bytes* bounds the document
    after decompression. Up to `MAX_REDIRECTS` redirects are followed, to http and https,
    and never from https to http. Raises SourceError, which says what went wrong in the
    same words each time.
    """
    with _Deadline(timeout) as deadline, _session(deadline) as session:
        try:
            return _follow(session, url, deadline, max_bytes, known)
        except (requests.RequestException, HTTPError, OSError, ValueError, zlib.error) as error:
            if deadline.passed or isinstance(error, requests.Timeout):
                raise _too_slow(url, timeout) from error
            raise SourceError(f"Cannot fetch {public_url(url)}: {_root(error)}") from error


def _too_slow(url: str, timeout: float) -> SourceError:
    return SourceError(
        f"Cannot fetch {public_url(url)}: it took longer than {timeout:g} seconds in all"
    )


def _root(error: BaseException) -> str:
    """The first cause, in words that do not change from one time to the next.

    Those of requests and urllib3 hold the addresses of objects, and the URL's query.
    """
    while (cause := error.__cause__ or error.__context__) is not None:
        if isinstance(error, OSError) and error.errno is not None:
            break  # what is behind is what the caller was doing
        error = cause
    words = (isinstance(error, OSError) and error.strerror) or str(error)
    return f"{type(error).__name__}: {words[:200]}"


class _Deadline:
    """Shuts connections down when the time is over.

    A timeout of a socket starts anew with each byte, so a server that drips could hold
    us for ever, in the headers too.
    """

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True
        #: Whether the time was over before the work was done.
        self.passed = False

    @property
    def remaining(self) -> float:
        """Seconds that are left; never 0, which sockets take for something else."""
        return max(self._ends - time.monotonic(), 0.001)

    def watch(self, connection: socket.socket) -> socket.socket:
        """Have *connection* shut down in time; gives it back."""
        # A duplicate stays valid when TLS takes the descriptor over.
        duplicate = connection.dup()
        with self._lock:
            self._sockets.append(duplicate)
            passed = self.passed
        if passed:
            self._pass()
        return connection

    def _pass(self) -> None:
        with self._lock:
            self.passed = True
            for duplicate in self._sockets:
                # The other side may have been faster.
                with contextlib.suppress(OSError):
                    duplicate.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            while self._sockets:
                self._sockets.pop().close()


def _session(deadline: _Deadline) -> requests.Session:
    """A session whose every connection the deadline watches."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return deadline.watch(super()._new_conn())

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return deadline.watch(super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    def watched(manager: PoolManager) -> PoolManager:
        manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
        return manager

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options)
            watched(self.poolmanager)

        def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
            return watched(super().proxy_manager_for(*args, **options))

    class Session(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> None:
            """None: requests would read the whole body of a redirect, whatever its size."""

    session = Session()
    session.mount("http://", Adapter())
    session.mount("https://", Adapter())
    return session


def _follow(
    session: requests.Session,
    url: str,
    deadline: _Deadline,
    max_bytes: int,
    known: Validators | None,
) -> Download | None:
    first = url
    for _ in range(MAX_REDIRECTS + 1):
        with session.get(
            url,
            headers=_headers(known),
            stream=True,
            allow_redirects=False,
            timeout=deadline.remaining,
        ) as response:
            if response.status_code not in _REDIRECTS:
                return _document(response, first, deadline, max_bytes, known)
            url = _target(first, url, response.headers.get("Location", ""))
    raise SourceError(
        f"Cannot fetch {public_url(first)}: it redirects more than {MAX_REDIRECTS} times; "
        "give the address where it ends"
    )


def _headers(known: Validators | None) -> dict[str, str]:
    # Only what can be unpacked here within bounds is asked for.
    headers = {"Accept": "application/json, */*;q=0.5", "Accept-Encoding": "gzip"}
    if known is not None and known.etag:
        headers["If-None-Match"] = known.etag
    if known is not None and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def _target(first: str, url: str, location: str) -> str:
    target = urljoin(url, location)
    allowed = ("https",) if urlsplit(url).scheme == "https" else ("http", "https")
    if not location or urlsplit(target).scheme not in allowed:
        raise SourceError(
            f"Cannot fetch {public_url(first)}: it redirects to {public_url(target)!r}; "
            f"only {' and '.join(allowed)} is followed from there"
        )
    return target


def _document(
    response: requests.Response,
    url: str,
    deadline: _Deadline,
    max_bytes: int,
    known: Validators | None,
) -> Download | None:
    if response.status_code == 304 and known is not None:
        return None
    if response.status_code != 200:
        raise SourceError(
            f"Cannot fetch {public_url(url)}: the server answered "
            f"{response.status_code} {(response.reason or '')[:80]}".rstrip()
        )
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise SourceError(
            f"Cannot fetch {public_url(url)}: it came as {encoding[:80]!r}, and gzip was asked for"
        )
    unpack = _Gunzip() if encoding.endswith("gzip") else None
    content = bytearray()
    while data := response.raw.read(_CHUNK, decode_content=False):
        content += unpack.feed(data, max_bytes + 1 - len(content)) if unpack else data
        if len(content) > max_bytes:
            raise SourceError(
                f"Cannot fetch {public_url(url)}: it is larger than {max_bytes} bytes; "
                "if that is right, raise max_bytes"
            )
    if deadline.passed:
        # Where no length was announced, a connection cut looks like the end.
        raise TimeoutError
    if unpack is not None and not unpack.complete:
        raise SourceError(f"Cannot fetch {public_url(url)}: its gzip data end too early")
    headers = response.headers
    return Download(bytes(content), Validators(headers.get("ETag"), headers.get("Last-Modified")))


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
