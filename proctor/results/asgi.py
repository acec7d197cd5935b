"""Write queued results when a signal makes a server such as uvicorn shut down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async

from proctor.results.recording.outcomes import flush

__all__ = ["flushing"]

Application = Callable[[Any, Any, Any], Awaitable[Any]]


def flushing(application: Application) -> Application:
    """Wrap an ASGI application, so that results are also flushed when the server shuts down.

    Django's own application does not implement the lifespan protocol.
    """

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await application(scope, receive, send)
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await sync_to_async(flush, thread_sensitive=False)()
                await send({"type": "lifespan.shutdown.complete"})
                return

    return wrapped
