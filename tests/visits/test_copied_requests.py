"""Inner middleware that copies the request and passes the copy on."""

from __future__ import annotations

import copy

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from django.utils.decorators import sync_and_async_middleware
from django.views.decorators.cache import cache_page

from proctor import ProctorTest
from proctor.middleware import BaseProctorMiddleware
from proctor.visits.hooks import Hooks
from proctor.visits.visit import Visit
from tests.site_matrices import definition, one_bucket, write_matrix

HERE = __name__


class ByHeader(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "a"}

    def get_context(self, request):
        return {"country": request.headers.get("country", "")}


def copying(get_response, times=1, *, reads_before=False):
    """Pass on a copy of a copy of the request, and so on."""

    def copied(request):
        if reads_before:
            request.proc.peek("buttoncolortst")
        for _ in range(times):
            request = copy.deepcopy(request)
        return request

    return lambda request: get_response(copied(request))


def copying_once(get_response):
    return copying(get_response)


def copying_twice(get_response):
    return copying(get_response, 2)


def copying_late(get_response):
    return copying(get_response, reads_before=True)


@sync_and_async_middleware
def acopying(get_response):
    async def middleware(request):
        return await get_response(copy.deepcopy(request))

    return middleware


def group(request):
    return HttpResponse(str(request.proc.buttoncolortst.group))


async def agroup(request):
    return group(request)


urlpatterns = [
    path("group", group),
    path("agroup", agroup),
    path("cached", cache_page(60)(group)),
]


@pytest.fixture(autouse=True)
def _site(tmp_path, settings):
    settings.ROOT_URLCONF = HERE
    settings.PROCTOR_TESTS = (ProctorTest("buttoncolortst", ("control", "blue"), "control"),)
    settings.PROCTOR_CONTEXT = {"country": "String"}
    settings.PROCTOR_MATRIX = write_matrix(
        tmp_path, buttoncolortst=definition(one_bucket("blue", 1), rule="${country == 'US'}")
    )
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": str(tmp_path),
        }
    }
    yield
    cache.clear()


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("copies", ["copying_once", "copying_twice", "copying_late"])
def test_a_copy_has_the_groups_and_the_page_is_private(copies, lazy):
    middleware = [f"{HERE}.ByHeader", f"{HERE}.{copies}"]
    with override_settings(MIDDLEWARE=middleware, PROCTOR_LAZY=lazy):
        response = Client().get("/group", headers={"country": "US"})
    assert (response.content, response["Cache-Control"]) == (b"blue", "private")


async def test_a_copy_has_the_groups_under_asgi():
    with override_settings(MIDDLEWARE=[f"{HERE}.ByHeader", f"{HERE}.acopying"]):
        response = await AsyncClient().get("/agroup", headers={"country": "US"})
    assert (response.content, response["Cache-Control"]) == (b"blue", "private")


@pytest.mark.parametrize("copies", ["copying_once", "copying_twice", "copying_late"])
def test_a_cache_behind_the_copy_stores_no_page_with_groups(copies):
    with override_settings(MIDDLEWARE=[f"{HERE}.ByHeader", f"{HERE}.{copies}"]):
        pages = [
            Client().get("/cached", headers={"country": country}).content
            for country in ("US", "GB", "US")
        ]
    assert pages == [b"blue", b"control", b"blue"]


def test_a_copy_is_of_the_same_visitor():
    request = RequestFactory().get("/")
    visit = Visit(Hooks(ByHeader(group), lambda name: name == "get_identifiers"), request)
    for second in (copy.copy(request), copy.deepcopy(request)):
        assert (second.proc is visit.proc, Visit.of(second) is visit) == (True, True)
