"""Groups from a Pipet, the REST service, over HTTP."""

from __future__ import annotations

import contextlib
import logging
import os
import time
import weakref
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from proctor.core.circuit_breaker import CircuitBreaker
from proctor.core.closing import Closing
from proctor.core.conversion import plain_text
from proctor.core.exceptions import (
    ConfigurationError,
    ConversionError,
    RequestRejected,
    SourceUnavailable,
)
from proctor.core.groups import Groups
from proctor.core.http.bodies import FAILURES, BodyError, public_url, root_cause
from proctor.core.http.calls import SessionStack, get_with, is_timeout
from proctor.core.pipet_reply import UnreadableReply, read_groups, read_refused_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from proctor.core.circuit_breaker import Permit
    from proctor.core.http.calls import Reply
    from proctor.core.sources import GroupsRequest

__all__ = ["PipetSource"]

logger = logging.getLogger(__name__)

#: Seconds; a page that waits longer has long been given up.
LONGEST_TIMEOUT = 3600

#: Seconds between two log records of refused requests.
REFUSALS_EVERY = 60.0


class _Crew:
    """What calls need in one process. A forked one gets its own, with nothing held."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.sessions = SessionStack()
        self.breaker = CircuitBreaker(clock=clock)
        #: Calls with sessions of the site's own: their permits, and when they must be over.
        self.in_flight: dict[object, tuple[Permit, float]] = {}
        #: When the next refusal is logged, and how many were not since the last one.
        self.refusal_due = 0.0
        self.refusals = 0

    @contextlib.contextmanager
    def watched(self, permit: Permit, timeout: float) -> Iterator[None]:
        """Let others see that the call under way is overdue, once it is."""
        call = object()
        self.in_flight[call] = permit, time.monotonic() + timeout
        try:
            yield
        finally:
            del self.in_flight[call]


class PipetSource(Closing):
    """A Pipet, which is asked for each visitor.

    *root* is its URL. *timeout* is the seconds that one call may take in all: connecting,
    sending, and receiving to the last byte; only the resolver of host names may take
    longer. After a call that failed no more are made for a second, then a single one tries
    again, and each one that fails doubles that pause, up to half a minute. *max_bytes*
    bounds a reply after decompression. With *keep_empty* the identifier "" is sent;
    otherwise, as with a matrix, it counts as none.

    A session that `GroupsRequest.get_http` gives is used as it is: *timeout* is then given
    to each operation, and kept for the whole body.

    Safe for threads, of which each has a session for itself during a call, and after a
    fork.
    """

    #: An answer takes a call.
    waits = True

    def __init__(
        self,
        root: str,
        *,
        timeout: float = 0.25,
        max_bytes: int = 1024 * 1024,
        keep_empty: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the address; ConfigurationError where it is none. Nothing is called yet."""
        self.root = _checked(root)
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
            raise ConfigurationError(f"timeout is {timeout!r}; give a number of seconds")
        if not 0 < timeout <= LONGEST_TIMEOUT:
            raise ConfigurationError(
                f"timeout is {timeout!r}; give seconds above 0, and at most {LONGEST_TIMEOUT}"
            )
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._keep_empty = keep_empty
        self._clock = clock
        self._crews: dict[int, _Crew] = {}
        self._finalizer = weakref.finalize(self, _close_all, self._crews)

    @property
    def is_down(self) -> bool:
        """Whether there is an outage, as far as this process knows."""
        return self._crew.breaker.is_open

    @property
    def matrix_url(self) -> str:
        """Where the service shows its matrix."""
        return f"{self.root}/proctor/matrix"

    def fingerprint(self, request: GroupsRequest) -> str | None:
        """All that decides the answer, as a text; None where there is nothing to ask."""
        identifiers = self._identifiers(request)
        if not identifiers or (request.tests is not None and not request.tests):
            return None
        # As texts of Python nothing can be taken for something else; a URL takes longer.
        asked = f"{identifiers} {_context(request)} {request.force_groups}"
        return f"{self.root} {asked} {_shown_tests(request.tests and tuple(request.tests))}"

    def determine_groups(self, request: GroupsRequest) -> Groups:
        """The groups of a visitor; none, without a call, who has no identifier, or wants none.

        Raises SourceUnavailable in an outage, and RequestRejected where the service refuses
        this request; ConversionError for a value that has no text.
        """
        url = self.url(request)
        if url is None:
            return Groups({})
        crew = self._crew
        if crew.in_flight:
            self._note_overdue(crew)
        permit = crew.breaker.ask()
        if permit is None:
            raise SourceUnavailable(f"{self} is left alone, since it did not answer", asked=False)
        try:
            groups = self._ask(crew, permit, url, request)
        except SourceUnavailable as error:
            self._note_failure(crew, permit, error)
            raise
        except RequestRejected as error:
            # Whoever refuses is well.
            self._note_success(crew, permit)
            self._note_refusal(crew, error)
            raise
        except BaseException:
            crew.breaker.gave_up(permit)
            raise
        self._note_success(crew, permit)
        return groups

    def close(self) -> None:
        """Let go of the connections; harmless when repeated. A later call makes new ones."""
        _close_all(self._crews)

    def __str__(self) -> str:
        return f"Pipet at {public_url(self.root)}"

    def __repr__(self) -> str:
        return f"<PipetSource {public_url(self.root)!r}>"

    @property
    def _crew(self) -> _Crew:
        pid = os.getpid()
        crew = self._crews.get(pid)
        if crew is None:
            crew = self._crews.setdefault(pid, _Crew(self._clock))
            for other in [other for other in self._crews if other != pid]:
                # Of the process that this one was forked from, which goes on with them.
                left = self._crews.pop(other, None)
                if left is not None:
                    left.sessions.close()
        return crew

    # -- what is asked --------------------------------------------------------------------

    def url(self, request: GroupsRequest) -> str | None:
        """The address that is asked; None where there is nothing to ask."""
        identifiers = self._identifiers(request)
        if not identifiers or (request.tests is not None and not request.tests):
            return None
        query = [(f"id.{key}", text) for key, text in identifiers]
        query += [(f"ctx.{key}", text) for key, text in _context(request)]
        # What is alone a surrogate is a question mark to the Java, too.
        words = urlencode(query, errors="replace")
        if request.tests is not None:
            words += f"&test={quote(','.join(request.tests), safe=',', errors='replace')}"
        if request.force_groups:
            words += "&" + urlencode({"prforceGroups": str(request.force_groups)}, errors="replace")
        return f"{self.root}/groups/identify?{words}"

    def _identifiers(self, request: GroupsRequest) -> list[tuple[str, str]]:
        found = _texts(request.identifiers, "identifier")
        return found if self._keep_empty else [(key, text) for key, text in found if text]

    # -- the call -------------------------------------------------------------------------

    def _ask(self, crew: _Crew, permit: Permit, url: str, request: GroupsRequest) -> Groups:
        timeout = self._timeout if request.timeout is None else request.timeout
        given = request.get_http() if request.get_http is not None else None
        try:
            if given is not None:
                with crew.watched(permit, timeout):
                    reply = get_with(given, url, timeout, self._max_bytes)
            else:
                reply = crew.sessions.get(url, timeout, self._max_bytes)
            if reply.status == 200:
                return read_groups(reply.body, request.force_groups, request.tests)
        except UnreadableReply as error:
            raise self._unavailable(
                f"its reply, {_printable(reply.content_type)}, cannot be read: {error}"
            ) from error
        except BodyError as error:
            raise self._unavailable(f"its reply cannot be read: {error}") from error
        except FAILURES as error:
            if is_timeout(error):
                words = f"it took longer than {timeout:g} seconds in all"
            else:
                words = root_cause(error)
            raise self._unavailable(words) from error
        if 400 <= reply.status < 500:
            raise self._rejected(reply)
        raise self._unavailable(f"it answered {reply.status}")

    # -- what came of it ------------------------------------------------------------------

    def _unavailable(self, words: str) -> SourceUnavailable:
        return SourceUnavailable(f"{self} does not answer: {words}")

    def _rejected(self, reply: Reply) -> RequestRejected:
        # Its own words quote what the visitor sent, which no log should show.
        variable = read_refused_variable(reply.body)
        words = "" if variable is None else f", for the context variable {variable!r}"
        return RequestRejected(
            f"{self} refuses a request with {reply.status}{words}", status=reply.status
        )

    def _note_failure(self, crew: _Crew, permit: Permit, error: SourceUnavailable) -> None:
        if crew.breaker.failed(permit):
            logger.warning(
                "%s. It is asked again now and then; until it answers visitors have what is "
                "cached, else the defaults",
                error,
            )
        else:
            logger.debug("%s", error)

    def _note_overdue(self, crew: _Crew) -> None:
        """Calls with a session of the site's own may never end, and so never tell."""
        now = time.monotonic()
        for permit, ends in list(crew.in_flight.values()):
            if now >= ends:
                self._note_failure(crew, permit, self._unavailable("a call does not end"))

    def _note_success(self, crew: _Crew, permit: Permit) -> None:
        seconds = crew.breaker.succeeded(permit)
        if seconds is not None:
            logger.info("%s answers again, after %.1f seconds", self, seconds)

    def _note_refusal(self, crew: _Crew, error: RequestRejected) -> None:
        now = self._clock()
        if now < crew.refusal_due:
            crew.refusals += 1
            return
        before, crew.refusals = crew.refusals, 0
        crew.refusal_due = now + REFUSALS_EVERY
        more = f" ({before} more since the last such record)" if before else ""
        logger.warning("%s%s", error, more)


