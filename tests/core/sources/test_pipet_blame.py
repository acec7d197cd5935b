"""The effect of a failed call to a Pipet: on one visitor's requests, or on all."""

from __future__ import annotations

import logging
import threading

import pytest
import requests

from proctor.core import (
    ForceGroups,
    GroupsRequest,
    PipetSource,
    RequestRejected,
    SourceUnavailable,
)
from tests.live import pipet as live
from tests.live.pipet import response, says

#: Long enough for a busy machine, for tests in which no time limit should be reached.
AMPLE = 10.0


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def pipet():
    with live.serving() as pipet:
        pipet.publish("1", 1000, buttoncolortst=("blue", 1))
        yield pipet


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def source(pipet, clock):
    with PipetSource(pipet.root, timeout=AMPLE, clock=clock) as source:
        yield source


def visitor(user, **others):
    return GroupsRequest(
        **{"identifiers": {"USER": user}, "tests": ("buttoncolortst",), "timeout": None, **others}
    )


def gets(source, user, **others):
    """A visitor's group, or the reason why there is none."""
    try:
        return source.determine_groups(visitor(user, **others))["buttoncolortst"].group
    except SourceUnavailable as error:
        return "failed" if error.asked else "left alone"
    except RequestRejected:
        return "rejected"


def asked(pipet):
    """The visitors of the calls, in order; None for a call without a visitor."""
    return [call.query.get("id.USER", [None])[0] for call in pipet.calls]


def poisoned(fault, *users):
    """A fault that affects only calls for these *users*."""

    def behave(connection, pipet):
        if asked(pipet)[-1] in users:
            fault(connection, pipet)
        else:
            connection.sendall(response(pipet.reply(pipet.calls[-1])))

    return behave


ERROR = says(response(b"", 500))


# -- one visitor ------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [ERROR, live.reset, live.hang_up, says(response(b"no JSON"))])
def test_a_visitor_whose_question_fails_turns_off_nobody_elses_tests(pipet, source, clock, fault):
    pipet.fault = poisoned(fault, "poison")
    got = []
    for number in range(236):
        gets(source, "poison")
        got.append(gets(source, str(number)))
        clock.now += 0.5
    assert got == ["blue"] * 236


def test_a_question_that_failed_is_left_alone_longer_each_time(pipet, source, clock):
    pipet.fault = poisoned(ERROR, "poison")
    began, times = clock.now, []
    while clock.now < began + 100:
        if gets(source, "poison") == "failed":
            times.append(clock.now - began)
        gets(source, "another")
        clock.now += 0.5
    assert times == [0, 1, 3, 7, 15, 31, 61, 91]


def test_one_visitor_many_times_is_no_outage(pipet, source, clock):
    pipet.fault = poisoned(ERROR, "poison")
    for _ in range(12):
        assert gets(source, "poison") == "failed"
        clock.now += 30
    assert not source.is_down
    assert gets(source, "another") == "blue"


def test_a_question_that_is_answered_again_is_forgiven(pipet, source, clock):
    pipet.fault = poisoned(ERROR, "poison")
    for pause in (1, 2):
        assert gets(source, "poison") == "failed"
        clock.now += pause
    pipet.fault = None
    assert gets(source, "poison") == "blue"
    pipet.fault = poisoned(ERROR, "poison")
    assert gets(source, "poison") == "failed"
    clock.now += 1
    assert gets(source, "poison") == "failed"


def test_a_visitor_who_takes_all_the_time_costs_the_next_one_a_trial_call(pipet, clock):
    pipet.fault = poisoned(live.hang, "poison")
    with PipetSource(pipet.root, timeout=AMPLE, clock=clock) as source:
        assert gets(source, "poison", timeout=0.3) == "failed"
        assert [gets(source, each) for each in "abc"] == ["blue"] * 3
    assert asked(pipet) == ["poison", None, "a", "b", "c"]
    assert pipet.calls[1].path == "/proctor/matrix/audit"


def test_a_failure_of_one_visitor_is_logged_when_it_is_repeated(pipet, source, clock, caplog):
    caplog.set_level(logging.INFO, "proctor")
    pipet.fault = poisoned(ERROR, "poison")
    gets(source, "poison")
    assert caplog.records == []
    for _ in range(40):
        clock.now += 1
        gets(source, "poison")
    clock.now += 60
    gets(source, "poison")
    first, second = (record.getMessage() for record in caplog.records)
    assert "it answered 500. The same request has failed before" in first
    assert second.endswith("(4 more since the last such record)")
    assert "poison" not in caplog.text


# -- long questions ---------------------------------------------------------------------------


def closes_on_long_lines(connection, pipet):
    call = pipet.calls[-1]
    if len(str(call.query)) > 8192:
        return
    connection.sendall(response(pipet.reply(call)))


