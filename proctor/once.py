"""Log records that are written once for each thing that they say, and not once a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

__all__ = ["OnceLog", "printable"]


class OnceLog:
    """Remembers what was logged through it.

    A process may see ten thousand visitors with the same wrong value, and whoever is on
    call wants to read of it once.
    """

    #: Who said so much need not go on; and memory is bounded.
    LIMIT = 1000

    def __init__(self) -> None:
        self._said: set[tuple[str, ...]] = set()

    def log(self, logger: logging.Logger, level: int, message: str, *arguments: object) -> None:
        """Log, unless the same was logged before.

        Arguments become text without control characters, so that nothing that came from
        outside can forge a line.
        """
        texts = tuple(map(printable, arguments))
        key = (message, *texts)
        if key in self._said or len(self._said) >= self.LIMIT:
            return
        self._said.add(key)
        logger.log(level, message, *texts)


def printable(value: object) -> str:
    """*value* as one line of at most 300 characters."""
    text = str(value)
    if not text.isprintable():
        text = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    return text if len(text) <= 300 else f"{text[:297]}..."
