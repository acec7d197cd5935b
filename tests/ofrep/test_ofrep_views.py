"""OpenFeature's remote protocol, mounted in a Django site."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import include, path

from proctor import ProctorTest
from proctor.core.ofrep.contexts import MAX_BODY
from proctor.ofrep.views import ofrep
from proctor.signals import exposed
from tests.site_matrices import definition, one_bucket, write_matrix

HERE = __name__
FLAGS = "/flags/ofrep/v1/evaluate/flags"

urlpatterns = [
    path("flags/", include("proctor.ofrep.urls")),
    path("", lambda request: HttpResponse(str(bool(request.proc.buttoncolortst)))),
]

ANN = {"targetingKey": "ann"}


@pytest.fixture(autouse=True)
def _site(site):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = ["proctor.middleware.ProctorMiddleware"]
    site.PROCTOR_OFREP_PUBLIC = True


def evaluate(key=None, context=ANN, *, client=None, **headers):
    return (client or Client()).post(
        FLAGS if key is None else f"{FLAGS}/{key}",
        json.dumps({"context": context}),
        content_type="application/json",
        headers=headers,
    )


def test_a_flag_is_a_declared_test():
    response = evaluate("headlinetst")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json() == {
        "key": "headlinetst",
        "value": "Welcome",
        "variant": "warm",
        "reason": "STATIC",
        "metadata": {"value": 1, "version": "1", "allocation_id": "#A1"},
    }


def test_a_name_may_have_any_characters(site, tmp_path):
    site.PROCTOR_TESTS = ("a/b c",)
    site.PROCTOR_MATRIX = write_matrix(tmp_path, **{"a/b c": definition(one_bucket("on", 1))})
    assert evaluate("a/b%20c").json()["value"] is True


def test_all_flags_are_the_declared_tests():
    flags = {each["key"]: each for each in evaluate().json()["flags"]}
    assert sorted(flags) == sorted(
        ["absenttst", "button-dash", "buttoncolortst", "headlinetst", "sleepingtst"]
    )
    assert flags["buttoncolortst"]["value"] is True
    assert flags["absenttst"]["errorCode"] == "FLAG_NOT_FOUND"


def test_a_test_that_is_not_declared_is_not_there(site):
    site.PROCTOR_TESTS = ("headlinetst",)
    assert evaluate("buttoncolortst").status_code == 404


def test_a_page_that_is_not_modified_is_a_304_without_a_body():
    tag = evaluate().headers["ETag"]
    response = evaluate(None, if_none_match=tag)
    assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("public", [False, "no", 0, None])
def test_it_is_closed_unless_it_is_opened(site, public):
    site.PROCTOR_OFREP_PUBLIC = public
    assert evaluate("headlinetst").status_code == 403
    assert Client().get("/flags/openfeature/v0/manifest").status_code == 403


@pytest.mark.parametrize("setting", ["secret", ("new", "secret")])
def test_a_token_opens_it(site, setting):
    site.PROCTOR_OFREP_PUBLIC = False
    site.PROCTOR_OFREP_TOKEN = setting
    assert evaluate("headlinetst").status_code == 401
    assert evaluate("headlinetst", authorization="Bearer wrong").status_code == 401
    assert evaluate("headlinetst", authorization="Bearer secret").status_code == 200
    assert evaluate("headlinetst", x_api_key="secret").status_code == 200


def test_an_empty_token_lets_nobody_in(site):
    site.PROCTOR_OFREP_PUBLIC = False
    site.PROCTOR_OFREP_TOKEN = ""
    assert evaluate("headlinetst", authorization="Bearer ").status_code == 403


def test_it_needs_no_csrf_token_and_no_login(site):
    site.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    assert evaluate("headlinetst", client=Client(enforce_csrf_checks=True)).status_code == 200


def test_pages_of_listed_origins_may_ask(site):
    site.PROCTOR_OFREP_ORIGINS = ("https://shop.example.com",)
    response = Client().options(FLAGS, headers={"origin": "https://shop.example.com"})
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert "Content-Type" not in response.headers
    other = evaluate("headlinetst", origin="https://evil.example")
    assert "Access-Control-Allow-Origin" not in other.headers


def test_the_targeting_key_is_what_the_setting_says(site, tmp_path):
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, headlinetst=definition(one_bucket("warm", 1), testType="ACCOUNT")
    )
    assert evaluate("headlinetst").json()["errorCode"] == "TARGETING_KEY_MISSING"
    for name in ("ACCOUNT", "acctid"):
        site.PROCTOR_OFREP_TARGETING_KEY = name
        assert evaluate("headlinetst").json()["variant"] == "warm"


def test_attributes_are_variables_by_their_source_keys(site, tmp_path):
    site.PROCTOR_CONTEXT = {"land": {"name": "country", "type": "String"}}
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, headlinetst=definition(one_bucket("warm", 1), rule="${country == 'US'}")
    )
    assert evaluate("headlinetst", {**ANN, "land": "US"}).json()["variant"] == "warm"


def test_nothing_is_forced_exposed_or_remembered(site):
    heard = []
    exposed.connect(heard.append, weak=False, dispatch_uid="ofrep")
    try:
        client = Client()
        client.cookies["prforceGroups"] = "buttoncolortst2"
        site.PROCTOR_STAFF_MAY_FORCE = True
        response = evaluate(
            "buttoncolortst",
            {**ANN, "prforceGroups": "buttoncolortst2"},
            client=client,
            x_prforcegroups="buttoncolortst2",
        )
    finally:
        exposed.disconnect(dispatch_uid="ofrep")
    assert response.json()["variant"] == "blue"
    assert (heard, response.cookies) == ([], {})


def test_a_large_body_is_refused():
    response = Client().post(FLAGS, b" " * (MAX_BODY + 1), content_type="application/json")
    assert response.status_code == 413


def test_a_body_of_a_form_is_not_json():
    response = Client().post(FLAGS, {"context": "x"})
    assert (response.status_code, response.json()["errorCode"]) == (400, "PARSE_ERROR")


def test_a_client_that_goes_in_the_middle_is_one_that_sends_nothing():
    class Gone:
        def read(self, size=-1):
            raise OSError("connection reset")

    request = RequestFactory().post("/", b"{}", content_type="application/json")
    request._stream = Gone()
    assert ofrep(request, "/ofrep/v1/evaluate/flags", "headlinetst").status_code == 400


async def test_it_is_the_same_under_asgi(site):
    site.PROCTOR_OFREP_ORIGINS = ("https://shop.example.com",)
    response = await AsyncClient().post(
        f"{FLAGS}/headlinetst",
        json.dumps({"context": ANN}),
        content_type="application/json",
        headers={"origin": "https://shop.example.com"},
    )
    assert (response.status_code, response.json()["value"]) == (200, "Welcome")
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example.com"
    response = await AsyncClient().post(
        FLAGS, b" " * (MAX_BODY + 1), content_type="application/json"
    )
    assert response.status_code == 413


def test_djangos_page_cache_keeps_nothing_of_it(site):
    site.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    site.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": "ofrep",
        }
    }
    address = "/flags/openfeature/v0/manifest"
    assert Client().get(address).status_code == 200
    site.PROCTOR_OFREP_PUBLIC = False
    assert Client().get(address).status_code == 403


def test_the_manifest_is_served_in_both_forms():
    as_list = Client().get("/flags/openfeature/v0/manifest").json()["flags"]
    as_file = Client().get("/flags/openfeature/v0/manifest.json").json()["flags"]
    assert sorted(each["key"] for each in as_list) == sorted(as_file)
    assert as_file["headlinetst"] == {"flagType": "string", "defaultValue": "Welcome"}


def test_a_site_without_a_matrix_is_not_set_up(site):
    site.PROCTOR_MATRIX = None
    with pytest.raises(ImproperlyConfigured, match="set PROCTOR_MATRIX"):
        evaluate("headlinetst")


def test_a_site_whose_groups_come_from_elsewhere_answers_too(site):
    site.PROCTOR_MATRIX = None
    site.PROCTOR_SOURCE = f"{HERE}.Elsewhere"
    site.PROCTOR_TESTS = (ProctorTest("t", groups={"off": 0}, default="off", payload=int),)
    assert evaluate("t").json() == {
        "key": "t",
        "reason": "DEFAULT",
        "variant": "off",
        "metadata": {},
    }
    assert Client().get("/flags/openfeature/v0/manifest.json").json()["flags"]["t"] == {
        "flagType": "integer",
        "defaultValue": 0,
    }


class Elsewhere:
    waits = False

    def determine_groups(self, request):
        from proctor.core import Groups

        return Groups({})

    def close(self):
        pass
