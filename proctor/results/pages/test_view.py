"""The page of one test: its report, live counts, decisions, and downloads of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.http import JsonResponse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from proctor.resolving.site_setup import current_setup
from proctor.results.access import DECIDE, may
from proctor.results.decisions import decisions_of
from proctor.results.models import Verdict
from proctor.results.pages.answers import NOTICE, optional_address, page, refusal, render
from proctor.results.pages.language import html_of
from proctor.results.pages.shown import (
    bar_of,
    chart_of,
    definitions,
    end_of,
    number_text,
    shades,
    state_of,
)
from proctor.results.reports.counting import count_tests, days_of, forced_reads
from proctor.results.reports.reporting import (
    NoReport,
    Selections,
    is_installed,
    report,
    selections,
)

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.matrices.matrix import TestDefinition
    from proctor.results.models import Decision

__all__ = ["report_json", "test"]


@dataclass(frozen=True, slots=True)
class _Query:
    name: str
    sql: str
    parameters: tuple[str, ...]


@page()
def test(request: HttpRequest, test: str) -> HttpResponseBase:
    """Show one test."""
    recorded = count_tests(test).get(test)
    decisions = decisions_of(test)
    if recorded is None and not decisions and test not in current_setup().registry:
        return refusal(request, 404, _("There is no test “%(test)s”.") % {"test": test})
    definition = definitions().get(test)
    colors = shades(recorded.groups if recorded else (), definition)
    days = days_of(test)
    fragment, problem, rows = SafeString(""), "", None
    if recorded is not None:
        fragment, problem, rows = _report(test)
    newest = decisions[0] if decisions else None
    state, state_name = state_of(recorded, newest, definition)
    return render(
        request,
        "test.html",
        test,
        test=test,
        about="" if definition is None else definition.description or "",
        state=state,
        state_name=state_name,
        recorded=recorded,
        bar=bar_of(recorded.groups, colors) if recorded else None,
        groups=list(colors.items()),
        days=[
            (each.day, [number_text(each.groups.get(group, 0)) for group in colors])
            for each in days
        ],
        chart=chart_of(days, colors),
        forced=forced_reads(test),
        report=fragment,
        problem=problem,
        installs=is_installed(),
        queries=[] if rows is None else _queries(rows),
        decisions=decisions,
        is_split=definition is not None and end_of(definition) is None,
        finish_address=_finish_address(test, newest, definition),
        notice=request.session.pop(NOTICE, "") if hasattr(request, "session") else "",
        may_decide=may(request.user, DECIDE, test),
        test_in_editor=optional_address("proctor_editor:test", test),
    )


def _finish_address(test: str, decision: Decision | None, definition: TestDefinition | None) -> str:
    """Return the URL of the editor's page for finishing the test with the winning group, or ""."""
    if decision is None or decision.verdict != Verdict.WON or not decision.revision:
        return ""
    values = {each.name: each.value for each in definition.buckets} if definition else {}
    address = optional_address("proctor_editor:finish", test)
    if not address or decision.group not in values:
        return ""
    return f"{address}?value={values[decision.group]}"


def _report(test: str) -> tuple[SafeString, str, Selections | None]:
    """Return the report as HTML, the reason if there is no report, and the queries for its rows."""
    rows = None
    try:
        rows = selections(test, lean=True)
        # Safe, because the report escapes all text itself.
        return mark_safe(html_of(report(test, rows))), "", rows  # noqa: S308
    except NoReport as problem:
        return SafeString(""), str(problem), rows
    except DatabaseError as error:
        return SafeString(""), f"{type(error).__name__}: {error}".partition("\n")[0], rows


def _queries(rows: Selections) -> list[_Query]:
    found = []
    own, *sourced = rows.outcomes
    titled = [
        (_("exposures"), rows.exposures),
        (_("forced exposures"), rows.forced),
        (_("outcomes"), own),
    ]
    for title, each in (*titled, *((each.name, each) for each in sourced)):
        sql, parameters = each.sql
        found.append(_Query(title, sql, tuple(map(repr, parameters))))
    return found


@page()
def report_json(request: HttpRequest, test: str) -> HttpResponseBase:
    """Return the report as JSON, or a 404 with the reason if there is no report."""
    try:
        found = report(test)
    except NoReport as problem:
        return JsonResponse({"error": str(problem)}, status=404)
    return JsonResponse(found.to_dict())
