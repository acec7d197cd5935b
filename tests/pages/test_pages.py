"""The groups page and the matrix as JSON: access, content and actions."""

from __future__ import annotations

import html
import json
import logging
import re
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.template.loaders.base import Loader
from django.test import AsyncClient, Client
from django.urls import include, path

import proctor
from proctor import ProctorTest
from proctor.middleware import BaseProctorMiddleware
from proctor.signals import exposed
from tests.core.httpserver import Reply, serving
from tests.page_elements import Page
from tests.site_matrices import definition, one_bucket, write_matrix

HERE = __name__

PAGE = "/private/proctor/force/"


class Open(BaseProctorMiddleware):
    """A middleware that lets visitors force groups if a header says so."""

    def get_identifiers(self, request):
        return {"USER": request.headers.get("X-User", "someone")}

    def get_context(self, request):
        return {"country": "US"}

    def is_privileged(self, request):
        return request.headers.get("X-May") == "yes"


class User:
    def __init__(self, name):
        self.pk, self.is_authenticated = name, True
        self.is_staff, self.is_active = name != "customer", name != "gone"


def signed_in(get_response):
    """Signs in the user that a header names, like Django's middleware."""

    def middleware(request):
        name = request.headers.get("X-Name")
        if name:
            request.user = request._cached_user = User(name)
        return get_response(request)

    return middleware


def shown(request):
    return HttpResponse(str(request.proc.buttoncolortst.group))


urlpatterns = [path("", shown), path("private/", include("proctor.urls"))]


@pytest.fixture(autouse=True)
def _site(site):
    site.ROOT_URLCONF = HERE
    site.MIDDLEWARE = [f"{HERE}.signed_in", f"{HERE}.Open"]
    site.PROCTOR_LAZY = True
    site.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
    ]


@pytest.fixture
def client():
    return Client(headers={"x-may": "yes"})


def page(client, address=PAGE, **query):
    response = client.get(address, query)
    assert response.status_code == 200
    return Page(response.content.decode())


def article(page_, test):
    (found,) = [each for each in page_.all("article") if each.attributes["id"] == f"test-{test}"]
    return str(found)


def force(client, **fields):
    return client.post(PAGE, fields)


# -- who sees them ------------------------------------------------------------------------------

ADDRESSES = [
    PAGE,
    "/private/proctor/groups.json",
    "/private/proctor/show",
    "/private/proctor/show/",
    "/private/showTestMatrix/",
    "/private/showTestMatrix",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_may_not_force_sees_nothing(address):
    assert Client().get(address).status_code == 404


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_may_force_sees_it_and_no_cache_or_search_engine_keeps_it(client, address):
    response = client.get(address)
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    assert "noindex" in response.headers["X-Robots-Tag"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_the_middleware_there_is_nothing(client, site, address):
    site.MIDDLEWARE = []
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("name", "setting", "status"),
    [("boss", True, 200), ("boss", False, 404), ("customer", True, 404), ("gone", True, 404)],
)
def test_staff_see_it_where_the_setting_says_so(site, name, setting, status):
    site.PROCTOR_STAFF_MAY_FORCE = setting
    assert Client(headers={"x-name": name}).get(PAGE).status_code == status


def test_staff_may_then_force_at_any_address(site):
    site.PROCTOR_STAFF_MAY_FORCE = True
    staff, visitor = Client(headers={"x-name": "boss"}), Client(headers={"x-name": "customer"})
    assert staff.get("/?prforceGroups=buttoncolortst2").content == b"green"
    assert visitor.get("/?prforceGroups=buttoncolortst2").content == b"blue"


async def test_staff_may_force_under_asgi(site):
    site.PROCTOR_STAFF_MAY_FORCE = True
    site.MIDDLEWARE = [f"{HERE}.SignedInAsync", f"{HERE}.Open"]
    asked = {"prforceGroups": "buttoncolortst2"}
    response = await AsyncClient().get("/", asked, headers={"x-name": "boss"})
    assert response.content == b"green"


class SignedInAsync:
    """Like SignedIn, for coroutines."""

    async_capable, sync_capable = True, False

    def __init__(self, get_response):
        from asgiref.sync import markcoroutinefunction

        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request):
        async def auser():
            return User(request.headers["X-Name"])

        request.auser = auser
        return await self.get_response(request)


