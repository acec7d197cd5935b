"""Fast counts of exposures for pages: by test, by group and by day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import Case, Count, IntegerField, Max, Min, Sum, When
from django.utils import timezone

from proctor.conf import settings
from proctor.results.models import Exposure, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DayCount", "Recorded", "count_tests", "days_of", "forced_reads", "lost_rows"]

#: Number of days shown on a page.
DAYS = 28


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recorded exposures of a test."""

    #: Number of first exposures in each group. Each visitor counts once for each split.
    groups: Mapping[str, int]
    first: datetime
    last: datetime

    @property
    def total(self) -> int:
        """The number of exposures in all groups together."""
        return sum(self.groups.values())


@dataclass(frozen=True, slots=True)
class DayCount:
    """The number of first exposures in each group on one day."""

    day: date
    groups: Mapping[str, int]

    @property
    def total(self) -> int:
        """The number of exposures in all groups together."""
        return sum(self.groups.values())


def count_tests(test: str | None = None) -> dict[str, Recorded]:
    """Return the counts of every recorded test, or only of *test*."""
    rows = Exposure.objects.all() if test is None else Exposure.objects.filter(test=test)
    found: dict[str, list[tuple[str, int, datetime, datetime]]] = defaultdict(list)
    counted = (
        rows.order_by().values_list("test", "group").annotate(Count("id"), Min("at"), Max("at"))
    )
    for name, group, number, first, last in counted:
        found[name].append((group, number, first, last))
    return {
        name: Recorded(
            {group: number for group, number, _first, _last in sorted(entries)},
            min(entry[2] for entry in entries),
            max(entry[3] for entry in entries),
        )
        for name, entries in found.items()
    }


def days_of(test: str) -> list[DayCount]:
    """Return the counts of recent days, oldest first, including days without exposures."""
    now = timezone.now()
    today = timezone.localdate() if timezone.is_aware(now) else now.date()
    days = [today - timedelta(days=each) for each in range(DAYS, -1, -1)]
    # Do not use TruncDate: on MySQL it needs time zone tables, which many servers do not have.
    ends = [When(at__lt=_midnight(day), then=number) for number, day in enumerate(days[1:])]
    rows = (
        Exposure.objects.filter(test=test, at__gte=now - timedelta(days=DAYS))
        .order_by()
        .annotate(day=Case(*ends, default=DAYS, output_field=IntegerField()))
        .values_list("day", "group")
        .annotate(Count("id"))
    )
    found: dict[date, dict[str, int]] = defaultdict(dict)
    for day, group, number in rows:
        found[days[day]][group] = number
    return [DayCount(day, found.get(day, {})) for day in days if found and day >= min(found)]


def _midnight(day: date) -> datetime:
    """Return the start of a day. It is timezone-aware if USE_TZ is True."""
    midnight = datetime.combine(day, time.min)
    return timezone.make_aware(midnight) if settings.USE_TZ else midnight


def forced_reads(test: str) -> int:
    """Return how many times forced groups of a test were read."""
    rows = Tally.objects.filter(kind=Tally.FORCED, test=test)
    return rows.aggregate(total=Sum("number"))["total"] or 0


def lost_rows(days: int = 7) -> int:
    """Return how many rows were lost or rejected in recent days, in all processes."""
    since = timezone.now().date() - timedelta(days=days)
    rows = Tally.objects.filter(kind__in=(Tally.LOST, Tally.REFUSED), day__gte=since)
    return rows.aggregate(total=Sum("number"))["total"] or 0
