"""Log records that are written once for each thing that they say, and not once a request."""

from __future__ import annotations

import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

__all__ = ["OnceLog", "described", "printable"]


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


def described(error: BaseException) -> str:
    """What an exception of the site's code is and where it comes from, for one log line.

    Its own text is left out, and so is the traceback, which ends with it: it may hold a
    visitor's identifier, or line breaks from a header.
    """
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = [f"{PurePath(f.filename).name}:{f.lineno} in {f.name}" for f in reversed(frames)]
    kind = printable(type(error).__qualname__)
    return f"{kind} ({', from '.join(places)})" if places else kind
