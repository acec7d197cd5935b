"""Downloads of the rows behind a report, as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from proctor.core.java.encodable import encodable
from proctor.results.pages.answers import page, refusal
from proctor.results.reports.csv_rows import csv_lines
from proctor.results.reports.reporting import NoReport, selections

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["exposures", "outcomes"]


@page()
def exposures(request: HttpRequest, test: str) -> HttpResponseBase:
    """Send the exposures of a test."""
    return _download(request, test, "exposures")


@page()
def outcomes(request: HttpRequest, test: str) -> HttpResponseBase:
    """Send the outcomes from which a test's report is computed."""
    return _download(request, test, "outcomes")


def _download(request: HttpRequest, test: str, what: str) -> HttpResponseBase:
    try:
        rows = selections(test)
    except NoReport as problem:
        return refusal(request, 404, str(problem))
    parts = (rows.exposures, rows.forced) if what == "exposures" else rows.outcomes
    response = StreamingHttpResponse(csv_lines(parts), content_type="text/csv; charset=utf-8")
    name = content_disposition_header(
        as_attachment=True, filename=f"{encodable(test)}-{what}.csv".replace("/", "_")
    )
    if name is not None:
        response.headers["Content-Disposition"] = name
    return response
