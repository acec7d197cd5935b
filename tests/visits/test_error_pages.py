"""With PROCTOR_LAZY, an error page may read the first group of a request."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse
from django.test import Client
from django.urls import path

from proctor.middleware import BaseProctorMiddleware

HERE = __name__


class Answering(BaseProctorMiddleware):
    error: Exception = Http404("nobody")

    def get_identifiers(self, request):
        raise self.error


def missing(request):
    raise Http404


def denied(request):
    raise PermissionDenied


def suspicious(request):
    raise SuspiciousOperation


def failing(request):
    raise LookupError


def reading(request):
    return HttpResponse(str(request.proc.buttoncolortst.group))


urlpatterns = [
    path("missing", missing),
    path("denied", denied),
    path("suspicious", suspicious),
    path("failing", failing),
    path("reading", reading),
]


@pytest.fixture(autouse=True)
def _site(site):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{HERE}.Answering"]
    site.PROCTOR_LAZY = True
    text = "{% load proctor %}page {% proctor_group buttoncolortst %}"
    pages = {f"{status}.html": text for status in (400, 403, 404)}
    site.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": ["django.template.context_processors.request"],
                "loaders": [("django.template.loaders.locmem.Loader", pages)],
            },
        }
    ]


def server_error(request):
    return HttpResponse(f"sorry {request.proc.buttoncolortst.group}", status=500)


handler500 = server_error

ERRORS = [Http404("nobody"), PermissionDenied("nobody"), SuspiciousOperation("nobody")]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/missing", (404, b"page control")),
        ("/no-such-page", (404, b"page control")),
        ("/denied", (403, b"page control")),
        ("/suspicious", (400, b"page control")),
        ("/failing", (500, b"sorry control")),
    ],
)
def test_an_error_page_reads_defaults_where_a_hook_has_an_answer_of_its_own(
    monkeypatch, caplog, error, url, expected
):
    monkeypatch.setattr(Answering, "error", error)
    response = Client(raise_request_exception=False).get(url)
    assert (response.status_code, response.content) == expected
    assert caplog.text.count("A hook of Answering failed, so every test uses its default") == 1


@pytest.mark.parametrize(
    ("error", "status"), list(zip(ERRORS, [404, 403, 400], strict=True)), ids=repr
)
def test_outside_of_error_pages_the_answer_is_that_of_the_hook(monkeypatch, error, status):
    monkeypatch.setattr(Answering, "error", error)
    response = Client().get("/reading")
    assert (response.status_code, response.content) == (status, b"page control")
