"""The API as an ASGI application that needs no framework, with a health page and a log."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import SourceError
from proctor.core.pipet_api.service import PipetService
from proctor.core.sources import MatrixSource
from proctor.core.user_agents import user_agent_parser
from proctor.core.variables import Variables

if TYPE_CHECKING:
    from proctor.core.pipet_api.replies import Reply

__all__ = ["ENVIRONMENT", "HEALTH", "Application", "first_header", "from_environment"]

access = logging.getLogger("proctor.access")

#: Where a worker process finds what to serve, as JSON: see `from_environment`.
ENVIRONMENT = "PROCTOR_SERVE"

#: Whether the process has a matrix, for load balancers; no resource of Pipet's.
HEALTH = b"/healthz"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Application:
    """Serves a `PipetService` at the root of a server.

    Each request is a line of the logger `proctor.access` at INFO: method, path, status and
    milliseconds, without the query, in which visitors are named.
    """

    def __init__(self, source: MatrixSource, *, all_tests: bool = True) -> None:
        self._source = source
        self._service = PipetService(source, all_tests=all_tests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or go through the life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._source.prepare()
                await send({"type": "lifespan.startup.complete"})
            else:
                self._source.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Scope, send: Send) -> None:
        began = time.perf_counter()
        path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
        path = path.partition(b"?")[0]
        if path == HEALTH:
            status, headers, body = self._health()
        else:
            reply: Reply = self._service.handle(
                scope["method"],
                path,
                scope.get("query_string", b""),
                first_header(scope["headers"]),
            )
            status = reply.status
            headers = [
                (name.lower().encode("ascii"), value.encode("ascii"))
                for name, value in reply.headers
            ]
            body = reply.body
        if scope["method"] != "HEAD":
            headers.append((b"content-length", str(len(body)).encode("ascii")))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        if access.isEnabledFor(logging.INFO):
            elapsed = (time.perf_counter() - began) * 1000
            shown = path[:200].decode("ascii", "backslashreplace")
            access.info("%s %s %d %.1f ms", scope["method"], shown, status, elapsed)

    def _health(self) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        try:
            version = self._source.current().matrix_version
        except SourceError as failure:
            # What is wrong is in the log; a place of the matrix is nobody else's business.
            del failure
            return 503, headers, b'{"status":"no matrix"}'
        body = json.dumps({"status": "ok", "matrix_version": version})
        return 200, headers, body.encode("ascii")


def first_header(headers: list[tuple[bytes, bytes]]) -> Callable[[str], str | None]:
    """A function that gives the first header of a name, in any case, as Latin-1."""

    def header(name: str) -> str | None:
        wanted = name.lower().encode("latin-1", "replace")
        for key, value in headers:
            if key == wanted:
                return value.decode("latin-1")
        return None

    return header


def from_environment() -> Application:
    """What `python -m proctor serve` was told, in a process that it has started.

    The variable PROCTOR_SERVE holds a JSON object: `matrix`, `config`, `test_types`, `reload`,
    `all_tests`, `access_log`.
    """
    options = json.loads(os.environ[ENVIRONMENT])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    access.disabled = not options["access_log"]
    return Application(
        MatrixSource(
            options["matrix"],
            read_variables(options["config"], options["test_types"]),
            test_types=options["test_types"],
            reload_interval=options["reload"],
        ),
        all_tests=options["all_tests"],
    )


def read_variables(config: str | None, test_types: list[str]) -> Variables:
    """What a pipet-config.json declares; without one each test type is a source key."""
    if config is None:
        return Variables(context=None)
    return Variables.from_pipet_config(
        config, test_types=test_types, user_agent=user_agent_parser()
    )
