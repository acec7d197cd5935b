"""A Pipet as a source: the requests, the use of its answers, and outages."""

from __future__ import annotations

import gc
import json
import logging
import os
import threading
from functools import partial

import pytest
import requests

from proctor.core import (
    ConfigurationError,
    ConversionError,
    ForceGroups,
    GroupsRequest,
    PipetSource,
    Reason,
    RequestRejected,
    SourceUnavailable,
)
from proctor.core.sources.http.calls import MAX_IDLE
from tests.clocks import Clock
from tests.live import pipet as live
from tests.live.calls import NotedSessions
from tests.live.pipet import FAULTS, QUICK_FAULTS, SLOW_FAULTS, response, says

VISITOR = GroupsRequest(identifiers={"USER": "someone"}, tests=("buttoncolortst",))

#: Long enough for a busy machine, for tests in which no time limit should be reached.
AMPLE = 30.0


@pytest.fixture
def pipet():
    with live.serving() as pipet:
        pipet.publish("1", 1000, buttoncolortst=("blue", 1), headlinetst=("warm", 0))
        yield pipet


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def source(pipet, clock):
    with PipetSource(pipet.root, timeout=AMPLE, clock=clock) as source:
        yield source


def ask(source, **request):
    return source.determine_groups(
        GroupsRequest(**{"identifiers": {"USER": "a"}, "tests": ("buttoncolortst",), **request})
    )


# -- what is asked --------------------------------------------------------------------------


def test_it_asks_with_identifiers_context_and_the_tests_that_are_wanted(pipet, source):
    ask(
        source,
        identifiers={"USER": "a b&c", "acctid": 5083},
        context={"country": "US", "loggedIn": True, "ua": ""},
        tests=("buttoncolortst", "headlinetst"),
    )
    (call,) = pipet.calls
    assert call.path == "/groups/identify"
    assert call.query == {
        "id.USER": ["a b&c"],
        "id.acctid": ["5083"],
        "ctx.country": ["US"],
        "ctx.loggedIn": ["True"],
        "ctx.ua": [""],
        "test": ["buttoncolortst,headlinetst"],
    }


def test_bytes_are_sent_as_the_text_that_they_encode(pipet, source):
    ask(
        source,
        identifiers={"USER": "pä5".encode(), "acctid": bytearray(b"\xff7")},
        context={"country": [b"US", "CA"]},
    )
    query = pipet.calls[0].query
    assert query["id.USER"] == ["pä5"]
    assert query["id.acctid"] == ["\ufffd7"]
    assert query["ctx.country"] == ["US", "CA"]


def test_all_tests_are_asked_for_where_none_is_named(pipet, source):
    ask(source, tests=None)
    assert "test" not in pipet.calls[0].query


def test_force_groups_are_sent_as_they_are_written(pipet, source):
    ask(source, force_groups=ForceGroups.parse("default_to_min_live,buttoncolortst2,othertst0"))
    assert pipet.calls[0].query["prforceGroups"] == [
        "default_to_min_live,buttoncolortst2,othertst0"
    ]


def test_what_is_none_is_left_out(pipet, source):
    ask(source, identifiers={"USER": "a", "acctid": None}, context={"country": None})
    assert pipet.calls[0].query.keys() == {"id.USER", "test"}


def test_text_that_is_no_unicode_arrives_as_the_java_writes_it(pipet, source):
    ask(source, identifiers={"USER": "a\ud800b"}, context={"país": "日本"})
    assert pipet.calls[0].query["id.USER"] == ["a?b"]
    assert pipet.calls[0].query["ctx.país"] == ["日本"]


def test_a_slash_at_the_end_of_the_address_is_none_too_many(pipet):
    with PipetSource(f"{pipet.root}/", timeout=AMPLE) as source:
        ask(source)
    assert pipet.calls[0].path == "/groups/identify"


@pytest.mark.parametrize(
    "request_",
    [
        GroupsRequest(identifiers={}, tests=("buttoncolortst",)),
        GroupsRequest(identifiers={"USER": None}, tests=("buttoncolortst",)),
        GroupsRequest(identifiers={"USER": ""}, tests=("buttoncolortst",)),
        GroupsRequest(identifiers={"USER": "a"}, tests=()),
    ],
    ids=["no identifier", "None", "empty", "no test"],
)
def test_where_there_is_nothing_to_ask_nothing_is_called(pipet, source, request_):
    assert source.determine_groups(request_) == {}
    assert pipet.connections == 0