@pytest.mark.parametrize("address", [PAGE, "/private/proctor/groups.json"])
def test_no_other_page_may_put_it_into_a_frame(client, address):
    assert client.get(address)["X-Frame-Options"] == "DENY"


def test_a_user_who_cannot_be_asked_for_is_not_staff(site):
    site.PROCTOR_STAFF_MAY_FORCE = True
    site.MIDDLEWARE = [f"{HERE}.broken_users", f"{HERE}.Open"]
    assert Client().get(PAGE).status_code == 404


def broken_users(get_response):
    class Broken:
        is_authenticated = True

        @property
        def is_active(self):
            raise ConnectionError("the database is down")

    def middleware(request):
        request.user = Broken()
        return get_response(request)

    return middleware


# -- what it shows ------------------------------------------------------------------------------


def test_each_declared_test_is_there_with_the_visitors_group(client):
    found = page(client)
    assert "You are in blue" in article(found, "buttoncolortst")
    assert 'You are in warm , with the payload "Welcome"' in article(found, "headlinetst").replace(
        "warm,", "warm ,"
    )
    assert len(found.all("article")) == 5


def test_it_says_why(client):
    assert "of allocation 1 '#A1'" in article(page(client), "buttoncolortst")


def test_each_group_has_its_share(client):
    text = article(page(client), "buttoncolortst")
    assert "blue 100 %" in text
    assert "green 0 %" in text


def test_the_line_of_the_ranges_is_drawn_with_the_visitors_place(client, site, tmp_path):
    halves = definition(one_bucket("blue", 1), one_bucket("green", 2))
    halves["allocations"][0]["ranges"] = [
        {"bucketValue": 1, "length": 0.25},
        {"bucketValue": 2, "length": 0.75},
    ]
    site.PROCTOR_MATRIX = write_matrix(tmp_path, buttoncolortst=halves)
    (line,) = [each for each in page(client).all("svg") if each.attributes.get("role") == "img"]
    assert re.fullmatch(
        r"blue 25 %, green 75 %; the visitor is at [\d.]+%", str(line.attributes["aria-label"])
    )
    assert "|" not in article(page(client), "buttoncolortst")


def test_a_visitor_outside_the_test_has_no_place_in_its_line(client, site, tmp_path):
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, buttoncolortst=definition(one_bucket("blue", 1), rule="${1 == 2}")
    )
    (line,) = [each for each in page(client).all("svg") if each.attributes.get("role") == "img"]
    assert line.attributes["aria-label"] == "blue 100 %"


def test_a_test_that_the_matrix_does_not_have_says_so_and_has_its_default(client):
    text = article(page(client), "absenttst")
    assert "The matrix has no test with this name." in text
    assert "default" in text
    assert "You are in off" in text


def test_a_test_that_is_dropped_says_why(client, site, tmp_path):
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, buttoncolortst=definition(one_bucket("blue", 1), rule="${nothere}")
    )
    assert "The test is not evaluated: " in article(page(client), "buttoncolortst")


def test_a_group_that_is_not_declared_is_marked(client, site):
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups=("blue", "green")),)
    assert article(page(client), "buttoncolortst").count("not declared") == 1


def test_texts_of_the_matrix_are_text_and_no_html(client, site, tmp_path):
    evil = "<script>alert(1)</script>"
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path,
        headlinetst=definition(one_bucket("warm", 1, stringValue=evil), description=evil),
    )
    content = client.get(PAGE).content.decode()
    assert evil not in content
    assert content.count("&lt;script&gt;") >= 2


def test_a_name_that_cannot_be_forced_has_no_button_and_says_why(client):
    text = article(page(client), "button-dash")
    assert "The groups of this test cannot be forced" in text
    radios = [
        each
        for each in page(client).all("input")
        if each.attributes.get("name") == "force.button-dash"
    ]
    assert radios == []


def test_a_forced_group_for_which_the_visitor_is_not_eligible_says_so(client, site, tmp_path):
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path,
        buttoncolortst=definition(one_bucket("blue", 1), rule="${country == 'DE'}"),
        headlinetst=definition(one_bucket("warm", 1)),
    )
    found = page(client, prforceGroups="buttoncolortst1,headlinetst1")
    assert "would not be eligible" in article(found, "buttoncolortst")
    assert "forced" in article(found, "headlinetst")
    assert "would not be eligible" not in article(found, "headlinetst")


