"""A circuit breaker, which stops calls to a service that is down, and later tries again."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["CircuitBreaker", "Permit"]

#: Number of calls to remember.
REMEMBERED = 10
#: If this many different requests failed among the remembered calls, all calls are stopped.
TOO_MANY = 5


class Permit:
    """Permission for one call, whose outcome must be reported to the breaker."""

    __slots__ = ("claims", "due", "failures", "is_open", "is_suspect", "outcomes", "since")

    def __init__(self, failures: int = 0, since: float = 0.0) -> None:
        #: Number of pauses so far in this outage; 0 if there is no outage.
        self.failures = failures
        #: The time at which the outage began.
        self.since = since
        #: True if calls are stopped; `due` is the time at which the next call is allowed.
        self.is_open = False
        self.due = 0.0
        #: True if a call timed out, so a trial call is needed.
        self.is_suspect = False
        #: The outcomes of the last calls: None if the call was answered, the request if it failed.
        self.outcomes: deque[Hashable] = deque(maxlen=REMEMBERED)
        #: For each process, the thread that makes the trial call. The dict also contains the next
        #: state. It serves as a lock, because only one of several threads can set a key. A real
        #: lock could stay locked forever in a forked process.
        self.claims: dict[int | str, object] = {}

    @property
    def is_trial(self) -> bool:
        """True if the call must first find out whether the service answers."""
        return self.is_open or self.is_suspect

    def copy(self) -> Permit:
        """Return a copy of this permit that no thread has claimed yet."""
        state = Permit(self.failures, self.since)
        state.is_open, state.due, state.is_suspect = self.is_open, self.due, self.is_suspect
        state.outcomes = self.outcomes
        return state


class CircuitBreaker:
    """Stops calls to a service that is down, and allows a single trial call from time to time.

    A failure that can only be the service's fault stops all calls immediately. A failure that the
    request itself could have caused stops them only if half of the last ten calls failed; several
    failures of one request count as one.

    The first pause lasts *first_pause* seconds. Each failed trial call doubles the pause, up to
    *longest_pause*. Calls that are running when a pause begins may finish. Thread-safe, and safe to
    use after a fork, without a lock.

    (The circuit breakers on PyPI do not lengthen their pauses, and use a lock for each call.)
    """

    def __init__(
        self,
        *,
        first_pause: float = 1.0,
        longest_pause: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._clock = clock
        #: The whole state. It is replaced in one step.
        self._state = Permit()

    @property
    def is_open(self) -> bool:
        """True if calls are stopped, except for trial calls."""
        return self._state.is_open

    @property
    def is_pausing(self) -> bool:
        """True if no call is allowed now."""
        state = self._state
        return state.is_open and self._clock() < state.due

    def ask(self) -> Permit | None:
        """Return a permit for one call, or None if calls are stopped.

        Report the outcome with `succeeded`, `failed` or `gave_up`. If the permit `is_trial`, first
        make a trial call that fails only if the service is down; if it succeeds, call `answers`.
        """
        state = self._state
        if not state.is_trial:
            return state
        if state.is_open and self._clock() < state.due:
            return None
        mine = object()
        if state.claims.setdefault(os.getpid(), mine) is mine:
            return state
        return None if state.is_open else _plain(state)

    def answers(self, permit: Permit) -> Permit:
        """Allow all calls again after a successful trial call.

        Return a permit for the actual call. An outage ends only when the actual call succeeds.
        Until then, each pause between trial calls is longer than the one before.
        """
        state = Permit(permit.failures, permit.since)
        if not permit.is_open:
            state.outcomes = permit.outcomes
        if not self._replace(permit, state):
            # Another thread was faster. Its state becomes the successor of this one.
            state.claims["next"] = self._state
        return state

    def succeeded(self, permit: Permit) -> float | None:
        """Report that the call was answered.

        If this ends an outage, return the outage's duration in seconds, otherwise None.
        """
        if not permit.failures:
            permit.outcomes.append(None)
            return None
        ended = self._replace(self._current(permit), Permit())
        return self._clock() - permit.since if ended else None

    def failed(
        self, permit: Permit, about: Hashable | None = None, *, is_slow: bool = False
    ) -> bool:
        """Report that the call failed. Return True if this failure began an outage.

        *about* is the request, if the request could be the cause of the failure. If *is_slow* is
        True, the call timed out, and the next caller must make a trial call first.
        """
        if about is not None and not permit.is_trial:
            permit.outcomes.append(about)
            if len(set(permit.outcomes.copy()) - {None}) < TOO_MANY:
                if is_slow:
                    state = permit.copy()
                    state.is_suspect = True
                    self._replace(permit, state)
                return False
        return self._open(self._current(permit))

    def gave_up(self, permit: Permit) -> None:
        """Report that the call did not show whether the service answers.

        The next caller may make a trial call.
        """
        if permit.is_trial:
            self._replace(permit, permit.copy())

    def _current(self, permit: Permit) -> Permit:
        """Return the current state, or *permit* if an outage began or ended after it was issued."""
        state = self._state
        return state if state.outcomes is permit.outcomes else permit

    def _open(self, permit: Permit) -> bool:
        now = self._clock()
        # The exponent is limited, because it would overflow in a long outage with many pauses.
        doubled: float = self._first_pause * 2.0 ** min(permit.failures, 64)
        state = Permit(permit.failures + 1, permit.since if permit.failures else now)
        state.is_open = True
        state.due = now + min(doubled, self._longest_pause)
        return self._replace(permit, state) and not permit.failures

    def _replace(self, known: Permit, state: Permit) -> bool:
        """Replace *known* with the new *state*. Return False if another thread was faster."""
        # Each state has only one successor. If *known* is no longer current, it already has one.
        if known.claims.setdefault("next", state) is not state:
            return False
        self._state = state
        return True


def _plain(state: Permit) -> Permit:
    """Return a permit for an ordinary call while another thread makes the trial call."""
    permit = Permit(state.failures, state.since)
    permit.outcomes, permit.claims = state.outcomes, state.claims
    return permit
