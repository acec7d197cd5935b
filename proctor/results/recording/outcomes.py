"""`record`: store what a visitor did."""

from __future__ import annotations

import logging
import time
import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.utils.timezone import is_naive, make_aware

from proctor.conf import settings
from proctor.core.messages import error_place, nearest, shown
from proctor.resolving.once_log import OnceLog
from proctor.results.recording.recorder import recorder
from proctor.results.recording.rows import NotedOutcome, digest, stored_visitor
from proctor.results.recording.switch import is_recording
from proctor.results.recording.visitors import identifiers_by_type
from proctor.visits.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

__all__ = ["arecord", "flush", "record"]

logger = logging.getLogger("proctor.results")

_log = OnceLog()


def record(
    metric: str,
    request: HttpRequest | None = None,
    *,
    identifiers: Mapping[str, object] | None = None,
    value: float = 1.0,
    at: datetime | None = None,
    id: str | None = None,  # noqa: A002 - the name of the column
) -> None:
    """Record an outcome for the visitor of *request*, or for the visitor with *identifiers*.

    The keys of *identifiers* are source keys. One row is written for each known identifier, so that
    the outcome counts both in tests of type USER and in tests of type ACCOUNT. *value* is a finite
    number, in the unit of the metric. *at* is the time of the outcome; the default is now, and a
    naive time is in the site's time zone. If several rows have the same *metric*, visitor and *id*,
    only one of them is stored; this allows tasks to be retried.

    Never raises. Makes no queries itself, but runs the middleware's hooks if they have not run yet.
    If an outcome cannot be recorded, the problem is logged once, under `proctor.results`. Nothing
    is recorded for visitors whom `exclude_request` excludes, who did not consent, or who use
    another identity.
    """
    try:
        if is_recording():
            found = identifiers if request is None else _of_request(request)
            _note(metric, found, value, at, id)
    except Exception as error:  # noqa: BLE001 - recording must not break a page
        _failed(metric, error)


async def arecord(
    metric: str,
    request: HttpRequest | None = None,
    *,
    identifiers: Mapping[str, object] | None = None,
    value: float = 1.0,
    at: datetime | None = None,
    id: str | None = None,  # noqa: A002 - as above
) -> None:
    """Do the same as `record`, in a coroutine."""
    try:
        if is_recording():
            found = identifiers if request is None else await _aof_request(request)
            _note(metric, found, value, at, id)
    except Exception as error:  # noqa: BLE001 - as above
        _failed(metric, error)


def flush(patience: float = 5.0) -> bool:
    """Write the queued rows of this process. Return True unless rows are still waiting.

    Waits at most *patience* seconds. Needed only before a process ends without running its exit
    handlers, for example with `os._exit`.
    """
    return recorder.flush(patience)


def _of_request(request: HttpRequest) -> Mapping[str, object] | None:
    visit = Visit.of(request)
    if visit is None:
        return None
    visit.run_hooks()
    if visit.asked is None or visit.uses_identity or visit.check_excluded():
        return {}
    return visit.asked.identifiers


async def _aof_request(request: HttpRequest) -> Mapping[str, object] | None:
    visit = Visit.of(request)
    if visit is None:
        return None
    await visit.arun_hooks()
    if visit.asked is None or visit.uses_identity:
        return {}
    if await sync_to_async(visit.check_excluded)():
        return {}
    return visit.asked.identifiers


def _note(
    metric: str,
    identifiers: Mapping[str, object] | None,
    value: float,
    at: datetime | None,
    unique: str | None,
) -> None:
    if identifiers is None:
        raise _CallError(
            "pass a request that proctor's middleware has processed, or identifiers={'USER': …}"
        )
    given: Any = metric
    if not isinstance(given, str) or not given:
        raise _CallError(f"expected the name of a metric (str), got {shown(metric)}")
    _check_declared(metric)
    number = float(value)
    seconds = time.time() if at is None else _seconds(at)
    for identifier_type, visitor in identifiers_by_type(identifiers).items():
        if visitor:
            key = _id(metric, identifier_type, visitor, unique)
            recorder.put(NotedOutcome(key, seconds, identifier_type, visitor, metric, number))


def _check_declared(metric: str) -> None:
    """Log once if PROCTOR_METRICS declares metrics, but none of them uses the outcome."""
    declared = [name for each in settings.PROCTOR_METRICS for name in each.sources]
    if declared and metric not in declared:
        _log.log(
            logger,
            logging.WARNING,
            "The outcome %s is recorded, but no metric in PROCTOR_METRICS uses it: %s",
            metric,
            nearest(metric, declared),
        )


def _id(metric: str, identifier_type: str, visitor: str, unique: str | None) -> uuid.UUID:
    if unique is None:
        return uuid.uuid4()
    return digest(identifier_type, stored_visitor(identifier_type, visitor), metric, str(unique))


def _seconds(at: datetime) -> float:
    if not isinstance(at, datetime):
        raise _CallError(f"expected a datetime as `at`, got {shown(at)}")
    aware = make_aware(at) if is_naive(at) else at
    return (aware - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()


class _CallError(TypeError):
    """An invalid call; the message says how to correct it."""


def _failed(metric: Any, error: Exception) -> None:
    problem = str(error) if isinstance(error, _CallError) else error_place(error)
    name = metric if isinstance(metric, str) else type(metric).__qualname__
    _log.log(logger, logging.ERROR, "The outcome %s was not recorded: %s", name, problem)
