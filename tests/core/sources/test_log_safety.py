"""Which texts of servers, visitors and other libraries reach the log."""

from __future__ import annotations

import logging

import pytest
import requests

from proctor.core import GroupsRequest, PipetSource, Proctor, RequestRejected, SourceUnavailable
from proctor.core.exceptions import ConversionError, SourceError
from proctor.core.inputs.variables import Variables
from proctor.core.sources.http.bodies import root_cause
from proctor.core.sources.http.download import fetch
from proctor.core.sources.reloading import MatrixLoader
from tests.core.small_matrices import matrix as small_matrix
from tests.live import pipet as live
from tests.live.pipet import response, says

AMPLE = 10.0

#: Controls a terminal, and forges a line.
EVIL = "\x1b[31m\x85\u202e"

JOE = GroupsRequest(identifiers={"USER": "joe@example.com"}, tests=("buttoncolortst",))


@pytest.fixture
def pipet():
    with live.serving() as pipet:
        pipet.publish("1", 1000, buttoncolortst=("blue", 1))
        yield pipet


@pytest.fixture
def source(pipet):
    with PipetSource(pipet.root, timeout=AMPLE) as source:
        yield source


@pytest.fixture(autouse=True)
def _debug(caplog):
    caplog.set_level(logging.DEBUG, "proctor")


def judging():
    """A site's session that raises exceptions for error statuses."""
    session = requests.Session()
    session.hooks["response"].append(lambda response, *_, **__: response.raise_for_status())
    return session


def asking(source, **others):
    request = GroupsRequest(
        identifiers=JOE.identifiers, tests=JOE.tests, get_http=others.get("get_http")
    )
    return source.determine_groups(request)


@pytest.mark.parametrize("status", [400, 404, 429])
def test_a_refusal_that_a_hook_raised_is_a_refusal(pipet, source, caplog, status):
    body = b'{"data": {}, "meta": {"error": "Required variable \'country\' not found"}}'
    pipet.fault = says(response(body, status))
    with pytest.raises(RequestRejected, match="the context variable 'country'") as caught:
        asking(source, get_http=judging)
    assert caught.value.status == status
    assert not source.is_down
    assert "joe" not in caplog.text


def test_an_error_that_a_hook_raised_is_an_error_without_the_url(pipet, source, caplog):
    pipet.fault = says(response(b"", 503))
    with pytest.raises(SourceUnavailable, match="it answered 503") as caught:
        asking(source, get_http=judging)
    assert "joe" not in f"{caught.value} {caplog.text}"


def test_what_a_hook_raises_of_its_own_is_logged_by_its_class(source, caplog):
    def refuse(response, *_, **__):
        raise requests.RequestException(f"no: {response.url}")

    def get_http():
        session = requests.Session()
        session.hooks["response"].append(refuse)
        return session

    with pytest.raises(SourceUnavailable, match=r"does not answer: RequestException$"):
        asking(source, get_http=get_http)
    assert "joe" not in caplog.text


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 2\x1b[31m0 joe@example.com\r\n\r\n",
        b"\x1b]0;owned\x07 joe@example.com\r\n\r\n",
        b"HTTP/1.1 500 \x1b[31mjoe@example.com\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: \x1b[31m\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: \x1b[31m\x85\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: joe@example.com\x1b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\x1b[31mjoe@example.com\r\n",
    ],
)
def test_nothing_that_a_server_says_reaches_the_log_as_it_came(pipet, source, caplog, reply):
    pipet.fault = says(reply)
    with pytest.raises(SourceUnavailable) as caught:
        asking(source)
    said = f"{caught.value} {caplog.text}"
    assert said.replace("\n", "").isprintable()
    assert "joe@" not in said


def test_the_cause_is_its_class_and_the_words_of_the_system():
    def fail(error, cause):
        try:
            raise error from cause
        except Exception as caught:  # noqa: BLE001 - whatever was given
            return root_cause(caught)

    refused = ConnectionRefusedError(111, "Connection refused")
    assert fail(ValueError("x"), refused) == "ConnectionRefusedError: Connection refused"
    assert fail(ValueError("joe@example.com"), None) == "ValueError"
    assert fail(requests.ConnectionError(5, "joe@example.com"), None) == "ConnectionError"
    assert "\x1b" not in fail(OSError(5, EVIL), None)


# -- matrices ---------------------------------------------------------------------------------


def test_a_reason_of_a_server_is_printable_in_the_error():
    with live.serving() as server:
        server.fault = says(b"HTTP/1.1 503 No \x1b[31m\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(SourceError, match=r"answered 503 No \\x1b\[31m") as caught:
            fetch(server.root, timeout=AMPLE, max_bytes=1000)
    assert str(caught.value).isprintable()


def test_the_version_of_a_matrix_is_printable_in_the_log(tmp_path, caplog):
    path = tmp_path / "matrix.json"

    def publish(text):
        new = path.with_suffix(".new")
        new.write_text(live.json.dumps(text))
        new.replace(path)

    audit = {"version": EVIL, "updated": 1, "updatedBy": "a"}
    publish({"audit": audit, "tests": {}})
    with MatrixLoader(path, build=str, reload_interval=0.01) as loader:
        assert loader.current(AMPLE).matrix_version == EVIL
        publish({"audit": audit, "tests": {"atest": None}})
        live.wait_until(lambda: (loader.current(AMPLE), "still" in caplog.text)[1])
        publish([])
        live.wait_until(lambda: (loader.current(AMPLE), "In use" in caplog.text)[1])
    for record in caplog.records:
        assert record.getMessage().isprintable()


def test_an_error_of_other_code_is_logged_by_class_and_place(tmp_path, caplog):
    path = tmp_path / "matrix.json"
    path.write_text('{"audit": {"version": "1"}, "tests": {}}')

    def build(matrix):
        raise LookupError(f"joe@example.com{EVIL}")

    with MatrixLoader(path, build=build) as loader, pytest.raises(SourceError):
        loader.current(AMPLE)
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "LookupError (test_log_safety.py" in record.getMessage()
    assert "joe" not in caplog.text


def test_a_subscriber_that_fails_is_logged_by_class_and_place(tmp_path, caplog):
    path = tmp_path / "matrix.json"
    path.write_text('{"audit": {"version": "1"}, "tests": {}}')

    def fail(snapshot):
        raise LookupError(f"joe@example.com{EVIL}")

    with MatrixLoader(path, build=str) as loader:
        loader.subscribe(on_change=fail)
        loader.current(AMPLE)
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "fail): LookupError (test_log_safety.py" in record.getMessage()
    assert "joe" not in caplog.text


# -- type errors ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"identifiers": "joe@example.com"},
        {"identifiers": {}, "context": "joe@example.com"},
        {"identifiers": {}, "force_groups": ["joe@example.com"]},
    ],
)
def test_a_type_error_names_the_type_and_no_visitor(arguments):
    with pytest.raises(TypeError, match=r"is of type (str|list); give") as caught:
        Proctor(small_matrix()).determine_groups(**arguments)
    assert "joe" not in str(caught.value)


def test_an_identifier_without_a_text_is_not_shown():
    class Joe:
        def __str__(self):
            raise ValueError("joe@example.com")

        def __repr__(self):
            return "joe@example.com"

    with pytest.raises(ConversionError, match=r"type .*Joe, which cannot be converted") as caught:
        Variables(context=None).identifiers({"USER": Joe()}, {"USER"})
    assert "joe@" not in f"{caught.value} {caught.value.reason}"
