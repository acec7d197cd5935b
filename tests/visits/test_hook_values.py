"""Lazy values from hooks. The "database" here refuses calls on an event loop, like Django's."""

from __future__ import annotations

import asyncio
import json

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from django.utils.asyncio import async_unsafe
from django.utils.functional import SimpleLazyObject, lazystr

from proctor import ProctorTest
from proctor.core.evaluation.groups import Reason
from proctor.middleware import BaseProctorMiddleware, ProctorMiddleware
from proctor.signals import exposed
from proctor.visits.hook_values import is_data, load, load_answer
from tests.site_matrices import definition, one_bucket, write_matrix

HERE = __name__


@async_unsafe("no query on a loop")
def query(value):
    return value


def lazily(value):
    return SimpleLazyObject(lambda: query(value))


class Row:
    """Like a model instance: its text and its attributes may need queries."""

    def __init__(self, name):
        self._name = name

    def __str__(self):
        return query(self._name)

    @property
    def name(self):
        return query(self._name)


class Values(BaseProctorMiddleware):
    identifiers: object = {"USER": "a"}
    context: object = {"country": "US"}

    def get_identifiers(self, request):
        return self.identifiers

    def get_context(self, request):
        return self.context


class Awaited(Values):
    async def aget_identifiers(self, request):
        return self.identifiers

    async def aget_context(self, request):
        return self.context

    async def ais_privileged(self, request):
        return lazily([])


class LazyYes(Awaited):
    async def aexclude_request(self, request):
        return lazily([1])


def shown(request):
    found = request.proc.countrytst
    return HttpResponse(json.dumps([found.group, request.proc.rowtst.group, found.reason.value]))


async def ashown(request):
    return shown(request)


urlpatterns = [path("plain", shown), path("coroutine", ashown)]


@pytest.fixture(autouse=True)
def _site(site, tmp_path):
    names = ("countrytst", "rowtst")
    site.PROCTOR_TESTS = tuple(ProctorTest(name) for name in names)
    site.PROCTOR_CONTEXT = {"country": "String", "row": "json"}
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path,
        countrytst=definition(one_bucket("us", 1), rule="${country == 'US'}"),
        rowtst=definition(one_bucket("us", 1), rule="${row.name == 'US'}"),
    )
    site.ROOT_URLCONF = HERE


async def under_asgi(address):
    return await AsyncClient().get(address)


def answers(middleware, view):
    """The results of a request under WSGI and under ASGI."""
    with override_settings(MIDDLEWARE=[f"{HERE}.{middleware}"]):
        return [
            json.loads(response.content)
            for response in (Client().get(f"/{view}"), asyncio.run(under_asgi(f"/{view}")))
        ]


@pytest.mark.parametrize("middleware", ["Values", "Awaited"])
@pytest.mark.parametrize("view", ["plain", "coroutine"])
@pytest.mark.parametrize(
    ("context", "groups"),
    [
        ({"country": lazily("US")}, ["us", None]),
        ({"country": lazystr("US")}, ["us", None]),
        (lazily({"country": lazily("US")}), ["us", None]),
        ({"country": Row("US")}, ["us", None]),
        ({"country": "US", "row": {"name": lazily("US")}}, ["us", "us"]),
        ({"country": "US", "row": lazily({"name": lazily("US")})}, ["us", "us"]),
        ({"country": "US", "row": Row("US")}, ["us", "us"]),
        ({"country": "US", "row": lazily(Row("US"))}, ["us", "us"]),
    ],
)
def test_lazy_context_is_loaded_beside_the_loop(monkeypatch, middleware, view, context, groups):
    monkeypatch.setattr(Values, "context", context)
    assert [answer[:2] for answer in answers(middleware, view)] == [groups, groups]


@pytest.mark.parametrize("middleware", ["Values", "Awaited"])
@pytest.mark.parametrize("view", ["plain", "coroutine"])
@pytest.mark.parametrize(
    "user", [lazily("a"), Row("a"), lazily(Row("a"))], ids=["lazy", "row", "lazy row"]
)
def test_lazy_identifiers_are_loaded_beside_the_loop(monkeypatch, middleware, view, user):
    monkeypatch.setattr(Values, "identifiers", {"USER": user})
    assert [answer[0] for answer in answers(middleware, view)] == ["us", "us"]