@lru_cache(maxsize=8)
def _shown_tests(tests: tuple[str, ...] | None) -> str:
    # They are the same for all visitors.
    return repr(tests)


def _context(request: GroupsRequest) -> list[tuple[str, str]]:
    return _texts(request.context, "context variable")


def _texts(values: Mapping[str, object], what: str) -> list[tuple[str, str]]:
    """The values that there are, as texts and in the order of the keys."""
    found = []
    for key in sorted(values):
        value = values[key]
        if value is None:
            continue
        try:
            found.append((key, plain_text(value)))
        except Exception as error:
            raise ConversionError(f"The {what} {key!r} has a value without a text") from error
    return found


def _checked(root: str) -> str:
    """*root* without a slash at its end; ConfigurationError where it is no address."""
    try:
        parts = urlsplit(root)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port  # raises where it is none
    except (ValueError, AttributeError, TypeError):
        is_address = False
    if not is_address:
        raise ConfigurationError(
            "The address of the Pipet is none; give its URL with http:// or https://, for "
            "example 'http://pipet.example.com'"
        )
    if parts.query or parts.fragment:
        raise ConfigurationError(
            f"The address of the Pipet has a query or a fragment: {public_url(root)!r}; leave "
            "it out"
        )
    return root.rstrip("/")


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text[:300])


def _close_all(crews: dict[int, _Crew]) -> None:
    for crew in list(crews.values()):
        crew.sessions.close()
