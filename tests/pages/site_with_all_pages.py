"""The site of the tests with the editor and the results, which need their apps."""

from __future__ import annotations

from django.urls import include, path

from tests.pages.test_pages import urlpatterns as _own

urlpatterns = [
    *_own,
    path("proctor/", include("proctor.results.urls")),
    path("proctor/", include("proctor.editor.urls")),
]
