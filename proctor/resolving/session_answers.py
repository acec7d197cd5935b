"""Keep a visitor's last answer in the session. An unreachable session store counts as a miss."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedCookieStore

from proctor.core.evaluation.stored_groups import is_time
from proctor.core.messages import error_place
from proctor.core.sources.circuit_breaker import CircuitBreaker
from proctor.resolving.store_errors import StoreDown, is_of_the_request, is_unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest

    from proctor.core.sources.circuit_breaker import Permit
    from proctor.resolving.once_log import OnceLog

__all__ = ["SessionAnswers", "has_answer_to_save", "save_answer"]

logger = logging.getLogger("proctor.cache")

_KEY = "_proctor"

#: Keys in a request's `__dict__`: the entry to save, and a flag that is set when the response
#: is ready.
_WAITING = "_proctor_session_entry"
_ANSWERED = "_proctor_session_answered"

#: The session key in which django-proctor 1 kept its answer.
_OLD_KEY = "proctorcache"


def has_answer_to_save(request: HttpRequest) -> bool:
    """Record that the response is ready. Return True if `save_answer` has an answer to save."""
    request.__dict__[_ANSWERED] = True
    return _WAITING in request.__dict__


def save_answer(request: HttpRequest) -> None:
    """Save the answer that is waiting to be saved, if any, in the session of the request.

    If the view changed the session, the answer is saved together with these changes. Otherwise the
    session is loaded again first, so that only our key changes. A session that was deleted in the
    meantime, for example because the user signed out, stays deleted. May query the database; never
    raises.
    """
    state = request.__dict__
    state[_ANSWERED] = True
    entry = state.pop(_WAITING, None)
    if entry is None:
        return
    try:
        _save(state["session"], entry)
    except Exception as error:  # noqa: BLE001 - each backend has its own; never break a page
        logger.warning("The session cannot keep an answer: %s", error_place(error))


def _save(session: Any, entry: dict[str, Any]) -> None:
    is_cookie = isinstance(session, SignedCookieStore)
    if session.modified or session.session_key is None or is_cookie:
        _put(session, entry)
        return
    current = type(session)(session.session_key)
    _put(current, entry)
    if current.session_key is None:
        return  # the session was deleted in the meantime
    with contextlib.suppress(UpdateError):
        current.save()


def _put(session: Any, entry: dict[str, Any]) -> None:
    """Put *entry* into *session*; remove an answer that django-proctor 1 left there."""
    session.pop(_OLD_KEY, None)
    session[_KEY] = entry


class SessionAnswers:
    """Reads and writes the answers in sessions. Thread-safe.

    After a failure, no session is read or written for one second; then a single request tries
    again. Each further failure doubles the pause, up to half a minute.
    """

    needs_sessions = True

    def __init__(
        self,
        log: OnceLog,
        lifetime: float | None,
        *,
        alias: str,
        clock: Callable[[], float] = time.monotonic,
        time_of_day: Callable[[], float] = time.time,
    ) -> None:
        """Keep answers for *lifetime* seconds; None means forever. *alias* is not used here."""
        self._log = log
        self._lifetime = lifetime
        self._time_of_day = time_of_day
        self._breaker = CircuitBreaker(clock=clock)

    def place_for(self, request: HttpRequest | None) -> Any:
        """Return the request if it has a session, otherwise None."""
        return None if getattr(request, "session", None) is None else request

    def cache_keys(self, key: str) -> tuple[str, ...]:
        """Return no keys, because sessions use the cache only for the version."""
        return ()

    def read(self, place: Any, key: str, found: Mapping[str, Any]) -> Any:
        """Return the data for *key* in the session, or None. Raises StoreDown."""
        permit = self._breaker.ask()
        if permit is None:
            raise StoreDown
        try:
            kept = place.session.get(_KEY)
        except Exception as error:
            self._failed(permit, error)
            raise StoreDown from error
        except BaseException:
            self._breaker.gave_up(permit)
            raise
        seconds = self._breaker.succeeded(permit)
        if seconds is not None:
            logger.info("The session store is back, after %.1f seconds", seconds)
        return kept if self._is_current(kept, key) else None

    def keep(self, place: Any, key: str, entry: dict[str, Any]) -> None:
        """Make `save_answer` store *entry* in the session when the response is ready.

        The entry must not be stored earlier. Otherwise, a page that only reads the session would
        write back the whole session as it was at the start of the request. This would undo
        what a simultaneous request has changed, for example by filling a basket or signing out.
        """
        until = None if self._lifetime is None else self._time_of_day() + self._lifetime
        place.__dict__[_WAITING] = {"key": key, "until": until, **entry}
        if place.__dict__.get(_ANSWERED):
            # The first read happened while the response was streaming, so this is the last chance
            # to save.
            save_answer(place)

    def _failed(self, permit: Permit, error: Exception) -> None:
        if is_of_the_request(error) or is_unreadable(error):
            self._breaker.gave_up(permit)
            self._tell(error)
        elif self._breaker.failed(permit):
            logger.warning(
                "The session store failed, so the Pipet is called for each visitor: %s",
                error_place(error),
            )

    def _is_current(self, kept: Any, key: str) -> bool:
        """Return True if *kept* is an answer for *key* that is not too old."""
        try:
            if kept is None or kept["key"] != key or not is_time(kept["until"]):
                return False
            return kept["until"] is None or self._time_of_day() < kept["until"]
        except Exception as error:  # noqa: BLE001 - a value that is not ours may raise anything
            self._tell(error)
            return False

    def _tell(self, error: Exception) -> None:
        self._log.log(
            logger, logging.WARNING, "The session has no usable groups: %s", error_place(error)
        )
