"""A session of requests whose calls are over in time, whatever the server does.

A timeout of a socket starts anew with each byte, so a server that drips could hold a caller
for as long as it likes, in the headers too. Here the time of a whole call is kept by the
connection: each attempt to connect, each piece that is sent and each that is received gets
what is left of it.
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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import PoolManager

__all__ = ["Deadline", "DeadlineSession"]


#: What the parser, which is one of mail, finds in headers that are fine for HTTP.
_OF_MAIL = (StartBoundaryNotFoundDefect, MultipartInvariantViolationDefect)


class Deadline:
    """When a call has to be over, and how far it came."""

    __slots__ = ("_ends", "heard", "reused")

    def __init__(self, seconds: float) -> None:
        self.start(seconds)

    def start(self, seconds: float) -> None:
        """Begin a call that may take *seconds*."""
        self._ends = time.monotonic() + seconds
        #: Whether the request went out over a connection that had served an earlier one.
        self.reused = False
        #: Whether anything of an answer has come.
        self.heard = False

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return time.monotonic() >= self._ends

    def remaining(self) -> float:
        """The seconds that are left; TimeoutError where there are none.

        Never 0, which sockets take for something else.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class DeadlineSession(requests.Session):
    """A session for one call at a time, each within the time that `deadline` was started with.

    Only the resolver of host names may take longer. Redirects are not looked at, and no
    cookie of one call goes with the next. Proxies and certificates are those of requests.
    """

    def __init__(self) -> None:
        super().__init__()
        self.deadline = Deadline(0)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.mount(scheme, _adapter(self.deadline))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: requests would read the whole body of a redirect, whatever its size."""


def _adapter(deadline: Deadline) -> HTTPAdapter:
    """An adapter whose every connection keeps the deadline."""
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

    # One call at a time needs one connection; urllib3 would warn of a second one.
    return Adapter(pool_maxsize=1)


def _pool_classes(deadline: Deadline) -> dict[str, Any]:
    class Response(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            self.fp: Any = io.BufferedReader(_Receiver(self.fp.detach(), sock, deadline))

        def begin(self) -> None:
            super().begin()
            # urllib3 would log the whole address with it, in which visitors are named.
            if any(not isinstance(each, _OF_MAIL) for each in self.msg.defects):
                raise http.client.HTTPException("its headers are malformed")

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


class _WithinDeadline(HTTPConnection):
    """What plain and secure connections do alike."""

    call_deadline: Deadline
    _served = False

    def _new_conn(self) -> socket.socket:
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
        """What the host's name means; one that is an address means itself."""
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
    """A connection whose timeout is what is left of the time.

    A handshake of TLS takes it over for the whole of it, after certificates were read.
    """

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        family, kind, protocol = connected.family, connected.type, connected.proto
        super().__init__(family, kind, protocol, fileno=connected.detach())
        self._deadline = deadline

    def gettimeout(self) -> float:
        """Raises TimeoutError where nothing is left."""
        return self._deadline.remaining()


class _Receiver(io.RawIOBase):
    """What comes from a socket, as long as there is time."""

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