def test_an_empty_identifier_is_sent_where_it_is_wanted(pipet):
    with PipetSource(pipet.root, timeout=AMPLE, keep_empty=True) as source:
        ask(source, identifiers={"USER": ""})
    assert pipet.calls[0].query["id.USER"] == [""]


def test_a_value_without_a_text_is_an_error_of_the_caller(source):
    class Mute:
        def __str__(self):
            raise RuntimeError("no")

    with pytest.raises(ConversionError, match="'USER' has a value that cannot be converted"):
        ask(source, identifiers={"USER": Mute()})
    assert ask(source)["buttoncolortst"].group == "blue"


@pytest.mark.parametrize(
    "root",
    ["", "pipet.example.com", "ftp://pipet", "http://", "http://[::1", "http://a:b", None, 5],
)
def test_an_address_that_is_none_is_refused(root):
    with pytest.raises(ConfigurationError, match="http://"):
        PipetSource(root)


def test_an_address_with_a_query_is_refused():
    with pytest.raises(ConfigurationError, match="query"):
        PipetSource("http://pipet.example.com/?a=b")


# -- what is answered -----------------------------------------------------------------------


def test_a_group_has_its_value_payload_version_and_reason(pipet, source):
    pipet.groups["buttoncolortst"]["payload"] = {"stringArray": ["a", "b"]}
    blue = ask(source)["buttoncolortst"]
    assert (blue.group, blue.value, blue.payload) == ("blue", 1, ("a", "b"))
    assert (blue.version, blue.payload_type, blue.reason) == ("1", "stringArray", Reason.ASSIGNED)


def test_the_logging_string_has_no_allocations(source):
    assert ask(source, tests=("buttoncolortst", "headlinetst")).logging_string() == (
        "buttoncolortst1,headlinetst0"
    )


def test_an_answer_knows_of_which_matrix_it_is(source):
    assert ask(source).matrix_version == ("1", 1000)


def test_an_answer_without_an_audit_is_an_answer(pipet, source):
    pipet.fault = says(response(b'{"data": {"groups": {}, "audit": null}, "meta": {}}'))
    assert ask(source).matrix_version is None


def test_visitors_in_the_same_group_share_it(source):
    first, second = ask(source), ask(source, identifiers={"USER": "b"})
    assert first["buttoncolortst"] is second["buttoncolortst"]


def test_a_group_that_was_forced_says_so(source):
    forced = ask(source, force_groups=ForceGroups.parse("buttoncolortst1"))
    assert forced["buttoncolortst"].forced


def test_a_group_is_not_forced_where_the_pipet_gave_another(source):
    refused = ask(source, force_groups=ForceGroups.parse("buttoncolortst7"))
    assert not refused["buttoncolortst"].forced


def test_a_mode_for_the_other_tests_forces_none_since_a_pipet_does_not_know_it(source):
    force = ForceGroups.parse("default_to_min_live,buttoncolortst1")
    groups = ask(source, tests=("buttoncolortst", "headlinetst"), force_groups=force)
    assert [groups["buttoncolortst"].forced, groups["headlinetst"].forced] == [True, False]


# -- connections ----------------------------------------------------------------------------


def test_calls_one_after_the_other_use_one_connection(pipet, source):
    for _ in range(5):
        ask(source)
    assert (len(pipet.calls), pipet.connections) == (5, 1)