def test_a_forced_value_that_no_bucket_has_is_named(client):
    found = article(page(client, prforceGroups="buttoncolortst9"), "buttoncolortst")
    assert "buttoncolortst has no group 9." in found
    assert "You are in blue" in found


def test_a_renamed_bucket_is_declared_and_one_with_a_different_value_is_not(client, renamed):
    renamed.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups={"control": 7, "blue": 1}),)
    buckets = client.get("/private/proctor/groups.json").json()["tests"]["buttoncolortst"][
        "buckets"
    ]
    assert [(each["name"], each["declared"]) for each in buckets] == [
        ("azure", True),
        ("control", False),
    ]


def test_a_forced_group_replaces_one_that_has_its_declared_name(client, renamed):
    text = article(page(client, prforceGroups="buttoncolortst0"), "buttoncolortst")
    assert "without forcing, you would be in blue" in text


NO_TEST = "The matrix has no test buttoncolrtst; did you mean buttoncolortst?"


def test_a_forced_test_that_is_mistyped_is_named_with_the_nearest(client):
    found = page(client, prforceGroups="buttoncolrtst1")
    assert NO_TEST in [str(each) for each in found.all("p")]
    assert "Groups of other applications" not in str(found.all("section")[0])


def test_the_json_names_a_forced_test_that_is_mistyped(client):
    page(client, prforceGroups="buttoncolrtst1,buttoncolortst2")
    document = client.get("/private/proctor/groups.json").json()
    assert document["force_problems"] == [NO_TEST]


def test_a_forced_test_of_the_matrix_is_not_mistyped_though_it_resembles_a_declared_one(
    client, site, tmp_path
):
    theirs = definition(one_bucket("on", 1))
    site.PROCTOR_MATRIX = write_matrix(tmp_path, buttoncolrtst=theirs)
    found = page(client, prforceGroups="buttoncolrtst1")
    assert "Groups of other applications: buttoncolrtst." in str(found.all("section")[0])


@pytest.mark.parametrize(
    ("test_type", "expected"),
    [
        ("ACCOUNT", "You force lower, but the test needs an identifier of type ACCOUNT."),
        ("DEVICE", "You force lower, but the test needs an identifier of type DEVICE."),
    ],
)
def test_a_force_without_the_identifier_says_what_it_needs(
    client, site, tmp_path, test_type, expected
):
    site.PROCTOR_TEST_TYPES = ("DEVICE",)
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, headlinetst=definition(one_bucket("lower", 1), testType=test_type)
    )
    assert expected in article(page(client, prforceGroups="headlinetst1"), "headlinetst")
    shown_test = client.get("/private/proctor/groups.json").json()["tests"]["headlinetst"]
    assert (shown_test["forced"], shown_test["force_problem"]) == (False, expected)


def test_a_force_that_works_has_no_problem(client):
    page(client, prforceGroups="buttoncolortst2")
    tests = client.get("/private/proctor/groups.json").json()["tests"]
    assert tests["buttoncolortst"]["force_problem"] is None


def test_malformed_entries_from_the_web_are_dropped(client):
    assert client.get("/?prforceGroups=buttoncolortst,$1,buttoncolortst2,2").content == b"green"
    document = client.get("/private/proctor/groups.json").json()
    assert document["force_groups"] == "buttoncolortst2"


def test_the_filter_finds_names_groups_and_descriptions(client):
    def found(words):
        articles = page(client, q=words).all("article")
        return [each.attributes["id"] for each in articles if "hidden" not in each.attributes]

    assert found("green") == ["test-buttoncolortst"]
    assert found("HEADLINE") == ["test-headlinetst"]
    assert found("nowhere") == []
    assert "No test has “<span>nowhere" in client.get(PAGE, {"q": "nowhere"}).content.decode()


def test_without_declared_tests_it_says_what_to_do(client, site):
    site.PROCTOR_TESTS = ()
    assert "No test is declared." in client.get(PAGE).content.decode()