def test_a_long_cookie_is_refused_before_it_is_sent(pipet, source, caplog):
    pipet.fault = closes_on_long_lines
    with pytest.raises(RequestRejected, match="the maximum is 4000") as caught:
        source.determine_groups(visitor("joe" * 3000))
    assert caught.value.status == 414
    assert [gets(source, str(n)) for n in range(5)] == ["blue"] * 5
    assert len(pipet.calls) == 5
    assert "joe" not in caplog.text
    assert "take up 9008 bytes" in caplog.text


@pytest.mark.parametrize(
    "others",
    [
        {"identifiers": {"USER": "é" * 667}},
        {"context": {"ua": "x" * 4000}},
        {"context": {"x" * 4000: "ua"}},
        {"force_groups": ForceGroups.parse(",".join(f"longtestname{n}tst1" for n in range(250)))},
    ],
    ids=["identifier", "value", "key", "forced groups"],
)
def test_all_that_is_the_visitors_counts_as_it_is_encoded(pipet, source, others):
    assert gets(source, "a", **others) == "rejected"
    assert pipet.calls == []


def test_a_question_of_4000_bytes_is_asked(pipet, source):
    longest = "x" * (4000 - len("id.USER="))
    assert gets(source, longest) == "blue"
    assert gets(source, longest + "x") == "rejected"


def test_refusals_of_long_questions_are_logged_once_a_minute(source, clock, caplog):
    for _ in range(5):
        gets(source, "x" * 5000)
    assert len(caplog.records) == 1
    clock.now += 60
    gets(source, "x" * 5000)
    assert caplog.records[1].getMessage().endswith("(4 more since the last such record)")


def test_names_of_tests_that_are_too_long_are_left_out_and_all_tests_are_answered(pipet, source):
    names = ("buttoncolortst", *(f"averylongnameofatest{n}tst" for n in range(200)))
    groups = source.determine_groups(visitor("a", tests=names))
    assert "test" not in pipet.calls[0].query
    assert groups.keys() <= set(names)
    assert len(source.url(visitor("a", tests=names))) < 4000


# -- everybody --------------------------------------------------------------------------------


def test_a_refused_connection_is_an_outage_at_once(clock):
    with PipetSource(f"http://127.0.0.1:{live.free_port()}", clock=clock) as source:
        assert [gets(source, each) for each in "abc"] == ["failed", "left alone", "left alone"]
        assert source.is_down


def test_a_connection_that_cannot_be_made_in_time_is_an_outage_at_once(clock):
    with (
        live.full_queue() as port,
        PipetSource(f"http://127.0.0.1:{port}", timeout=0.3, clock=clock) as source,
    ):
        assert [gets(source, each) for each in "ab"] == ["failed", "left alone"]


@pytest.mark.parametrize("session", [None, requests.Session()], ids=["own", "given"])
def test_a_session_of_the_sites_own_makes_no_difference(clock, session):
    with PipetSource(f"http://127.0.0.1:{live.free_port()}", clock=clock) as source:
        got = [gets(source, each, get_http=lambda: session) for each in "ab"]
        assert got == ["failed", "left alone"]


def test_half_of_the_last_ten_calls_are_an_outage(pipet, source):
    assert [gets(source, str(n)) for n in range(20)] == ["blue"] * 20
    pipet.fault = ERROR
    assert [gets(source, f"late{n}") for n in range(4)] == ["failed"] * 4
    pipet.fault = None
    assert gets(source, "one") == "blue"
    pipet.fault = ERROR
    assert gets(source, "another") == "failed"
    assert source.is_down
    assert gets(source, "last") == "left alone"


def test_less_than_half_of_the_last_ten_calls_are_none(pipet, source):
    for number in range(20):
        pipet.fault = ERROR
        for other in range(4):
            assert gets(source, f"{number} {other}") == "failed"
        pipet.fault = None
        for other in "uvwxyz":
            assert gets(source, other) == "blue"


def test_a_pipet_that_hangs_takes_the_time_of_one_visitor_and_of_one_trial_call(pipet, clock):
    pipet.fault = live.hang
    with PipetSource(pipet.root, timeout=0.3, clock=clock) as source:
        got = [gets(source, str(number)) for number in range(50)]
    assert got == ["failed"] * 2 + ["left alone"] * 48
    assert asked(pipet) == ["0", None]


def test_with_a_session_of_the_sites_own_calls_that_never_end_hold_no_more_than_a_few(pipet):
    pipet.fault = live.drip_headers
    with PipetSource(pipet.root, timeout=0.3) as source:

        def visit(user):
            with requests.Session() as session:
                while not source.is_down and not pipet.over.is_set():
                    gets(source, user, get_http=lambda: session)

        threads = [threading.Thread(target=visit, args=("first",))]
        threads[0].start()
        live.wait_until(lambda: len(pipet.calls) == 1)
        pipet.fault = poisoned(live.drip_headers, "first", None)
        threads += [threading.Thread(target=visit, args=(each,)) for each in "abc"]
        for each in threads[1:]:
            each.start()
        live.wait_until(lambda: source.is_down)
        pipet.over.set()
        for each in threads:
            each.join()
    held = [each for each in asked(pipet) if each in ("first", None)]
    # The trial call comes in time or not; there is never a second one of either.
    assert held in (["first"], ["first", None])


