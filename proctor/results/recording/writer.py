"""Write batches of queued rows to the database, each batch in one transaction."""

from __future__ import annotations

import logging
import time
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connections,
    router,
    transaction,
)
from django.db.models import F

from proctor.core.messages import printable
from proctor.database.retrying import retried
from proctor.resolving.once_log import OnceLog
from proctor.results.models import Exposure, ForcedVisitor, Outcome, Split, Tally
from proctor.results.recording.rows import (
    NotedExposure,
    NotedForced,
    NotedOutcome,
    RowError,
    SplitInfo,
    exposure_row,
    forced_id,
    forced_row,
    outcome_row,
    stored_visitor,
    time_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

__all__ = ["Noted", "Unavailable", "Writer", "write_alias"]

logger = logging.getLogger("proctor.results")

Noted = NotedExposure | NotedOutcome | NotedForced

#: MySQL error codes for an invalid value in a row. Django raises OperationalError for them.
_MYSQL_VALUE_ERRORS = (1264, 1265, 1292, 1366, 1406)


class Unavailable(Exception):  # noqa: N818 - it is a state, which ends
    """The database accepts no rows at the moment. The message is the reason, on one line."""


class _Rows(NamedTuple):
    exposures: list[Exposure]
    outcomes: list[Outcome]
    splits: list[Split]
    tallies: Counter[tuple[date, str, str]]
    #: Each row, preceded by the visitor in the form that is stored in the tables.
    forced: list[tuple[str, ForcedVisitor]]


def write_alias() -> str:
    """Return the alias of the database where rows are written."""
    return str(router.db_for_write(Exposure))


class Writer:
    """Writes batches, and remembers which splits are stored. Not thread-safe."""

    #: Seconds after which a split is written again, in case it has been pruned.
    SPLITS = 3600.0

    def __init__(self) -> None:
        self._stored_splits: set[UUID] = set()
        self._splits_end = time.monotonic() + self.SPLITS
        self._log = OnceLog()

    def write(self, batch: Sequence[Noted]) -> int:
        """Write a batch and return how many of its rows were rejected.

        Raises Unavailable if the database cannot be used; in that case no row of the batch is
        stored. If the database rejects a row, the batch is halved repeatedly to find that row.
        """
        if time.monotonic() > self._splits_end:
            self.forget_splits()
        refused, taken = 0, []
        rows = _Rows([], [], [], Counter(), [])
        for noted in batch:
            try:
                self._add(noted, rows)
                taken.append(noted)
            except RowError as problem:
                refused += 1
                rows.tallies[_day(noted), Tally.REFUSED, ""] += 1
                self._log.log(logger, logging.WARNING, "A row was refused: %s", problem)
        try:
            self._store(rows)
        except (InterfaceError, DatabaseError) as error:
            if _is_unavailable(error):
                raise Unavailable(_words(error)) from error
            if len(taken) < 2:
                return refused + self._give_up(taken, error)
            middle = len(taken) // 2
            return refused + self.write(taken[:middle]) + self.write(taken[middle:])
        self._stored_splits.update(each.id for each in rows.splits)
        return refused

    def tally(self, kind: str, number: int, seconds: float) -> None:
        """Add *number* to a daily count. Raises Unavailable if the database cannot be used."""
        try:
            self._store(_Rows([], [], [], Counter({(_date(seconds), kind, ""): number}), []))
        except (InterfaceError, DatabaseError) as error:
            raise Unavailable(_words(error)) from error

    def forget_splits(self) -> None:
        """Forget which splits are stored, so that the next exposures store their splits again."""
        self._stored_splits.clear()
        self._splits_end = time.monotonic() + self.SPLITS

    def close(self) -> None:
        """Close the connection of this thread."""
        connections[write_alias()].close()

    def rest(self) -> None:
        """Close the connection of this thread, unless the site's settings keep connections open."""
        connection = connections[write_alias()]
        # Inside a transaction of the site or of a test, the connection must stay open.
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()

    def _add(self, noted: Noted, rows: _Rows) -> None:
        if isinstance(noted, NotedExposure):
            rows.exposures.append(exposure_row(noted))
            split = noted.split
            known = split.id in self._stored_splits or any(s.id == split.id for s in rows.splits)
            if not known:
                rows.splits.append(_split_row(split, noted.at))
        elif isinstance(noted, NotedOutcome):
            rows.outcomes.append(outcome_row(noted))
        else:
            rows.tallies[_day(noted), Tally.FORCED, noted.test] += 1
            if noted.visitor:
                stored = stored_visitor(noted.identifier_type, noted.visitor)
                rows.forced.append((stored, forced_row(noted)))

    def _store(self, rows: _Rows) -> None:
        """Store rows, on a new connection if the server has closed the old one."""
        using = write_alias()
        before = connections[using].connection
        try:
            _store(rows, using)
        except (InterfaceError, OperationalError):
            if before is None or not _is_lost(before, using):
                raise
            _store(rows, using)

    def _give_up(self, taken: Iterable[Noted], error: Exception) -> int:
        """Count rows that the database rejects, and do not try to write them again."""
        number = 0
        for noted in taken:
            number += 1
            kind = type(noted).__name__.removeprefix("Noted").lower()
            self._log.log(
                logger, logging.WARNING, "The database rejected a row (%s): %s", kind, _words(error)
            )
            self.tally(Tally.REFUSED, 1, noted.at)
        return number


def _is_lost(before: Any, using: str) -> bool:
    """Return True if *before*, the connection that was used, was closed by the server.

    If so, close it here too.
    """
    connection = connections[using]
    if connection.in_atomic_block:
        return False
    if connection.connection is before and not connection.is_usable():
        connection.close()
    # After a failed rollback, Django has already closed this connection, and may have opened a new
    # one.
    return connection.connection is not before


@retried(write_alias)
def _store(rows: _Rows, using: str) -> None:
    """Store rows in one transaction.

    On MySQL, `ignore_conflicts` silently changes invalid values. The rows contain none, because
    `recording.rows` has already rejected them.
    """
    with transaction.atomic(using=using):
        # All writers use the same order, so that writers waiting for each other cannot cause a
        # deadlock.
        splits = sorted(rows.splits, key=lambda each: each.id)
        Split.objects.using(using).bulk_create(splits, ignore_conflicts=True)
        _store_exposures(rows.exposures, using)
        _store_forced(rows.forced, rows.exposures, using)
        outcomes = sorted(rows.outcomes, key=lambda each: each.id)
        Outcome.objects.using(using).bulk_create(outcomes, ignore_conflicts=True)
        for (day, kind, test), number in sorted(rows.tallies.items()):
            _count(day, kind, test, number, using)


def _store_exposures(rows: Iterable[Exposure], using: str) -> None:
    """Insert exposures. If two have the same id, keep the earlier time."""
    earliest: dict[UUID, Exposure] = {}
    for row in rows:
        known = earliest.get(row.id)
        if known is None or row.at < known.at:
            earliest[row.id] = row
    ordered = [earliest[each] for each in sorted(earliest)]
    if not ordered:
        return
    exposures = Exposure.objects.using(using)
    exposures.bulk_create(ordered, ignore_conflicts=True)
    stored = dict(exposures.filter(id__in=[each.id for each in ordered]).values_list("id", "at"))
    for row in ordered:
        if row.id in stored and row.at < stored[row.id]:
            # The condition on `at` is needed because another process may have stored an even
            # earlier time.
            exposures.filter(id=row.id, at__gt=row.at).update(at=row.at, version=row.version)


def _store_forced(
    rows: Iterable[tuple[str, ForcedVisitor]], exposures: Sequence[Exposure], using: str
) -> None:
    """Insert forced visitors who have no exposure, and delete those who now have one."""
    forced = ForcedVisitor.objects.using(using)
    tests = {each.test for each in exposures}
    if tests and forced.filter(test__in=tests).exists():
        ids = {forced_id(each.identifier_type, each.visitor, each.test) for each in exposures}
        forced.filter(id__in=ids).delete()
    found = {(stored, row.identifier_type, row.test): row for stored, row in reversed([*rows])}
    if not found:
        return
    columns = ("visitor", "identifier_type", "test")
    shown = Exposure.objects.using(using).filter(
        identifier_type__in={kind for _visitor, kind, _test in found},
        visitor__in={visitor for visitor, _kind, _test in found},
    )
    for key in set(shown.order_by().values_list(*columns)):
        found.pop(key, None)
    forced.bulk_create(sorted(found.values(), key=lambda row: row.id), ignore_conflicts=True)


def _count(day: date, kind: str, test: str, number: int, using: str) -> None:
    tallies = Tally.objects.using(using)
    tally = {"day": day, "kind": kind, "test": test}
    if tallies.filter(**tally).update(number=F("number") + number):
        return
    tallies.bulk_create([Tally(**tally, number=0)], ignore_conflicts=True)
    tallies.filter(**tally).update(number=F("number") + number)


def _split_row(split: SplitInfo, seconds: float) -> Split:
    return Split(
        id=split.id,
        test=split.test,
        version=split.version,
        definition=split.definition,
        seen=time_of(seconds),
    )


def _day(noted: Noted) -> date:
    return _date(noted.at)


def _date(seconds: float) -> date:
    try:
        return time_of(seconds).date()
    except (ValueError, OverflowError, OSError):
        return date(1970, 1, 1)


def _is_unavailable(error: Exception) -> bool:
    """Return True if no row can be stored, for example without a connection or a table."""
    if isinstance(error, OperationalError):
        return not (error.args and error.args[0] in _MYSQL_VALUE_ERRORS)
    if isinstance(error, IntegrityError):
        return False
    # psycopg raises these errors for a missing table, a read-only database or missing permissions.
    return isinstance(error, InterfaceError) or type(error.__cause__).__name__ in (
        "UndefinedTable",
        "ReadOnlySqlTransaction",
        "InsufficientPrivilege",
    )


def _words(error: Exception) -> str:
    """Return the first line of an error message; further lines may contain values of a row."""
    text = str(error).strip().partition("\n")[0]
    if "no such table" in text or type(error.__cause__).__name__ == "UndefinedTable":
        text = f"{text}; run manage.py migrate"
    return printable(f"{type(error).__name__}: {text}", 300)