def test_tests_that_the_site_does_not_declare_are_counted(client, site, tmp_path):
    more = {name: definition(one_bucket("blue", 1)) for name in ("buttoncolortst", "othertst")}
    site.PROCTOR_MATRIX = write_matrix(tmp_path, **more)
    content = client.get(PAGE).content.decode()
    assert "The matrix has 1 more test, which this site does not declare." in content
    assert "othertst" not in content
    site.PROCTOR_MATRIX = write_matrix(tmp_path, buttoncolortst=definition(one_bucket("blue", 1)))
    assert "proctor-undeclared" not in client.get(PAGE).content.decode()


def test_without_a_matrix_it_says_so(client, site):
    site.PROCTOR_MATRIX = None
    assert "Neither PROCTOR_MATRIX nor PROCTOR_API_ROOT is set" in client.get(PAGE).content.decode()


def test_in_an_outage_it_says_what_is_wrong(client, site, tmp_path):
    site.PROCTOR_MATRIX = tmp_path / "none.json"
    content = client.get(PAGE).content.decode()
    assert "The matrix cannot be shown." in content
    assert "You are in <b>control</b>" in content


def test_looking_counts_no_exposure(client):
    told = []

    def note(**arguments):
        told.append(arguments["test"])

    exposed.connect(note)
    try:
        for address in ADDRESSES:
            client.get(address)
        client.post(PAGE, {"what-if": "1", "id.USER": "x"})
    finally:
        exposed.disconnect(note)
    assert told == []


def test_nothing_is_styled_or_run_inline(client):
    content = client.get(PAGE, {"prforceGroups": "buttoncolortst2"}).content.decode()
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script>", content)


def test_the_base_template_can_be_replaced(client, site):
    site.PROCTOR_BASE_TEMPLATE = "ours.html"
    site.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {"ours.html": "<h1>Our own</h1>{% block body %}{% endblock %}"},
                    ),
                    "django.template.loaders.app_directories.Loader",
                ],
                "context_processors": ["django.template.context_processors.request"],
            },
        }
    ]
    content = client.get(PAGE).content.decode()
    assert content.startswith("<h1>Our own</h1>")
    assert content.count('id="test-buttoncolortst"') == 1


# -- what it changes ----------------------------------------------------------------------------


def test_a_group_is_forced_and_the_site_shows_it(client):
    response = force(client, **{"force.buttoncolortst": "2"})
    assert response.status_code == 303
    assert response.headers["Location"] == f"{PAGE}#test-buttoncolortst"
    assert client.get("/").content == b"green"
    assert "You are in green" in article(page(client), "buttoncolortst")


def test_one_test_is_cleared_and_the_others_stay(client):
    force(client, **{"force.buttoncolortst": "2", "force.sleepingtst": "1"})
    # The browser sends all radio buttons of the page along with the button.
    force(client, **{"force.buttoncolortst": "2", "force.sleepingtst": "1"}, clear="buttoncolortst")
    assert json.loads(client.get("/private/proctor/groups.json").content)["force_groups"] == (
        "sleepingtst1"
    )


def test_all_are_cleared(client):
    force(client, **{"force.buttoncolortst": "2", "force.sleepingtst": "1"})
    force(client, **{"clear-all": "1"})
    assert client.get("/").content == b"blue"


def test_what_other_applications_force_stays(client):
    client.get("/?prforceGroups=theirtst3")
    force(client, **{"force.buttoncolortst": "2"})
    content = client.get(PAGE).content.decode()
    assert "Groups of other applications: theirtst." in content
    force(client, clear="buttoncolortst")
    assert "theirtst3" in client.get(PAGE).content.decode()


@pytest.mark.parametrize("value", ["x", "99999999999999999999", "1;2", " "])
def test_a_value_that_no_browser_sends_changes_nothing(client, value):
    assert force(client, **{"force.buttoncolortst": value}).status_code == 303
    assert client.get("/").content == b"blue"


def test_the_link_forces_the_same_for_somebody_else(client):
    force(client, **{"force.buttoncolortst": "2"})
    (link,) = [
        each for each in page(client).all("input") if each.attributes.get("id") == "proctor-link"
    ]
    address = link.attributes["value"].removeprefix("http://testserver")
    assert Client(headers={"x-may": "yes"}).get(address).content == b"green"
    assert Client().get(address).content == b"blue"


