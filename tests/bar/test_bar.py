"""The bar: who sees it, its content and effects, and unchanged bytes for all other visitors."""

from __future__ import annotations

import json
import re

import pytest
from django.conf import settings
from django.test import AsyncClient, Client

from proctor import ProctorTest
from proctor.signals import exposed, resolved
from proctor.visits import bar_cookie
from tests.bar.bar_site import PAGE, ByHeaders
from tests.core.httpserver import Reply, serving
from tests.page_elements import Page
from tests.site_matrices import definition, one_bucket, write_matrix

MAY = {"x-may": "yes"}


def bar(client, address="/", **query):
    """The page with the bar, as elements."""
    response = client.get(address, query)
    assert response.status_code == 200
    assert b"<proctor-bar>" in response.content
    return Page(response.content.decode())


def listed(page):
    return [
        str(each.attributes["id"]).removeprefix("test-")
        for each in page.all("li")
        if "test" in str(each.attributes.get("class"))
    ]


def again(client):
    """The same browser, on a site with different settings."""
    other = Client(headers={"x-may": "yes"})
    other.cookies = client.cookies
    return other


def row(page, test):
    (found,) = [each for each in page.all("li") if each.attributes.get("id") == f"test-{test}"]
    return str(found)


def press(client, place="/", **fields):
    return client.post(PAGE, {"bar": "1", "next": place, **fields})


# -- who sees it --------------------------------------------------------------------------------


def test_who_may_force_sees_the_bar_after_the_groups_page(client):
    assert listed(bar(client)) == ["buttoncolortst"]


def test_without_the_cookie_there_is_not_a_byte_nor_a_header():
    boss, visitor = Client(headers={"x-may": "yes"}), Client()
    for address in ("/", "/nothing", "/plain", "/stream"):
        theirs, ours = visitor.get(address), boss.get(address)
        assert theirs.getvalue() == ours.getvalue()
        assert dict(theirs.headers) == dict(ours.headers)
        assert not theirs.cookies
        assert not ours.cookies
        assert b"proctor-bar" not in theirs.getvalue()


def test_without_the_cookie_privilege_is_not_asked():
    before = ByHeaders.called
    Client(headers={"x-may": "yes"}).get("/")
    assert ByHeaders.called == before


def test_the_cookie_allows_nothing_by_itself(client):
    stranger, nobody = Client(), Client()
    stranger.cookies["proctor_bar"] = client.cookies["proctor_bar"].value
    theirs, plain = stranger.get("/"), nobody.get("/")
    assert theirs.content == plain.content
    assert dict(theirs.headers) == dict(plain.headers)


@pytest.mark.parametrize("value", ["", "1", "hidden", "e30:x:y", "proctor_bar", "x" * 3000])
def test_a_cookie_that_is_not_ours_counts_as_none(value):
    boss, nobody = Client(headers={"x-may": "yes"}), Client()
    boss.cookies["proctor_bar"] = value
    before = ByHeaders.called
    forged, plain = boss.get("/"), nobody.get("/")
    assert ByHeaders.called == before
    assert forged.content == plain.content
    assert dict(forged.headers) == dict(plain.headers)


def test_the_cookie_ends_after_a_day(client, monkeypatch):
    monkeypatch.setattr(bar_cookie, "MAX_AGE", -1)
    assert b"proctor-bar" not in client.get("/").content


