"""URLs of the results: `results/` and below, relative to the path where they are included."""

from __future__ import annotations

from django.urls import path

from proctor.results.pages import browser_view, decide_view, download_views, list_view, test_view

app_name = "proctor_results"

urlpatterns = [
    path("results/", list_view.tests, name="tests"),
    path("results/record/", browser_view.record_outcome, name="record"),
    path("results/tests/<path:test>/decide/", decide_view.decide, name="decide"),
    path("results/tests/<path:test>/exposures.csv", download_views.exposures, name="exposures"),
    path("results/tests/<path:test>/outcomes.csv", download_views.outcomes, name="outcomes"),
    path("results/tests/<path:test>/report.json", test_view.report_json, name="report_json"),
    path("results/tests/<path:test>/", test_view.test, name="test"),
]
