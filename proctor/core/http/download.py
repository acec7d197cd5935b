"""Fetching a document over HTTP, bounded in size and in its whole time."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import requests

from proctor.core.exceptions import SourceError
from proctor.core.http.bodies import (
    ENCODINGS,
    FAILURES,
    BodyError,
    TooLarge,
    public_url,
    read_body,
    root_cause,
)
from proctor.core.http.deadline import DeadlineSession

__all__ = ["MAX_REDIRECTS", "Download", "Validators", "fetch"]

#: Enough for a host to name its successor and for http to become https.
MAX_REDIRECTS = 3

_REDIRECTS = (301, 302, 303, 307, 308)


class Validators(NamedTuple):
    """What the server said to tell a document's versions apart."""

    etag: str | None = None
    last_modified: str | None = None


class Download(NamedTuple):
    """A document as it came."""

    content: bytes
    validators: Validators


def fetch(
    url: str, *, timeout: float, max_bytes: int, known: Validators | None = None
) -> Download | None:
    """What *url* has, or None if the server says that it is still that of *known*.

    *timeout* is the seconds for the whole of it, from the first connection to the last
    byte; only the resolver of host names may take longer. *max_bytes* bounds the document
    after decompression. Up to `MAX_REDIRECTS` redirects are followed, to http and https,
    and never from https to http. Raises SourceError, which says what went wrong in the
    same words each time.
    """
    with DeadlineSession() as session:
        session.deadline.start(timeout)
        try:
            return _follow(session, url, max_bytes, known)
        except BodyError as error:
            way_out = "; if that is right, raise max_bytes" if isinstance(error, TooLarge) else ""
            raise SourceError(f"Cannot fetch {public_url(url)}: {error}{way_out}") from error
        except FAILURES as error:
            if session.deadline.is_over or isinstance(error, requests.Timeout):
                raise _too_slow(url, timeout) from error
            raise SourceError(f"Cannot fetch {public_url(url)}: {root_cause(error)}") from error


def _too_slow(url: str, timeout: float) -> SourceError:
    return SourceError(
        f"Cannot fetch {public_url(url)}: it took longer than {timeout:g} seconds in all"
    )


def _follow(
    session: DeadlineSession, url: str, max_bytes: int, known: Validators | None
) -> Download | None:
    first = url
    for _ in range(MAX_REDIRECTS + 1):
        with session.get(
            url,
            headers=_headers(known),
            stream=True,
            allow_redirects=False,
            timeout=session.deadline.remaining(),
        ) as response:
            if response.status_code not in _REDIRECTS:
                return _document(response, first, max_bytes, known)
            url = _target(first, url, response.headers.get("Location", ""))
    raise SourceError(
        f"Cannot fetch {public_url(first)}: it redirects more than {MAX_REDIRECTS} times; "
        "give the address where it ends"
    )


def _headers(known: Validators | None) -> dict[str, str]:
    headers = {"Accept": "application/json, */*;q=0.5", "Accept-Encoding": ENCODINGS}
    if known is not None and known.etag:
        headers["If-None-Match"] = known.etag
    if known is not None and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def _target(first: str, url: str, location: str) -> str:
    target = urljoin(url, location)
    allowed = ("https",) if urlsplit(url).scheme == "https" else ("http", "https")
    if not location or urlsplit(target).scheme not in allowed:
        raise SourceError(
            f"Cannot fetch {public_url(first)}: it redirects to {public_url(target)!r}; "
            f"only {' and '.join(allowed)} is followed from there"
        )
    return target


def _document(
    response: requests.Response, url: str, max_bytes: int, known: Validators | None
) -> Download | None:
    if response.status_code == 304 and known is not None:
        return None
    if response.status_code != 200:
        raise SourceError(
            f"Cannot fetch {public_url(url)}: the server answered "
            f"{response.status_code} {(response.reason or '')[:80]}".rstrip()
        )
    headers = response.headers
    return Download(
        read_body(response, max_bytes),
        Validators(headers.get("ETag"), headers.get("Last-Modified")),
    )
