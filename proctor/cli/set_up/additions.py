"""The code that `init` adds to a project, and the same code as instructions."""

from __future__ import annotations

__all__ = [
    "APPS",
    "APPS_LINES",
    "MATRIX",
    "MATRIX_TEXT",
    "MIDDLEWARE",
    "MIDDLEWARE_LINES",
    "PAGE",
    "PAGE_TEXT",
    "PROCESSOR",
    "PROCESSOR_LINES",
    "SOURCE_CODE",
    "TEST",
    "TESTS_CODE",
    "URLS",
    "URL_LINES",
]

APPS = ("proctor", "proctor.editor")
MIDDLEWARE = "proctor.middleware.ProctorMiddleware"
PROCESSOR = "proctor.context_processors.proc"
#: The URLs of the editor, and of the page on which privileged users see and force groups.
URLS = {"proctor/": "proctor.editor.urls", "private/": "proctor.urls"}

#: The code to print for users who must add the apps, middleware, context processor or URLs by hand.
APPS_LINES = 'INSTALLED_APPS += ["proctor", "proctor.editor"]\n'
MIDDLEWARE_LINES = f'MIDDLEWARE += ["{MIDDLEWARE}"]\n'
PROCESSOR_LINES = f'TEMPLATES[0]["OPTIONS"]["context_processors"] += ["{PROCESSOR}"]\n'
URL_LINES = """\
from django.urls import include, path

urlpatterns += [
    path("proctor/", include("proctor.editor.urls")),
    path("private/", include("proctor.urls")),
]
"""

SOURCE_CODE = """\
# The tests are in the editor, at /proctor/. It has one branch: what is published there is live.
PROCTOR_MATRIX = "editor:production"
PROCTOR_EDITOR_BRANCHES = ("production",)
"""

#: The name of the first test.
TEST = "firstaatst"

TESTS_CODE = """\
# The tests that the code reads. In an A/A test both groups see the same page, so that its results
# show whether visitors are split and counted correctly.
PROCTOR_TESTS = {
    "firstaatst": {"groups": {"control": 0, "same": 1}, "default": "control"},
}
"""

#: The file with the first test, next to manage.py.
MATRIX = "proctor-matrix.json"

MATRIX_TEXT = """\
{
  "audit": {"version": "1", "updated": 0, "updatedBy": "python -m proctor init"},
  "tests": {
    "firstaatst": {
      "version": "1",
      "description": "An A/A test: both groups see the same page, so nothing should differ.",
      "testType": "USER",
      "salt": "&firstaatst",
      "rule": null,
      "constants": {},
      "buckets": [
        {"name": "control", "value": 0, "description": "the page as it is"},
        {"name": "same", "value": 1, "description": "the same page"}
      ],
      "allocations": [
        {
          "id": "#A1",
          "rule": null,
          "ranges": [
            {"bucketValue": 0, "length": 0.5},
            {"bucketValue": 1, "length": 0.5}
          ]
        }
      ]
    }
  }
}
"""

#: Name of the module that contains a page with the first test. The module is created next to the
#: URLconf, and is also a URLconf.
PAGE = "first_page"

PAGE_TEXT = '''\
"""A page with the first test, made by `python -m proctor init`. Replace it with your own."""

from django.http import HttpResponse
from django.template import RequestContext, Template
from django.urls import path

PAGE = """\\
{% load proctor %}<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Your first test</title>
</head>
<body>
  <h1>Your first test</h1>
  {% ifgroup firstaatst same %}
  <p>You are in the group <b>same</b>.</p>
  {% else %}
  <p>You are in the group <b>control</b>.</p>
  {% endifgroup %}
  <ol>
    <li>Sign in to <a href="{% url 'proctor_editor:tests' %}">the editor</a>, where you change
      tests.</li>
    <li>Then open <a href="{% url 'forcegroups' %}">your groups</a>, a page for staff only. From
      then on, a bar on this page changes your group.</li>
    <li>Replace this page with your own: it is first_page.py, next to the URLs of the project.</li>
  </ol>
  {% proctor_bar %}
</body>
</html>
"""


def first_page(request):
    """Show the visitor's group."""
    return HttpResponse(Template(PAGE).render(RequestContext(request)))


urlpatterns = [path("", first_page)]
'''
