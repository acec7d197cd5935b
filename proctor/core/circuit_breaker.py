"""When to leave a service alone that does not answer, and when to ask it again."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CircuitBreaker", "Permit"]


class Permit:
    """The leave to make one call, whose end is told to the breaker that gave it."""

    __slots__ = ("claims", "due", "failures", "since")

    def __init__(self, failures: int = 0, since: float = 0.0, due: float = 0.0) -> None:
        #: Calls that have failed one after the other; 0 while all is well.
        self.failures = failures
        #: When the first of them failed.
        self.since = since
        #: When the next call may be made.
        self.due = due
        #: Who makes it, in each process, and what came after; a dict, since of several
        #: threads only one gets to set a key, and a fork leaves nothing locked.
        self.claims: dict[int | str, object] = {}


class CircuitBreaker:
    """Stops calls after one that failed, and lets a single one try again from time to time.

    The first pause is *first_pause* seconds; each try that fails doubles it, up to
    *longest_pause*. Calls that were under way as it began may end as they like. Safe for
    threads and after a fork, and without a lock.

    (Those on PyPI have pauses that do not grow, and ask under a lock.)
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
        #: All that is known, replaced in one step.
        self._state = Permit()

    @property
    def is_open(self) -> bool:
        """Whether calls are stopped, but for one that tries."""
        return self._state.failures > 0

    @property
    def is_pausing(self) -> bool:
        """Whether nobody at all may call now."""
        state = self._state
        return state.failures > 0 and self._clock() < state.due

    def ask(self) -> Permit | None:
        """The leave to call now; None where the service is left alone.

        Whoever gets one tells `succeeded`, `failed` or `gave_up` of it.
        """
        state = self._state
        if not state.failures:
            return state
        if self._clock() < state.due:
            return None
        mine = object()
        return state if state.claims.setdefault(os.getpid(), mine) is mine else None

    def succeeded(self, permit: Permit) -> float | None:
        """The service has answered. The seconds that the outage took, if this ended one."""
        if not permit.failures:
            return None
        return self._clock() - permit.since if self._replace(permit, Permit()) else None

    def failed(self, permit: Permit) -> bool:
        """It has not. Whether that began an outage."""
        now = self._clock()
        # The exponent is bounded: 2.0 to the power of a long outage is no float.
        doubled: float = self._first_pause * 2.0 ** min(permit.failures, 64)
        pause = min(doubled, self._longest_pause)
        since = permit.since if permit.failures else now
        began = self._replace(permit, Permit(permit.failures + 1, since, now + pause))
        return began and not permit.failures

    def gave_up(self, permit: Permit) -> None:
        """Nothing was learnt of the service; the next caller may try."""
        if permit.failures:
            self._replace(permit, Permit(permit.failures, permit.since, permit.due))

    def _replace(self, known: Permit, state: Permit) -> bool:
        """Put *state* in place of what the caller *known*; False if others have been there."""
        # Each state has one successor, so one that is no longer current has it already.
        if known.claims.setdefault("next", state) is not state:
            return False
        self._state = state
        return True