@pytest.mark.parametrize("view", ["plain", "coroutine"])
def test_a_value_that_cannot_be_loaded_costs_only_its_variable(monkeypatch, view):
    def fail():
        raise LookupError("no such row")

    lost = {"country": "US", "row": SimpleLazyObject(fail)}
    monkeypatch.setattr(Values, "context", lost)
    assert [answer[:2] for answer in answers("Values", view)] == [["us", None]] * 2


@pytest.mark.parametrize("view", ["plain", "coroutine"])
def test_a_mapping_that_cannot_be_loaded_is_a_hook_that_failed(monkeypatch, view):
    def fail():
        raise LookupError("no such row")

    monkeypatch.setattr(Values, "context", SimpleLazyObject(fail))
    failed = [None, None, Reason.HOOK_FAILED.value]
    assert answers("Values", view) == [failed, failed]


async def test_a_lazy_yes_or_no_is_asked_beside_the_loop():
    with override_settings(MIDDLEWARE=[f"{HERE}.Awaited"]):
        response = await AsyncClient().get("/coroutine?prforceGroups=countrytst-1")
    assert json.loads(response.content)[0] == "us"


async def test_a_lazy_exclusion_is_asked_beside_the_loop():
    told = []

    def note(**arguments):
        told.append(arguments["test"])

    exposed.connect(note)
    try:
        with override_settings(MIDDLEWARE=[f"{HERE}.LazyYes"]):
            response = await AsyncClient().get("/coroutine")
    finally:
        exposed.disconnect(note)
    assert (json.loads(response.content)[0], told) == ("us", [])


# -- hooks and their twins ----------------------------------------------------------------------


class Ours(Awaited):
    """A site's base class, with a hook and its twin."""


class PlainBelow(Ours):
    def get_identifiers(self, request):
        return {"USER": "a", "ACCOUNT": "below"}


class AwaitedBelow(Ours):
    async def aget_identifiers(self, request):
        return {"USER": "a", "ACCOUNT": "below"}


class ReadyAwaitedBelow(ProctorMiddleware):
    async def aget_identifiers(self, request):
        return {**await super().aget_identifiers(request), "ACCOUNT": "below"}


class ReadyPlainBelow(ProctorMiddleware):
    def get_identifiers(self, request):
        return {**super().get_identifiers(request), "ACCOUNT": "below"}


def account(request):
    from proctor.visits.visit import Visit

    request.proc.peek("countrytst")
    return HttpResponse(json.dumps(Visit.of(request).asked.identifiers["ACCOUNT"]))


@pytest.mark.parametrize(
    "middleware", ["PlainBelow", "AwaitedBelow", "ReadyAwaitedBelow", "ReadyPlainBelow"]
)
def test_a_subclass_that_overrides_one_of_two_twins_means_both(monkeypatch, middleware):
    monkeypatch.setitem(globals(), "urlpatterns", [path("account", account)])
    assert answers(middleware, "account") == ["below", "below"]


# -- what is loaded -----------------------------------------------------------------------------


def test_plain_values_stay_the_same_object():
    answer = {"country": "US", "tags": ["a", {"b": 1}], "at": None}
    assert load_answer(answer) is answer


def test_a_mapping_of_a_class_of_its_own_becomes_a_dict_of_what_its_keys_give():
    class Doubling(dict):
        def __getitem__(self, key):
            return 2 * super().__getitem__(key)

    assert load_answer(Doubling(a=1)) == {"a": 2}


def test_lists_keep_their_kind():
    found = load({"a": (lazystr("x"), 1), "b": {lazystr("y")}})
    assert (found, type(found["a"]), type(found["b"])) == ({"a": ("x", 1), "b": {"y"}}, tuple, set)


def test_what_contains_itself_stays_and_is_no_data():
    endless: list[object] = []
    endless.append(endless)
    assert load(endless) is not None
    assert not is_data(endless)
