"""The API as an ASGI application without a framework, with a health page and an access log."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from pathlib import Path
from typing import Any

from proctor.core.api_reply import ApiReply
from proctor.core.declarations.registry import Registry
from proctor.core.exceptions import ConfigurationError, SourceError
from proctor.core.inputs.user_agents import user_agent_parser
from proctor.core.inputs.variables import Variables
from proctor.core.java.encodable import encodable
from proctor.core.ofrep.contexts import MAX_BODY
from proctor.core.ofrep.service import OfrepService, decoded
from proctor.core.pipet_api.service import PipetService
from proctor.core.sources.matrix_report import report_missing, report_tests
from proctor.core.sources.source import MatrixSource

__all__ = ["ENVIRONMENT", "HEALTH", "Application", "first_header", "from_environment"]

access = logging.getLogger("proctor.access")

#: The environment variable with a worker's configuration as JSON; see `from_environment`.
ENVIRONMENT = "PROCTOR_SERVE"

#: The default test type for targeting keys.
TARGETING_KEY = "USER"

#: A page for load balancers. It returns status 200 if the process has a matrix. It is not part of
#: Pipet's API.
HEALTH = b"/healthz"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Application:
    """Serves a `PipetService` and an `OfrepService` at the root of a server.

    Each request is logged to `proctor.access` at level INFO: method, path, status and milliseconds.
    The query is left out, because it identifies visitors.
    """

    def __init__(
        self, source: MatrixSource, *, all_tests: bool = True, flags: OfrepService | None = None
    ) -> None:
        self._source = source
        self._service = PipetService(source, all_tests=all_tests)
        self._flags = flags or OfrepService(source, all_tests=all_tests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or handle the server's lifespan events."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

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

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
        path = path.partition(b"?")[0]
        status, named, body = await self._reply(scope, receive, path)
        headers = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in named]
        if scope["method"] != "HEAD" and status not in _WITHOUT_LENGTH:
            headers.append((b"content-length", str(len(body)).encode("ascii")))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        if access.isEnabledFor(logging.INFO):
            elapsed = (time.perf_counter() - began) * 1000
            shown = path[:200].decode("ascii", "backslashreplace")
            access.info("%s %s %d %.1f ms", scope["method"], shown, status, elapsed)

    async def _reply(self, scope: Scope, receive: Receive, path: bytes) -> ApiReply:
        if path == HEALTH:
            return self._health()
        header = first_header(scope["headers"])
        flag_path = decoded(path)
        if self._flags.serves(flag_path):
            body = await _read_body(receive)
            return self._flags.handle(scope["method"], flag_path, body, header)
        return self._service.handle(scope["method"], path, scope.get("query_string", b""), header)

    def _health(self) -> ApiReply:
        headers = (("content-type", "application/json"), ("cache-control", "no-store"))
        try:
            version = self._source.current().matrix_version
        except SourceError as failure:
            # The details are only logged, because the location of the matrix must not be public.
            del failure
            return ApiReply(503, headers, b'{"status":"no matrix"}')
        body = json.dumps({"status": "ok", "matrix_version": version and encodable(version)})
        return ApiReply(200, headers, body.encode("ascii"))


#: Statuses whose responses have no body.
_WITHOUT_LENGTH = (204, 304)


async def _read_body(receive: Receive) -> bytes:
    """Return the body of a request. Reading stops as soon as the maximum size is exceeded."""
    body = b""
    while len(body) <= MAX_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body[: MAX_BODY + 1]


def first_header(headers: list[tuple[bytes, bytes]]) -> Callable[[str], str | None]:
    """Return a function that looks up the first header with a given name, ignoring case.

    Values are decoded as Latin-1.
    """

    def header(name: str) -> str | None:
        wanted = name.lower().encode("latin-1", "replace")
        for key, value in headers:
            if key == wanted:
                return value.decode("latin-1")
        return None

    return header


def from_environment() -> Application:
    """Return the application that a worker process of `python -m proctor serve` runs.

    The variable PROCTOR_SERVE contains a JSON object with `matrix`, `token_file`, `config`,
    `test_types`, `reload`, `all_tests` and `access_log`. To serve flags, it can also contain
    `specification`, `targeting_key` and `origins`.
    """
    options = json.loads(os.environ[ENVIRONMENT])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    access.disabled = not options["access_log"]
    source = MatrixSource(
        options["matrix"],
        read_variables(options["config"], options["test_types"]),
        test_types=options["test_types"],
        reload_interval=options["reload"],
        token=read_token(options["token_file"]),
    )
    source.subscribe(
        on_change=partial(report_tests, declared=None, command="python -m proctor validate")
    )
    tests = read_tests(options.get("specification"))
    if tests is not None:
        source.subscribe(on_change=partial(report_missing, declared=tests.names))
    flags = OfrepService(
        source,
        tests=tests,
        targeting_key=options.get("targeting_key", TARGETING_KEY),
        all_tests=options["all_tests"],
        origins=options.get("origins", ()),
    )
    return Application(source, all_tests=options["all_tests"], flags=flags)


def read_tests(specification: str | None) -> Registry | None:
    """Return the tests in a specification file, or None (all tests) if there is no path.

    Raises ConfigurationError.
    """
    return None if specification is None else Registry.from_specification(specification)


def read_token(path: str | None) -> str | None:
    """Return the bearer token in the file *path*, or None if *path* is None.

    The token is in a file because other users can see a process's arguments and environment. Raises
    ConfigurationError, without the token in the message.
    """
    if path is None:
        return None
    try:
        token = Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(f"cannot read the token in {path!r}: {words}") from None
    if not token.isprintable() or " " in token or not token:
        raise ConfigurationError(
            f"{path!r} does not contain exactly one token; write the token on a single line"
        )
    return token


def read_variables(config: str | None, test_types: list[str]) -> Variables:
    """Return the variables in a pipet-config.json.

    Without such a file, the test types are used as source keys.
    """
    if config is None:
        return Variables(context=None)
    return Variables.from_pipet_config(
        config, test_types=test_types, user_agent=user_agent_parser()
    )
