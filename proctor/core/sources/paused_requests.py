"""Requests that have failed, and are not sent again for some time."""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PausedRequests", "digest"]


def digest(request: str) -> bytes:
    """Return a 16-byte digest of *request*, from which no visitor can be identified."""
    return blake2b(request.encode("utf-8", errors="surrogatepass"), digest_size=16).digest()


class PausedRequests:
    """Remembers failed requests, and the time until which each is paused.

    The first pause of a request lasts *first_pause* seconds. Each further failure doubles the
    pause, up to *longest_pause*. At most 2 * `LIMIT` requests are remembered. Thread-safe without a
    lock: concurrent writes can lose an entry, which costs one extra call.
    """

    LIMIT = 1000

    def __init__(
        self,
        *,
        first_pause: float = 1.0,
        longest_pause: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._clock = clock
        #: For each request, the number of successive failures, and the time at which the next call
        #: is allowed. A request is forgotten when `LIMIT` others have failed since its last
        #: failure.
        self._recent: dict[bytes, tuple[int, float]] = {}
        self._older: dict[bytes, tuple[int, float]] = {}

    def __bool__(self) -> bool:
        """Return True if any request is remembered."""
        return bool(self._recent or self._older)

    def __len__(self) -> int:
        return len(self._recent) + len(self._older)

    def is_pausing(self, request: bytes) -> bool:
        """Return True if it is too early to repeat *request*, which is given as a digest."""
        _, due = self._known(request)
        return self._clock() < due

    def failed(self, request: bytes) -> int:
        """Pause *request*. Return its number of successive failures."""
        failures, _ = self._known(request)
        pause = min(self._first_pause * 2.0 ** min(failures, 64), self._longest_pause)
        if len(self._recent) >= self.LIMIT:
            self._recent, self._older = {}, self._recent
        self._recent[request] = failures + 1, self._clock() + pause
        return failures + 1

    def succeeded(self, request: bytes) -> None:
        """Forget *request*."""
        self._recent.pop(request, None)
        self._older.pop(request, None)

    def _known(self, request: bytes) -> tuple[int, float]:
        return self._recent.get(request) or self._older.get(request) or (0, float("-inf"))
