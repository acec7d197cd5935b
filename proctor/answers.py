"""What a source says of a visitor, asked through the cache, and told to whoever listens."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from django.core.exceptions import SynchronousOnlyOperation
from django.utils.asyncio import async_unsafe

from proctor.conf import settings
from proctor.core.exceptions import (
    ConversionError,
    IdentifierError,
    MatrixNotReady,
    RequestRejected,
    SourceError,
    SourceUnavailable,
    UndefinedName,
)
from proctor.core.groups import Groups, Reason
from proctor.once import described
from proctor.resolution import Resolution
from proctor.signals import resolved, source_failed

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proctor.caching import Recalled
    from proctor.configuration import Configuration
    from proctor.core.exceptions import RuleError
    from proctor.core.sources import GroupsRequest, Source
    from proctor.once import OnceLog

__all__ = ["ask"]

logger = logging.getLogger(__name__)


def ask(
    configuration: Configuration, asked: GroupsRequest, request: HttpRequest | None
) -> Resolution:
    """What the source says, or said before.

    A failure is told to `source_failed`, and gives the last known answer, else the defaults.
    """
    source = configuration.source
    if source is None:
        return Resolution(reason=Reason.NO_SOURCE)
    question = _Question(configuration, source, asked, request)
    try:
        if getattr(source, "waits", True) and not hasattr(source, "prepare"):
            return _in_a_thread(question)
        return question.answer()
    except SynchronousOnlyOperation:
        if settings.DEBUG:
            raise
        configuration.log.log(
            logger,
            logging.ERROR,
            "proc was first read on an event loop, where %s cannot be asked, and so every test "
            "has its default; read it in the view, or through sync_to_async",
            type(source).__name__,
        )
        return Resolution(reason=Reason.SOURCE_FAILED)


@async_unsafe(
    "proc is first read on an event loop, which a call to its source would block. Read it in "
    "the view, before which it is determined, or through sync_to_async."
)
def _in_a_thread(question: _Question) -> Resolution:
    return question.answer()


class _Question:
    """One visitor's question to a source, on its way through the cache."""

    __slots__ = ("_asked", "_began", "_cache", "_configuration", "_request", "_source")

    def __init__(
        self,
        configuration: Configuration,
        source: Source,
        asked: GroupsRequest,
        request: HttpRequest | None,
    ) -> None:
        self._configuration = configuration
        self._source = source
        self._asked = asked
        self._request = request
        #: What the cache had: "hit", "miss" or "stale"; None where there is none.
        self._cache: str | None = None
        self._began = time.perf_counter()

    def answer(self) -> Resolution:
        recalled = None
        try:
            recalled = self._recall()
            if recalled is not None and recalled.groups is not None:
                self._cache = "hit"
                return self._tell("cached", Resolution(recalled.groups))
            groups = self._source.determine_groups(self._asked)
        except SourceError as error:
            return self._failed(error, recalled)
        except SynchronousOnlyOperation:
            raise
        except Exception as error:
            # An identifier that is none, or a mistake in the site's own code.
            if settings.DEBUG:
                raise
            return self._broken(error)
        _log_problems(groups, self._log)
        if recalled is not None and self._configuration.cache is not None:
            self._configuration.cache.keep(recalled, groups)
        return self._tell("answered", Resolution(groups))

    @property
    def _log(self) -> OnceLog:
        return self._configuration.log

    def _recall(self) -> Recalled | None:
        cache = self._configuration.cache
        recalled = None if cache is None else cache.recall(self._asked, self._request)
        if recalled is not None:
            self._cache = "miss"
        return recalled

    def _failed(self, error: SourceError, recalled: Recalled | None) -> Resolution:
        """The last known answer in an outage, else the defaults."""
        is_refused = isinstance(error, RequestRejected)
        stale = None if recalled is None or is_refused else recalled.stale_groups()
        source_failed.notify(
            type(self._source),
            error=error,
            request=self._request,
            elapsed=time.perf_counter() - self._began,
            stale=stale is not None,
        )
        if not isinstance(error, (SourceUnavailable, RequestRejected)):
            # Those have been logged by the source itself.
            name = type(self._source).__name__
            self._log.log(logger, logging.WARNING, "No groups from %s: %s", name, error)
        if stale is not None:
            self._cache = "stale"
            return self._tell("stale", Resolution(stale))
        if is_refused:
            return self._tell("rejected", Resolution(reason=Reason.REJECTED))
        not_ready = isinstance(error, MatrixNotReady)
        reason = Reason.NOT_READY if not_ready else Reason.SOURCE_FAILED
        return self._tell("failed", Resolution(reason=reason))

    def _broken(self, error: Exception) -> Resolution:
        self._log.log(
            logger,
            logging.ERROR,
            "%s failed, and so every test has its default: %s",
            type(self._source).__name__,
            described(error),
        )
        of_hooks = isinstance(error, (ConversionError, IdentifierError))
        reason = Reason.HOOK_FAILED if of_hooks else Reason.SOURCE_FAILED
        return self._tell("failed", Resolution(reason=reason))

    def _tell(self, outcome: str, resolution: Resolution) -> Resolution:
        if not resolved.receivers and not logger.isEnabledFor(logging.DEBUG):
            return resolution
        elapsed = time.perf_counter() - self._began
        source = type(self._source)
        logger.debug(
            "Groups of a visitor by %s: %s, cache %s, %.2f ms",
            source.__name__,
            outcome,
            self._cache or "none",
            elapsed * 1000,
        )
        resolved.notify(
            source, outcome=outcome, cache=self._cache, elapsed=elapsed, request=self._request
        )
        return resolution


def _log_problems(groups: Groups, log: OnceLog) -> None:
    """Rules that failed, and values that could not be converted; each once."""
    for test, failure in groups.errors.items():
        # Its text may show a value of the visitor's, and would be another for each of them.
        log.log(
            logger,
            logging.WARNING,
            "A rule of the test %s failed with %s; the source's explain() shows how",
            test,
            _kind(failure),
        )
    for variable in groups.variable_errors:
        log.log(
            logger,
            logging.WARNING,
            "The context variable %s has a value that does not fit its type; rules do without it",
            variable,
        )


def _kind(failure: RuleError) -> str:
    if isinstance(failure, UndefinedName) and failure.variable is not None:
        return f"{type(failure).__name__} of {failure.variable}"
    return type(failure).__name__
