"""Precomputed reports on the simulated visitors: the HTML files in this directory.

Together with their verdicts in `verdicts.json`, they are for users without the [analysis] extra.
With the extra, `manage.py demo_reports` writes all of them again.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from django.db.models import Min

from proctor.results.models import Exposure, LatestVerdict
from testproject.demo.visits import DAYS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["END", "TESTS", "VERDICTS", "path_of", "read_report", "store_verdicts"]

#: The file with the verdicts of the reports.
VERDICTS = Path(__file__).with_name("verdicts.json")
#: The tests that have a report.
TESTS = ("buttoncolortst", "headlinetst", "newfeaturerollout")
#: The end of the two weeks that the files cover. Pages replace the dates in the files with the
#: dates of the demo's visits.
END = datetime(2026, 1, 29, tzinfo=timezone.utc)

#: Patterns for the dates in a report: those in its heading, and those below its charts.
_ISO_DAY = re.compile(r"\b2026-\d\d-\d\d\b")
_CHART_DAY = re.compile(r"(?<=>)Jan \d+(?=</text>)")


def path_of(test: str) -> Path:
    """Return the path of the report for one of TESTS."""
    return Path(__file__).with_name(f"{test}.html")


def store_verdicts(at: datetime) -> None:
    """Store the reports' verdicts for the page that lists all tests, with the date *at*."""
    for found in json.loads(VERDICTS.read_text(encoding="utf-8")):
        LatestVerdict.objects.get_or_create(test=found.pop("test"), defaults={**found, "at": at})


def read_report(test: str) -> str:
    """Return the report as HTML, with the dates of the visits in the database.

    The HTML is the result of `Report.to_html(fragment=True)`, which escapes its contents. Return ""
    if the test has no report or there are no visits.
    """
    if test not in TESTS:
        return ""
    # Use the first exposure to any test, because not all tests run for the whole time.
    first = Exposure.objects.aggregate(first=Min("at"))["first"]
    if first is None:
        return ""
    moved = first.date() - (END - timedelta(days=DAYS)).date()
    text = path_of(test).read_text(encoding="utf-8")
    text = _ISO_DAY.sub(_later(moved, "%Y-%m-%d", lambda day: day.isoformat()), text)
    return _CHART_DAY.sub(_later(moved, "%b %d %Y", lambda day: f"{day:%b} {day.day}"), text)


def _later(
    moved: timedelta, form: str, shown: Callable[[date], str]
) -> Callable[[re.Match[str]], str]:
    def change(found: re.Match[str]) -> str:
        text = found[0] if "-" in form else f"{found[0]} {END.year}"
        day = datetime.strptime(text, form).replace(tzinfo=timezone.utc).date()
        return shown(day + moved)

    return change
