"""Records the calls of a source on the side of the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.sources.http.calls import SessionStack

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.sources.http.calls import Reply


class NotedSessions(SessionStack):
    """Sessions that append each URL to a list before they call it.

    If a caller times out before the server process gets to run, the server never sees the call.
    """

    def __init__(self, calls: list[str], clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self._calls = calls

    def get(self, url: str, timeout: float, max_bytes: int) -> Reply:
        self._calls.append(url)
        return super().get(url, timeout, max_bytes)