def outage(source, pipet):
    pipet.fault = ERROR
    for number in range(5):
        assert gets(source, f"first{number}") == "failed"
    assert source.is_down
    pipet.calls.clear()


def test_the_trial_call_asks_nothing_about_a_visitor(pipet, source, clock, caplog):
    caplog.set_level(logging.INFO, "proctor")
    outage(source, pipet)
    pipet.fault = None
    assert gets(source, "early") == "left alone"
    clock.now += 1
    assert [gets(source, each) for each in "ab"] == ["blue", "blue"]
    assert [call.path for call in pipet.calls] == [
        "/proctor/matrix/audit",
        "/groups/identify",
        "/groups/identify",
    ]
    assert pipet.calls[0].query == {}
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "answers again, after 1.0 seconds" in caplog.text


@pytest.mark.parametrize(
    "fault",
    [ERROR, live.reset, says(response(b"<html>")), says(response(b'{"data": null, "meta": {}}'))],
    ids=["500", "reset", "HTML", "no matrix"],
)
def test_a_trial_call_that_fails_doubles_the_pause(pipet, source, clock, fault):
    outage(source, pipet)
    pipet.fault = fault
    began, times = clock.now, []
    while clock.now < began + 64:
        if gets(source, f"at {clock.now}") == "failed":
            times.append(clock.now - began)
        clock.now += 1
    assert times == [1, 3, 7, 15, 31, 61]
    assert asked(pipet) == [None] * 6


def test_a_trial_call_that_is_refused_shows_that_the_service_is_well(pipet, source, clock):
    outage(source, pipet)
    clock.now += 1

    def hides_its_matrix(connection, pipet):
        call = pipet.calls[-1]
        hidden = call.path != "/groups/identify"
        connection.sendall(response(b"", 404) if hidden else response(pipet.reply(call)))

    pipet.fault = hides_its_matrix
    assert [gets(source, each) for each in "ab"] == ["blue", "blue"]


def test_the_visitor_who_makes_the_trial_call_may_fail_alone(pipet, source, clock):
    outage(source, pipet)
    clock.now += 1
    pipet.fault = poisoned(ERROR, "poison")
    assert gets(source, "poison") == "failed"
    assert [gets(source, each) for each in "ab"] == ["blue", "blue"]


def test_an_outage_of_which_the_trial_calls_know_nothing_is_one_outage(
    pipet, source, clock, caplog
):
    """For example, a Pipet that cannot convert anyone's context."""
    caplog.set_level(logging.INFO, "proctor")
    outage(source, pipet)

    def fails_all(connection, pipet):
        call = pipet.calls[-1]
        fails = call.path == "/groups/identify"
        connection.sendall(response(b"", 500) if fails else response(b'{"data": {}}'))

    pipet.fault = fails_all
    began, user = clock.now, 0
    while clock.now < began + 60:
        for _ in range(20):
            gets(source, f"user{user}")
            user += 1
        clock.now += 1
    # Five at each of 1, 3, 7, 15, 31 seconds, after a trial call.
    assert len(pipet.calls) == 5 * 6
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_the_trial_call_and_the_question_share_one_time_budget(pipet, source, clock):
    class Noting(requests.Session):
        def get(self, url, *, timeout, **others):
            timeouts.append(timeout)
            return super().get(url, timeout=timeout, **others)

    timeouts = []
    outage(source, pipet)
    clock.now += 1
    pipet.fault = None
    assert gets(source, "a", get_http=Noting) == "blue"
    trial, own = timeouts
    assert own < trial <= AMPLE


def test_calls_at_once_that_fail_for_one_visitor_are_one_failure(pipet, source):
    meeting = threading.Barrier(8)

    def fail_together(connection, pipet):
        meeting.wait(10)
        ERROR(connection, pipet)

    pipet.fault = fail_together
    threads = [threading.Thread(target=gets, args=(source, "poison")) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    pipet.fault = None
    assert gets(source, "another") == "blue"


def test_a_session_that_cannot_be_made_leaves_the_trial_call_to_the_next(pipet, source, clock):
    def get_http():
        raise LookupError("no session")

    outage(source, pipet)
    pipet.fault = None
    clock.now += 1
    with pytest.raises(LookupError):
        gets(source, "a", get_http=get_http)
    assert gets(source, "b") == "blue"
    assert asked(pipet) == [None, "b"]
