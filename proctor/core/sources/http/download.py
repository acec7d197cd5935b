"""Download a document over HTTP, with limits on its size and the total time."""

from __future__ import annotations

from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit

import requests

from proctor.core.exceptions import SourceError
from proctor.core.messages import printable
from proctor.core.sources.http.bodies import (
    ENCODINGS,
    FAILURES,
    BodyError,
    TooLarge,
    public_url,
    read_body,
    root_cause,
)
from proctor.core.sources.http.deadline import DeadlineSession

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["MAX_REDIRECTS", "Download", "Validators", "fetch"]

#: Maximum number of redirects: enough for one to a different host and one from http to https.
MAX_REDIRECTS = 3

#: If a document was modified less than this many seconds before it was sent, it can change again
#: within the same second without getting a new Last-Modified (RFC 9110, 8.8.2.2). The same is true
#: of an ETag that the server computes from that time and the size.
_YOUNG_SECONDS = 2.0

_REDIRECTS = (301, 302, 303, 307, 308)


class Validators(NamedTuple):
    """The headers that distinguish the versions of a document."""

    etag: str | None = None
    last_modified: str | None = None


class Download(NamedTuple):
    """A document as it was received."""

    content: bytes
    validators: Validators


def fetch(
    url: str,
    *,
    timeout: float,
    max_bytes: int,
    known: Validators | None = None,
    bearer: str | None = None,
) -> Download | None:
    """Return the document at *url*, or None if the server says that *known* is still current.

    *timeout* is the time limit in seconds for the whole download, from the first connection to the
    last byte; only resolving the host name can take longer. *max_bytes* limits the document after
    decompression. *bearer* is a token for the host of *url*; no other host receives it. Up to
    `MAX_REDIRECTS` redirects are followed, to http and https, but never from https to http. Raises
    SourceError. The same problem always produces the same message.
    """
    with DeadlineSession() as session:
        session.deadline.start(timeout)
        try:
            return _follow(session, url, max_bytes, known, bearer)
        except BodyError as error:
            way_out = (
                "; if that is intended, raise max_bytes" if isinstance(error, TooLarge) else ""
            )
            raise SourceError(f"Cannot fetch {public_url(url)}: {error}{way_out}") from error
        except FAILURES as error:
            if session.deadline.is_over or isinstance(error, requests.Timeout):
                raise _too_slow(url, timeout) from error
            raise SourceError(f"Cannot fetch {public_url(url)}: {root_cause(error)}") from error


def _too_slow(url: str, timeout: float) -> SourceError:
    return SourceError(
        f"Cannot fetch {public_url(url)}: it took longer than {timeout:g} seconds in total"
    )


def _follow(
    session: DeadlineSession,
    url: str,
    max_bytes: int,
    known: Validators | None,
    bearer: str | None,
) -> Download | None:
    first = url
    for _ in range(MAX_REDIRECTS + 1):
        with session.get(
            url,
            headers=_headers(known, bearer if _origin(url) == _origin(first) else None),
            stream=True,
            allow_redirects=False,
            timeout=session.deadline.remaining(),
        ) as response:
            if response.status_code not in _REDIRECTS:
                return _document(response, first, max_bytes, known)
            url = _target(first, url, response.headers.get("Location", ""))
    raise SourceError(
        f"Cannot fetch {public_url(first)}: it redirects more than {MAX_REDIRECTS} times; "
        "give the final URL"
    )


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _headers(known: Validators | None, bearer: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json, */*;q=0.5", "Accept-Encoding": ENCODINGS}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
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
            f"only redirects to {' or '.join(allowed)} URLs are followed"
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
            f"{response.status_code} {printable(response.reason or '', 80)}".rstrip()
        )
    return Download(read_body(response, max_bytes), _validators(response.headers))


def _validators(headers: Mapping[str, str]) -> Validators:
    """Return those validators of a reply that change whenever the document changes."""
    etag, modified = headers.get("ETag"), headers.get("Last-Modified")
    if modified is None:
        return Validators(etag)
    sent, changed = _date(headers.get("Date")), _date(modified)
    if sent is None or changed is None:
        return Validators(etag)
    young = (sent - changed).total_seconds() < _YOUNG_SECONDS
    return Validators() if young else Validators(etag, modified)


def _date(text: str | None) -> datetime | None:
    """Return the date in a header, with a time zone, or None if it is missing or cannot be read."""
    try:
        found = None if text is None else parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    # A date without a zone ("-0000") could not be compared with other dates.
    return found if found is None or found.tzinfo else found.replace(tzinfo=timezone.utc)
