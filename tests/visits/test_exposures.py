from __future__ import annotations

import asyncio
import copy
import gc
import logging
import threading
from contextlib import contextmanager, suppress

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.template import engines
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from proctor.identify import identify
from proctor.log import ProctorFilter
from proctor.middleware import BaseProctorMiddleware
from proctor.signals import exposed, source_failed
from proctor.visits.proc import Proc

HERE = __name__


class Everybody(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "a"}

    def is_privileged(self, request):
        return True


def by_attribute(request):
    return HttpResponse(request.proc.buttoncolortst.group)


async def awaited(request):
    return HttpResponse(request.proc.buttoncolortst.group)


urlpatterns = [path("", by_attribute), path("async", awaited)]


@pytest.fixture(autouse=True)
def _urls(site):
    with override_settings(ROOT_URLCONF=HERE, MIDDLEWARE=[f"{HERE}.Everybody"]):
        yield


@contextmanager
def listening(signal=exposed, receiver=None):
    told = []

    def note(**arguments):
        told.append(arguments)

    signal.connect(receiver or note)
    yield told
    signal.disconnect(receiver or note)


@pytest.fixture
def proc():
    return identify({"USER": "a"})


@pytest.mark.parametrize(
    "read",
    [
        lambda proc: proc.buttoncolortst,
        lambda proc: proc["buttoncolortst"],
        lambda proc: getattr(proc, "buttoncolortst"),  # noqa: B009 - as templates do
        lambda proc: hasattr(proc, "buttoncolortst"),
        lambda proc: (
            engines["django"].from_string("{{ proc.buttoncolortst.group }}").render({"proc": proc})
        ),
        lambda proc: (
            engines["django"]
            .from_string("{% load proctor %}{% ifgroup buttoncolortst blue %}{% endifgroup %}")
            .render({"proc": proc})
        ),
    ],
)
def test_a_read_is_an_exposure(proc, read):
    with listening() as told:
        read(proc)
    assert [each["test"] for each in told] == ["buttoncolortst"]


@pytest.mark.parametrize(
    "use",
    [
        lambda proc: proc.peek("buttoncolortst"),
        str,
        repr,
        dir,
        list,
        len,
        bool,
        copy.copy,
        copy.deepcopy,
        lambda proc: proc.__reduce__(),
        lambda proc: proc.logging_string(),
        lambda proc: proc.get_group_string_list(),
        lambda proc: proc.known_groups(),
        lambda proc: "buttoncolortst" in proc,
        lambda proc: hasattr(proc, "_buttoncolortst"),
        lambda proc: hasattr(proc, "othertst"),
        lambda proc: engines["django"].from_string("{{ proc }}").render({"proc": proc}),
    ],
)
def test_what_decides_nothing_is_none(proc, use):
    with listening() as told:
        proc.peek("headlinetst")
        with suppress(TypeError):
            use(proc)
    assert told == []


def test_a_test_is_exposed_once_however_often_it_is_read(proc):
    with listening() as told:
        for _ in range(3):
            proc.buttoncolortst  # noqa: B018
            proc["buttoncolortst"]
    assert len(told) == 1


def test_each_request_has_its_own_exposures():
    with listening() as told:
        Client().get("/")
        Client().get("/")
    assert len(told) == 2


def test_a_group_with_a_negative_value_is_not_exposed(proc):
    with listening() as told:
        assert proc.sleepingtst.group == "inactive"
    assert told == []


def test_a_default_is_not_exposed(proc):
    with listening() as told:
        assert proc.absenttst.group == "off"
    assert told == []


def test_an_exposure_says_what_who_and_whether_it_was_forced():
    with listening() as told:
        response = Client().get("/")
    (only,) = told
    assert (only["sender"], only["test"], only["assignment"].group, only["forced"]) == (
        Proc,
        "buttoncolortst",
        "blue",
        False,
    )
    assert only["request"] is response.wsgi_request


def test_a_forced_group_is_exposed_as_such():
    with listening() as told:
        assert Client().get("/?prforceGroups=buttoncolortst2").content == b"green"
    assert told[0]["forced"] is True


def test_outside_of_a_request_there_is_none(proc):
    with listening() as told:
        proc.buttoncolortst  # noqa: B018
    assert told[0]["request"] is None


def test_a_receiver_that_raises_hurts_neither_the_read_nor_the_others(caplog):
    def fail(**_):
        raise ValueError("visitor pa5xq0lz4n80\nforged line")

    with listening(receiver=fail), listening() as told:
        assert Client().get("/").content == b"blue"
    assert len(told) == 1
    (record,) = [each for each in caplog.records if each.name == "proctor.exposures"]
    assert "ValueError" in record.getMessage()
    assert "test_exposures.py" in record.getMessage()
    assert "pa5xq" not in caplog.text
    assert "forged" not in caplog.text


@pytest.mark.parametrize("url", ["/", "/async"])
@pytest.mark.parametrize("is_coroutine", [False, True], ids=["plain", "coroutine"])
def test_a_receiver_that_raises_is_logged_once_and_not_for_each_visitor(url, is_coroutine, caplog):
    def fail(request, **_):
        raise ValueError(str(id(request)))

    async def afail(request, **_):
        fail(request)

    with listening(receiver=afail if is_coroutine else fail):
        for _ in range(5):
            assert Client().get(url).content == b"blue"
    assert len([each for each in caplog.records if each.name == "proctor.exposures"]) == 1


