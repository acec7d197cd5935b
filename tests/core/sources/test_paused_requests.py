"""Failed requests, and the time for which each is paused."""

from __future__ import annotations

import pytest

from proctor.core.sources.paused_requests import PausedRequests, digest


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def paused(clock):
    return PausedRequests(clock=clock)


def test_a_request_that_failed_pauses_itself_and_no_other(paused, clock):
    assert not paused
    assert paused.failed(b"a") == 1
    assert paused
    assert paused.is_pausing(b"a")
    assert not paused.is_pausing(b"b")
    clock.now = 1
    assert not paused.is_pausing(b"a")


def test_each_failure_doubles_the_pause_up_to_thirty_seconds(paused, clock):
    pauses = []
    for times in range(1, 100):
        assert paused.failed(b"a") == times
        before = clock.now
        while paused.is_pausing(b"a"):
            clock.now += 0.5
        pauses.append(clock.now - before)
    assert pauses[:7] == [1, 2, 4, 8, 16, 30, 30]
    assert pauses[-1] == 30


def test_a_request_that_was_answered_is_forgotten(paused):
    paused.failed(b"a")
    paused.succeeded(b"a")
    paused.succeeded(b"never heard of")
    assert not paused
    assert not paused.is_pausing(b"a")


def test_what_is_remembered_is_bounded_and_the_last_ones_are_kept(paused):
    for number in range(50_000):
        paused.failed(digest(str(number)))
    assert len(paused) <= 2 * PausedRequests.LIMIT
    assert paused.is_pausing(digest("49999"))
    assert paused.is_pausing(digest(str(50_000 - PausedRequests.LIMIT)))
    assert not paused.is_pausing(digest("0"))


def test_an_older_failure_still_counts_and_can_be_forgotten(paused):
    paused.failed(b"a")
    for number in range(PausedRequests.LIMIT):
        paused.failed(digest(str(number)))
    assert paused.is_pausing(b"a")
    assert paused.failed(b"a") == 2
    paused.succeeded(b"a")
    assert not paused.is_pausing(b"a")


def test_a_digest_names_nobody():
    assert len(digest("http://pipet/groups/identify?id.USER=joe" * 100)) == 16
    assert digest("a\ud800") != digest("a")
