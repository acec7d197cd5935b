"""A requests session that limits the time of a whole call, whatever the server does.

A socket's timeout starts again with each byte. A server that sends a byte now and then, even in the
headers, could therefore delay a caller indefinitely. With this session, the connection knows the
deadline of the whole call: each attempt to connect, each send and each receive gets only the time
that is left.
"""

from __future__ import annotations

import http.client
import io
import socket
import sys
import time
from email.errors import MultipartInvariantViolationDefect, StartBoundaryNotFoundDefect
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import allowed_gai_family, create_connection

from proctor.core.library_internals import OpensSockets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import PoolManager

__all__ = ["Deadline", "DeadlineSession"]


#: Defects that the parser reports even for valid HTTP headers, because it was written for mail.
_OF_MAIL = (StartBoundaryNotFoundDefect, MultipartInvariantViolationDefect)


class Deadline:
    """The deadline and the progress of a call."""

    __slots__ = ("_ends", "heard", "reused")

    def __init__(self, seconds: float) -> None:
        self.start(seconds)

    def start(self, seconds: float) -> None:
        """Start the clock for a call that is allowed to take *seconds*."""
        self._ends = time.monotonic() + seconds
        #: True if the request was sent over a connection that had been used before.
        self.reused = False
        #: True if some part of a response has arrived.
        self.heard = False

    @property
    def is_over(self) -> bool:
        """True if no time is left."""
        return time.monotonic() >= self._ends

    def remaining(self) -> float:
        """Return the remaining seconds. Raises TimeoutError if there are none.

        The result is never 0, which has a special meaning for sockets.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


#: The shortest timeout above 0 that a socket accepts, in seconds.
_HARDLY_ANY = 1e-6


class MalformedHeaders(http.client.HTTPException):
    """A server sent malformed headers."""


class DeadlineSession(requests.Session):
    """A session that makes one call at a time and ends it when its `deadline` has passed.

    Only resolving a host name can take longer. Redirects are not followed, and cookies are not kept
    between calls. Proxies and certificates are handled as in requests.
    """

    def __init__(self) -> None:
        super().__init__()
        self.deadline = Deadline(0)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.mount(scheme, _adapter(self.deadline))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: otherwise, the requests package would read a redirect's body of any size."""


def _adapter(deadline: Deadline) -> HTTPAdapter:
    """Return an adapter whose connections all obey the deadline."""
    pools = _pool_classes(deadline)

    def bound(manager: PoolManager) -> PoolManager:
        manager.pool_classes_by_scheme = pools
        return manager

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options)
            bound(self.poolmanager)

        def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
            return bound(super().proxy_manager_for(*args, **options))

    # A session makes one call at a time, so one connection is enough, and urllib3 logs a warning if
    # a second one is opened.
    return Adapter(pool_maxsize=1)


def _pool_classes(deadline: Deadline) -> dict[str, Any]:
    class Response(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            self.fp: Any = io.BufferedReader(_Receiver(self.fp.detach(), sock, deadline))

        def begin(self) -> None:
            super().begin()
            # Otherwise, urllib3 would log the whole URL, whose query can identify visitors.
            if any(not isinstance(each, _OF_MAIL) for each in self.msg.defects):
                raise MalformedHeaders

    class Plain(_WithinDeadline, HTTPConnection):
        call_deadline = deadline
        response_class = Response

    class Secure(_WithinDeadline, HTTPSConnection):
        call_deadline = deadline
        response_class = Response

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _WithinDeadline(OpensSockets, HTTPConnection):
    """The base class of plain and TLS connections that obey a deadline."""

    call_deadline: Deadline
    _served = False

    def open_socket(self) -> socket.socket:
        last: OSError | None = None
        try:
            for address in self._addresses():
                try:
                    return self._connect_to(address)
                except OSError as error:
                    last = error
                    if self.call_deadline.is_over:
                        break
        except socket.gaierror as error:
            raise NewConnectionError(self, f"Failed to resolve {self.host}: {error}") from error
        if isinstance(last, TimeoutError):
            raise ConnectTimeoutError(self, f"Connection to {self.host} timed out") from last
        raise NewConnectionError(self, f"Failed to establish a new connection: {last}") from last

    def _addresses(self) -> Iterator[str]:
        """Yield the IP addresses of the host, or the host itself if it is an IP address."""
        found = socket.getaddrinfo(
            self.host.strip("[]"), self.port, allowed_gai_family(), socket.SOCK_STREAM
        )
        for _, _, _, _, address in found:
            yield str(address[0])

    def _connect_to(self, address: str) -> socket.socket:
        connected = create_connection(
            (address, self.port),
            self.call_deadline.remaining(),
            source_address=self.source_address,
            socket_options=self.socket_options,
        )
        sys.audit("http.client.connect", self, self.host, self.port)
        return _Connected(connected, self.call_deadline)

    def putrequest(self, *args: Any, **options: Any) -> None:
        self.call_deadline.reused = self._served
        self._served = True
        super().putrequest(*args, **options)

    def send(self, data: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self.call_deadline.remaining())
        super().send(data)

    def close(self) -> None:
        self._served = False
        super().close()


class _Connected(socket.socket):
    """A TLS connection whose timeout is the time that is left for the call.

    The handshake can use all the time that is left after the certificates have been loaded.
    """

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        family, kind, protocol = connected.family, connected.type, connected.proto
        super().__init__(family, kind, protocol, fileno=connected.detach())
        self._deadline = deadline

    def gettimeout(self) -> float:
        """Return the remaining seconds, or a tiny positive number if the deadline has passed.

        An SSLSocket calls this while it shares its file descriptor with this socket. If this method
        raised an exception, both objects would close the descriptor. The second one could then
        close a different connection, if that has reused the descriptor in the meantime.
        """
        try:
            return self._deadline.remaining()
        except TimeoutError:
            return _HARDLY_ANY


class _Receiver(io.RawIOBase):
    """Receives data from a socket until the deadline."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, deadline: Deadline) -> None:
        self._raw = raw
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: Any) -> int | None:
        self._connection.settimeout(self._deadline.remaining())
        received = self._raw.readinto(buffer)
        if received:
            self._deadline.heard = True
        return received

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
            super().close()