def test_the_cookie_is_for_the_browser_session_and_not_for_scripts(client):
    cookie = client.cookies["proctor_bar"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == ""


def test_it_is_secure_on_https():
    boss = Client(headers={"x-may": "yes"})
    boss.get(PAGE, secure=True)
    assert boss.cookies["proctor_bar"]["secure"]


def test_the_groups_page_itself_has_no_bar(client, site):
    site.PROCTOR_BAR = True
    assert b"<proctor-bar" not in client.get(PAGE).content


def test_the_cookie_is_not_set_for_who_may_not_force():
    stranger = Client()
    stranger.get(PAGE)
    assert "proctor_bar" not in stranger.cookies


def test_without_the_pages_there_is_no_bar(client, site):
    site.ROOT_URLCONF = "tests.bar.site_without_pages"
    assert b"proctor-bar" not in client.get("/").content


def test_without_the_middleware_there_is_no_bar(client, site):
    site.MIDDLEWARE = []
    assert b"proctor-bar" not in again(client).get("/nothing").content


def test_staff_see_it(site):
    site.MIDDLEWARE = ["tests.pages.test_pages.signed_in", "tests.bar.bar_site.Staff"]
    site.PROCTOR_STAFF_MAY_FORCE = True
    boss = Client(headers={"x-name": "boss"})
    boss.get(PAGE)
    assert listed(bar(boss)) == ["buttoncolortst"]
    stranger = Client(headers={"x-name": "customer"})
    stranger.cookies = boss.cookies
    assert b"proctor-bar" not in stranger.get("/").content


async def test_a_coroutine_view_shows_it(client):
    visitor = AsyncClient()
    visitor.cookies = client.cookies
    response = await visitor.get("/async", headers=MAY)
    assert listed(Page(response.content.decode())) == ["buttoncolortst"]
    assert "no-store" in response["Cache-Control"]


def test_a_coroutine_view_shows_it_under_wsgi(client):
    assert listed(bar(client, "/async")) == ["buttoncolortst"]


async def test_a_plain_view_shows_it_under_asgi(client):
    visitor = AsyncClient()
    visitor.cookies = client.cookies
    response = await visitor.get("/", headers=MAY)
    assert listed(Page(response.content.decode())) == ["buttoncolortst"]


async def test_async_views_give_others_the_same_bytes(client):
    client = AsyncClient()
    theirs, ours = await client.get("/async"), await client.get("/async", headers=MAY)
    assert theirs.content == ours.content
    assert dict(theirs.headers) == dict(ours.headers)


def test_a_text_that_is_made_without_the_request_has_no_bar(client):
    assert b"proctor-bar" not in client.get("/mail").content


# -- caches -------------------------------------------------------------------------------------


def test_the_page_is_private_and_not_stored(client):
    for address in ("/", "/nothing", "/async"):
        assert client.get(address)["Cache-Control"] == "private, no-store"


def test_a_page_with_the_bar_is_not_in_the_page_cache(client):
    assert b"proctor-bar" in client.get("/unread").content
    assert b"proctor-bar" not in Client().get("/unread").content


def test_a_page_that_is_cached_for_others_has_no_bar_and_stays(client):
    stored = Client().get("/unread").content
    assert client.get("/unread").content == stored
    assert Client().get("/unread").content == stored


@pytest.mark.parametrize("is_outside", [True, False])
def test_the_cache_middlewares_do_not_store_it(client, site, is_outside):
    ours = list(site.MIDDLEWARE)
    update = "django.middleware.cache.UpdateCacheMiddleware"
    fetch = "django.middleware.cache.FetchFromCacheMiddleware"
    site.MIDDLEWARE = [update, *ours, fetch] if is_outside else [*ours, update, fetch]
    site.PROCTOR_BAR = True
    client = again(client)
    assert b"proctor-bar" in client.get("/nothing").content
    stored = Client().get("/nothing")
    assert b"proctor-bar" not in stored.content
    # What is stored for all is shown with the bar by the setting, and stays without.
    client.get("/nothing")
    assert Client().get("/nothing").content == stored.content


def test_what_outranks_private_is_withdrawn(client, site):
    site.PROCTOR_VARY = ("Cookie",)
    response = client.get("/cached")
    assert "no-store" in response["Cache-Control"]
    assert "max-age" not in response["Cache-Control"]


# -- what it shows ------------------------------------------------------------------------------


def test_it_lists_what_was_read_before_it_and_says_so(client):
    found = bar(client, read="headlinetst buttoncolortst", later="sleepingtst")
    assert listed(found) == ["headlinetst", "buttoncolortst"]
    (note,) = [str(each) for each in found.all("p") if "fragment" in str(each)]
    assert note == (
        "The bar lists only tests that were read before it was rendered, not tests that were read "
        "later, for example in a fragment or a stream."
    )


@pytest.fixture
def resolutions():
    """The outcomes of all requests to a source."""
    told = []

    def note(*, outcome, **_others):
        told.append(outcome)

    resolved.connect(note)
    yield told
    resolved.disconnect(note)


def test_a_page_that_reads_nothing_says_so_and_determines_nothing(client, resolutions):
    resolutions.clear()
    found = bar(client, "/nothing")
    assert "This page has read no tests." in str(found.all("section")[0])
    assert resolutions == []


def test_it_shows_the_group_and_why(client):
    text = row(bar(client), "buttoncolortst")
    assert "blue (your group)" in text
    assert "of allocation 1 '#A1'" in text


def test_a_test_that_was_only_peeked_at_says_so(client):
    assert "Read without exposure." in row(bar(client, "/peeked"), "headlinetst")


def test_forced_tests_come_first_also_if_the_page_did_not_read_them(client):
    client.get("/?prforceGroups=sleepingtst1,headlinetst1")
    found = bar(client, read="buttoncolortst headlinetst")
    assert listed(found) == ["headlinetst", "sleepingtst", "buttoncolortst"]
    assert "Not read on this page." in row(found, "sleepingtst")
    assert "2 forced" in found.text_of("summary")
    assert found.text_of("summary").startswith("Proctor: 2 tests")


def test_forced_tests_are_shown_where_the_page_read_nothing(client):
    client.get("/?prforceGroups=buttoncolortst2")
    assert "green (your group)" in row(bar(client, "/nothing"), "buttoncolortst")


def test_a_forced_group_shows_which_one_it_replaces(client):
    client.get("/?prforceGroups=buttoncolortst2")
    assert "Forced. Otherwise you would be in blue." in row(bar(client), "buttoncolortst")


def test_a_forced_group_that_does_not_exist_is_named(client):
    client.get("/?prforceGroups=buttoncolortst9")
    assert "buttoncolortst has no group 9." in row(bar(client), "buttoncolortst")


def test_a_forced_test_that_is_mistyped_is_named_with_the_nearest(client):
    client.get("/?prforceGroups=buttoncolrtst1")
    text = str(bar(client).all("section")[0])
    assert "The matrix has no test buttoncolrtst; did you mean buttoncolortst?" in text
    assert "other applications" not in text


def test_a_force_without_the_identifier_says_what_it_needs(client, site, tmp_path):
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, headlinetst=definition(one_bucket("lower", 1), testType="ACCOUNT")
    )
    client.get("/?prforceGroups=headlinetst1")
    text = row(bar(client, read="headlinetst"), "headlinetst")
    assert "You force lower, but the test needs an identifier of type ACCOUNT." in text


