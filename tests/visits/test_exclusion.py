"""`exclude_request`: requests whose exposures are not sent."""

from __future__ import annotations

import threading

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from proctor.middleware import BaseProctorMiddleware
from proctor.signals import exposed
from tests.visits.test_exposures import listening

HERE = __name__


class Noting(BaseProctorMiddleware):
    """Records on the request the number of calls of the hook, and their threads."""

    def get_identifiers(self, request):
        if "X-Broken" in request.headers:
            raise LookupError
        return {"USER": "a"}

    def is_privileged(self, request):
        return True

    def note(self, request):
        request.__dict__.setdefault("asked_in", []).append(threading.get_ident())
        return "bot" in request.headers.get("User-Agent", "")


class Plain(Noting):
    def exclude_request(self, request):
        return self.note(request)


class Twin(Noting):
    async def aexclude_request(self, request):
        return self.note(request)


class Both(Plain):
    async def aexclude_request(self, request):
        request.was_awaited = True
        return self.note(request)


class Failing(Noting):
    def exclude_request(self, request):
        raise LookupError("visitor pa5xq0lz4n80")


class FailingTwin(Noting):
    async def aexclude_request(self, request):
        raise LookupError("visitor pa5xq0lz4n80")


class Unclear(Noting):
    def exclude_request(self, request):
        class Neither:
            def __bool__(self):
                raise LookupError

        return Neither()


class Reading(Noting):
    def exclude_request(self, request):
        return request.proc.headlinetst.group == "warm"


def two(request):
    proc = request.proc
    return HttpResponse(f"{proc.buttoncolortst.group} {proc['headlinetst'].group}")


async def atwo(request):
    return two(request)


def nothing(request):
    return HttpResponse("nothing")


def default(request):
    return HttpResponse(f"{request.proc.absenttst.group} {request.proc.peek('headlinetst').group}")


urlpatterns = [
    path("", two),
    path("async", atwo),
    path("nothing", nothing),
    path("default", default),
]

BOT = {"User-Agent": "a bot"}
URLS = ["/", "/async"]
HOOKED = ["Plain", "Twin", "Both"]


@pytest.fixture(autouse=True)
def _urls(site):
    with override_settings(ROOT_URLCONF=HERE):
        yield


@pytest.fixture(params=[False, True], ids=["eager", "lazy"])
def _lazy(request, site):
    site.PROCTOR_LAZY = request.param


@pytest.fixture
def _nobody_listens(monkeypatch):
    # Otherwise, the shop's receiver would be connected.
    monkeypatch.setattr(exposed, "receivers", [])


def using(name):
    return override_settings(MIDDLEWARE=[f"{HERE}.{name}"])


def names(told):
    return [each["test"] for each in told]


def calls(response):
    return len(response.wsgi_request.__dict__.get("asked_in", ()))


@pytest.mark.usefixtures("_lazy")
@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("middleware", HOOKED)
def test_an_excluded_request_has_groups_and_sends_no_exposures(middleware, url):
    with using(middleware), listening() as told:
        response = Client().get(url, headers=BOT)
    assert (response.content, told) == (b"blue warm", [])
    assert response.headers["Cache-Control"] == "private"


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("middleware", HOOKED)
async def test_an_excluded_request_sends_none_under_asgi(middleware, url):
    with using(middleware), listening() as told:
        response = await AsyncClient().get(url, headers=BOT)
    assert (response.content, told) == (b"blue warm", [])


@pytest.mark.usefixtures("_lazy")
@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("middleware", HOOKED)
def test_another_request_sends_its_own_and_is_asked_once(middleware, url):
    with using(middleware), listening() as told:
        response = Client().get(url)
    assert (names(told), calls(response)) == (["buttoncolortst", "headlinetst"], 1)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("middleware", HOOKED)
async def test_another_request_sends_its_own_under_asgi(middleware, url):
    with using(middleware), listening() as told:
        response = await AsyncClient().get(url)
    assert names(told) == ["buttoncolortst", "headlinetst"]
    assert len(response.asgi_request.asked_in) == 1


