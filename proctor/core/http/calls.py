"""One GET within its time, with a session from a small stack or with one of the site's own."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import requests
from requests.structures import CaseInsensitiveDict
from urllib3 import exceptions as urllib3_errors

from proctor.core.http.bodies import ENCODINGS, BodyError, read_body
from proctor.core.http.deadline import Deadline, DeadlineSession

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Reply", "SessionStack", "get_with", "is_timeout"]

#: Sessions that wait for their next call; more are made when they are needed.
IDLE = 8

#: Seconds after which one is not used again. What stands between us and a server forgets
#: a connection that says nothing, and tells nobody.
MAX_IDLE = 15.0

#: Bytes of an error's body that are read.
MAX_MESSAGE = 64 * 1024

_HEADERS = {"Accept": "application/json", "Accept-Encoding": ENCODINGS}


class Reply(NamedTuple):
    """What came back."""

    status: int
    content_type: str
    #: That of a 200, and of an error from 400 to 499 as far as it is short; else nothing.
    body: bytes


class SessionStack:
    """Sessions that are taken for a call and put back, each with its open connections.

    Threads come and go, so none has a session of its own; a call has one for itself. Whoever
    was used last is warm, and is taken first.
    """

    def __init__(self) -> None:
        #: Each with the time at which it was put back; the warmest is last.
        self._idle: deque[tuple[DeadlineSession, float]] = deque()

    def get(self, url: str, timeout: float, max_bytes: int) -> Reply:
        """What *url* answers within *timeout* seconds in all.

        A connection that the server had closed meanwhile is replaced, once. Raises one of
        `bodies.FAILURES`, or BodyError.
        """
        session = self._take()
        deadline = session.deadline
        deadline.start(timeout)
        try:
            try:
                return _get(session, url, timeout, max_bytes)
            except (requests.ConnectionError, urllib3_errors.ProtocolError):
                # The server had hung up, and we could not know. Any other failure is one.
                if not deadline.reused or deadline.heard or deadline.is_over:
                    raise
                return _get(session, url, deadline.remaining(), max_bytes)
        finally:
            self._put_back(session)

    def close(self) -> None:
        """Close the sessions that nobody uses."""
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop()[0].close()

    def _take(self) -> DeadlineSession:
        try:
            session, since = self._idle.pop()
        except IndexError:
            return _new_session()
        if time.monotonic() - since <= MAX_IDLE:
            return session
        # All below have waited even longer.
        session.close()
        self.close()
        return _new_session()

    def _put_back(self, session: DeadlineSession) -> None:
        if len(self._idle) < IDLE:
            self._idle.append((session, time.monotonic()))
        else:
            session.close()


def _new_session() -> DeadlineSession:
    session = DeadlineSession()
    session.headers = CaseInsensitiveDict({**_HEADERS, "User-Agent": "django-proctor"})
    return session


def get_with(session: requests.Session, url: str, timeout: float, max_bytes: int) -> Reply:
    """The same with a session of somebody else's, which stays as it is.

    *timeout* is given to each of its operations, and kept for the whole of the body. What
    its adapters do besides, as to try again, is theirs.
    """
    deadline = Deadline(timeout)
    # Hooks of a call come before requests looks for a redirect, and replace the session's.
    hooks = {"response": [*session.hooks.get("response", ()), _forget_redirect]}
    return _get(session, url, timeout, max_bytes, deadline.remaining, headers=_HEADERS, hooks=hooks)


def _forget_redirect(response: requests.Response, *_: Any, **__: Any) -> None:
    """Requests would read the whole body of a redirect, whatever its size."""
    response.headers.pop("Location", None)


def _get(
    session: requests.Session,
    url: str,
    timeout: float,
    max_bytes: int,
    check: Callable[[], object] | None = None,
    **options: Any,
) -> Reply:
    with session.get(
        url, timeout=timeout, allow_redirects=False, stream=True, **options
    ) as response:
        status = response.status_code
        body = b""
        if status == 200:
            body = read_body(response, max_bytes, check)
        elif 400 <= status < 500:
            # It may say what is wrong; that it refuses is clear without.
            with contextlib.suppress(BodyError):
                body = read_body(response, MAX_MESSAGE, check)
        return Reply(status, response.headers.get("Content-Type", "of no type"), body)


def is_timeout(error: BaseException | None) -> bool:
    """Whether a time that ran out is behind *error*."""
    timeouts = (TimeoutError, requests.Timeout, urllib3_errors.TimeoutError)
    while error is not None:
        # Whom nobody lets in is a kind of timeout to urllib3.
        is_refusal = isinstance(error, urllib3_errors.NewConnectionError)
        if isinstance(error, timeouts) and not is_refusal:
            return True
        error = error.__cause__ or error.__context__
    return False
