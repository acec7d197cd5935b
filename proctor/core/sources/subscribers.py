"""Functions to call when a matrix changes, becomes unavailable or is available again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from proctor.core.messages import error_place

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Subscribers"]

logger = logging.getLogger("proctor.matrix")

T = TypeVar("T")


class _Subscriber(NamedTuple):
    on_change: Callable[[Any], None] | None
    on_failure: Callable[[Exception], None] | None
    on_recovery: Callable[[], None] | None


class Subscribers(Generic[T]):
    """The subscribers of one source.

    If one fails, the failure is logged and the others are still called.

    Thread-safe, and safe after a fork, without using a lock.
    """

    def __init__(self) -> None:
        # A dict, because adding and removing keys are atomic operations.
        self._all: dict[object, _Subscriber] = {}

    def add(
        self,
        on_change: Callable[[T], None] | None = None,
        on_failure: Callable[[Exception], None] | None = None,
        on_recovery: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Add these callbacks. Return a function that removes them and can be called repeatedly."""
        key = object()
        self._all[key] = _Subscriber(on_change, on_failure, on_recovery)

        def end() -> None:
            self._all.pop(key, None)

        return end

    def changed(self, snapshot: T) -> None:
        """Report a new matrix."""
        for each in list(self._all.values()):
            _tell(each.on_change, snapshot)

    def failed(self, error: Exception) -> None:
        """Report that the matrix is unavailable or invalid."""
        for each in list(self._all.values()):
            _tell(each.on_failure, error)

    def recovered(self) -> None:
        """Report that the matrix is available again after failures."""
        for each in list(self._all.values()):
            _tell(each.on_recovery)


def _tell(callback: Callable[..., None] | None, *news: object) -> None:
    if callback is None:
        return
    try:
        callback(*news)
    except Exception as error:  # noqa: BLE001 - a bad callback must not cost the matrix
        name = getattr(callback, "__qualname__", type(callback).__qualname__)
        logger.error("A subscriber of the matrix failed (%s): %s", name, error_place(error))
