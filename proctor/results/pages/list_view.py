"""The list of all tests, with the number of recorded exposures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from proctor.resolving.site_setup import current_setup
from proctor.results.decisions import newest_decisions
from proctor.results.pages.answers import page, render
from proctor.results.pages.shown import (
    Bar,
    bar_of,
    definitions,
    number_text,
    shades,
    state_of,
    verdict_phrase,
)
from proctor.results.reports.counting import Recorded, count_tests, lost_rows
from proctor.results.reports.latest import latest_verdicts

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


__all__ = ["tests"]

#: The order in which the list shows the states.
_STATES = ("running", "waiting", "quiet", "ended", "decided")


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    about: str
    state: str
    state_name: str
    bar: Bar | None
    recorded: Recorded | None
    total: str
    #: The verdict of the newest report, or "" if there is no report.
    verdict: str
    #: The time of the newest report, or None if there is no report.
    verdict_at: datetime | None


@page()
def tests(request: HttpRequest) -> HttpResponseBase:
    """Show every test that is declared, or that has recorded exposures or a decision."""
    counts, decided, known = count_tests(), newest_decisions(), definitions()
    verdicts = latest_verdicts()
    rows = []
    for name in sorted({*counts, *decided, *current_setup().registry}):
        recorded, decision, definition = counts.get(name), decided.get(name), known.get(name)
        state, state_name = state_of(recorded, decision, definition)
        bar = None
        if recorded is not None:
            bar = bar_of(recorded.groups, shades(recorded.groups, definition))
        about = "" if definition is None else definition.description or ""
        total = "" if recorded is None else number_text(recorded.total)
        latest = None if recorded is None else verdicts.get(name)
        phrase = "" if latest is None else verdict_phrase(latest)
        at = None if latest is None else latest.at
        rows.append(_Row(name, about, state, state_name, bar, recorded, total, phrase, at))
    rows.sort(key=lambda row: (_STATES.index(row.state), row.name))
    return render(request, "tests.html", _("Results"), rows=rows, lost=lost_rows())
