"""A Pipet on a socket that sends given answers and can fail in many ways."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds between two bytes of a slow answer.
DRIP = 0.03


@dataclass
class Call:
    """One request as it was received."""

    path: str
    #: The values of each parameter.
    query: dict[str, list[str]]
    headers: dict[str, str]


@dataclass
class FakePipet:
    """Answers from its matrix, in which everyone is in the same group of a test."""

    port: int
    #: Test → its group in an answer.
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    version: str = "1"
    updated: int = 1000
    #: The fault to use instead of an answer, or None to answer normally.
    fault: Any = None
    calls: list[Call] = field(default_factory=list)
    #: TCP connections that were accepted, and those that are open.
    connections: int = 0
    open_connections: int = 0
    #: Set at the end, so that hanging connections are released.
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self, version: str, updated: int, **groups: tuple[str, int]) -> None:
        """Replace the matrix: test → its group, with its value."""
        self.version, self.updated = version, updated
        self.groups = {
            test: {"name": name, "value": value, "version": version}
            for test, (name, value) in groups.items()
        }

    def reply(self, call: Call) -> bytes:
        """Return the body for a call of `groups/identify`."""
        wanted = call.query.get("test", [""])[0].split(",")
        data = {
            "groups": {test: self.groups[test] for test in wanted if test in self.groups},
            "context": {},
            "audit": {
                "version": self.version,
                "updated": self.updated,
                "updatedDate": "1970-01-01T00:00+0000",
                "updatedBy": "someone",
            },
        }
        return json.dumps({"data": data, "meta": {"status": 200}}).encode()


def response(body: bytes, status: int = 200, **headers: str) -> bytes:
    """Return an HTTP response; names of headers are written with _ for -."""
    headers = {"Content_Type": "application/json;charset=UTF-8", **headers}
    headers.setdefault("Content_Length", str(len(body)))
    lines = [f"HTTP/1.1 {status} Said"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


# -- faults: each gets the connection after a request was read ------------------------------


def hang(connection: socket.socket, pipet: FakePipet) -> None:
    pipet.over.wait()


def drip(data: bytes, connection: socket.socket, pipet: FakePipet) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))
        if pipet.over.wait(DRIP):
            return


def drip_headers(connection: socket.socket, pipet: FakePipet) -> None:
    drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 1000, connection, pipet)


def drip_body(connection: socket.socket, pipet: FakePipet) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    drip(b" " * 5000, connection, pipet)


def drip_chunks(connection: socket.socket, pipet: FakePipet) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    drip(b"1\r\n \r\n" * 1000, connection, pipet)


def drip_continues(connection: socket.socket, pipet: FakePipet) -> None:
    drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, connection, pipet)


def reset(connection: socket.socket, pipet: FakePipet) -> None:
    # Without lingering, closing sends a reset.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(connection: socket.socket, pipet: FakePipet) -> None:
    pass


def cut_short(connection: socket.socket, pipet: FakePipet) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"data"')


def no_http(connection: socket.socket, pipet: FakePipet) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")


def many_headers(connection: socket.socket, pipet: FakePipet) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Many: yes\r\n" * 500 + b"\r\n")


def endless_header(connection: socket.socket, pipet: FakePipet) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1_000_000 + b"\r\n\r\n")


def huge(connection: socket.socket, pipet: FakePipet) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    while not pipet.over.is_set():
        connection.sendall(chunk)


def says(data: bytes) -> Any:
    """Return a fault that sends this data."""

    def say(connection: socket.socket, pipet: FakePipet) -> None:
        connection.sendall(data)

    return say


BOMB = gzip.compress(b" " * 200_000_000, compresslevel=9)

_AUDIT = {"version": "1", "updated": 1}


def _data(**data: Any) -> bytes:
    return response(json.dumps({"data": data, "meta": {"status": 200}}).encode())


#: All kinds of outages, by name; slow and hanging answers use up the whole time limit.
SLOW_FAULTS = {
    "hangs": hang,
    "drips its headers": drip_headers,
    "drips its body": drip_body,
    "drips chunks": drip_chunks,
    "drips 100 Continue": drip_continues,
}
QUICK_FAULTS = {
    "resets": reset,
    "hangs up": hang_up,
    "is cut short": cut_short,
    "speaks no HTTP": no_http,
    "has 500 headers": many_headers,
    "has a header that is none": says(
        response(b"{}").replace(b"\r\n\r\n", b"\r\nthis line has no colon\r\n\r\n")
    ),
    "has a header of a megabyte": endless_header,
    "is huge": huge,
    "is huge when unpacked": says(response(BOMB, Content_Encoding="gzip")),
    "has gzip that is none": says(response(b"no gzip", Content_Encoding="gzip")),
    "is compressed otherwise": says(response(b"{}", Content_Encoding="br")),
    "answers 500": says(response(b"<html>oops</html>", 500, Content_Type="text/html")),
    "answers 503": says(response(b"", 503)),
    "answers 204": says(response(b"", 204)),
    "redirects": says(response(b"", 302, Location="http://127.0.0.1:1/elsewhere")),
    "redirects to itself": says(response(b"", 302, Location="/groups/identify")),
    "answers HTML": says(response(b"<html>Welcome</html>", Content_Type="text/html")),
    "answers nothing": says(response(b"")),
    "answers broken JSON": says(response(b'{"data": {')),
    "answers a list": says(response(b"[]")),
    "answers a number of a million digits": says(response(b"9" * 1_000_000)),
    "answers brackets without end": says(response(b"[" * 1_000_000)),
    "answers in Latin-1": says(response('{"data": "\xe9"}'.encode("latin-1"))),
    "has no data": says(response(b'{"meta": {"status": 200}}')),
    "has data that are none": says(response(b'{"data": [], "meta": {"status": 200}}')),
    "has no groups": says(_data(audit=_AUDIT)),
    "has groups that are a list": says(_data(groups=[], audit=_AUDIT)),
    "has a group that is a text": says(_data(groups={"buttoncolortst": "blue"}, audit=_AUDIT)),
    "has a group without a name": says(
        _data(groups={"buttoncolortst": {"value": 1}}, audit=_AUDIT)
    ),
    "has a value that is a text": says(
        _data(groups={"buttoncolortst": {"name": "blue", "value": "1"}}, audit=_AUDIT)
    ),
    "has a payload of an unknown type": says(
        _data(
            groups={"buttoncolortst": {"name": "blue", "value": 1, "payload": {"fileValue": 1}}},
            audit=_AUDIT,
        )
    ),
    "has a payload that is not of its type": says(
        _data(
            groups={"buttoncolortst": {"name": "blue", "value": 1, "payload": {"longValue": {}}}},
            audit=_AUDIT,
        )
    ),
    "has a payload of two types": says(
        _data(
            groups={
                "buttoncolortst": {
                    "name": "blue",
                    "value": 1,
                    "payload": {"longValue": 1, "map": {}},
                }
            }
        )
    ),
}
FAULTS = {**SLOW_FAULTS, **QUICK_FAULTS}


# -- the server ------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(port: int = 0) -> Iterator[FakePipet]:
    """Yield a Pipet on a free port of the loopback interface, or on the given port."""
    listener = socket.create_server(("127.0.0.1", port), backlog=256)
    pipet = FakePipet(listener.getsockname()[1])
    open_now: set[socket.socket] = set()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            pipet.connections += 1
            open_now.add(connection)
            pipet.open_connections = len(open_now)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def serve(connection: socket.socket) -> None:
        # A client may disconnect before the answer is complete.
        with contextlib.suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (call := _read(connection)) is not None:
                pipet.calls.append(call)
                if pipet.fault is not None:
                    pipet.fault(connection, pipet)
                    break
                connection.sendall(response(pipet.reply(call)))
        open_now.discard(connection)
        pipet.open_connections = len(open_now)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield pipet
    finally:
        pipet.over.set()
        # Closing the socket would not wake the thread that accepts connections.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in list(open_now):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join()


def _read(connection: socket.socket) -> Call | None:
    """Return the next request; None at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    first, *lines = data.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    target = urlsplit(first.split()[1])
    headers = dict(line.split(": ", 1) for line in lines)
    query = parse_qs(target.query, keep_blank_values=True)
    return Call(target.path, query, {name.lower(): value for name, value in headers.items()})


@contextlib.contextmanager
def full_queue() -> Iterator[int]:
    """Yield a port whose queue of connections is full, so that the system accepts no more."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        knocking = []
        for _ in range(4):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex(address)
            knocking.append(each)
        try:
            yield address[1]
        finally:
            for each in knocking:
                each.close()


def free_port() -> int:
    """Return a port that nothing listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait, up to a limit, for something that another thread or process does."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come to pass"
        time.sleep(0.01)


def caches_forget_version() -> None:
    """Expire the version of the matrix in the caches, so that it must be requested again."""
    from django.core.cache import cache

    from proctor.resolving.site_setup import current_setup

    kept = current_setup().cache
    assert kept is not None
    version, updated, _ = cache.get(kept._version_key)
    cache.set(kept._version_key, (version, updated, 0.0), None)
    cache.delete(kept._refresh_key)