def test_the_form_is_protected_against_other_sites():
    strict = Client(enforce_csrf_checks=True, headers={"x-may": "yes"})
    assert strict.post(PAGE, {"force.buttoncolortst": "2"}).status_code == 403
    token = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', strict.get(PAGE).content.decode()
    )
    assert (
        strict.post(
            PAGE, {"force.buttoncolortst": "2", "csrfmiddlewaretoken": token[1]}
        ).status_code
        == 303
    )


def test_who_may_not_force_changes_nothing():
    stranger = Client()
    assert force(stranger, **{"force.buttoncolortst": "2"}).status_code == 404
    assert "prforceGroups" not in stranger.cookies


def test_the_log_says_who_forced_what(caplog):
    caplog.set_level(logging.INFO, "proctor.force")
    boss = Client(headers={"x-may": "yes", "x-name": "boss"})
    force(boss, **{"force.buttoncolortst": "2"})
    force(boss, **{"clear-all": "1"})
    Client(headers={"x-may": "yes"}).get("/?prforceGroups=headlinetst1")
    told = [each.getMessage() for each in caplog.records if each.name == "proctor.force"]
    assert told == [
        "User boss forced buttoncolortst2",
        "User boss forced nothing (cleared)",
        "Authorized user forced headlinetst1",
    ]


def test_more_than_a_cookie_can_keep_is_said_and_not_lost(client, site):
    names = [f"{'long' * 12}{chr(97 + n // 26)}{chr(97 + n % 26)}tst" for n in range(90)]
    site.PROCTOR_TESTS = tuple(names)
    response = force(client, **{f"force.{name}": "1" for name in names})
    assert response.status_code == 200
    assert "too long for a cookie" in response.content.decode()


# -- what if ------------------------------------------------------------------------------------


def test_what_if_shows_the_groups_of_somebody_else(client, site, tmp_path):
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, buttoncolortst=definition(one_bucket("blue", 1), rule="${country == 'DE'}")
    )
    mine = article(page(client), "buttoncolortst")
    content = client.post(
        PAGE, {"what-if": "1", "id.USER": "her", "ctx.country": "DE"}
    ).content.decode()
    his = article(Page(content), "buttoncolortst")
    assert "You are in control" in mine
    assert "They are in blue" in his
    assert 'value="DE"' in content


def test_what_if_forces_nothing_and_keeps_nothing(client):
    force(client, **{"force.buttoncolortst": "2"})
    response = client.post(PAGE, {"what-if": "1", "id.USER": "her"})
    assert "They are in blue" in article(Page(response.content.decode()), "buttoncolortst")
    assert response.cookies.get("prforceGroups") is None
    assert client.get("/").content == b"green"


def test_the_form_begins_with_the_visitor_himself(client):
    values = {
        each.attributes.get("name"): each.attributes.get("value")
        for each in page(client).all("input")
    }
    assert (values["id.USER"], values["ctx.country"], values["id.acctid"]) == ("someone", "US", "")


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("loggedIn", "maybe", "expected true or false, got 'maybe'"),
        ("age", "old", "'old' cannot be converted to java.lang.Long"),
    ],
)
def test_what_if_shows_what_is_wrong_at_the_field(client, site, key, value, problem):
    site.PROCTOR_CONTEXT = {"country": "String", "loggedIn": "boolean", "age": "long"}
    response = client.post(PAGE, {"what-if": "1", "id.USER": "her", f"ctx.{key}": value})
    found = Page(response.content.decode())
    (field,) = [each for each in found.all("input") if each.attributes.get("name") == f"ctx.{key}"]
    (told,) = [
        each
        for each in found.all("span")
        if each.attributes.get("id") == field.attributes["aria-describedby"]
    ]
    assert problem in html.unescape(str(told))
    assert field.attributes["value"] == value
    # Nothing is evaluated: the groups are still the visitor's own.
    assert "You are in" in article(found, "buttoncolortst")


@pytest.mark.parametrize("value", ["TRUE", "false", "0", "1"])
def test_what_if_takes_a_boolean(client, site, value):
    site.PROCTOR_CONTEXT = {"country": "String", "loggedIn": "boolean"}
    response = client.post(PAGE, {"what-if": "1", "ctx.loggedIn": value})
    assert "They are in" in response.content.decode()


