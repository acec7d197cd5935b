"""Make one GET request within a time limit, with a pooled session or the site's own session."""

from __future__ import annotations

import contextlib
import json
import ssl
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urljoin

import requests
from requests.structures import CaseInsensitiveDict
from urllib3 import exceptions as urllib3_errors

from proctor.core.sources.http.bodies import ENCODINGS, BodyError, read_body
from proctor.core.sources.http.deadline import Deadline, DeadlineSession

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HttpReply", "SessionStack", "get_with", "is_timeout", "is_unreached"]

#: Number of idle sessions to keep. More are created when they are needed.
IDLE = 8

#: An idle session is not used again after this many seconds, because load balancers silently drop
#: idle connections.
MAX_IDLE = 15.0

#: Maximum number of bytes to read from the body of an error response.
MAX_MESSAGE = 64 * 1024

#: The header to which a redirect's URL is moved, so that the requests package does not see it.
_REDIRECT = "X-Proctor-Redirect"

_HEADERS = {"Accept": "application/json", "Accept-Encoding": ENCODINGS}


class HttpReply(NamedTuple):
    """The response to an HTTP request."""

    status: int
    content_type: str
    #: The body of a response with status 200, or of a short response with a status from 400 to 499;
    #: otherwise empty.
    body: bytes
    #: The target of a redirect, which was not followed; otherwise "".
    location: str = ""


