"""Send a JSON document to another service, with limits on the size and the total time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import requests

from proctor.core.exceptions import SourceError
from proctor.core.sources.http.bodies import (
    ENCODINGS,
    FAILURES,
    BodyError,
    public_url,
    read_body,
    root_cause,
)
from proctor.core.sources.http.deadline import DeadlineSession

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Reply", "put_json"]

#: Maximum size of a reply, in bytes.
MAX_BYTES = 4 * 1024 * 1024


class Reply(NamedTuple):
    """A service's reply to a request."""

    status: int
    #: The parsed JSON; None if the body is not JSON.
    document: Any


def put_json(url: str, document: Mapping[str, Any], *, bearer: str, timeout: float) -> Reply:
    """Send *document* to *url* with PUT and return the reply, whatever its status.

    *timeout* is the limit for the whole call in seconds; only resolving the host name can take
    longer. Redirects are not followed, so that no other host sees *bearer*, the token. Raises
    SourceError if there is no reply.
    """
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": ENCODINGS,
        "Authorization": f"Bearer {bearer}",
        "Content-Type": "application/json",
    }
    body = json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
    with DeadlineSession() as session:
        session.deadline.start(timeout)
        try:
            with session.put(
                url,
                data=body,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=session.deadline.remaining(),
            ) as response:
                content = read_body(response, MAX_BYTES)
                status = response.status_code
        except BodyError as error:
            raise SourceError(f"Cannot send to {public_url(url)}: {error}") from error
        except FAILURES as error:
            if session.deadline.is_over or isinstance(error, requests.Timeout):
                raise SourceError(
                    f"Cannot send to {public_url(url)}: it took longer than {timeout:g} seconds"
                ) from error
            raise SourceError(f"Cannot send to {public_url(url)}: {root_cause(error)}") from error
    try:
        return Reply(status, json.loads(content))
    except (ValueError, RecursionError):
        return Reply(status, None)
