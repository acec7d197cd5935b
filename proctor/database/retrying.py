"""Retry transactions that the database rolls back because of other transactions."""

from __future__ import annotations

import random
import time
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from django.db import DatabaseError, connections

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["is_conflict", "retried"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: MySQL's error codes: row changed since the snapshot (MariaDB), lock wait timeout, and deadlock.
_MYSQL_CODES = (1020, 1205, 1213)
#: PostgreSQL's error codes for serialization_failure and deadlock_detected.
_SQL_STATES = ("40001", "40P01")
#: Maximum pause in seconds before each further attempt. Pauses are random, so that two processes do
#: not collide again.
_PAUSES = (0.05, 0.2, 0.5)


def is_conflict(error: BaseException) -> bool:
    """Return True if a transaction failed because of other transactions, so it can be retried."""
    if error.args and error.args[0] in _MYSQL_CODES:
        return True
    cause = error.__cause__
    # psycopg 3 and psycopg 2 use different names for the error code.
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state in _SQL_STATES


def retried(alias: Callable[[], str]) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Return a decorator for functions whose only effect is a single database transaction.

    If the transaction fails because of other transactions, the function is called again, except
    inside an outer transaction, which the database has rolled back too. *alias* returns the alias
    of the database.
    """

    def decorate(act: Callable[_P, _T]) -> Callable[_P, _T]:
        @wraps(act)
        def repeat(*args: _P.args, **options: _P.kwargs) -> _T:
            for pause in _PAUSES:
                try:
                    return act(*args, **options)
                except DatabaseError as error:
                    if connections[alias()].in_atomic_block or not is_conflict(error):
                        raise
                time.sleep(random.uniform(0, pause))  # noqa: S311 - not a secret
            return act(*args, **options)

        return repeat

    return decorate
