"""Who is told of a matrix: that it has changed, cannot be had, or is well again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Subscribers"]

logger = logging.getLogger(__name__)

T = TypeVar("T")


class _Subscriber(NamedTuple):
    on_change: Callable[[Any], None] | None
    on_failure: Callable[[Exception], None] | None
    on_recovery: Callable[[], None] | None


class Subscribers(Generic[T]):
    """Those who want to know. One that fails is logged, and costs nobody anything.

    Safe for threads and after a fork, and without a lock.
    """

    def __init__(self) -> None:
        # A dict, since keys come and go in one step.
        self._all: dict[object, _Subscriber] = {}

    def add(
        self,
        on_change: Callable[[T], None] | None = None,
        on_failure: Callable[[Exception], None] | None = None,
        on_recovery: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Tell these from now on; what is returned ends that, and is harmless when repeated."""
        key = object()
        self._all[key] = _Subscriber(on_change, on_failure, on_recovery)

        def end() -> None:
            self._all.pop(key, None)

        return end

    def changed(self, snapshot: T) -> None:
        """There is a new matrix."""
        for each in list(self._all.values()):
            _tell(each.on_change, snapshot)

    def failed(self, error: Exception) -> None:
        """The matrix could not be had, or is bad."""
        for each in list(self._all.values()):
            _tell(each.on_failure, error)

    def recovered(self) -> None:
        """After failures, all is well."""
        for each in list(self._all.values()):
            _tell(each.on_recovery)


def _tell(callback: Callable[..., None] | None, *news: object) -> None:
    if callback is None:
        return
    try:
        callback(*news)
    except Exception:  # a subscriber's fault must not cost the matrix
        logger.exception("A subscriber of the matrix failed: %r", callback)
