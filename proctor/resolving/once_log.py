"""Log each message only once, instead of once per request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.messages import printable

if TYPE_CHECKING:
    import logging

__all__ = ["OnceLog"]


class OnceLog:
    """Remembers the messages that were logged through it.

    Ten thousand visitors may have the same wrong value, but one log record about it is enough.
    """

    #: Stop after this many distinct messages, so that memory is bounded.
    LIMIT = 1000

    def __init__(self) -> None:
        self._said: set[tuple[str, ...]] = set()

    def log(self, logger: logging.Logger, level: int, message: str, *arguments: object) -> None:
        """Log a message, unless it was logged before.

        Control characters are removed from the arguments, so that a value from outside cannot forge
        a log record.
        """
        texts = tuple(printable(each, 300) for each in arguments)
        key = (message, *texts)
        if key in self._said or len(self._said) >= self.LIMIT:
            return
        self._said.add(key)
        logger.log(level, message, *texts)
