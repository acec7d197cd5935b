"""Get a visitor's groups from the cache or the source, and send the signals."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from django.core.exceptions import SynchronousOnlyOperation
from django.utils.asyncio import async_unsafe

from proctor.conf import settings
from proctor.core.evaluation.groups import GroupAssignment, Groups, Reason
from proctor.core.exceptions import (
    ConversionError,
    IdentifierError,
    MatrixNotReady,
    RequestRejected,
    SourceError,
    SourceUnavailable,
    UndefinedName,
)
from proctor.core.messages import error_place, shown
from proctor.resolving.source_answer import SourceAnswer
from proctor.signals import resolved, source_failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from proctor.core.exceptions import RuleError
    from proctor.core.sources.source import GroupsRequest, Source
    from proctor.resolving.answer_cache import Recalled
    from proctor.resolving.once_log import OnceLog
    from proctor.resolving.site_setup import SiteSetup

__all__ = ["ask"]

logger = logging.getLogger("proctor.groups")


def ask(
    setup: SiteSetup,
    asked: GroupsRequest,
    request: HttpRequest | None,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> SourceAnswer:
    """Return the source's answer, or a cached one.

    A failure is reported by the `source_failed` signal; the visitor then gets the last known answer
    or, if there is none, the defaults. *clock* returns seconds; unit tests pass their own.
    """
    source = setup.source
    if source is None:
        return SourceAnswer(reason=Reason.NO_SOURCE)
    if setup.hook_keys is not None:
        setup.hook_keys.check(asked, setup.log)
    question = _Question(setup, source, asked, request, clock)
    try:
        if getattr(source, "waits", True) and not hasattr(source, "prepare"):
            return _in_a_thread(question)
        return question.answer()
    except SynchronousOnlyOperation:
        if settings.DEBUG:
            raise
        setup.log.log(
            logger,
            logging.ERROR,
            "proc was first read on an event loop, where %s cannot be called, so every test uses "
            "its default. Read proc in the view, or through sync_to_async",
            type(source).__name__,
        )
        return SourceAnswer(reason=Reason.SOURCE_FAILED)


@async_unsafe(
    "proc was first read on an event loop, which a call to the source would block. Read proc in "
    "the view, where the groups are already determined, or through sync_to_async."
)
def _in_a_thread(question: _Question) -> SourceAnswer:
    return question.answer()


#: Answers from the sources in this package need no check. These sources are recognized by the name
#: of their module, because importing them would be slow.
_OURS = "proctor.core.sources."


class _WrongAnswerError(TypeError):
    """A site's own source returned the wrong type. The message contains no data about visitors."""


def _check_answer(source: Source, groups: object) -> None:
    place = f"{type(source).__name__}.determine_groups"
    if not isinstance(groups, Groups):
        raise _WrongAnswerError(f"{place} returned a {type(groups).__name__}; return Groups")
    for test, assignment in groups.items():
        if not isinstance(assignment, GroupAssignment):
            raise _WrongAnswerError(
                f"{place} returned a {type(assignment).__name__} for the test {shown(test)}; "
                "return a GroupAssignment"
            )


