"""The date that Java Proctor shows for a matrix: US Central time in a fixed format."""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["central_time"]

_EPOCH = datetime(1970, 1, 1)
_SUNDAY = 6
#: The calendar, including weekdays, repeats after this many days (400 years).
_CYCLE_DAYS, _CYCLE_YEARS = 146_097, 400


def central_time(milliseconds: int) -> str:
    """Format a time, in milliseconds since 1970, as in `2006-03-15T04:24-0600`.

    The time zone is US/Central. Its rules are written out below, because slim images and Windows
    have no time zone database.
    """
    days, rest = divmod(milliseconds, 86_400_000)
    # datetime supports years up to 9999, but a 64-bit time may be later.
    cycles = max(0, days // _CYCLE_DAYS - 1)
    moment = _EPOCH + timedelta(days=days - cycles * _CYCLE_DAYS, milliseconds=rest)
    standard = moment - timedelta(hours=6)
    start, end = _daylight(standard.year)
    # Clocks go forward at 2:00 and back at 2:00 daylight time, which is 1:00 standard time.
    summer = start + timedelta(hours=2) <= standard < end + timedelta(hours=1)
    local = standard + timedelta(hours=1) if summer else standard
    year = local.year + cycles * _CYCLE_YEARS
    return f"{year:04}{local:-%m-%dT%H:%M}{'-0500' if summer else '-0600'}"


def _daylight(year: int) -> tuple[datetime, datetime]:
    """Return the days on which daylight saving time begins and ends in *year* (1969 and later)."""
    if year >= 2007:
        return _sunday(year, 3, 8), _sunday(year, 11, 1)
    end = _sunday(year, 10, 25)
    if year >= 1987:
        return _sunday(year, 4, 1), end
    # In these two years, during the oil crisis, daylight saving time began early.
    early = {1974: datetime(1974, 1, 6), 1975: datetime(1975, 2, 23)}
    return early.get(year) or _sunday(year, 4, 24), end


def _sunday(year: int, month: int, day: int) -> datetime:
    """Return the first Sunday on or after the given day."""
    first = datetime(year, month, day)
    return first + timedelta(days=(_SUNDAY - first.weekday()) % 7)