def test_a_receiver_that_fails_for_another_reason_is_logged_again(proc, caplog):
    def fail(test, **_):
        if test == "buttoncolortst":
            raise ValueError(test)
        raise KeyError(test)

    with listening(receiver=fail):
        for _ in range(3):
            identify({"USER": "a"}).buttoncolortst  # noqa: B018
            identify({"USER": "a"}).headlinetst  # noqa: B018
    told = [each.getMessage() for each in caplog.records if each.name == "proctor.exposures"]
    assert [text.split(": ")[1].split()[0] for text in told] == ["ValueError", "KeyError"]


async def test_a_coroutine_receiver_is_scheduled_on_the_running_loop():
    done = asyncio.Event()

    async def note(**_):
        assert asyncio.get_running_loop() is loop
        await asyncio.sleep(0)
        done.set()

    loop = asyncio.get_running_loop()
    with listening(receiver=note):
        identify({"USER": "a"}).buttoncolortst  # noqa: B018
        assert not done.is_set()
        await asyncio.wait_for(done.wait(), 10)


async def test_a_coroutine_receiver_hears_of_a_coroutine_view():
    done = asyncio.Event()

    async def note(**_):
        done.set()

    with listening(receiver=note):
        await AsyncClient().get("/async")
        await asyncio.wait_for(done.wait(), 10)


async def test_a_coroutine_receiver_hears_of_a_plain_view_under_asgi():
    told = []

    async def note(test, **_):
        await asyncio.sleep(0)
        told.append((test, asyncio.get_running_loop()))

    with listening(receiver=note):
        await AsyncClient().get("/")
    assert told == [("buttoncolortst", asyncio.get_running_loop())]


@pytest.mark.parametrize("url", ["/", "/async"])
def test_a_coroutine_receiver_comes_to_its_end_under_wsgi(url):
    told = []

    async def note(test, **_):
        await asyncio.sleep(0.01)
        told.append(test)

    with listening(receiver=note):
        assert Client().get(url).content == b"blue"
    assert told == ["buttoncolortst"]


@pytest.mark.parametrize("error", [ValueError("a"), asyncio.CancelledError()])
@pytest.mark.parametrize("url", ["/", "/async"])
def test_a_coroutine_receiver_that_raises_hurts_no_page(url, error, caplog):
    async def fail(**_):
        raise error

    with listening(receiver=fail):
        assert Client().get(url).content == b"blue"
    assert [each.name for each in caplog.records if each.levelname == "ERROR"] == [
        "proctor.exposures"
    ]


def test_a_coroutine_receiver_may_call_plain_code_from_a_plain_view():
    told = []

    async def note(test, **_):
        await sync_to_async(told.append)(test)

    with listening(receiver=note):
        Client().get("/")
    assert told == ["buttoncolortst"]


def test_several_receivers_are_all_told(proc):
    with listening() as first, listening() as second:
        proc.buttoncolortst  # noqa: B018
    assert (len(first), len(second)) == (1, 1)


def test_a_receiver_that_nobody_holds_is_forgotten(proc):
    told = []

    def connect():
        def note(**_):
            told.append(1)

        exposed.connect(note)

    connect()
    gc.collect()
    proc.buttoncolortst  # noqa: B018
    assert told == []


def test_a_receiver_that_was_disconnected_is_told_no_more(proc):
    with listening() as told:
        pass
    proc.buttoncolortst  # noqa: B018
    assert told == []


def test_a_receiver_may_read_the_same_test(proc):
    told = []

    def note(test, **_):
        told.append(proc[test].group)

    with listening(receiver=note):
        proc.buttoncolortst  # noqa: B018
    assert told == ["blue"]


def test_threads_that_read_at_once_make_one_exposure(proc):
    proc.peek("buttoncolortst")
    meeting = threading.Barrier(8)

    def read():
        meeting.wait(timeout=10)
        proc["buttoncolortst"]

    with listening() as told:
        threads = [threading.Thread(target=read) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert len(told) == 1


def test_the_log_filter_exposes_nothing(proc):
    def view(request):
        ProctorFilter().filter(logging.makeLogRecord({"request": request}))

    with listening() as told:
        proc.peek("buttoncolortst")
        Everybody(lambda request: view(request) or HttpResponse())(
            Client().get("/nowhere").wsgi_request
        )
    assert told == []


def test_a_source_without_an_answer_is_told(tmp_path):
    with (
        override_settings(PROCTOR_MATRIX=tmp_path / "none.json"),
        listening(source_failed) as told,
        listening() as exposures,
    ):
        assert Client().get("/").content == b"control"
    (only,) = told
    assert "none.json" in str(only["error"])
    assert only["request"] is not None
    assert exposures == []


class Awaiting:
    """A receiver that Django mistakes for a plain function."""

    def __init__(self):
        self.told = []
        self.done = asyncio.Event()

    async def __call__(self, **arguments):
        await asyncio.sleep(0)
        self.told.append(arguments["test"])
        self.done.set()


def test_an_object_with_an_awaitable_call_is_awaited(proc):
    receiver = Awaiting()
    with listening(receiver=receiver):
        proc.buttoncolortst  # noqa: B018
    assert receiver.told == ["buttoncolortst"]


async def test_an_object_with_an_awaitable_call_is_awaited_under_asgi():
    receiver = Awaiting()
    with listening(receiver=receiver):
        await AsyncClient().get("/async")
        await asyncio.wait_for(receiver.done.wait(), 10)
    assert receiver.told == ["buttoncolortst"]


def test_an_object_with_an_awaitable_call_is_awaited_after_a_coroutine_view_under_wsgi():
    receiver = Awaiting()
    with listening(receiver=receiver):
        Client().get("/async")
    assert receiver.told == ["buttoncolortst"]
