"""Sources that wait for something, and middleware that must not let them hold up a loop."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from proctor.configuration import _LateSource
from proctor.core.groups import GroupAssignment, Groups

HERE = __name__


class Slow:
    """Asked in a thread or not, it says so."""

    def __init__(self):
        self.threads = []

    def determine_groups(self, request):
        asked_in.append(threading.current_thread())
        time.sleep(0.05)
        return Groups({"buttoncolortst": GroupAssignment("blue", 1)})

    def close(self):
        pass


class Unmakable(Slow):
    def __init__(self):
        raise ConnectionError("the service is down")


asked_in: list[threading.Thread] = []


def read(request):
    return HttpResponse(str(request.proc.buttoncolortst.group))


async def aread(request):
    return HttpResponse(str(request.proc.buttoncolortst.group))


def nothing(request):
    return HttpResponse("nothing")


async def anothing(request):
    return HttpResponse("nothing")


def a_function(request):
    """No source."""


urlpatterns = [
    path("", read),
    path("async", aread),
    path("nothing", nothing),
    path("anothing", anothing),
]


@pytest.fixture(autouse=True)
def _site(site):
    asked_in.clear()
    with override_settings(
        ROOT_URLCONF=HERE,
        MIDDLEWARE=["proctor.middleware.ProctorMiddleware"],
        PROCTOR_MATRIX=None,
        PROCTOR_SOURCE=f"{HERE}.Slow",
    ):
        yield


async def test_a_coroutine_view_reads_what_was_asked_in_another_thread():
    response = await AsyncClient().get("/async")
    assert response.content == b"blue"
    assert asked_in[0] is not threading.main_thread()


async def test_the_loop_goes_on_while_a_source_is_asked():
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    counting = asyncio.create_task(count())
    await AsyncClient().get("/async")
    counting.cancel()
    assert turns > 5


async def test_under_asgi_a_plain_view_that_reads_nothing_asks_nothing():
    await AsyncClient().get("/nothing")
    assert asked_in == []


def test_without_lazy_the_source_is_asked_before_the_view():
    Client().get("/nothing")
    assert len(asked_in) == 1


def test_with_lazy_it_is_asked_only_by_a_view_that_reads():
    with override_settings(PROCTOR_LAZY=True):
        Client().get("/nothing")
    assert asked_in == []


@pytest.mark.parametrize("lazy", [False, True])
def test_it_is_asked_once_a_request(lazy):
    with override_settings(PROCTOR_LAZY=lazy):
        assert Client().get("/").content == b"blue"
    assert len(asked_in) == 1


def test_a_source_that_cannot_be_made_costs_the_groups_and_not_the_page():
    with override_settings(PROCTOR_SOURCE=f"{HERE}.Unmakable"):
        assert Client().get("/").content == b"control"


def test_a_source_that_could_not_be_made_is_tried_again():
    source = _LateSource(Slow, ConnectionError())
    source._due = 0.0
    assert source.determine_groups(None)["buttoncolortst"].group == "blue"


def test_a_function_is_no_source():
    with (
        override_settings(PROCTOR_SOURCE=f"{HERE}.a_function"),
        pytest.raises(Exception, match="no class with a method determine_groups"),
    ):
        Client().get("/")
