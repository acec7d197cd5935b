"""Limit log messages about rules while a command runs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from proctor.core.rules import rule

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def muted(*loggers: logging.Logger) -> Iterator[None]:
    """Suppress log messages about rules while an explanation reports the same failures.

    If *loggers* are given, suppress their messages instead. This is for commands whose own error
    message contains the logged messages.
    """
    with _filtered(lambda record: False, *(loggers or (rule.logger,))):
        yield


@contextlib.contextmanager
def said_once() -> Iterator[None]:
    """Log each message about a rule once, not for every visitor."""
    seen: set[str] = set()

    def is_new(record: logging.LogRecord) -> bool:
        message = record.getMessage()
        new = message not in seen
        seen.add(message)
        return new

    with _filtered(is_new, rule.logger):
        yield


@contextlib.contextmanager
def _filtered(
    keep: Callable[[logging.LogRecord], bool], *loggers: logging.Logger
) -> Iterator[None]:
    for logger in loggers:
        logger.addFilter(keep)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(keep)
