"""When a service that fails is asked again, by a clock that the tests set."""

from __future__ import annotations

import pytest

from proctor.core.circuit_breaker import CircuitBreaker


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return CircuitBreaker(clock=clock)


def fail(breaker):
    permit = breaker.ask()
    assert permit is not None
    return breaker.failed(permit)


def test_all_may_call_while_all_is_well(breaker):
    assert all(breaker.ask() is not None for _ in range(3))
    assert not breaker.is_open


def test_one_failure_stops_the_calls(breaker):
    fail(breaker)
    assert breaker.is_open
    assert breaker.is_pausing
    assert breaker.ask() is None


def test_after_a_second_a_single_call_may_try(breaker, clock):
    fail(breaker)
    clock.now = 0.99
    assert breaker.ask() is None
    clock.now = 1.0
    assert breaker.ask() is not None
    assert breaker.ask() is None


def test_each_try_that_fails_doubles_the_pause_up_to_thirty_seconds(breaker, clock):
    fail(breaker)
    pauses = []
    for _ in range(8):
        before = clock.now
        while breaker.is_pausing:
            clock.now += 0.5
        pauses.append(clock.now - before)
        fail(breaker)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_an_outage_of_a_year_still_pauses_for_thirty_seconds(breaker, clock):
    for _ in range(2000):
        fail(breaker)
        clock.now += 30
    fail(breaker)
    clock.now += 29.9
    assert breaker.is_pausing


def test_a_try_that_succeeds_ends_the_outage_and_knows_how_long_it_was(breaker, clock):
    clock.now = 5.0
    fail(breaker)
    clock.now = 8.0
    permit = breaker.ask()
    assert breaker.succeeded(permit) == 3.0
    assert not breaker.is_open
    assert breaker.ask() is not None


def test_after_an_outage_the_pauses_are_short_again(breaker, clock):
    fail(breaker)
    clock.now = 1
    fail(breaker)
    clock.now = 3
    breaker.succeeded(breaker.ask())
    fail(breaker)
    clock.now = 4
    assert breaker.ask() is not None


def test_only_the_first_failure_begins_an_outage(breaker, clock):
    assert fail(breaker) is True
    clock.now = 1
    assert fail(breaker) is False


def test_calls_that_were_under_way_neither_lengthen_nor_end_the_pause(breaker, clock):
    first, second, third = breaker.ask(), breaker.ask(), breaker.ask()
    assert breaker.failed(first) is True
    assert breaker.failed(second) is False
    assert breaker.succeeded(third) is None
    assert breaker.is_open
    clock.now = 1
    assert breaker.ask() is not None


def test_a_late_failure_of_a_call_from_before_does_not_begin_another_outage(breaker, clock):
    late = breaker.ask()
    fail(breaker)
    clock.now = 1
    breaker.succeeded(breaker.ask())
    assert breaker.failed(late) is False
    assert not breaker.is_open


def test_who_gives_up_leaves_the_try_to_the_next(breaker, clock):
    fail(breaker)
    clock.now = 1
    breaker.gave_up(breaker.ask())
    assert breaker.is_open
    assert breaker.ask() is not None


def test_a_success_while_all_is_well_ends_no_outage(breaker):
    assert breaker.succeeded(breaker.ask()) is None
