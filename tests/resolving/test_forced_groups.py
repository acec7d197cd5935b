"""Forced groups that the matrix does not have are logged once, with the closest name."""

from __future__ import annotations

import logging

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from proctor.middleware import BaseProctorMiddleware
from proctor.resolving.site_setup import current_setup
from tests.site_matrices import definition, one_bucket, write_matrix

HERE = __name__

WRONG = "buttoncolortst9,buttoncolrtst1"
LINES = [
    (
        "Forced group buttoncolortst9 is ignored: buttoncolortst has no group 9; expected one of "
        "0 (control), 1 (blue), 2 (green)"
    ),
    (
        "Forced group buttoncolrtst1 is ignored: the matrix has no test 'buttoncolrtst'; did you "
        "mean 'buttoncolortst'?"
    ),
]


class Anonymous(BaseProctorMiddleware):
    def get_identifiers(self, request):
        return {"USER": "a"}

    def is_privileged(self, request):
        return "stranger" not in request.GET


def view(request):
    return HttpResponse(request.proc.buttoncolortst.group)


async def aview(request):
    return view(request)


urlpatterns = [path("", view), path("a", aview)]


@pytest.fixture
def warnings(site, caplog):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{HERE}.Anonymous"]
    caplog.set_level(logging.WARNING, "proctor.force")

    def logged():
        return [each.getMessage() for each in caplog.records if each.name == "proctor.force"]

    return logged


def test_an_unknown_test_and_an_unknown_group_are_logged(warnings):
    assert Client().get("/", {"prforceGroups": WRONG}).content == b"blue"
    assert warnings() == LINES


async def test_they_are_logged_under_asgi(warnings):
    await AsyncClient().get("/a", {"prforceGroups": WRONG})
    assert warnings() == LINES


def test_they_are_logged_once_also_if_they_come_from_the_cookie(warnings):
    client = Client()
    client.get("/", {"prforceGroups": WRONG})
    assert client.cookies["prforceGroups"].value
    client.get("/")
    Client().get("/", headers={"X-PRFORCEGROUPS": WRONG})
    assert warnings() == LINES


def test_a_cookie_that_is_older_than_the_process_is_logged(warnings):
    Client(headers={"cookie": "prforceGroups=buttoncolortst9"}).get("/")
    assert warnings() == LINES[:1]


def test_another_value_is_another_cause(warnings):
    Client().get("/", {"prforceGroups": "buttoncolortst9"})
    Client().get("/", {"prforceGroups": "buttoncolortst-1"})
    assert [line.split()[2] for line in warnings()] == ["buttoncolortst9", "buttoncolortst-1"]


def test_groups_that_the_matrix_has_are_not_logged(warnings):
    text = "default_to_fallback,buttoncolortst2,sleepingtst-1"
    assert Client().get("/", {"prforceGroups": text}).content == b"green"
    assert warnings() == []


def test_a_test_of_the_matrix_that_is_not_declared_is_known(site, warnings):
    site.PROCTOR_TESTS = ("buttoncolortst",)
    Client().get("/", {"prforceGroups": "sleepingtst1"})
    assert warnings() == []


def test_what_a_stranger_asks_for_is_not_logged(warnings):
    Client().get("/", {"prforceGroups": WRONG, "stranger": "1"})
    assert warnings() == []


def test_the_log_is_bounded(site, warnings, monkeypatch):
    monkeypatch.setattr("proctor.resolving.once_log.OnceLog.LIMIT", 2)
    for value in range(3, 8):
        Client().get("/", {"prforceGroups": f"buttoncolortst{value}"})
    assert len(warnings()) == 2


def test_a_group_that_a_new_matrix_has_is_forced(site, tmp_path, warnings):
    Client().get("/", {"prforceGroups": "buttoncolortst31"})
    file = write_matrix(
        tmp_path, buttoncolortst=definition(one_bucket("blue", 1), one_bucket("green", 31))
    )
    file.write_text(file.read_text().replace('{"version": "1"}', '{"version": "2"}'))
    current_setup().source.refresh()
    assert Client().get("/", {"prforceGroups": "buttoncolortst31"}).content == b"green"
    assert len(warnings()) == 1