def test_tests_of_other_applications_are_named(client):
    client.get("/?prforceGroups=theirtst3")
    assert "Forced for other applications: theirtst" in str(bar(client).all("section")[0])


def test_a_default_says_so(client):
    assert "Default off." in row(bar(client, read="absenttst"), "absenttst")


def test_without_a_matrix_declared_groups_can_be_chosen(client, site):
    site.PROCTOR_MATRIX = None
    site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups={"grey": 0, "blue": 1}),)
    found = bar(client)
    assert "grey" in row(found, "buttoncolortst")
    assert "no matrix is configured" in row(found, "buttoncolortst")


def test_a_pipet_is_not_asked_for_the_bar(client, site, resolutions):
    with serving(Reply(b'{"audit": {"version": "1"}, "tests": {}}')) as server:
        site.PROCTOR_MATRIX = None
        site.PROCTOR_API_ROOT = server.url.removesuffix("/matrix.json")
        site.PROCTOR_TESTS = (ProctorTest("buttoncolortst", groups={"grey": 0, "blue": 1}),)
        client.get("/nothing?prforceGroups=buttoncolortst1")
        resolutions.clear()
        text = row(bar(client, "/nothing"), "buttoncolortst")
    assert "greyblue" in text
    assert "Not read on this page." in text
    assert resolutions == []


def test_texts_of_the_matrix_are_text_and_no_html(client, site, tmp_path):
    evil = "</template><script>alert(1)</script>"
    site.PROCTOR_TESTS = ("headlinetst",)
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, headlinetst=definition(one_bucket(evil, 1), description=evil)
    )
    content = client.get("/", {"read": "headlinetst"}).content.decode()
    assert evil not in content
    assert content.count("</template>") == 1


