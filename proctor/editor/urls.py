"""The editor's URLs, relative to the path where they are included."""

from __future__ import annotations

from django.urls import include, path

from proctor.editor.pages.urls import page_patterns
from proctor.editor.serving import machine_views

app_name = "proctor_editor"

urlpatterns = [
    path("api/", include("proctor.editor.api.urls")),
    *page_patterns,
    path("matrix/<str:branch>.json", machine_views.matrix, name="matrix_json"),
    path("matrix/<str:branch>/audit.json", machine_views.audit, name="matrix_audit"),
]