@pytest.mark.parametrize("value", ["", "x" * 100_000, "<b>", "\x00", "日本"])
def test_what_if_takes_whatever_is_typed(client, value):
    response = client.post(PAGE, {"what-if": "1", "id.USER": value, "ctx.country": value})
    assert response.status_code == 200
    assert b'<b>"' not in response.content


# -- JSON ---------------------------------------------------------------------------------------


def test_the_groups_page_has_a_twin_of_json(client):
    force(client, **{"force.buttoncolortst": "2"})
    document = client.get("/private/proctor/groups.json").json()
    color = document["tests"]["buttoncolortst"]
    assert (color["group"], color["value"], color["forced"], color["eligible"]) == (
        "green",
        2,
        True,
        True,
    )
    assert [each["name"] for each in color["buckets"]] == ["blue", "control", "green"]
    assert document["matrix_version"] == "1"


@pytest.mark.parametrize("address", ["/private/proctor/show", "/private/showTestMatrix/"])
def test_the_matrix_has_the_declared_tests_as_in_version_1(client, address):
    document = client.get(address).json()
    assert sorted(document) == ["audit", "tests"]
    assert sorted(document["tests"]) == [
        "button-dash",
        "buttoncolortst",
        "headlinetst",
        "sleepingtst",
    ]
    assert document["tests"]["buttoncolortst"]["buckets"][0]["name"] == "blue"


def test_without_a_matrix_its_page_says_so(client, site, tmp_path):
    site.PROCTOR_MATRIX = tmp_path / "none.json"
    response = client.get("/private/proctor/show")
    assert (response.status_code, response.json()["tests"]) == (503, {})
    assert "none.json" in response.json()["problem"]


# -- a Pipet ------------------------------------------------------------------------------------


def test_for_a_site_with_a_pipet_its_matrix_is_shown(client, site):
    matrix = site.PROCTOR_MATRIX.read_bytes()
    with serving(Reply(matrix)) as server:
        site.PROCTOR_MATRIX = None
        site.PROCTOR_API_ROOT = server.url.removesuffix("/matrix.json")
        site.PROCTOR_TIMEOUT = 30
        assert "100 %" in article(page(client), "buttoncolortst")
        assert client.get("/private/proctor/show").json()["audit"]["version"] == "1"


def test_a_source_of_the_sites_own_shows_no_matrix(client, site):
    site.PROCTOR_SOURCE = "tests.resolving.test_slow_sources.Slow"
    assert (
        "Slow assigns the groups, but has no matrix to show." in client.get(PAGE).content.decode()
    )


# -- what a review found ------------------------------------------------------------------------


def test_buttons_do_what_they_say_also_where_the_address_forces(client):
    address = f"{PAGE}?prforceGroups=buttoncolortst2,headlinetst1"
    actions = [each.attributes.get("action") for each in page(client, address).all("form")]
    assert set(actions) <= {PAGE, None}
    client.post(address, {"clear": "headlinetst"})
    document = client.get("/private/proctor/groups.json").json()
    assert document["force_groups"] == "buttoncolortst2"


def test_a_button_forces_its_own_test_only(client):
    force(client, **{"force.buttoncolortst": "2", "force.sleepingtst": "1", "force": "sleepingtst"})
    assert client.get("/private/proctor/groups.json").json()["force_groups"] == "sleepingtst1"


def test_force_without_a_choice_says_what_to_choose(client):
    response = force(client, **{"force.buttoncolortst": "2", "force": "sleepingtst"})
    assert response.status_code == 200
    assert "Choose a group of sleepingtst, then press Force." in response.content.decode()
    assert "prforceGroups" not in client.cookies


def test_after_a_button_the_visitor_is_where_he_was(client):
    response = client.post(PAGE, {"force.buttoncolortst": "2", "force": "buttoncolortst", "q": "b"})
    assert response.headers["Location"] == f"{PAGE}?q=b#test-buttoncolortst"


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_for_who_may_not_see_it_there_is_nothing_by_any_method(method):
    stranger = Client(enforce_csrf_checks=True)
    assert getattr(stranger, method)(PAGE).status_code == 404