def test_half_a_character_of_the_matrix_does_not_break_the_page(client, site, tmp_path):
    site.PROCTOR_TESTS = ("headlinetst",)
    site.PROCTOR_MATRIX = write_matrix(
        tmp_path, headlinetst=definition(one_bucket("Sale \ud83d", 1), description="\ud83d")
    )
    assert "Sale �" in row(bar(client, read="headlinetst"), "headlinetst")


def test_it_counts_no_exposure(client):
    told = []

    def note(**arguments):
        told.append(arguments["test"])

    exposed.connect(note)
    try:
        client.get("/?prforceGroups=sleepingtst1")
        bar(client)
    finally:
        exposed.disconnect(note)
    assert told == ["buttoncolortst", "buttoncolortst"]


def test_nothing_is_styled_or_run_inline(client):
    content = client.get("/", {"prforceGroups": "buttoncolortst2"}).content.decode()
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script>", content)


def test_it_has_the_nonce_of_the_pages_policy(client, site):
    site.MIDDLEWARE = ["tests.bar.test_bar.with_nonce", *site.MIDDLEWARE]
    content = again(client).get("/").content.decode()
    assert content.count('nonce="abc"') == 2


def test_it_has_the_nonce_of_djangos_policy(client, site):
    csp = pytest.importorskip("django.utils.csp", reason="Django has it since 6.0")
    site.MIDDLEWARE = ["django.middleware.csp.ContentSecurityPolicyMiddleware", *site.MIDDLEWARE]
    site.SECURE_CSP = {"script-src": [csp.CSP.NONCE], "style-src": [csp.CSP.NONCE]}
    response = again(client).get("/")
    nonces = {*re.findall(r'nonce="([^"]+)"', response.text)}
    assert len(nonces) == 1
    assert f"'nonce-{nonces.pop()}'" in response["Content-Security-Policy"]


def with_nonce(get_response):
    def middleware(request):
        request.csp_nonce = "abc"
        return get_response(request)

    return middleware


def test_a_bar_that_fails_does_not_break_the_page(client, site, caplog):
    site.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
        },
    }
    response = client.get("/")
    assert response.status_code == 200
    assert b"proctor-bar" not in response.content
    assert "The bar could not be shown" in caplog.text


def test_a_tag_with_words_is_a_mistake():
    from django.template import Engine
    from django.template.exceptions import TemplateSyntaxError

    engine = Engine(libraries={"proctor": "proctor.templatetags.proctor"})
    with pytest.raises(TemplateSyntaxError, match="takes no arguments"):
        engine.from_string("{% load proctor %}{% proctor_bar buttoncolortst %}")


# -- what it changes ----------------------------------------------------------------------------


def test_one_click_changes_a_group_and_one_changes_it_back(client):
    response = press(client, "/?read=buttoncolortst", **{"force.buttoncolortst": "2"})
    assert (response.status_code, response["Location"]) == (303, "/?read=buttoncolortst")
    assert b"<p>green</p>" in client.get("/").content
    press(client, clear="buttoncolortst")
    assert b"<p>blue</p>" in client.get("/").content


def test_after_a_click_it_is_unfolded(client):
    assert "open" not in bar(client).all("details")[0].attributes
    press(client, **{"force.buttoncolortst": "2"})
    assert "open" in bar(client).all("details")[0].attributes


def test_all_are_cleared(client):
    client.get("/?prforceGroups=buttoncolortst2,theirtst3")
    press(client, **{"clear-all": "1"})
    assert client.get("/private/proctor/groups.json").json()["force_groups"] == ""


def test_the_place_to_return_to_does_not_force_again(client):
    found = bar(client, read="buttoncolortst", prforceGroups="buttoncolortst2")
    places = {e.attributes["value"] for e in found.all("input") if e.attributes["name"] == "next"}
    assert places == {"/?read=buttoncolortst"}


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "/" * 3000,
        "",
    ],
)
def test_it_returns_to_this_site_only(client, place):
    response = press(client, place, **{"force.buttoncolortst": "2"})
    assert response["Location"] == PAGE


