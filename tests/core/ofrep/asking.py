"""A service over a small matrix, and requests as clients send them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from proctor.core import MatrixSource, Variables
from proctor.core.ofrep.service import FLAGS, OfrepService
from tests.core.small_matrices import definition

if TYPE_CHECKING:
    from pathlib import Path

    from proctor.core.api_reply import ApiReply


def carrying(name: str = "blue", value: int = 1, /, **payload: Any) -> dict[str, Any]:
    """Return a test as JSON in which everyone is in one bucket, with a payload."""
    bucket = {"name": name, "value": value, "payload": payload}
    ranges = [{"bucketValue": value, "length": 1.0}]
    return definition(buckets=[bucket], allocations=[{"id": "#A1", "rule": None, "ranges": ranges}])


def source_of(directory: Path, variables: Variables | None = None, **tests: Any) -> MatrixSource:
    """Return a source over a matrix with these tests."""
    path = directory / "matrix.json"
    path.write_text(json.dumps({"audit": {"version": "1"}, "tests": tests}))
    return MatrixSource(path, variables)


def ask(
    service: OfrepService,
    key: str | None = None,
    context: Any = None,
    *,
    method: str = "POST",
    body: bytes | None = None,
    path: str | None = None,
    **headers: str,
) -> ApiReply:
    """Request one flag, or all flags if no key is given; `if_none_match=` sets that header."""
    if body is None:
        body = json.dumps(
            {"context": {"targetingKey": "ann"} if context is None else context}
        ).encode()
    given = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    where = path or (FLAGS if key is None else f"{FLAGS}/{key}")
    return service.handle(method, where, body, lambda name: given.get(name.lower()))


def answer(*arguments: Any, **options: Any) -> tuple[int, Any]:
    """Return the status and the document of the reply to such a request."""
    reply = ask(*arguments, **options)
    return reply.status, json.loads(reply.body) if reply.body else None
