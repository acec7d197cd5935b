"""The time limit also applies to calls over TLS, to several addresses and through a proxy."""

from __future__ import annotations

import gc
import os
import socket
import ssl
import subprocess
import threading

import pytest
import requests

from proctor.core.sources.http.calls import SessionStack, is_timeout
from proctor.core.sources.http.deadline import Deadline, _Connected
from tests.live import pipet as live
from tests.live.pipet import response

SECONDS = 0.3
AMPLE = 30.0


@pytest.fixture
def stack():
    stack = SessionStack()
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for localhost, with its key in the same file."""
    pem = tmp_path_factory.mktemp("tls") / "localhost.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost -keyout {pem}.key -out {pem}.crt"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    pem.write_bytes(pem.with_name("localhost.pem.key").read_bytes())
    with pem.open("ab") as file:
        file.write(pem.with_name("localhost.pem.crt").read_bytes())
    return pem


def serve_once(talk):
    """Start a server that accepts one connection; return its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        with listener:
            connection, _ = listener.accept()
            try:
                with connection:
                    talk(connection)
            except OSError:
                pass

    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1]


def over_tls(certificate, talk):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def run(connection):
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            talk(secure)

    return serve_once(run)


def drip(connection):
    over = threading.Event()
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 1000:
        connection.sendall(bytes([byte]))
        over.wait(live.DRIP)


@pytest.fixture
def trusting(certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))


@pytest.mark.usefixtures("trusting")
def test_a_reply_over_tls_is_read(stack, certificate):
    port = over_tls(certificate, lambda connection: connection.sendall(response(b"hello")))
    assert stack.get(f"https://localhost:{port}/", AMPLE, 100).body == b"hello"


@pytest.mark.usefixtures("trusting")
def test_who_drips_over_tls_is_given_up(stack, certificate):
    port = over_tls(certificate, drip)
    with pytest.raises(requests.RequestException) as caught:
        stack.get(f"https://localhost:{port}/", SECONDS, 100)
    assert is_timeout(caught.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(stack, certificate):
    port = over_tls(certificate, lambda connection: connection.sendall(response(b"hello")))
    with pytest.raises(requests.exceptions.SSLError):
        stack.get(f"https://localhost:{port}/", AMPLE, 100)


def test_who_drips_his_handshake_is_given_up(stack):
    def talk(connection):
        over = threading.Event()
        # A record of TLS with a handshake of 16,000 bytes that never comes whole.
        for byte in b"\x16\x03\x03\x3e\x80" + bytes(16000):
            connection.sendall(bytes([byte]))
            over.wait(live.DRIP)

    port = serve_once(talk)
    with pytest.raises(requests.RequestException) as caught:
        stack.get(f"https://localhost:{port}/", SECONDS, 100)
    assert is_timeout(caught.value)


def test_a_handshake_that_begins_too_late_closes_the_connection_once():
    port = serve_once(lambda connection: connection.recv(65536) and connection.recv(65536))
    connected = _Connected(socket.create_connection(("127.0.0.1", port)), Deadline(0))
    descriptor = connected.fileno()
    with pytest.raises(TimeoutError):
        ssl.create_default_context().wrap_socket(connected, server_hostname="localhost")
    # Only the socket of the handshake owned the descriptor, and it has closed it.
    assert connected.fileno() == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    gc.collect()


def test_several_addresses_share_the_time(stack, monkeypatch):
    """A name may have many addresses; each attempt gets the remaining time."""
    resolve, tried = socket.getaddrinfo, []

    def getaddrinfo(host, *args, **options):
        if host == "many.invalid":
            addresses = [f"127.0.0.{number}" for number in range(2, 12)]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]
        tried.append(host)
        return resolve("127.0.0.1", *args, **options)

    # The system's resolver is what stands outside of us here.
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with live.full_queue() as port, pytest.raises(requests.ConnectTimeout):
        stack.get(f"http://many.invalid:{port}/", SECONDS, 100)
    # The first, which nobody answers, takes all the time.
    assert tried in (["127.0.0.2"], [])


def test_the_next_address_is_tried_where_one_refuses(stack, monkeypatch):
    port = serve_once(lambda connection: connection.sendall(response(b"hello")))
    resolve = socket.getaddrinfo

    def getaddrinfo(host, *args, **options):
        if host == "many.invalid":
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in ("127.0.0.9", "127.0.0.1")
            ]
        return resolve(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert stack.get(f"http://many.invalid:{port}/", AMPLE, 100).body == b"hello"


def test_a_proxy_is_used_and_cannot_take_more_time(stack, monkeypatch):
    with live.serving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.root)
        monkeypatch.setenv("http_proxy", proxy.root)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        assert stack.get("http://pipet.invalid/", AMPLE, 10_000).status == 200
        assert len(proxy.calls) == 1
        proxy.fault = live.drip_headers
        with pytest.raises(requests.RequestException) as caught:
            stack.get("http://pipet.invalid/", SECONDS, 100)
        assert is_timeout(caught.value)


def test_of_a_redirect_not_even_the_body_is_read(stack):
    def talk(connection):
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 1000000000\r\n\r\n"
        )
        threading.Event().wait(2)

    reply = stack.get(f"http://127.0.0.1:{serve_once(talk)}/", AMPLE, 100)
    assert (reply.status, reply.body) == (302, b"")


def test_an_ipv6_address_is_an_address(stack):
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("there is no IPv6 here")

    def run():
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(response(b"hello"))

    threading.Thread(target=run, daemon=True).start()
    assert stack.get(f"http://[::1]:{listener.getsockname()[1]}/", AMPLE, 100).body == b"hello"
