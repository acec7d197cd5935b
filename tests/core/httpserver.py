"""A real HTTP server on the loopback interface that sends given replies or misbehaves."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message


@dataclass(frozen=True)
class Reply:
    """One reply of the server."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    #: Accept the request and never answer.
    hang: bool = False
    #: Send one byte at a time, starting with the "headers" or the "body".
    drip: str = ""
    #: True to announce the length of the body.
    with_length: bool = True


class Server:
    """The server's address, and the requests that it received."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/matrix.json"
        #: The headers of each request.
        self.requests: list[Message] = []


@contextlib.contextmanager
def serving(*replies: Reply | Callable[[int, Message], Reply]) -> Iterator[Server]:
    """Serve the replies in order, and repeat the last one.

    A function computes its reply from the number of the request, from 1, and its headers.
    """
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            described.requests.append(self.headers)
            reply = replies[min(len(described.requests), len(replies)) - 1]
            if callable(reply):
                reply = reply(len(described.requests), self.headers)
            # The client may disconnect before the reply is complete.
            with contextlib.suppress(OSError):
                self.answer(reply)

        def answer(self, reply):
            self.close_connection = True
            if reply.hang:
                over.wait()
                return
            lines = [f"HTTP/1.0 {reply.status} Said"]
            lines += [f"{name}: {value}" for name, value in reply.headers.items()]
            if reply.with_length and reply.status != 304:
                lines.append(f"Content-Length: {len(reply.body)}")
            head = "\r\n".join([*lines, "", ""]).encode()
            if reply.drip == "headers":
                self.drip(head)
            self.wfile.write(head)
            if reply.drip == "body":
                self.drip(reply.body)
            self.wfile.write(reply.body)

        def drip(self, data):
            for byte in data:
                self.wfile.write(bytes([byte]))
                if over.wait(0.02):
                    return

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    described = Server(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield described
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()
