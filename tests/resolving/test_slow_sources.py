"""Sources that wait, and middleware that must not let them block an event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from proctor.core.evaluation.groups import GroupAssignment, Groups
from proctor.core.exceptions import SourceError
from proctor.core.sources.source import GroupsRequest
from proctor.resolving.ask_source import ask
from proctor.resolving.late_source import LateSource
from proctor.resolving.site_setup import current_setup
from proctor.signals import resolved, source_failed
from tests.clocks import Clock

HERE = __name__

#: Seconds to wait for expected events, even on a busy machine.
AMPLE = 30


class Slow:
    """A source that records if it is asked in a thread."""

    def __init__(self):
        self.threads = []

    def determine_groups(self, request):
        asked_in.append(threading.current_thread())
        return Groups({"buttoncolortst": GroupAssignment("blue", 1)})

    def close(self):
        pass


class Waiting(Slow):
    """A source that answers once the test allows it."""

    asked = threading.Event()
    released = threading.Event()

    def determine_groups(self, request):
        self.asked.set()
        if not self.released.wait(AMPLE / 2):
            raise TimeoutError
        return super().determine_groups(request)


class Timed(Slow):
    """A source that takes two seconds on the test's clock, and fails if the test requests it."""

    clock = Clock()
    fails = False

    def determine_groups(self, request):
        self.clock.now += 2.0
        if self.fails:
            raise SourceError("no")
        return super().determine_groups(request)


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
    """A function, which is not a source."""


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
    with override_settings(PROCTOR_SOURCE=f"{HERE}.Waiting"):
        page = asyncio.create_task(AsyncClient().get("/async"))
        # A blocked event loop would never release it, so there would be no group.
        await asyncio.to_thread(Waiting.asked.wait, AMPLE)
        Waiting.released.set()
        assert (await page).content == b"blue"


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
    clock = Clock()
    source = LateSource(Slow, ConnectionError(), clock=clock)
    with pytest.raises(SourceError, match="cannot be created: ConnectionError"):
        source.determine_groups(None)
    clock.now += source.PAUSE
    assert source.determine_groups(None)["buttoncolortst"].group == "blue"


@pytest.mark.parametrize(("fails", "signal"), [(False, resolved), (True, source_failed)])
def test_it_is_told_how_long_an_answer_took(fails, signal, monkeypatch):
    monkeypatch.setattr(Timed, "fails", fails)
    told = []

    def note(elapsed, **_):
        told.append(elapsed)

    signal.connect(note)
    with override_settings(PROCTOR_SOURCE=f"{HERE}.Timed"):
        ask(current_setup(), GroupsRequest(identifiers={}), None, clock=Timed.clock)
    signal.disconnect(note)
    assert told == [2.0]


def test_a_function_is_no_source():
    with (
        override_settings(PROCTOR_SOURCE=f"{HERE}.a_function"),
        pytest.raises(Exception, match="not a class with a determine_groups method"),
    ):
        Client().get("/")
