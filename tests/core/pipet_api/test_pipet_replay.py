"""Recorded answers of a real Pipet, and how our client reads them."""

from __future__ import annotations

import gzip
import json
from urllib.parse import parse_qsl

import pytest

from proctor.core import ForceGroups, GroupsRequest, PipetSource, RequestRejected, SourceUnavailable
from tests.core.vectorfiles import conformance_directory
from tests.core.vectorvalues import same_value
from tests.live import pipet as live
from tests.live.pipet import response, says

DIRECTORY = conformance_directory() / "pipet"

SESSIONS = [
    "main",
    "all_tests_disabled",
    "matrix_missing",
    "matrix_unloadable",
    "minimal",
    "required",
]


def recorded_session(name):
    """The exchanges recorded with one configuration, and that configuration."""
    plain = DIRECTORY / f"{name}.json"
    compressed = DIRECTORY / f"{name}.json.gz"
    text = plain.read_bytes() if plain.exists() else gzip.decompress(compressed.read_bytes())
    return json.loads(text)


def exchanges(name):
    return recorded_session(name)["exchanges"]


def asked(query):
    """The application's request that sends this query; None if no request does."""
    found: dict[str, dict[str, str]] = {"id": {}, "ctx": {}}
    tests = force = None
    for name, value in parse_qsl(query, keep_blank_values=True):
        kind, separator, key = name.partition(".")
        if separator and kind in found:
            found[kind].setdefault(key, value)
        elif name == "test" and tests is None:
            tests = tuple(each.strip() for each in value.split(",") if each.strip())
        elif name == "prforceGroups" and force is None:
            force = ForceGroups.parse(value)
    if not any(found["id"].values()) or tests == ():
        return None
    return GroupsRequest(found["id"], found["ctx"], force, tests)


def recorded(exchange):
    """The recorded response, except for the container's own pages."""
    reply = exchange["response"]
    body = reply.get("body", "<html>an error page of the container</html>").encode()
    kind = reply.get("headers", {}).get("Content-Type", "text/html")
    return response(body, reply["status"], Content_Type=kind)


def _replayable():
    for session in SESSIONS:
        for exchange in exchanges(session):
            request = exchange["request"]
            if request["path"] != "/groups/identify" or request["method"] != "GET":
                continue
            question = asked(request["query"] or "")
            if question is not None:
                yield pytest.param(exchange, question, id=exchange["id"])


REPLAYABLE = list(_replayable())


@pytest.fixture(scope="module")
def pipet():
    with live.serving() as pipet:
        yield pipet


@pytest.mark.parametrize(("exchange", "question"), REPLAYABLE)
def test_a_recorded_reply_gives_the_recorded_groups(pipet, exchange, question):
    pipet.fault = says(recorded(exchange))
    expected = exchange["response"]["status"]
    with PipetSource(pipet.root, timeout=10) as source:
        if expected != 200:
            with pytest.raises((RequestRejected, SourceUnavailable)) as caught:
                source.determine_groups(question)
            assert (caught.type is RequestRejected) == (expected < 500)
            return
        groups = source.determine_groups(question)
    data = json.loads(exchange["response"]["body"])["data"]
    mine = {
        test: {
            "name": each.group,
            "value": each.value,
            "version": each.version,
            "payload": {each.payload_type: each.to_dict()["payload"]}
            if each.payload_type
            else None,
        }
        for test, each in groups.items()
    }
    theirs = {
        test: {**each, "payload": each.get("payload") or None}
        for test, each in data["groups"].items()
    }
    assert same_value(mine, theirs)
    assert groups.matrix_version == (data["audit"]["version"], data["audit"]["updated"])


@pytest.mark.parametrize(("exchange", "question"), REPLAYABLE)
def test_what_is_sent_is_what_was_recorded(exchange, question):
    url = PipetSource("http://pipet").url(question)
    sent = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))
    theirs = dict(reversed(parse_qsl(exchange["request"]["query"], keep_blank_values=True)))
    assert sent
    for name, value in sent.items():
        if name.startswith(("id.", "ctx.")):
            assert theirs[name] == value


def test_there_are_replies_of_every_kind():
    statuses = [each.values[0]["response"]["status"] for each in REPLAYABLE]
    assert {200, 400, 500} <= set(statuses)
    assert len(statuses) > 100