def test_what_no_cookie_can_keep_is_not_logged_as_forced(client, site, caplog):
    caplog.set_level(logging.INFO, "proctor.force")
    names = [f"{'long' * 12}{chr(97 + n // 26)}{chr(97 + n % 26)}tst" for n in range(90)]
    site.PROCTOR_TESTS = tuple(names)
    force(client, **{f"force.{name}": "1" for name in names})
    told = [each.getMessage() for each in caplog.records if each.name == "proctor.force"]
    assert [each for each in told if each.startswith("Authorized user forced")] == []


def test_a_test_of_type_random_is_not_explained_by_another_draw(client, site, tmp_path):
    random = definition(one_bucket("blue", 1), one_bucket("green", 2), testType="RANDOM")
    site.PROCTOR_MATRIX = write_matrix(tmp_path, buttoncolortst=random)
    assert "Why: assigned" in article(page(client), "buttoncolortst")


def test_the_matrix_of_one_page_is_of_one_version(client, site):
    from proctor.core.sources.source import GroupsRequest, MatrixSource
    from proctor.resolving.site_setup import current_setup

    client.get(PAGE)
    source = current_setup().source
    assert isinstance(source, MatrixSource)
    before = source.current().proctor
    empty = write_matrix(site.PROCTOR_MATRIX.parent)
    asked = GroupsRequest(identifiers={"USER": "someone"})
    with MatrixSource(empty) as other:
        explained = other.explain(asked, "buttoncolortst", proctor=before)
        assert explained.assignment.group == "blue"
        assert other.determine_groups(asked, proctor=before)["buttoncolortst"].group == "blue"


# -- links to the other pages ----------------------------------------------------------------


def with_templates(**texts):
    """The setting TEMPLATES with these templates and proctor's own, without the shop's."""
    loaders = [
        ("django.template.loaders.locmem.Loader", texts),
        "django.template.loaders.filesystem.Loader",
    ]
    backend = "django.template.backends.django.DjangoTemplates"
    own = Path(proctor.__file__).parent / "templates"
    return [{"BACKEND": backend, "DIRS": [own], "OPTIONS": {"loaders": loaders}}]


def links(client):
    return {str(each): each.attributes["href"] for each in Page(client.get(PAGE).text).all("a")}


def test_it_leads_to_the_results_and_the_editor_if_the_site_has_them(client, site):
    assert "Results" not in links(client)
    site.ROOT_URLCONF = "tests.pages.site_with_all_pages"
    found = links(client)
    assert (found["Results"], found["Editor"]) == ("/proctor/results/", "/proctor/")


@pytest.mark.parametrize("debug", [True, False])
def test_a_site_without_the_bar_cannot_hide_it(client, site, debug):
    site.DEBUG = debug
    site.TEMPLATES = with_templates()
    text = client.get(PAGE).text
    assert "Hide the bar" not in text
    assert "only this page shows that you are using a different identity" in text
    site.TEMPLATES = with_templates(**{"base.html": "{% load proctor %}{% proctor_bar %}"})
    text = client.get(PAGE).text
    assert "Hide the bar" in text
    assert "only this page shows that you are using a different identity" not in text
    site.TEMPLATES = with_templates(**{"base.html": "{% load proctor %}"})
    assert "Hide the bar" not in client.get(PAGE).text
    site.PROCTOR_BAR = True
    assert "Hide the bar" in client.get(PAGE).text


def test_a_site_with_templates_that_cannot_be_listed_may_have_the_bar(client, site):
    templates = with_templates()
    templates[0]["OPTIONS"]["loaders"].insert(0, f"{HERE}.Unlisted")
    site.TEMPLATES = templates
    assert "Hide the bar" in client.get(PAGE).text


class Unlisted(Loader):
    """A loader that cannot list its templates, such as one for a database."""

    def get_template_sources(self, template_name):
        return ()


def test_the_bar_of_jinja2_is_found(client, site, tmp_path):
    pytest.importorskip("jinja2", reason="Jinja2 is not installed")
    (tmp_path / "base.html").write_text("{{ proctor_bar() }}</body>")
    jinja = {"BACKEND": "django.template.backends.jinja2.Jinja2", "DIRS": [tmp_path]}
    site.TEMPLATES = [*with_templates(), jinja]
    assert "Hide the bar" in client.get(PAGE).text
