from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import path

from proctor.context_processors import proc
from proctor.middleware import BaseProctorMiddleware
from proctor.signals import exposed


class Someone(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "someone"}


def page(request):
    return HttpResponse(render_to_string("page", {}, request))


urlpatterns = [path("", page)]


@pytest.fixture
def show(site):
    """Render a template of a site without "proctor" in INSTALLED_APPS."""
    site.ROOT_URLCONF = __name__
    site.MIDDLEWARE = [f"{__name__}.Someone"]
    site.INSTALLED_APPS = []

    def show(template):
        site.TEMPLATES = [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [("django.template.loaders.locmem.Loader", {"page": template})],
                    "context_processors": ["proctor.context_processors.proc"],
                },
            }
        ]
        return Client().get("/").content.decode()

    return show


def test_templates_have_proc(show):
    assert show("{% if proc.buttoncolortst.group == 'blue' %}yes{% endif %}") == "yes"


def test_templates_have_the_requests_own_proc(site):
    request = RequestFactory().get("/")
    Someone(lambda request: HttpResponse())(request)
    assert proc(request) == {"proc": request.proc}


def test_a_page_without_groups_reads_none(show):
    seen = []

    def receiver(**_):
        seen.append(True)

    exposed.connect(receiver)
    try:
        show("a page")
    finally:
        exposed.disconnect(receiver)
    assert seen == []


def test_without_the_middleware_the_defaults_hold(show, site):
    site.MIDDLEWARE = []
    assert show("{{ proc.buttoncolortst.group }}") == "control"


def test_without_the_middleware_there_is_nothing_to_log(show, site):
    site.MIDDLEWARE = []
    assert show("{{ proc }}") == ""