class SessionStack:
    """Sessions with open connections, which are taken for a call and put back afterwards.

    Each call takes the most recently used session, and no other call uses it at the same time.
    Sessions do not belong to threads, because threads are often short-lived.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: Sessions, each with the time at which it was put back. The most recent is last.
        self._idle: deque[tuple[DeadlineSession, float]] = deque()

    def get(self, url: str, timeout: float, max_bytes: int) -> HttpReply:
        """Return the response from *url* within *timeout* seconds in total.

        If the server has closed an idle connection, the call is tried once more on a new
        connection. Raises one of `bodies.FAILURES`, or BodyError.
        """
        session = self._take()
        deadline = session.deadline
        deadline.start(timeout)
        try:
            try:
                return _get(session, url, timeout, max_bytes)
            except (requests.ConnectionError, urllib3_errors.ProtocolError):
                # Try again only if the server closed an idle connection.
                if not deadline.reused or deadline.heard or deadline.is_over:
                    raise
                return _get(session, url, deadline.remaining(), max_bytes)
        finally:
            self._put_back(session)

    def close(self) -> None:
        """Close all idle sessions."""
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop()[0].close()

    def _take(self) -> DeadlineSession:
        try:
            session, since = self._idle.pop()
        except IndexError:
            return _new_session()
        if self._clock() - since <= MAX_IDLE:
            return session
        # All other sessions in the list have been idle for even longer.
        session.close()
        self.close()
        return _new_session()

    def _put_back(self, session: DeadlineSession) -> None:
        if len(self._idle) < IDLE:
            self._idle.append((session, self._clock()))
        else:
            session.close()


def _new_session() -> DeadlineSession:
    session = DeadlineSession()
    session.headers = CaseInsensitiveDict({**_HEADERS, "User-Agent": "django-proctor"})
    return session


def get_with(session: requests.Session, url: str, timeout: float, max_bytes: int) -> HttpReply:
    """Return the response to a GET request that uses the site's session.

    The session is not changed.

    *timeout* applies to each operation of the session, and to the whole body. It does not limit
    retries by the session's adapters. Any other object with `get(url, params=, timeout=)` is called
    as in version 1; see `_get_plainly`.
    """
    if not isinstance(session, requests.Session):
        return _get_plainly(session, url, timeout, max_bytes)
    deadline = Deadline(timeout)
    # Response hooks run before the requests package looks for a redirect. Hooks that are passed to
    # a call replace those of the session, so pass the session's hooks as well.
    hooks = {"response": [*session.hooks.get("response", ()), _forget_redirect]}
    check = deadline.remaining
    try:
        return _get(session, url, timeout, max_bytes, check, headers=_HEADERS, hooks=hooks)
    except requests.RequestException as error:
        if error.response is None:
            raise
        # A hook of the session raised an exception, for example with raise_for_status. The
        # exception's message contains the URL.
        with error.response as response:
            return _reply(response, max_bytes, check)


def _forget_redirect(response: requests.Response, *_: Any, **__: Any) -> None:
    """Hide a redirect from the requests package.

    Otherwise, the package would read the whole body of the redirect, however large.
    """
    location = response.headers.pop("Location", None)
    if location is not None:
        response.headers[_REDIRECT] = location


def _get(
    session: requests.Session,
    url: str,
    timeout: float,
    max_bytes: int,
    check: Callable[[], object] | None = None,
    **options: Any,
) -> HttpReply:
    with session.get(
        url, timeout=timeout, allow_redirects=False, stream=True, **options
    ) as response:
        return _reply(response, max_bytes, check)


def _reply(
    response: requests.Response, max_bytes: int, check: Callable[[], object] | None
) -> HttpReply:
    status = response.status_code
    body = b""
    if status == 200:
        body = read_body(response, max_bytes, check)
    elif 400 <= status < 500:
        # The body can explain the error, but the status alone is enough.
        with contextlib.suppress(BodyError):
            body = read_body(response, MAX_MESSAGE, check)
    headers = response.headers
    location = headers.get("Location") or headers.get(_REDIRECT, "")
    return HttpReply(
        status,
        headers.get("Content-Type", "of no type"),
        body,
        urljoin(response.url, location) if location and 300 <= status < 400 else "",
    )


def _get_plainly(client: Any, url: str, timeout: float, max_bytes: int) -> HttpReply:
    """Return the response of a client other than a requests session, such as httpx.Client.

    It must have `get(url, params=, timeout=)`. Its responses must have `status_code` and one of the
    attributes that `_plain_body` reads. For this client, *timeout* cannot be enforced for the whole
    call, and *max_bytes* is checked only after the whole body has arrived.
    """
    address, _, query = url.partition("?")
    # As in version 1, a parameter with a single value is passed as a string. A list is passed only
    # for several values.
    params = {
        key: values[0] if len(values) == 1 else values
        for key, values in parse_qs(query, keep_blank_values=True).items()
    }
    try:
        response = client.get(address, params=params, timeout=timeout)
        status = int(response.status_code)
        body = _plain_body(response, needed=status == 200)
        headers = getattr(response, "headers", None) or {}
        content_type = str(headers.get("content-type", "of no type"))
        location = str(headers.get("location", "")) if 300 <= status < 400 else ""
    except Exception as error:  # noqa: BLE001 - each client has different exceptions
        name = type(error).__qualname__
        if isinstance(error, TimeoutError) or "Timeout" in name:
            raise TimeoutError from None
        if isinstance(error, _NoBody):
            raise BodyError(str(error)) from None
        # The message can contain the URL, which could identify the visitor.
        raise requests.ConnectionError(f"{type(client).__qualname__} raised {name}") from None
    if len(body) > max_bytes:
        raise BodyError(f"it has more than {max_bytes:,} bytes")
    return HttpReply(status, content_type, body, location and urljoin(address, location))


class _NoBody(Exception):  # noqa: N818 - says what the response lacks
    """Raised for a response without a body that can be read."""


def _plain_body(response: Any, *, needed: bool) -> bytes:
    """Return the body: the first of `content`, `text` and `json()` that the response has.

    A response without any of these is an error only if its body is *needed*.
    """
    for name in ("content", "text"):
        found = getattr(response, name, None)
        if isinstance(found, str):
            return found.encode("utf-8", "replace")
        if isinstance(found, (bytes, bytearray, memoryview)):
            return bytes(found)
    problem = f"got a {type(response).__qualname__} without them"
    read = getattr(response, "json", None)
    if callable(read):
        try:
            return json.dumps(read()).encode()
        except ValueError as error:
            problem = f"json() raised {type(error).__qualname__}"
    if needed:
        raise _NoBody(f"expected a response with content, text or json(); {problem}")
    return b""


def is_timeout(error: BaseException | None) -> bool:
    """Return True if a timeout caused *error*."""
    timeouts = (TimeoutError, requests.Timeout, urllib3_errors.TimeoutError)
    while error is not None:
        # In urllib3, the error for a refused connection is a subclass of the one for timeouts.
        is_refusal = isinstance(error, urllib3_errors.NewConnectionError)
        if isinstance(error, timeouts) and not is_refusal:
            return True
        error = error.__cause__ or error.__context__
    return False


def is_unreached(error: BaseException | None) -> bool:
    """Return True if *error* means that no connection was made."""
    unreached = (
        urllib3_errors.NewConnectionError,
        urllib3_errors.ConnectTimeoutError,
        urllib3_errors.ProxyError,
        requests.ConnectTimeout,
        requests.exceptions.ProxyError,
        ConnectionRefusedError,
        ssl.SSLCertVerificationError,
    )
    while error is not None:
        if isinstance(error, unreached):
            return True
        error = error.__cause__ or error.__context__
    return False