def test_its_buttons_are_protected_against_other_sites(client):
    strict = Client(enforce_csrf_checks=True, headers={"x-may": "yes"})
    strict.get(PAGE)
    assert press(strict, **{"force.buttoncolortst": "2"}).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', strict.get("/").text)
    done = press(strict, csrfmiddlewaretoken=token[1], **{"force.buttoncolortst": "2"})
    assert done.status_code == 303


def test_its_buttons_work_on_a_site_without_csrf_middleware(site):
    site.MIDDLEWARE = ["tests.bar.bar_site.ByHeaders"]
    strict = Client(enforce_csrf_checks=True, headers={"x-may": "yes"})
    strict.get(PAGE)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', strict.get("/").text)
    done = press(strict, csrfmiddlewaretoken=token[1], **{"force.buttoncolortst": "2"})
    assert done.status_code == 303


def test_it_can_be_hidden_and_shown_again(client):
    assert press(client, **{"hide-bar": "1"})["Location"] == "/"
    hidden, plain = client.get("/"), Client().get("/")
    assert hidden.content == plain.content
    assert dict(hidden.headers) == dict(plain.headers)
    # The groups page shows it again only if it is asked to.
    assert "Show the bar" in client.get(PAGE).text
    assert b"proctor-bar" not in client.get("/").content
    client.post(PAGE, {"show-bar": "1"})
    assert b"proctor-bar" in client.get("/").content


# -- by the setting -----------------------------------------------------------------------------


def test_the_setting_puts_it_at_the_end_of_pages(client, site):
    site.PROCTOR_BAR = True
    content = client.get("/plain", {"read": "buttoncolortst"}).content
    assert re.search(rb"</proctor-bar><script [^>]+></script>\n</body></html>$", content)
    assert listed(Page(content.decode())) == ["buttoncolortst"]


def test_the_setting_sees_reads_after_the_tags_place(client, site):
    site.PROCTOR_BAR = True
    assert client.get("/").content.count(b"<proctor-bar") == 1


@pytest.mark.parametrize("address", ["/fragment", "/download", "/private/proctor/groups.json"])
def test_the_setting_leaves_other_answers_alone(client, site, address):
    before = client.get(address).content
    site.PROCTOR_BAR = True
    assert client.get(address).content == before


def test_the_setting_leaves_streams_alone(client, site):
    site.PROCTOR_BAR = True
    assert b"proctor-bar" not in client.get("/stream").getvalue()


def test_a_stream_has_no_bar_since_its_headers_are_sent(client):
    response = client.get("/stream")
    assert b"proctor-bar" not in response.getvalue()
    assert "Cache-Control" not in response


def test_the_setting_corrects_the_length(client, site):
    site.PROCTOR_BAR = True
    response = client.get("/lengthy")
    assert b"proctor-bar" in response.content
    assert response["Content-Length"] == str(len(response.content))


async def test_the_setting_works_under_asgi(client, site):
    site.PROCTOR_BAR = True
    visitor = AsyncClient()
    visitor.cookies = client.cookies
    assert b"<proctor-bar>" in (await visitor.get("/plain", headers=MAY)).content


def test_by_the_setting_others_get_the_same_bytes(site):
    plain = Client().get("/plain")
    site.PROCTOR_BAR = True
    theirs = Client().get("/plain")
    assert theirs.content == plain.content
    assert dict(theirs.headers) == dict(plain.headers)


def test_jinja2_has_it_too(client, site, tmp_path):
    pytest.importorskip("jinja2", reason="Jinja2 is not installed")
    (tmp_path / "page.html").write_text(
        '{{ proctor_group("buttoncolortst") }}{{ proctor_bar() }}</body>'
    )
    site.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.jinja2.Jinja2",
            "DIRS": [tmp_path],
            "OPTIONS": {"extensions": ["proctor.jinja.ProctorExtension"]},
        }
    ]
    assert listed(bar(client)) == ["buttoncolortst"]
    assert Client().get("/").content == b"blue</body>"


def test_the_json_twin_is_as_it_was(client):
    document = json.loads(client.get("/private/proctor/groups.json").content)
    assert document["tests"]["buttoncolortst"]["group"] == "blue"
