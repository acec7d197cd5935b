from __future__ import annotations

import threading

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from proctor.middleware import BaseProctorMiddleware

HERE = __name__


class Threaded(BaseProctorMiddleware):
    """Records the thread in which its hooks run."""

    def get_identifiers(self, request):
        request.hooked_in = threading.get_ident()
        return {"USER": "a"}


class Awaitable(BaseProctorMiddleware):
    async def aget_identifiers(self, request):
        return {"USER": "a"}


class WithViewHook(Threaded):
    """A middleware with its own process_view, which must not be replaced."""

    def process_view(self, request, view, args, kwargs):
        return HttpResponse("its own")


class Refusing(BaseProctorMiddleware):
    def get_identifiers(self, request):
        raise LookupError

    def is_privileged(self, request):
        return True


class Twin(Refusing):
    async def aget_identifiers(self, request):
        raise LookupError

    async def ais_privileged(self, request):
        return True


async def awaited(request):
    return HttpResponse(request.proc.buttoncolortst.group)


def thread_of_hook(request):
    request.proc.buttoncolortst  # noqa: B018
    return HttpResponse(str(request.hooked_in == threading.get_ident()))


urlpatterns = [path("async", awaited), path("thread", thread_of_hook)]


@pytest.fixture(autouse=True)
def _urls(site):
    with override_settings(ROOT_URLCONF=HERE, MIDDLEWARE=[f"{HERE}.Threaded"]):
        yield


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("middleware", ["Threaded", "Awaitable"])
def test_under_wsgi_hooks_run_outside_of_the_loop_of_a_coroutine_view(middleware, lazy):
    with override_settings(MIDDLEWARE=[f"{HERE}.{middleware}"], PROCTOR_LAZY=lazy):
        response = Client().get("/async")
    assert response.content == b"blue"
    if middleware == "Threaded":
        assert response.wsgi_request.hooked_in == threading.get_ident()


def test_lazy_hooks_of_a_plain_view_run_at_the_first_read():
    with override_settings(PROCTOR_LAZY=True):
        assert Client().get("/thread").content == b"True"


async def test_under_asgi_plain_hooks_run_beside_the_loop():
    response = await AsyncClient().get("/async")
    assert response.asgi_request.hooked_in != threading.get_ident()


def test_a_site_s_own_process_view_stays():
    with override_settings(MIDDLEWARE=[f"{HERE}.WithViewHook"]):
        assert Client().get("/async").content == b"its own"


@pytest.mark.parametrize("middleware", ["Refusing", "Twin"])
async def test_a_forced_link_sticks_where_another_hook_fails_under_asgi(middleware):
    with override_settings(MIDDLEWARE=[f"{HERE}.{middleware}"]):
        response = await AsyncClient().get("/async?prforceGroups=buttoncolortst2")
    assert (response.content, "prforceGroups" in response.cookies) == (b"control", True)


def test_a_forced_link_sticks_where_another_hook_fails():
    with override_settings(MIDDLEWARE=[f"{HERE}.Refusing"]):
        response = Client().get("/async?prforceGroups=buttoncolortst2")
    assert (response.content, "prforceGroups" in response.cookies) == (b"control", True)
