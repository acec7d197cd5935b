"""The times at which a failing service is called again, with a clock that the tests set."""

from __future__ import annotations

import pytest

from proctor.core.sources.circuit_breaker import CircuitBreaker
from tests.clocks import Clock


@pytest.fixture
def clock():
    return Clock(0.0)


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


# -- failures that may be due to what was asked -------------------------------------------------


def ask_and_fail(breaker, about, **options):
    return breaker.failed(breaker.ask(), about, **options)


def test_five_of_the_last_ten_calls_stop_the_calls(breaker):
    assert [ask_and_fail(breaker, each) for each in "abcd"] == [False] * 4
    for _ in range(5):
        breaker.succeeded(breaker.ask())
    assert not breaker.is_open
    assert ask_and_fail(breaker, "e") is True
    assert breaker.ask() is None


def test_calls_before_the_last_ten_are_forgotten(breaker):
    for each in "abcd":
        ask_and_fail(breaker, each)
    for _ in range(7):
        breaker.succeeded(breaker.ask())
    assert ask_and_fail(breaker, "e") is False
    assert not breaker.is_open


def test_what_was_asked_counts_once(breaker):
    assert [ask_and_fail(breaker, "poison") for _ in range(20)] == [False] * 20
    assert not breaker.is_open


def test_a_failure_that_has_no_other_reason_stops_the_calls_at_once(breaker):
    ask_and_fail(breaker, "a")
    assert fail(breaker) is True
    assert breaker.is_open


def test_after_a_slow_call_one_makes_sure_and_the_others_go_on(breaker):
    ask_and_fail(breaker, "a", is_slow=True)
    trial, other = breaker.ask(), breaker.ask()
    assert (trial.is_trial, other.is_trial) == (True, False)
    permit = breaker.answers(trial)
    assert breaker.succeeded(permit) is None
    assert not breaker.ask().is_trial


def test_a_trial_call_that_fails_after_a_slow_one_stops_the_calls(breaker):
    ask_and_fail(breaker, "a", is_slow=True)
    trial, other = breaker.ask(), breaker.ask()
    assert breaker.failed(trial, "b") is True
    assert breaker.ask() is None
    # This one was under way.
    assert breaker.succeeded(other) is None
    assert breaker.failed(other, "c") is False
    assert breaker.is_open


def test_calls_at_once_that_are_slow_stop_the_calls_without_a_trial_call(breaker):
    permits = [breaker.ask() for _ in range(8)]
    began = [breaker.failed(permit, n, is_slow=True) for n, permit in enumerate(permits)]
    assert began == [False] * 4 + [True] + [False] * 3
    assert breaker.ask() is None


def test_a_call_from_before_a_slow_one_ends_the_outage(breaker, clock):
    fail(breaker)
    clock.now = 1
    breaker.answers(breaker.ask())
    slow, quick = breaker.ask(), breaker.ask()
    breaker.failed(slow, "a", is_slow=True)
    assert breaker.succeeded(quick) == 1
    assert not breaker.ask().is_trial


def test_a_trial_call_leaves_the_failures_before_it_counted(breaker):
    for each in "abcd":
        ask_and_fail(breaker, each, is_slow=True)
        breaker.answers(breaker.ask())
    assert ask_and_fail(breaker, "e", is_slow=True) is True


def test_an_outage_ends_with_an_answer_and_not_with_a_trial_call(breaker, clock):
    fail(breaker)
    clock.now = 1
    breaker.answers(breaker.ask())
    assert not breaker.is_open
    assert [ask_and_fail(breaker, each) for each in "abcde"] == [False] * 5
    assert breaker.is_open
    clock.now = 2.5
    assert breaker.is_pausing
    clock.now = 3
    permit = breaker.answers(breaker.ask())
    assert breaker.succeeded(permit) == 3
    assert breaker.succeeded(breaker.ask()) is None


def test_a_trial_call_that_others_have_overtaken_changes_nothing(breaker, clock):
    ask_and_fail(breaker, "a", is_slow=True)
    trial, other = breaker.ask(), breaker.ask()
    breaker.failed(other)
    permit = breaker.answers(trial)
    assert breaker.is_open
    breaker.succeeded(permit)
    breaker.failed(permit)
    assert breaker.is_open
    clock.now = 1
    assert breaker.ask().is_trial
    assert breaker.ask() is None