class _Question:
    """One visitor's request to a source, and what the cache contains for this request."""

    __slots__ = (
        "_asked",
        "_began",
        "_cache",
        "_clock",
        "_request",
        "_setup",
        "_source",
    )

    def __init__(
        self,
        setup: SiteSetup,
        source: Source,
        asked: GroupsRequest,
        request: HttpRequest | None,
        clock: Callable[[], float],
    ) -> None:
        self._setup = setup
        self._source = source
        self._asked = asked
        self._request = request
        #: The result of the cache lookup ("hit", "miss" or "stale"), or None without a cache.
        self._cache: str | None = None
        self._clock = clock
        self._began = clock()

    def answer(self) -> SourceAnswer:
        recalled = None
        try:
            recalled = self._recall()
            if recalled is not None and recalled.groups is not None:
                self._cache = "hit"
                return self._tell("cached", SourceAnswer(recalled.groups))
            groups = self._determined()
        except SourceError as error:
            return self._failed(error, recalled)
        except SynchronousOnlyOperation:
            raise
        except Exception as error:
            # An identifier is invalid, or the site's own code has a bug.
            if settings.DEBUG:
                raise
            return self._broken(error)
        _log_problems(groups, self._log)
        if self._asked.force_groups and self._setup.forced_groups is not None:
            self._setup.forced_groups.check(self._asked.force_groups, self._log)
        if recalled is not None and self._setup.cache is not None:
            self._setup.cache.keep(recalled, groups)
        return self._tell("answered", SourceAnswer(groups))

    def _determined(self) -> Groups:
        """Call the source. Raises _WrongAnswerError if the result is not `Groups`."""
        groups = self._source.determine_groups(self._asked)
        if not type(self._source).__module__.startswith(_OURS):
            _check_answer(self._source, groups)
        return groups

    @property
    def _log(self) -> OnceLog:
        return self._setup.log

    def _recall(self) -> Recalled | None:
        cache = self._setup.cache
        recalled = None if cache is None else cache.recall(self._asked, self._request)
        if recalled is not None:
            self._cache = "miss"
        return recalled

    def _failed(self, error: SourceError, recalled: Recalled | None) -> SourceAnswer:
        """Return the last known answer if one may be used, otherwise the defaults."""
        is_refused = isinstance(error, RequestRejected)
        if recalled is not None and self._setup.cache is not None:
            self._setup.cache.give_up(recalled)
        stale = None if recalled is None or is_refused else recalled.stale_groups()
        source_failed.notify(
            type(self._source),
            error=error,
            request=self._request,
            elapsed=self._clock() - self._began,
            stale=stale is not None,
        )
        if not isinstance(error, (SourceUnavailable, RequestRejected)):
            # The source itself has already logged a SourceUnavailable or RequestRejected.
            name = type(self._source).__name__
            self._log.log(logger, logging.WARNING, "No groups from %s: %s", name, error)
        if stale is not None:
            self._cache = "stale"
            return self._tell("stale", SourceAnswer(stale))
        if is_refused:
            return self._tell("rejected", SourceAnswer(reason=Reason.REJECTED))
        not_ready = isinstance(error, MatrixNotReady)
        reason = Reason.NOT_READY if not_ready else Reason.SOURCE_FAILED
        return self._tell("failed", SourceAnswer(reason=reason))

    def _broken(self, error: Exception) -> SourceAnswer:
        self._log.log(
            logger,
            logging.ERROR,
            "%s failed, so every test uses its default: %s",
            type(self._source).__name__,
            error if isinstance(error, _WrongAnswerError) else error_place(error),
        )
        of_hooks = isinstance(error, (ConversionError, IdentifierError))
        reason = Reason.HOOK_FAILED if of_hooks else Reason.SOURCE_FAILED
        return self._tell("failed", SourceAnswer(reason=reason))

    def _tell(self, outcome: str, answer: SourceAnswer) -> SourceAnswer:
        if not resolved.receivers and not logger.isEnabledFor(logging.DEBUG):
            return answer
        elapsed = self._clock() - self._began
        source = type(self._source)
        logger.debug(
            "Groups of a visitor from %s: %s, cache %s, %.2f ms",
            source.__name__,
            outcome,
            self._cache or "none",
            elapsed * 1000,
        )
        resolved.notify(
            source, outcome=outcome, cache=self._cache, elapsed=elapsed, request=self._request
        )
        return answer


def _log_problems(groups: Groups, log: OnceLog) -> None:
    """Log rules that failed and values that could not be converted, each only once."""
    for test, failure in groups.errors.items():
        # Do not log the error's text: it may contain a visitor's value, and then each visitor would
        # cause a new log record.
        log.log(
            logger,
            logging.WARNING,
            "A rule of the test %s failed with %s; call the source's explain() to see why",
            test,
            _kind(failure),
        )
    for variable in groups.variable_errors:
        log.log(
            logger,
            logging.WARNING,
            "The value of the context variable %s does not match the variable's type, so rules get "
            "no value for this variable",
            variable,
        )


def _kind(failure: RuleError) -> str:
    if isinstance(failure, UndefinedName) and failure.variable is not None:
        return f"{type(failure).__name__} of {failure.variable}"
    return type(failure).__name__
