"""Get groups over HTTP from a Pipet, Proctor's REST service."""

from __future__ import annotations

import logging
import os
import time
import weakref
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from proctor.core.evaluation.groups import Groups
from proctor.core.exceptions import (
    ConfigurationError,
    RequestRejected,
    SourceUnavailable,
)
from proctor.core.messages import printable
from proctor.core.sources.closing import Closing
from proctor.core.sources.http.bodies import FAILURES, BodyError, public_url, root_cause
from proctor.core.sources.http.calls import SessionStack, is_timeout, is_unreached
from proctor.core.sources.paused_requests import digest
from proctor.core.sources.pipet_calls import Call, Crew
from proctor.core.sources.pipet_question import fingerprint, question
from proctor.core.sources.pipet_reply import (
    UnreadableReply,
    read_audit,
    read_groups,
    read_refused_variable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.sources.circuit_breaker import Permit
    from proctor.core.sources.http.calls import HttpReply
    from proctor.core.sources.source import GroupsRequest

__all__ = ["PipetSource"]

_Read = TypeVar("_Read")

logger = logging.getLogger("proctor.pipet")

#: Maximum value of *timeout*, in seconds. No visitor would wait longer than this for a page.
LONGEST_TIMEOUT = 3600


class PipetSource(Closing):
    """A source that calls a Pipet to get the groups of each visitor.

    *root* is the URL of the Pipet. *timeout* is the limit for one whole call in seconds:
    connecting, sending, and receiving to the last byte; only resolving the host name can take
    longer. *max_bytes* limits a reply after decompression. If *keep_empty*, the identifier "" is
    sent; otherwise it counts as missing, as with a matrix.

    If a request fails, it is paused, that is, not sent again, for one second; other requests
    continue. If no connection can be made, or half of the last ten calls failed, all calls are
    paused for one second. Then a single caller requests the version of the matrix, which does not
    depend on a visitor. Once that caller gets an answer, all calls are allowed again. Each pause is
    twice as long as the one before, up to 30 seconds.

    A session from `GroupsRequest.get_http` is not changed. With such a session, *timeout* applies
    to each operation, and to the whole body.

    Thread-safe, and safe to use after a fork. Each thread has its own session during a call.
    """

    #: Every answer requires a call.
    waits = True

    def __init__(
        self,
        root: str,
        *,
        timeout: float = 0.25,
        max_bytes: int = 1024 * 1024,
        keep_empty: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sessions: Callable[..., Any] = SessionStack,
    ) -> None:
        """Store the URL, without calling it. Raises ConfigurationError if the URL is invalid.

        *clock* and *sessions* are for tests: *clock* returns seconds, and *sessions* creates the
        sessions for calls.
        """
        self.root = _checked(root)
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
            raise ConfigurationError(f"timeout is {timeout!r}; give a number of seconds")
        if not 0 < timeout <= LONGEST_TIMEOUT:
            raise ConfigurationError(
                f"timeout is {timeout!r}; give a number of seconds above 0, up to {LONGEST_TIMEOUT}"
            )
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._keep_empty = keep_empty
        self._clock = clock
        self._sessions = sessions
        self._crews: dict[int, Crew] = {}
        self._finalizer = weakref.finalize(self, _close_all, self._crews)

    @property
    def is_down(self) -> bool:
        """True if this process has noticed an outage that is still going on."""
        return self._crew.breaker.is_open

    @property
    def matrix_url(self) -> str:
        """The URL of the service's matrix."""
        return f"{self.root}/proctor/matrix"

    def fingerprint(self, request: GroupsRequest) -> str | None:
        """Return all data that determines the answer, as a string; None if no request is needed."""
        return fingerprint(self.root, request, keep_empty=self._keep_empty)

    def url(self, request: GroupsRequest) -> str | None:
        """Return the URL to request; None if there is nothing to request.

        Raises RequestRejected if the visitor's part of the URL is too long.
        """
        return question(self.root, request, keep_empty=self._keep_empty)

    def determine_groups(self, request: GroupsRequest) -> Groups:
        """Return the groups of a visitor.

        Without an identifier or without tests, no call is made and no groups are returned. Raises
        SourceUnavailable during an outage and for a request that failed recently, RequestRejected
        if the service rejects this request or the request is too long, and ConversionError for a
        value that cannot be written as text.
        """
        crew = self._crew
        try:
            url = self.url(request)
        except RequestRejected as error:
            crew.refusals.log(str(error))
            raise
        if url is None:
            return Groups({})
        permit = self._permit(crew, url)
        try:
            call = Call(crew, request, self._timeout, self._max_bytes)
            if permit.is_trial:
                self._try(call, permit)
                permit = crew.breaker.answers(permit)
            groups = self._ask(call, permit, url, request)
        except SourceUnavailable as error:
            slow = is_timeout(error.__cause__)
            self._note_failure(crew, permit, url, error, is_slow=slow)
            raise
        except RequestRejected as error:
            # A service that rejects a request is not down.
            self._note_success(crew, permit, url)
            crew.refusals.log(str(error))
            raise
        except BaseException:
            crew.breaker.gave_up(permit)
            raise
        self._note_success(crew, permit, url)
        return groups

    def close(self) -> None:
        """Close the connections. The source stays usable: later calls open new connections."""
        _close_all(self._crews)

    def __str__(self) -> str:
        return f"Pipet at {public_url(self.root)}"

    def __repr__(self) -> str:
        return f"<PipetSource {public_url(self.root)!r}>"

    @property
    def _crew(self) -> Crew:
        pid = os.getpid()
        crew = self._crews.get(pid)
        if crew is None:
            crew = self._crews.setdefault(pid, Crew(self._clock, self._sessions))
            for other in [other for other in self._crews if other != pid]:
                # In a forked process, these sessions belong to the parent process, which still uses
                # them.
                left = self._crews.pop(other, None)
                if left is not None:
                    left.sessions.close()
        return crew

    # -- make a call ----------------------------------------------------------------------

    def _permit(self, crew: Crew, url: str) -> Permit:
        """Return a permit to call *url*. Raises SourceUnavailable if calls are paused."""
        if crew.in_flight:
            self._note_overdue(crew)
        if crew.paused and crew.paused.is_pausing(digest(url)):
            raise SourceUnavailable(
                f"{self} is not called: paused after this request failed",
                asked=False,
            )
        permit = crew.breaker.ask()
        if permit is None:
            raise SourceUnavailable(
                f"{self} is not called: paused after earlier failures", asked=False
            )
        return permit

    def _try(self, call: Call, permit: Permit) -> None:
        """Find out whether the service answers, with a call that does not depend on a visitor."""
        reply = self._get(call, f"{self.matrix_url}/audit", permit)
        if not _is_refusal(reply):
            self._read(reply, read_audit)

    def _ask(self, call: Call, permit: Permit, url: str, request: GroupsRequest) -> Groups:
        reply = self._get(call, url, permit)
        if _is_refusal(reply):
            raise self._rejected(reply)
        return self._read(
            reply,
            lambda body: read_groups(body, request.force_groups, request.tests, self._note_odd),
        )

    def _note_odd(self, problem: str) -> None:
        self._crew.odd_tests.log(f"{self} sent a test that cannot be read: {problem}")

    def _get(self, call: Call, url: str, permit: Permit) -> HttpReply:
        try:
            return call.get(url, permit)
        except BodyError as error:
            raise self._unavailable(f"its reply cannot be read: {error}") from error
        except FAILURES as error:
            if is_timeout(error):
                words = f"it took longer than {call.timeout:g} seconds in total"
            else:
                words = root_cause(error)
            raise self._unavailable(words) from error

    def _read(self, reply: HttpReply, read: Callable[[bytes], _Read]) -> _Read:
        if reply.status != 200:
            to = f", a redirect to {public_url(reply.location)}" if reply.location else ""
            raise self._unavailable(f"it answered {reply.status}{printable(to)}")
        try:
            return read(reply.body)
        except UnreadableReply as error:
            raise self._unavailable(
                f"its reply of type {printable(reply.content_type)} cannot be read: {error}"
            ) from error

    # -- log the outcome of a call, and report it to the breaker ---------------------------

    def _unavailable(self, words: str) -> SourceUnavailable:
        return SourceUnavailable(f"{self} does not answer: {printable(words, 400)}")

    def _rejected(self, reply: HttpReply) -> RequestRejected:
        # The service's message quotes what the visitor sent, which must not be logged.
        variable = read_refused_variable(reply.body)
        words = "" if variable is None else f", for the context variable {variable!r}"
        return RequestRejected(
            f"{self} rejected a request with status {reply.status}{words}", status=reply.status
        )

    def _note_failure(
        self, crew: Crew, permit: Permit, url: str, error: SourceUnavailable, *, is_slow: bool
    ) -> None:
        failures, about = 1, None
        if not permit.is_trial and not is_unreached(error.__cause__):
            # The request itself could be the cause of the failure.
            about = digest(url)
            failures = crew.paused.failed(about)
        if crew.breaker.failed(permit, about, is_slow=is_slow):
            logger.warning(
                "%s. It will be called again from time to time; until it answers, visitors get "
                "cached groups or the defaults",
                error,
            )
        elif failures > 1:
            crew.repeated_failures.log(f"{error}. The same request has failed before")
        else:
            logger.debug("%s", error)

    def _note_overdue(self, crew: Crew) -> None:
        """Give up on calls that use the site's sessions and have not returned in time."""
        now = self._clock()
        for call, (url, permit, ends) in list(crew.in_flight.items()):
            if now >= ends and crew.in_flight.pop(call, None) is not None:
                error = self._unavailable("a call has not returned")
                self._note_failure(crew, permit, url, error, is_slow=True)

    def _note_success(self, crew: Crew, permit: Permit, url: str) -> None:
        if crew.paused:
            crew.paused.succeeded(digest(url))
        seconds = crew.breaker.succeeded(permit)
        if seconds is not None:
            logger.info("%s answers again, after %.1f seconds", self, seconds)


def _is_refusal(reply: HttpReply) -> bool:
    # A service that rejects a request is not down.
    return 400 <= reply.status < 500


def _checked(root: str) -> str:
    """Return *root* without a trailing slash. Raises ConfigurationError if it is not a URL."""
    try:
        parts = urlsplit(root)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port  # raises ValueError if the port is invalid
    except (ValueError, AttributeError, TypeError):
        is_address = False
    if not is_address:
        raise ConfigurationError(
            "Invalid Pipet URL: expected http:// or https:// and a host, for "
            "example 'http://pipet.example.com'"
        )
    if parts.query or parts.fragment:
        raise ConfigurationError(
            f"Invalid Pipet URL {public_url(root)!r}: leave out the query or fragment"
        )
    return root.rstrip("/")


def _close_all(crews: dict[int, Crew]) -> None:
    for crew in list(crews.values()):
        crew.sessions.close()
