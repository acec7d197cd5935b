"""The clock of the database, so that all processes agree on what is due."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from django.conf import settings
from django.db import connections
from django.utils import timezone as times

__all__ = ["as_stored", "clock_sql", "database_time", "is_past"]

#: SQL for the current time in seconds since 1970, by database vendor. The time is a number because
#: databases and drivers treat time zones differently.
_EPOCH = {
    "postgresql": "CAST(EXTRACT(EPOCH FROM STATEMENT_TIMESTAMP()) AS double precision)",
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    # UNIX_TIMESTAMP is not used: it is off by an hour when a time zone repeats an hour in autumn.
    "mysql": "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) * 0.000001",
    "oracle": "(CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - DATE '1970-01-01') * 86400",
}
_STANDARD = "EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)"


def clock_sql(using: str) -> str:
    """Return an SQL expression for a database's current time, in seconds since 1970."""
    return _EPOCH.get(connections[using].vendor, _STANDARD)


def database_time(using: str) -> datetime:
    """Return the database's current time, in the form that the site's models use."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {clock_sql(using)}{connection.features.bare_select_suffix}")
        row = cursor.fetchone()
    return as_stored(_instant(row[0]))


def is_past(value: Any, clock: Any, using: str) -> bool:
    """Return True unless *value* is later than *clock*, the database's current time.

    Pass both values exactly as a raw cursor returned them.
    """
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value.tzinfo is None:
        zone = connections[using].timezone or times.get_default_timezone()
        value = value.replace(tzinfo=zone)
    return bool(value <= _instant(clock))


def as_stored(moment: datetime) -> datetime:
    """Return an aware time in the form that the site's models use: naive if USE_TZ is False."""
    return moment if settings.USE_TZ else times.make_naive(moment, times.get_default_timezone())


def _instant(epoch: Any) -> datetime:
    return datetime.fromtimestamp(float(epoch), timezone.utc)
