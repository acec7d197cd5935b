"""Limits on connections, headers and time for `serve`, so that no client can block it.

uvicorn does not limit the time that a client takes to send a request, or the size of its headers. A
client could occupy all connections with a few hundred sockets that send a byte now and then
(slowloris).
"""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

__all__ = ["ENVIRONMENT", "LimitedProtocol", "Limits"]

access = logging.getLogger("proctor.access")

#: The environment variable with a worker's limits, as JSON.
ENVIRONMENT = "PROCTOR_SERVE_LIMITS"

#: The key in uvicorn's state for data that all connections of a process share.
_SHARED = "proctor.connections"


class Limits(NamedTuple):
    """The limits for the clients of one process."""

    #: Maximum number of simultaneous connections.
    connections: int
    #: Maximum size of a request line and its headers together, in bytes.
    headers: int
    #: Time in seconds that a client has to send one request, or to start reading a response that is
    #: ready.
    request_seconds: float


class _Connections:
    """The connections of one process that are waiting for a request, oldest first."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.waiting: dict[LimitedProtocol, None] = {}
        self._told = False

    def tell_once(self) -> None:
        """Log, only once, that the limit on connections was reached."""
        if not self._told:
            self._told = True
            access.warning(
                "All %d connections are in use: closing those waiting for a request, oldest "
                "first. If these are legitimate clients, raise --limit-connections",
                self.limits.connections,
            )


class LimitedProtocol(HttpToolsProtocol):
    """A connection that is closed when it exceeds one of the `Limits`."""

    _receiving: asyncio.TimerHandle | None = None
    _sending: asyncio.TimerHandle | None = None
    _head_size = 0
    _in_head = True
    #: True if part of a request has arrived, but not the whole request.
    _begun = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        shared = self.app_state.get(_SHARED)
        if shared is None:
            limits = Limits(**json.loads(os.environ[ENVIRONMENT]))
            shared = self.app_state[_SHARED] = _Connections(limits)
        self._shared: _Connections = shared
        self._limits = shared.limits

    # -- open and close connections -------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the connection. If there are too many, close the one that has waited longest."""
        crowded = len(self.connections) >= self._limits.connections
        super().connection_made(transport)
        if crowded:
            self._shared.tell_once()
            oldest = next(iter(self._shared.waiting), self)
            oldest.close_now()
            if oldest is self:
                return
        self._shared.waiting[self] = None
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._forget()
        super().connection_lost(exc)

    def close_now(self) -> None:
        """Close the connection without waiting until the client reads a response."""
        self._forget()
        # Otherwise, uvicorn would count this connection until the event loop's next iteration.
        self.connections.discard(self)
        self.transport.abort()

    def _forget(self) -> None:
        self._shared.waiting.pop(self, None)
        _cancel(self._receiving)
        _cancel(self._sending)
        self._receiving = self._sending = None

    # -- limit the time to send a request -------------------------------------------------

    def _expect_request(self) -> None:
        if self._receiving is None:
            self._receiving = self.loop.call_later(self._limits.request_seconds, self.close_now)

    def on_message_begin(self) -> None:
        """Remember that a request has begun."""
        self._begun = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Stop the timer: the request is complete, and the connection is no longer waiting."""
        _cancel(self._receiving)
        self._receiving = None
        self._begun = False
        self._head_size, self._in_head = 0, True
        self._shared.waiting.pop(self, None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the client to finish reading or, if it has finished, to send a request."""
        super().on_response_complete()
        if self.transport.is_closing():
            self.pause_writing()
        elif self._receiving is None and not self.pipeline:
            self._shared.waiting[self] = None

    # -- limit the time to read a response ------------------------------------------------

    def pause_writing(self) -> None:
        """Start a timer, because the client has stopped reading and has limited time to resume."""
        if self._sending is None:
            self._sending = self.loop.call_later(self._limits.request_seconds, self.close_now)
        super().pause_writing()

    def resume_writing(self) -> None:
        """Stop the timer, because the client is reading."""
        _cancel(self._sending)
        self._sending = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection.

        Close it immediately if the client has not read the last response.
        """
        if self.transport.get_write_buffer_size():
            self.close_now()
        else:
            super().timeout_keep_alive_handler()

    # -- limit the size of headers --------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Receive a part of a request."""
        if self._in_head:
            self._head_size += len(data)
        super().data_received(data)
        if self._begun:
            # Most requests arrive in one piece and need no timer.
            self._expect_request()
        # The parser reports a header only when it is complete, so check the size here.
        if self._in_head and self._head_size > self._limits.headers:
            self._refuse_headers()

    def on_headers_complete(self) -> None:
        """Process the request, unless its headers are too large."""
        self._in_head = False
        # Part of the body may have arrived together with the headers.
        if self._head_size > self._limits.headers:
            lines = (len(name) + len(value) + 4 for name, value in self.headers)
            if len(self.url) + sum(lines) > self._limits.headers:
                # uvicorn handles any exception raised here with `send_400_response`.
                raise _TooLarge
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Reject a malformed request, and close the connection."""
        if self._head_size > self._limits.headers:
            self._refuse_headers()
        elif not self.transport.is_closing():
            super().send_400_response(msg)

    def _refuse_headers(self) -> None:
        if self.transport.is_closing():
            return
        body = b"The headers have more than %d bytes.\n" % self._limits.headers
        head = (
            b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
            b"content-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        )
        self.transport.write(head + body)
        self.transport.close()


class _TooLarge(Exception):  # noqa: N818 - never leaves the parser
    """The headers of a request are too large."""


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
