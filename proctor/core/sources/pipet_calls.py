"""The state of one process's calls to a Pipet, and the time limit of one visitor's calls."""

from __future__ import annotations

import contextlib
import inspect
import logging
import time
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import ConfigurationError
from proctor.core.sources.circuit_breaker import CircuitBreaker
from proctor.core.sources.http.calls import SessionStack, get_with
from proctor.core.sources.paused_requests import PausedRequests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from proctor.core.sources.circuit_breaker import Permit
    from proctor.core.sources.http.calls import HttpReply
    from proctor.core.sources.source import GroupsRequest

__all__ = ["Call", "Crew"]

logger = logging.getLogger("proctor.pipet")

#: Minimum time between two log records of the same kind about individual visitors, in seconds.
RECORDS_EVERY = 60.0


class RareRecord:
    """Logs at most one warning a minute, with the number of warnings suppressed in between."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due = float("-inf")
        self._left_out = 0

    def log(self, message: str) -> None:
        now = self._clock()
        if now < self._due:
            self._left_out += 1
            return
        before, self._left_out = self._left_out, 0
        self._due = now + RECORDS_EVERY
        more = f" ({before} more since the last such record)" if before else ""
        logger.warning("%s%s", message, more)


class Crew:
    """The state of one process's calls. A forked process gets a new state, with all locks free."""

    def __init__(
        self,
        clock: Callable[[], float],
        sessions: Callable[[Callable[[], float]], SessionStack] = SessionStack,
    ) -> None:
        self._clock = clock
        self.sessions = sessions(clock)
        self.breaker = CircuitBreaker(clock=clock)
        self.paused = PausedRequests(clock=clock)
        #: Running calls with the site's own sessions. Each value contains the URL, the permit, and
        #: the time by which the call should return.
        self.in_flight: dict[object, tuple[str, Permit, float]] = {}
        self.refusals = RareRecord(clock)
        self.odd_tests = RareRecord(clock)
        self.repeated_failures = RareRecord(clock)

    @contextlib.contextmanager
    def watched(self, url: str, permit: Permit, timeout: float) -> Iterator[None]:
        """Register a running call, so that other threads notice if it does not return in time."""
        call = object()
        self.in_flight[call] = url, permit, self._clock() + timeout
        try:
            yield
        finally:
            self.in_flight.pop(call, None)


class Call:
    """The calls for one visitor, which share a time limit and a session."""

    def __init__(self, crew: Crew, request: GroupsRequest, timeout: float, max_bytes: int) -> None:
        self._crew = crew
        self.timeout = timeout if request.timeout is None else request.timeout
        self._ends = time.monotonic() + self.timeout
        self._max_bytes = max_bytes
        self._session = (
            result_of_get_http(request.get_http()) if request.get_http is not None else None
        )

    def get(self, url: str, permit: Permit) -> HttpReply:
        """Return the response from *url*. Raises the same errors as `SessionStack.get`."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self._session is None:
            return self._crew.sessions.get(url, left, self._max_bytes)
        with self._crew.watched(url, permit, left):
            return get_with(self._session, url, left, self._max_bytes)


def result_of_get_http(session: Any) -> Any:
    """Return what a site's hook returned. Raises ConfigurationError if it cannot be used.

    This function is named after the hook, so that the log shows which hook failed: in production,
    only the class and the place of an exception are logged.
    """
    if session is None:
        return None
    get = getattr(session, "get", None)
    if isinstance(session, type) or not callable(get) or inspect.iscoroutinefunction(get):
        kind = "class" if isinstance(session, type) else type(session).__qualname__
        raise ConfigurationError(
            f"get_http returned a {kind}; return a requests.Session, or an object with "
            "get(url, params=, timeout=) that is not a coroutine function"
        )
    return session
