"""Publish due steps in a process that reads the matrix, if it can write to the database."""

from __future__ import annotations

import logging
import time

from proctor.core.messages import error_place
from proctor.editor.schedules.publisher import publish_due

__all__ = ["DuePublisher"]

logger = logging.getLogger("proctor.editor")

#: Seconds until a process retries after a failure: the initial delay, which doubles with each
#: further failure, and the maximum delay.
PAUSE, LONGEST_PAUSE = 10.0, 600.0
#: After this many seconds, no further step is started until the matrix has been read again.
BUDGET = 5.0


class DuePublisher:
    """Publishes due steps for one reader of the matrix.

    If a process cannot write, for example because its database user or replica is read-only, it
    logs this once and continues to read.
    """

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._failures = 0
        self._again = 0.0

    def publish(self) -> bool:
        """Publish due steps for a few seconds, and return whether any were published.

        Never raises.
        """
        began = time.monotonic()
        if began < self._again:
            return False
        published = False
        try:
            for outcome in publish_due(waits=False):
                published |= outcome.revision is not None
                if time.monotonic() - began > BUDGET:
                    break
        except Exception as error:  # noqa: BLE001 - visitors must have their groups
            pause = min(LONGEST_PAUSE, PAUSE * 2.0 ** min(self._failures, 16))
            self._failures, self._again = self._failures + 1, time.monotonic() + pause
            self._note(error)
        else:
            self._failures = 0
            self._told.clear()
        return published

    def _note(self, error: Exception) -> None:
        kind = type(error).__qualname__
        if kind not in self._told:
            self._told.add(kind)
            logger.warning(
                "This process cannot publish due steps: %s. Another process must publish them. If "
                "no process can write, run manage.py proctor_publish_due regularly",
                error_place(error),
            )