def test_coroutine_receivers_hear_of_an_excluded_request_neither():
    told = []

    async def note(test, **_):
        told.append(test)

    with using("Plain"), listening(receiver=note):
        Client().get("/", headers=BOT)
    assert told == []


def test_forced_groups_of_an_excluded_request_are_not_sent():
    with using("Plain"), listening() as told:
        response = Client().get("/?prforceGroups=buttoncolortst2", headers=BOT)
    assert (response.content, told) == (b"green warm", [])


@pytest.mark.parametrize("url", ["/nothing", "/default"])
@pytest.mark.parametrize("middleware", HOOKED)
def test_a_page_that_exposes_nothing_does_not_ask(middleware, url):
    with using(middleware), listening() as told:
        response = Client().get(url, headers=BOT)
    assert (calls(response), told) == (0, [])


@pytest.mark.usefixtures("_lazy", "_nobody_listens")
@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("middleware", HOOKED)
def test_nobody_is_asked_where_nobody_listens(middleware, url):
    with using(middleware):
        assert calls(Client().get(url)) == 0


@pytest.mark.usefixtures("_nobody_listens")
@pytest.mark.parametrize("middleware", HOOKED)
async def test_nobody_is_asked_where_nobody_listens_under_asgi(middleware):
    with using(middleware):
        response = await AsyncClient().get("/async")
    assert "asked_in" not in response.asgi_request.__dict__


async def test_under_asgi_a_twin_is_preferred_and_awaited_on_the_loop():
    with using("Both"), listening():
        request = (await AsyncClient().get("/")).asgi_request
    assert (request.was_awaited, request.asked_in) == (True, [threading.get_ident()])


async def test_under_asgi_a_plain_hook_runs_beside_the_loop():
    with using("Plain"), listening():
        request = (await AsyncClient().get("/async")).asgi_request
    assert request.asked_in != [threading.get_ident()]


def test_under_wsgi_a_hook_runs_outside_of_the_loop_of_a_coroutine_view():
    with using("Plain"), listening():
        request = Client().get("/async").wsgi_request
    assert request.asked_in == [threading.get_ident()]


@pytest.mark.parametrize("middleware", ["Failing", "FailingTwin", "Unclear", "Reading"])
@pytest.mark.parametrize("debug", [False, True])
def test_a_failing_hook_excludes_nobody_and_is_logged_once(middleware, debug, settings, caplog):
    settings.DEBUG = debug
    with using(middleware), listening() as told:
        assert [Client().get("/").content for _ in range(3)] == [b"blue warm"] * 3
    assert names(told) == ["buttoncolortst", "headlinetst"] * 3
    (record,) = [each for each in caplog.records if each.name == "proctor.hooks"]
    assert record.getMessage().startswith(f"exclude_request of {middleware} failed")
    assert "pa5xq" not in caplog.text


@pytest.mark.parametrize("middleware", ["Failing", "FailingTwin", "Unclear", "Reading"])
async def test_a_failing_hook_excludes_nobody_under_asgi(middleware, caplog):
    with using(middleware), listening() as told:
        for url in URLS:
            assert (await AsyncClient().get(url)).content == b"blue warm"
    assert names(told) == ["buttoncolortst", "headlinetst"] * 2
    assert [each.name for each in caplog.records].count("proctor.hooks") == 1


def test_a_hook_that_fails_is_logged_once_and_not_for_each_visitor(caplog):
    with using("Plain"):
        for _ in range(3):
            Client().get("/", headers={"x-broken": "yes"})
    (record,) = [each for each in caplog.records if each.name == "proctor.hooks"]
    assert "LookupError" in record.getMessage()


def test_where_another_hook_fails_nothing_is_exposed_and_nobody_asked():
    with using("Plain"), listening() as told:
        response = Client().get("/", headers={"X-Broken": "1"})
    assert (calls(response), told) == (0, [])
