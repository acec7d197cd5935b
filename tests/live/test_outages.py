"""The groups of visitors while the Pipet fails, and the number of calls to it."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time

import pytest
from django.test import AsyncClient, Client

from proctor.core.exceptions import SourceError
from proctor.signals import resolved, source_failed
from tests.live import pipet as live
from tests.live.pages import Awaited
from tests.live.pipet import FAULTS, SLOW_FAULTS, response, says

#: For faults that take all the time there is.
SHORT = 0.3

#: For what is meant to come, however busy the machine is.
AMPLE = 30.0


@pytest.fixture(autouse=True)
def no_finalizers():
    """Collect no garbage during a test: up to Python 3.11, JSON's nesting uses up the stack.

    A finalizer that runs while a million brackets are parsed would fail with a RecursionError.
    """
    gc.disable()
    yield
    gc.enable()


def visit(path="/", user="someone", **headers):
    return Client().get(path, headers={"x-user": user, **headers}).content.decode()


async def avisit(path="/async", user="someone", **headers):
    response = await AsyncClient().get(path, headers={"x-user": user, **headers})
    return response.content.decode()


def by_client(path, **headers):
    return visit(path, **headers)


def by_async_client(path, **headers):
    return asyncio.run(avisit(path, **headers))


#: A sync view under WSGI and under ASGI, and a coroutine view under both.
WAYS = {
    "WSGI": (by_client, "/"),
    "WSGI, coroutine view": (by_client, "/async"),
    "ASGI": (by_async_client, "/async"),
    "ASGI, sync view": (by_async_client, "/"),
}


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def get(request):
    client, path = request.param
    return lambda **headers: client(path, **headers)


@pytest.fixture
def cached(site):
    site.PROCTOR_CACHE_METHOD = "cache"
    site.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": f"outages-{time.monotonic_ns()}",
        }
    }
    return site


def test_the_groups_of_a_pipet_are_on_the_page(site, get):
    assert get() == "blue assigned"


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_in_an_outage_all_have_the_defaults_and_one_call_is_made(site, pipet, calls, fault, get):
    site.PROCTOR_TIMEOUT = SHORT if fault in SLOW_FAULTS.values() else AMPLE
    pipet.fault = fault
    assert [get() for _ in range(3)] == ["control source_failed"] * 3
    assert len(calls) == 1


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_in_an_outage_a_visitor_keeps_the_group_that_he_had(cached, pipet, calls, fault, get):
    assert get() == "blue assigned"
    cached.PROCTOR_TIMEOUT = SHORT if fault in SLOW_FAULTS.values() else AMPLE
    pipet.fault = fault
    pipet.publish("2", 2000, buttoncolortst=("green", 2))
    live.caches_forget_version()
    assert [get() for _ in range(3)] == ["blue stale"] * 3
    assert len(calls) == 2
    assert get(user="another") == "control source_failed"
    assert len(calls) == 3


def test_where_nobody_listens_the_defaults_hold(site, get):
    site.PROCTOR_API_ROOT = f"http://127.0.0.1:{live.free_port()}"
    assert [get() for _ in range(3)] == ["control source_failed"] * 3


def eight_at_once():
    visitors = [threading.Thread(target=visit, kwargs={"user": str(n)}) for n in range(8)]
    for each in visitors:
        each.start()
    for each in visitors:
        each.join()


def test_a_hanging_pipet_takes_the_time_of_those_in_flight_and_of_no_others(site, pipet, calls):
    site.PROCTOR_TIMEOUT = SHORT
    pipet.fault = live.hang
    eight_at_once()
    in_flight = len(calls)
    assert 2 <= in_flight <= 8
    for number in range(50):
        visit(user=f"late{number}")
    assert len(calls) == in_flight


def outage(pipet):
    """Let the requests of five visitors fail, so that no call is made during the next second."""
    for number in range(5):
        assert visit(user=f"first{number}") == "control source_failed"
    pipet.calls.clear()


def test_one_visitor_probes_after_a_second_and_the_others_go_on(site, pipet, clock):
    pipet.fault = live.hang_up
    outage(pipet)
    pipet.fault = says(response(b"", 503))
    clock.now += 1
    visitors = [threading.Thread(target=visit, kwargs={"user": str(n)}) for n in range(8)]
    for each in visitors:
        each.start()
    for each in visitors:
        each.join()
    assert [call.path for call in pipet.calls] == ["/proctor/matrix/audit"]


def test_when_it_is_well_again_visitors_have_groups_again(site, pipet, clock):
    pipet.fault = live.hang_up
    outage(pipet)
    pipet.fault = None
    assert visit() == "control source_failed"
    clock.now += 1.0
    assert visit() == "blue assigned"


def test_an_outage_is_one_record_in_the_log(site, pipet, caplog):
    pipet.fault = live.hang_up
    for number in range(20):
        visit(user=str(number))
    records = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(records) == 1
    assert records[0].name == "proctor.pipet"


def test_a_refused_visitor_has_the_defaults_and_nobody_else_has(site, pipet, get):
    pipet.fault = says(response(b'{"data": {}, "meta": {"status": 400, "error": "no"}}', 400))
    assert get(user="hostile") == "control rejected"
    pipet.fault = None
    assert get() == "blue assigned"


def test_a_refused_visitor_is_not_served_what_he_had(cached, pipet):
    assert visit() == "blue assigned"
    live.caches_forget_version()
    pipet.fault = says(response(b"", 400))
    assert visit() == "control rejected"


def test_a_page_that_reads_no_group_does_not_notice_when_lazy(site, pipet):
    site.PROCTOR_LAZY = True
    assert visit("/nothing") == "nothing"
    assert pipet.calls == []


def test_a_page_that_reads_no_group_asks_all_the_same_when_not_lazy(site, pipet):
    assert visit("/nothing") == "nothing"
    assert len(pipet.calls) == 1


def test_a_visitor_without_an_identifier_costs_no_call(site, pipet, get):
    assert get(user="") == "control no_group"
    assert pipet.connections == 0


def test_a_site_without_tests_makes_no_call(site, pipet):
    site.PROCTOR_TESTS = ()
    visit("/nothing")
    assert pipet.connections == 0


def test_forced_groups_go_to_the_pipet(site, pipet, get):
    pipet.groups["buttoncolortst"]["name"] = "green"
    pipet.groups["buttoncolortst"]["value"] = 2
    assert get(**{"x-prforcegroups": "buttoncolortst2"}) == "green forced"
    assert pipet.calls[0].query["prforceGroups"] == ["buttoncolortst2"]


# -- the loop -------------------------------------------------------------------------------


async def test_the_loop_goes_on_while_a_pipet_hangs(site, pipet):
    site.MIDDLEWARE = [f"{Awaited.__module__}.Awaited"]
    loop, asked, released = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def hang_until_released(connection, pipet):
        loop.call_soon_threadsafe(asked.set)
        if released.wait(AMPLE / 2):
            connection.sendall(response(pipet.reply(pipet.calls[-1])))

    pipet.fault = hang_until_released
    page = asyncio.create_task(avisit())
    # A blocked event loop would never release it, so there would be no group.
    await asyncio.wait_for(asked.wait(), AMPLE)
    released.set()
    assert await page == "blue assigned"


async def test_on_a_loop_proc_cannot_be_determined_by_a_call_and_the_mistake_is_told(
    site, pipet, caplog
):
    from proctor.identify import identify

    assert identify({"USER": "a"}).buttoncolortst.group == "control"
    assert pipet.connections == 0
    assert "Read proc in the view, or through sync_to_async" in caplog.text


async def test_in_debug_the_mistake_is_an_error(site):
    from django.core.exceptions import SynchronousOnlyOperation

    from proctor.identify import identify

    site.DEBUG = True
    with pytest.raises(SynchronousOnlyOperation, match="event loop"):
        identify({"USER": "a"}).buttoncolortst  # noqa: B018 - the read is what fails


# -- who is told ------------------------------------------------------------------------------


@pytest.fixture
def told():
    """The events of the two signals, in order."""
    heard = []

    def note_failure(signal, sender, error, **arguments):
        heard.append(("failed", sender.__name__, type(error), arguments["stale"]))

    def note_resolved(signal, sender, outcome, cache, **arguments):
        heard.append((outcome, cache, arguments["request"].path))

    source_failed.connect(note_failure)
    resolved.connect(note_resolved)
    yield heard
    source_failed.disconnect(note_failure)
    resolved.disconnect(note_resolved)


def test_signals_tell_what_became_of_each_visitor(cached, pipet, told):
    visit()
    visit()
    live.caches_forget_version()
    pipet.fault = live.hang_up
    visit()
    visit(user="another")
    outcomes = [each for each in told if len(each) == 3]
    assert outcomes == [
        ("answered", "miss", "/"),
        ("cached", "hit", "/"),
        ("stale", "stale", "/"),
        ("failed", "miss", "/"),
    ]
    failures = [each for each in told if len(each) == 4]
    assert [each[3] for each in failures] == [True, False]
    assert all(issubclass(each[2], SourceError) for each in failures)


def test_without_a_cache_nothing_is_said_of_one(site, told):
    visit()
    assert told == [("answered", None, "/")]


def test_each_resolution_is_in_the_log_at_debug_without_the_visitor(cached, caplog):
    caplog.set_level(logging.DEBUG, "proctor.groups")
    visit(user="secretperson")
    visit(user="secretperson")
    lines = [each.getMessage() for each in caplog.records if each.name == "proctor.groups"]
    assert [line.partition(", cache ")[0] for line in lines] == [
        "Groups of a visitor from PipetSource: answered",
        "Groups of a visitor from PipetSource: cached",
    ]
    assert "secretperson" not in caplog.text
