"""Hooks that are always true, or never called, stop the server: no visitor may profit from them."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import RequestFactory

from proctor.checks.middleware import check_middleware
from proctor.middleware import BaseProctorMiddleware, ProctorMiddleware

HERE = __name__


async def answer(self, request):
    return False


def made(base, name, hook):
    return type("Site", (base,), {name: hook, "__module__": HERE})


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("is_privileged", "rename it to ais_privileged"),
        ("get_identifiers", "rename it to aget_identifiers"),
        ("get_context", "rename it to aget_context"),
        ("exclude_request", "rename it to aexclude_request"),
        ("has_consent", "rename it to ahas_consent"),
        ("finish_response", "write it without async"),
        ("get_http", "write it without async"),
    ],
)
def test_a_coroutine_function_with_the_name_of_a_plain_hook(site, monkeypatch, name, cure):
    cls = made(ProctorMiddleware, name, answer)
    message = f"Site.{name} is a coroutine function: {cure}"
    with pytest.raises(ImproperlyConfigured, match=message):
        cls(lambda request: HttpResponse())
    monkeypatch.setitem(globals(), "Site", cls)
    site.MIDDLEWARE = [f"{HERE}.Site"]
    assert f"{message}." in [each.msg for each in check_middleware() if each.id == "proctor.E022"]


@pytest.mark.parametrize(
    "names", [["has_consent"], ["ahas_consent"], ["has_consent", "ahas_consent"]]
)
def test_consent_that_the_base_class_never_asks_for(site, names):
    cls = made(BaseProctorMiddleware, names[-1], lambda self, request: False)
    setattr(cls, names[0], lambda self, request: False)
    cls.get_identifiers = lambda self, request: {"USER": "a"}
    with pytest.raises(ImproperlyConfigured, match=f"Site.{names[0]} is never called"):
        cls(lambda request: HttpResponse())


def test_a_hook_that_returns_a_coroutine_lets_nobody_force_groups(site, caplog):
    def is_privileged(self, request):
        return answer(self, request)

    cls = made(ProctorMiddleware, "is_privileged", is_privileged)
    request = RequestFactory().get("/", {"prforceGroups": "buttoncolortst0"})
    middleware = cls(lambda request: HttpResponse(str(request.proc.buttoncolortst.forced)))
    response = middleware(request)
    assert response.content == b"False"
    assert "prforceGroups" not in response.cookies
    assert "is_privileged returned a coroutine; return a bool" in caplog.text