def test_calls_at_once_have_a_connection_each(pipet, source):
    meeting = threading.Barrier(4)
    pipet.reply, reply = lambda call: (meeting.wait(AMPLE) and None) or reply(call), pipet.reply
    threads = [threading.Thread(target=ask, args=(source,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pipet.connections == 4


def test_threads_that_come_and_go_leave_no_connections_behind(pipet, source):
    for _ in range(20):
        thread = threading.Thread(target=ask, args=(source,))
        thread.start()
        thread.join()
    assert pipet.connections == 1


def test_a_connection_that_the_server_closed_meanwhile_costs_nothing(pipet, source):
    ask(source)
    pipet.fault = None

    def answer_and_close(connection, pipet):
        connection.sendall(response(pipet.reply(pipet.calls[-1])))

    pipet.fault = answer_and_close
    for _ in range(3):
        assert ask(source)["buttoncolortst"].group == "blue"


def test_a_connection_that_dies_under_the_request_is_replaced_once(pipet, source):
    ask(source)

    def die_once(connection, pipet):
        pipet.fault = None
        live.reset(connection, pipet)

    pipet.fault = die_once
    assert ask(source)["buttoncolortst"].group == "blue"
    assert (len(pipet.calls), pipet.connections) == (3, 2)


def test_a_new_connection_that_dies_is_not_tried_again(pipet, source):
    pipet.fault = live.reset
    with pytest.raises(SourceUnavailable):
        ask(source)
    assert len(pipet.calls) == 1


def test_no_cookie_goes_from_one_visitor_to_the_next(pipet, source):
    body = pipet.reply(live.Call("/", {"test": [""]}, {}))

    def set_cookie(connection, pipet):
        connection.sendall(response(body, Set_Cookie="JSESSIONID=1; Path=/"))

    pipet.fault = set_cookie
    ask(source)
    ask(source)
    assert "cookie" not in pipet.calls[-1].headers


def test_a_password_in_the_address_is_used_and_shown_nowhere(pipet, caplog):
    root = pipet.root.replace("//", "//me:secret@")
    pipet.fault = live.hang_up
    with PipetSource(root, timeout=AMPLE) as source:
        with pytest.raises(SourceUnavailable) as caught:
            ask(source)
        shown = f"{caught.value} {source} {source!r} {caplog.text}"
    assert pipet.calls[0].headers["authorization"].startswith("Basic ")
    assert "secret" not in shown


def test_a_connection_that_has_waited_long_is_not_used_again(pipet, source, clock):
    """A load balancer may have dropped it silently, and then no answer would ever come."""
    ask(source)
    clock.now += MAX_IDLE
    ask(source)
    assert pipet.connections == 1
    clock.now += MAX_IDLE + 1
    ask(source)
    assert pipet.connections == 2


def test_of_many_connections_a_few_are_kept(pipet, source):
    meeting = threading.Barrier(20)
    pipet.reply, reply = lambda call: (meeting.wait(AMPLE) and None) or reply(call), pipet.reply
    threads = [threading.Thread(target=ask, args=(source,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    live.wait_until(lambda: pipet.open_connections == 8)


def test_a_connection_that_dies_in_the_middle_of_an_answer_is_not_replaced(pipet, source):
    ask(source)
    pipet.fault = live.cut_short
    with pytest.raises(SourceUnavailable):
        ask(source)
    assert len(pipet.calls) == 2


def test_a_source_that_is_forgotten_closes_its_connections(pipet):
    source = PipetSource(pipet.root, timeout=AMPLE)
    ask(source)
    del source
    gc.collect()
    live.wait_until(lambda: pipet.open_connections == 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own(pipet, source):
    ask(source)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            groups = ask(source)
            os.write(writer, b"ok" if groups["buttoncolortst"].group == "blue" else b"no")
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as told:
        assert told.read() == "ok"
    assert pipet.connections == 2
    ask(source)
    assert pipet.connections == 2


# -- outages --------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_whatever_fails_is_not_repeated_at_once(pipet, clock, fault):
    pipet.fault = fault
    timeout = 0.3 if fault in SLOW_FAULTS.values() else AMPLE
    calls = []
    sessions = partial(NotedSessions, calls)
    with PipetSource(pipet.root, timeout=timeout, clock=clock, sessions=sessions) as source:
        with pytest.raises(SourceUnavailable, match="does not answer") as first:
            ask(source)
        with pytest.raises(SourceUnavailable, match="paused after") as second:
            ask(source)
    assert (first.value.asked, second.value.asked) == (True, False)
    assert len(calls) == 1


@pytest.mark.parametrize("fault", SLOW_FAULTS.values(), ids=SLOW_FAULTS)
def test_who_is_slow_is_waited_for_as_long_as_was_said_and_no_longer(pipet, fault):
    pipet.fault = fault
    # A dripping server would go on for half a minute, and its answer would be invalid.
    with (
        PipetSource(pipet.root, timeout=0.3) as source,
        pytest.raises(SourceUnavailable, match=r"longer than 0\.3 seconds in total"),
    ):
        ask(source)


def test_a_request_may_bring_less_time_than_the_source_has(pipet, source):
    pipet.fault = live.hang
    with pytest.raises(SourceUnavailable, match=r"longer than 0\.1 seconds"):
        ask(source, timeout=0.1)


def test_an_address_where_nobody_listens_is_an_outage(clock):
    with (
        PipetSource(f"http://127.0.0.1:{live.free_port()}", timeout=AMPLE, clock=clock) as source,
        pytest.raises(SourceUnavailable, match="refused"),
    ):
        ask(source)


def test_an_address_that_swallows_connections_is_given_up_in_time():
    with (
        live.full_queue() as port,
        PipetSource(f"http://127.0.0.1:{port}", timeout=0.3) as source,
        pytest.raises(SourceUnavailable, match="longer than"),
    ):
        ask(source)


def test_a_name_that_nobody_knows_is_an_outage():
    with (
        PipetSource("http://nobody.invalid", timeout=AMPLE) as source,
        pytest.raises(SourceUnavailable),
    ):
        ask(source)


def test_https_to_one_who_does_not_speak_it_is_given_up_in_time(pipet):
    with (
        PipetSource(pipet.root.replace("http:", "https:"), timeout=0.3) as source,
        pytest.raises(SourceUnavailable),
    ):
        ask(source)


def test_an_outage_is_one_record_however_many_visitors_it_meets(pipet, source, clock, caplog):
    pipet.fault = live.hang_up
    for _ in range(100):
        with pytest.raises(SourceUnavailable):
            ask(source)
        clock.now += 0.5
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1
    # In 50 seconds: at the beginning, and after 1, 2, 4, 8, 16 seconds.
    assert len(pipet.calls) == 6


def test_a_second_outage_is_told_again(clock, caplog):
    port = live.free_port()
    with PipetSource(f"http://127.0.0.1:{port}", timeout=AMPLE, clock=clock) as source:
        for _ in range(2):
            with pytest.raises(SourceUnavailable):
                ask(source)
            clock.now += 1.0
            with live.serving(port) as pipet:
                pipet.publish("1", 1000, buttoncolortst=("blue", 1))
                ask(source)
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 2


# -- refusals -------------------------------------------------------------------------------


def refusing(message, status=400):
    body = b'{"data": {}, "meta": {"status": 400, "error": %s}}' % live.json.dumps(message).encode()
    return says(response(body, status))


@pytest.mark.parametrize("status", [400, 401, 404, 429, 499])
def test_a_refusal_concerns_that_visitor_alone(pipet, source, status):
    pipet.fault = refusing("Request must have at least one identifier.", status)
    with pytest.raises(RequestRejected) as caught:
        ask(source)
    assert caught.value.status == status
    pipet.fault = None
    assert ask(source)["buttoncolortst"].group == "blue"


@pytest.mark.parametrize(
    "body", [b"", b"<html>no</html>", b" " * 1_000_000, b"[" * 50_000], ids=len
)
def test_a_refusal_is_one_whatever_it_says(pipet, source, body):
    pipet.fault = says(response(body, 404))
    with pytest.raises(RequestRejected):
        ask(source)


def test_a_refusal_that_ends_an_outage_shows_that_the_service_is_well(pipet, source, clock):
    pipet.fault = live.hang_up
    with pytest.raises(SourceUnavailable):
        ask(source)
    clock.now += 1
    pipet.fault = refusing("no")
    with pytest.raises(RequestRejected):
        ask(source)
    pipet.fault = None
    ask(source)


def test_refusals_are_logged_once_a_minute_with_their_number(pipet, source, clock, caplog):
    pipet.fault = refusing("Required variable 'country' not found by 'QUERY:ctx.country'.")
    for _ in range(5):
        with pytest.raises(RequestRejected):
            ask(source)
    clock.now += 60
    with pytest.raises(RequestRejected):
        ask(source)
    first, second = (record.getMessage() for record in caplog.records)
    assert first.endswith("with status 400, for the context variable 'country'")
    assert second.endswith("(4 more since the last such record)")


@pytest.mark.parametrize(
    "message",
    [
        "Could not convert raw value 'someone's' to type 'int' for context variable 'age'",
        "no such visitor: someone",
        "line\nbreak",
        "Could not convert raw value '" + "x" * 5000 + " someone' to type 'int'",
        (
            "Could not convert raw value 'x' for context variable 'someone' to type 'int' "
            "for context variable 'age': NumberFormatException"
        ),
        "x" * 290 + "someone",
    ],
)
def test_no_value_of_a_visitor_and_no_control_character_is_logged(pipet, source, caplog, message):
    pipet.fault = refusing(message)
    with pytest.raises(RequestRejected):
        source.determine_groups(VISITOR)
    assert "someone" not in caplog.text
    assert "\n" not in caplog.records[0].getMessage()


# -- a session of the site's own --------------------------------------------------------------


def test_a_session_of_the_sites_own_is_used_as_it_is(pipet, source):
    with requests.Session() as session:
        session.headers["X-Team"] = "shop"
        before = dict(session.adapters), dict(session.headers)
        assert ask(source, get_http=lambda: session)["buttoncolortst"].group == "blue"
        assert (dict(session.adapters), dict(session.headers)) == before
    assert pipet.calls[0].headers["x-team"] == "shop"


def test_without_one_the_sources_own_is_used(pipet, source):
    assert ask(source, get_http=lambda: None)["buttoncolortst"].group == "blue"


def test_the_session_is_asked_for_only_where_a_call_is_made(source):
    def get_http():
        raise AssertionError

    assert ask(source, identifiers={}, get_http=get_http) == {}


@pytest.mark.parametrize("fault", ["hangs", "drips its body", "drips chunks"])
def test_with_it_the_body_has_a_deadline_and_each_operation_a_timeout(pipet, fault):
    pipet.fault = SLOW_FAULTS[fault]
    with (
        requests.Session() as session,
        PipetSource(pipet.root, timeout=0.3) as source,
        pytest.raises(SourceUnavailable, match="longer than"),
    ):
        ask(source, get_http=lambda: session)


@pytest.mark.parametrize("fault", ["is huge when unpacked", "answers HTML", "answers 503"])
def test_with_it_the_same_is_an_outage(pipet, source, fault):
    pipet.fault = QUICK_FAULTS[fault]
    with requests.Session() as session:
        with pytest.raises(SourceUnavailable, match="does not answer"):
            ask(source, get_http=lambda: session)
        with pytest.raises(SourceUnavailable, match="paused after"):
            ask(source, get_http=lambda: session)


def test_with_it_a_call_that_never_ends_is_an_outage_for_all_others(pipet, source, clock):
    pipet.fault = live.drip_headers
    with requests.Session() as session:
        slow = threading.Thread(target=fail, args=(source, session))
        slow.start()
        live.wait_until(lambda: len(pipet.calls) == 1)
        clock.now += AMPLE
        with pytest.raises(SourceUnavailable, match="paused after"):
            ask(source, get_http=lambda: session)
        assert len(pipet.calls) == 1
        pipet.over.set()
        slow.join()


def fail(source, session):
    with pytest.raises(SourceUnavailable):
        ask(source, get_http=lambda: session)


class Client:
    """A client as version 1 required it: "a session of requests, or equivalent"."""

    def __init__(self, answer):
        self.answer, self.calls = answer, []

    def get(self, url, params=None, timeout=None):
        self.calls.append((url, params, timeout))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Answer:
    def __init__(self, content, status_code=200, **headers):
        self.content, self.status_code, self.headers = content, status_code, headers


GROUPS = b'{"data": {"groups": {"buttoncolortst": {"name": "blue", "value": 1}}}}'


def test_anything_with_the_get_of_version_1_is_called_as_then(pipet, source):
    client = Client(Answer(GROUPS))
    groups = ask(source, identifiers={"USER": ["a", "b"]}, get_http=lambda: client)
    assert groups["buttoncolortst"].group == "blue"
    ((url, params, timeout),) = client.calls
    assert url == f"{pipet.root}/groups/identify"
    assert params == {"id.USER": ["a", "b"], "test": "buttoncolortst"}
    assert 0 < timeout <= AMPLE


class Reply:
    """A response that has only what the client of a site gives it."""

    def __init__(self, status_code=200, **has):
        self.status_code = status_code
        vars(self).update(has)


@pytest.mark.parametrize(
    "has",
    [
        {"text": GROUPS.decode()},
        {"json": lambda: json.loads(GROUPS)},
        {"content": GROUPS.decode()},
        {"content": bytearray(GROUPS)},
        {"content": None, "text": None, "json": lambda: json.loads(GROUPS)},
    ],
    ids=["text", "json", "text as content", "bytearray", "json only"],
)
def test_the_body_of_such_a_client_has_any_of_the_forms_of_version_1(source, has):
    groups = ask(source, get_http=lambda: Client(Reply(**has)))
    assert groups["buttoncolortst"].group == "blue"


class SlowTimeoutError(Exception):
    """A timeout error like the one in httpx."""


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (SlowTimeoutError("https://pipet/?id.USER=a"), "took longer than"),
        (LookupError("https://pipet/?id.USER=secret"), "LookupError"),
        (Answer(b" " * 2_000_000), "more than 1,048,576 bytes"),
        (Answer(b"", 302, location="/other?id.USER=secret"), r"302, a redirect to .*/other\?…"),
        (Reply(), r"expected .* content, text or json\(\); got a Reply without"),
        (Reply(503), "it answered 503"),
        (Reply(json=lambda: json.loads("<html>")), r"json\(\) raised JSONDecodeError"),
    ],
    ids=["timeout", "error", "large", "redirect", "no body", "status", "no json"],
)
def test_a_failure_of_such_a_client_is_one_of_the_pipet(source, answer, words):
    with pytest.raises(SourceUnavailable, match=words) as caught:
        ask(source, get_http=lambda: Client(answer))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("has_session", [False, True])
def test_the_message_names_where_a_redirect_leads(pipet, source, has_session):
    target = "https://user:pass@login.example.com/sso?id.USER=a"
    pipet.fault = says(response(b"", 302, Location=target))
    with (
        requests.Session() as session,
        pytest.raises(SourceUnavailable) as caught,
    ):
        ask(source, get_http=(lambda: session) if has_session else None)
    text = str(caught.value)
    assert f"Pipet at {pipet.root}" in text
    assert "it answered 302, a redirect to https://login.example.com/sso?…" in text
    assert "pass" not in text


def test_a_list_of_identifiers_repeats_the_key(pipet, source):
    ask(source, identifiers={"USER": ["a", None, 5], "acctid": ()}, context={"lang": ("de", "en")})
    (call,) = pipet.calls
    assert call.query["id.USER"] == ["a", "5"]
    assert call.query["ctx.lang"] == ["de", "en"]
    assert "id.acctid" not in call.query


def test_an_odd_test_costs_only_itself(pipet, source, caplog):
    body = (
        b'{"data": {"groups": {"headlinetst": {"name": 5, "value": "x"}, '
        b'"buttoncolortst": {"name": "blue", "value": 1}}, "audit": {"version": "1"}}}'
    )
    pipet.fault = says(response(body))
    groups = ask(source, tests=("headlinetst", "buttoncolortst"))
    assert list(groups) == ["buttoncolortst"]
    (record,) = caplog.records
    assert "sent a test that cannot be read: the group of the test 'headlinetst'" in record.message


def test_with_it_not_even_the_body_of_a_redirect_is_read(pipet, source):
    def redirect(connection, pipet):
        head = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 1000000000\r\n\r\n"
        connection.sendall(head)
        pipet.over.wait()

    pipet.fault = redirect
    seen = []
    with requests.Session() as session:
        session.hooks["response"].append(
            lambda response, *_, **__: seen.append(response.status_code)
        )
        with pytest.raises(SourceUnavailable, match="answered 302"):
            ask(source, get_http=lambda: session)
    assert seen == [302]


class AsyncClient:
    async def get(self, url, params=None, timeout=None):
        """Never awaited."""


@pytest.mark.parametrize("session", [5, False, "x", object(), requests.Session, AsyncClient()])
def test_what_is_no_session_is_an_error_of_the_site_and_no_outage(pipet, source, session):
    for _ in range(3):
        with pytest.raises(ConfigurationError, match=r"^get_http returned a .*; return a requests"):
            ask(source, get_http=lambda: session)
    assert ask(source)["buttoncolortst"].group == "blue"


def test_what_get_http_raises_is_no_outage(pipet, source, clock):
    def get_http():
        raise LookupError("no session")

    with pytest.raises(LookupError):
        ask(source, get_http=get_http)
    assert ask(source)["buttoncolortst"].group == "blue"


def test_what_get_http_raises_in_an_outage_leaves_the_try_to_the_next(pipet, source, clock):
    def get_http():
        raise LookupError("no session")

    pipet.fault = live.hang_up
    with pytest.raises(SourceUnavailable):
        ask(source)
    pipet.fault = None
    clock.now += 1
    with pytest.raises(LookupError):
        ask(source, get_http=get_http)
    assert ask(source)["buttoncolortst"].group == "blue"
