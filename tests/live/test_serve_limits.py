"""`python -m proctor serve` with malicious clients, over real sockets.

No assertion depends on how fast the machine is: a client waits until the server closes the
connection, which it would not do without the limit.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time

import pytest

from tests.live.serving import proctor_serve
from tests.site_matrices import definition, one_bucket

LONG = 30.0

HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def matrix(tmp_path):
    path = tmp_path / "matrix.json"
    path.write_text('{"audit": {"version": "1"}}')
    return path


@contextlib.contextmanager
def connected(server, sent=b""):
    with socket.create_connection(("127.0.0.1", server.port), LONG) as client:
        client.sendall(sent)
        yield client


def answer(client):
    """Return the data sent until the server closes the connection. Raises TimeoutError."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while piece := client.recv(65536):
            said += piece
    return said


def closes_while_dripping(client, byte):
    """Send *byte* again and again, until the server closes the connection."""
    ends = time.monotonic() + LONG
    client.settimeout(0.05)
    while time.monotonic() < ends:
        try:
            client.send(byte)
            if not client.recv(65536):
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


def test_clients_that_never_end_their_headers_do_not_keep_others_out(matrix, tmp_path):
    limits = ("--limit-connections", "10", "--request-timeout", "3600", "--keep-alive", "3600")
    with (
        proctor_serve(tmp_path / "log", matrix, *limits) as server,
        contextlib.ExitStack() as stack,
    ):
        slow = [stack.enter_context(connected(server, HEAD)) for _ in range(30)]
        with connected(server, HEAD + b"Connection: close\r\n\r\n") as client:
            assert answer(client).startswith(b"HTTP/1.1 200 ")
        # The oldest connection was closed to make room for the others.
        assert answer(slow[0]) == b""
        assert server.output.count("All 10 connections are in use") == 1


def test_a_connection_that_is_answered_is_not_closed_for_others(matrix, tmp_path):
    limits = ("--limit-connections", "2", "--request-timeout", "3600", "--keep-alive", "3600")
    with (
        proctor_serve(tmp_path / "log", matrix, *limits) as server,
        connected(server, HEAD) as old,
        connected(server, HEAD + b"\r\n") as kept,
    ):
        said = b""
        while not said.endswith(b"}"):
            said += kept.recv(65536)
        with connected(server, HEAD + b"Connection: close\r\n\r\n") as client:
            assert answer(client).startswith(b"HTTP/1.1 200 ")
        assert answer(old) == b""
        kept.sendall(HEAD + b"Connection: close\r\n\r\n")
        assert answer(kept).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("sent", "byte"),
    [
        (b"", b"G"),
        (HEAD, b"x"),
        (b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        # A second request over the same connection.
        (HEAD + b"\r\n", b"G"),
    ],
    ids=["request line", "headers", "body", "second request"],
)
def test_a_request_has_to_be_there_in_time(sent, byte, matrix, tmp_path):
    limits = ("--request-timeout", "1", "--keep-alive", "3600")
    with (
        proctor_serve(tmp_path / "log", matrix, *limits) as server,
        connected(server, sent) as client,
    ):
        assert closes_while_dripping(client, byte)


def test_a_connection_without_another_request_is_closed(matrix, tmp_path):
    with (
        proctor_serve(tmp_path / "log", matrix, "--keep-alive", "1") as server,
        connected(server, HEAD + b"\r\n") as client,
    ):
        assert answer(client).endswith(json.dumps({"status": "ok", "matrix_version": "1"}).encode())


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_headers_that_are_too_large_are_refused(end, matrix, tmp_path):
    with (
        proctor_serve(tmp_path / "log", matrix, "--limit-headers", "2000") as server,
        connected(server, HEAD + b"X: " + b"x" * 3000 + end) as client,
    ):
        assert answer(client).startswith(b"HTTP/1.1 431 ")


def test_headers_within_the_limit_are_not_refused(matrix, tmp_path):
    with (
        proctor_serve(tmp_path / "log", matrix, "--limit-headers", "2000") as server,
        connected(server, HEAD + b"Connection: close\r\nX: " + b"x" * 1800 + b"\r\n\r\n") as client,
    ):
        assert answer(client).startswith(b"HTTP/1.1 200 ")


def test_a_request_that_is_none_is_refused(matrix, tmp_path):
    with proctor_serve(tmp_path / "log", matrix) as server, connected(server, b"\0\r\n") as client:
        assert answer(client).startswith(b"HTTP/1.1 400 ")


def test_a_client_that_does_not_read_its_answer_is_left(matrix, tmp_path):
    """The response is larger than the system's buffers, and the client does not read the rest."""
    test = {**definition(one_bucket("only", 1)), "description": "x" * 8_000_000}
    matrix.write_text(json.dumps({"audit": {"version": "1"}, "tests": {"large": test}}))
    with (
        proctor_serve(tmp_path / "log", matrix, "--request-timeout", "1") as server,
        socket.socket() as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(LONG)
        client.connect(("127.0.0.1", server.port))
        client.sendall(b"GET /proctor/matrix HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert closes_unread(client)


def closes_unread(client):
    """Return whether the server gives up although nothing was read; sending fails then."""
    ends = time.monotonic() + LONG
    with contextlib.suppress(ConnectionError):
        while time.monotonic() < ends:
            client.send(b"\r\n")
            time.sleep(0.05)
        return False
    return True
