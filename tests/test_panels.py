"""The panel, in the real toolbar."""

from __future__ import annotations

import asyncio
import json
import re
import sys

import pytest
from django.core.checks.registry import registry
from django.http import Http404, HttpResponse
from django.template import engines
from django.test import AsyncClient, Client
from django.urls import path

from proctor.decorators import proctor_variant
from proctor.middleware import BaseProctorMiddleware
from proctor.signals import exposed, resolved
from proctor.testing import override_proctor
from proctor.visits.proc import Proc
from tests.live import pipet as fake
from tests.page_elements import Page
from tests.site_matrices import definition, one_bucket, write_matrix

pytest.importorskip("debug_toolbar", reason="django-debug-toolbar is not installed")

HERE = __name__
TOOLBAR = "debug_toolbar.middleware.DebugToolbarMiddleware"
MIDDLEWARE = [TOOLBAR, f"{HERE}.Visitors"]
# Panels that patch Django are tested in the site of docs/toolbar.md, in a separate process.
PANELS = ["debug_toolbar.panels.history.HistoryPanel", "proctor.panels.ProctorPanel"]


class Visitors(BaseProctorMiddleware):
    def get_identifiers(self, request):
        if "broken" in request.GET:
            raise Http404
        return {"USER": request.GET.get("user")}

    def is_privileged(self, request):
        return True


class Strict:
    """A store that accepts only values that JSON can represent."""

    saved = []  # noqa: RUF012 - as the toolbar's own, this is of the process

    @classmethod
    def set(cls, request_id):
        pass

    @classmethod
    def save_panel(cls, request_id, panel_id, data=None):
        if panel_id == "ProctorPanel":
            cls.saved.append(json.dumps(data, allow_nan=False))


def page(text=""):
    return HttpResponse(f"<html><body>{text}</body></html>")


def nothing(request):
    return page()


def reads(request):
    proc = request.proc
    for _ in range(3):
        _ = proc.buttoncolortst.group
    _ = proc["headlinetst"], proc.headlinetst
    _ = proc.peek("sleepingtst"), proc.peek("headlinetst"), str(proc), repr(proc)
    return page()


async def areads(request):
    return reads(request)


@proctor_variant("buttoncolortst", blue=nothing)
def decorated(request):
    return page()


TAGS = """{% load proctor %}<body>
{% ifgroup buttoncolortst green %}{% elifgroup buttoncolortst control %}{% endifgroup %}
{% proctor_payload headlinetst %}{% proctor_json sleepingtst %}</body>"""


def tags(request):
    template = engines["django"].from_string(TAGS)
    return HttpResponse(template.render({"proc": request.proc}, request))


def as_json(request):
    return page(request.proc.headlinetst.payload)


def absent(request):
    _ = request.proc.buttoncolortst
    raise Http404


urlpatterns = [
    path("nothing", nothing),
    path("reads", reads),
    path("areads", areads),
    path("decorated", decorated),
    path("tags", tags),
    path("json", as_json),
    path("absent", absent),
]


@pytest.fixture
def site(site, monkeypatch):
    """A site with the toolbar and two of its panels."""
    # The toolbar's own checks, which only its own settings need to pass.
    monkeypatch.setattr(registry, "registered_checks", {*registry.registered_checks})
    site.DEBUG = True
    site.INTERNAL_IPS = ["127.0.0.1"]
    site.INSTALLED_APPS = [*site.INSTALLED_APPS, "debug_toolbar"]
    site.DEBUG_TOOLBAR_PANELS = PANELS
    site.DEBUG_TOOLBAR_CONFIG = {"IS_RUNNING_TESTS": False}
    site.MIDDLEWARE = MIDDLEWARE
    site.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
    ]
    # Its modules have models, and can only be imported once the app is installed.
    from debug_toolbar.toolbar import DebugToolbar, debug_toolbar_urls

    # Values that the toolbar caches from other settings.
    monkeypatch.setattr(DebugToolbar, "_panel_classes", None)
    monkeypatch.setattr(DebugToolbar, "_urlpatterns", None)
    site.ROOT_URLCONF = type("Urls", (), {"urlpatterns": [*urlpatterns, *debug_toolbar_urls()]})
    store().clear()
    return site


def store():
    """The toolbar's store of recorded data."""
    from debug_toolbar.store import get_store

    return get_store()


def panels():
    """The panel of each request, read from the store as in another process."""
    from debug_toolbar.toolbar import StoredDebugToolbar

    toolbars = [StoredDebugToolbar.from_store(each) for each in store().request_ids()]
    return [each.get_panel_by_id("ProctorPanel") for each in toolbars]


def panel_of(address):
    """The panel of a request that was made."""
    Client().get(address)
    return panels()[-1]


def stats_of(address):
    return panel_of(address).get_stats()


def rows(stats):
    return {each.pop("test"): each for each in map(dict, stats["tests"])}


def counts(stats):
    """The numbers of reads and peeks of tests, without tests that have none."""
    found = {name: (each["reads"], each["peeks"]) for name, each in rows(stats).items()}
    return {name: both for name, both in found.items() if both != (0, 0)}


@pytest.fixture
def exposures():
    seen = []

    def note(*, test, **others):
        seen.append(test)

    exposed.connect(note)
    yield seen
    exposed.disconnect(note)


# -- What it shows ----------------------------------------------------------------------------


def test_every_declared_test_is_shown_with_its_group_and_why(site):
    found = rows(stats_of("/reads?user=x"))
    assert list(found) == [
        "buttoncolortst",
        "headlinetst",
        "sleepingtst",
        "absenttst",
        "button-dash",
    ]
    assert found["headlinetst"] == {
        "group": "warm",
        "value": 1,
        "payload": '"Welcome"',
        "why": "allocation #A1",
        "forced": False,
        "reads": 2,
        "peeks": 1,
    }
    assert found["absenttst"]["why"] == "default: not eligible, no identifier, or no such test"
    assert found["absenttst"]["group"] == "off"


def test_every_read_is_counted(site):
    assert counts(stats_of("/reads?user=x")) == {
        "buttoncolortst": (3, 0),
        "headlinetst": (2, 1),
        "sleepingtst": (0, 1),
    }


def test_reads_are_counted_where_somebody_listens_to_exposures(site, exposures):
    assert counts(stats_of("/reads?user=x"))["buttoncolortst"] == (3, 0)
    assert exposures == ["buttoncolortst", "headlinetst"]


def test_a_decorated_view_is_a_read(site):
    assert counts(stats_of("/decorated?user=x")) == {"buttoncolortst": (1, 0)}


def test_tags_are_reads_and_those_that_do_not_expose_are_peeks(site):
    assert counts(stats_of("/tags?user=x")) == {
        "buttoncolortst": (2, 0),
        "headlinetst": (1, 0),
        "sleepingtst": (0, 1),
    }


def test_a_forced_group_is_shown_as_one(site):
    found = rows(stats_of("/reads?user=x&prforceGroups=buttoncolortst2"))
    assert (found["buttoncolortst"]["group"], found["buttoncolortst"]["forced"]) == ("green", True)
    assert found["buttoncolortst"]["why"] == "forced"
    assert not found["headlinetst"]["forced"]


def test_the_source_and_its_time_are_shown(site):
    resolution = stats_of("/reads?user=x")["resolution"]
    assert isinstance(resolution.pop("milliseconds"), float)
    assert resolution == {"source": "MatrixSource", "outcome": "answered", "cache": None}


def test_a_pipet_and_its_cache_are_shown(site):
    with fake.serving() as pipet:
        pipet.publish("1", 1000, buttoncolortst=("blue", 1))
        site.PROCTOR_MATRIX = None
        site.PROCTOR_API_ROOT = pipet.root
        site.PROCTOR_TIMEOUT = 10
        site.PROCTOR_CACHE_METHOD = "cache"
        site.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        first, second = (stats_of("/reads?user=x")["resolution"] for _ in range(2))
    assert (first["source"], first["outcome"], first["cache"]) == (
        "PipetSource",
        "answered",
        "miss",
    )
    assert (second["outcome"], second["cache"]) == ("cached", "hit")


def test_an_outage_is_shown(site):
    site.PROCTOR_MATRIX = "absent.json"
    stats = stats_of("/reads?user=x")
    assert stats["resolution"]["outcome"] == "failed"
    assert rows(stats)["buttoncolortst"]["why"] == "default: the source is not answering"


# -- What it does not do ----------------------------------------------------------------------


def test_a_request_that_reads_nothing_determines_nothing(site, exposures):
    asked = []

    def note(**arguments):
        asked.append(arguments["request"])

    resolved.connect(note)
    try:
        panel = panel_of("/nothing?user=x")
        stats, content = panel.get_stats(), panel.content
    finally:
        resolved.disconnect(note)
    assert (asked, exposures, counts(stats)) == ([], [], {})
    assert (stats["determined"], stats["resolution"]) == (False, None)
    assert "No group was read" in content


def test_a_page_that_reads_nothing_stays_cacheable(site):
    assert "Cache-Control" not in Client().get("/nothing?user=x").headers


def test_to_open_it_counts_nothing(site, exposures):
    before = content_of("/tags?user=x")
    assert exposures == ["buttoncolortst", "headlinetst"]
    assert panels()[-1].content == before
    assert exposures == ["buttoncolortst", "headlinetst"]


def test_the_stats_are_plain_json(site, tmp_path):
    Strict.saved.clear()
    payload = {"map": {"sizes": [1, 2.5], "limit": "NaN", "nested": {"on": True}}}
    test = definition(one_bucket("warm", 1, json=payload))
    site.PROCTOR_TESTS = ("headlinetst",)
    site.PROCTOR_MATRIX = write_matrix(tmp_path, headlinetst=test)
    site.DEBUG_TOOLBAR_CONFIG = {"TOOLBAR_STORE_CLASS": f"{HERE}.Strict"}
    Client().get("/json?user=x")
    assert json.loads(Strict.saved[-1])["tests"][0]["payload"] == json.dumps(payload)


def test_it_listens_no_longer_than_the_request(site):
    before = len(resolved.receivers)
    Client().get("/reads?user=x")
    Client().get("/absent?user=x")
    assert len(resolved.receivers) == before


def test_without_the_panel_a_proc_is_a_plain_one(site):
    seen = []
    site.DEBUG_TOOLBAR_PANELS = PANELS[:1]

    def view(request):
        seen.append(type(request.proc))
        return page()

    site.ROOT_URLCONF.urlpatterns.insert(0, path("class", view))
    Client().get("/class?user=x")
    assert seen == [Proc]


def test_a_panel_that_is_switched_off_counts_nothing(site):
    client = Client()
    client.cookies["djdtProctorPanel"] = "off"
    client.get("/reads?user=x")
    assert store().panel(list(store().request_ids())[-1], "ProctorPanel") == {}


# -- Where it cannot say much -----------------------------------------------------------------


def test_without_proctors_middleware_it_says_so(site):
    site.MIDDLEWARE = [TOOLBAR]
    panel = panel_of("/nothing")
    assert panel.get_stats() == {"has_run": False}
    assert "has not run" in panel.content


def test_below_proctors_middleware_reads_are_not_counted_and_it_says_so(site):
    site.MIDDLEWARE = MIDDLEWARE[::-1]
    panel = panel_of("/reads?user=x")
    stats = panel.get_stats()
    assert (stats["counted"], rows(stats)["headlinetst"]["group"]) == (False, "warm")
    assert "Move it above" in panel.content
    assert panel.nav_subtitle == "5 tests"


def test_a_page_that_a_hook_answers_has_no_groups(site):
    stats = stats_of("/reads?broken")
    assert (stats["has_run"], stats["determined"]) == (True, False)


def test_groups_that_tests_set_need_no_source(site):
    groups = {"headlinetst": "warm", "sleepingtst": "active", "button-dash": "dashed"}
    with override_proctor(groups, buttoncolortst="green", absenttst="on"):
        stats = stats_of("/reads?user=x")
    assert (stats["determined"], stats["resolution"]) == (True, None)


# -- ASGI -------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/reads?user=x", "/areads?user=x"])
async def test_it_works_under_asgi(site, address):
    await AsyncClient().get(address)
    stats = panels()[-1].get_stats()
    assert counts(stats)["buttoncolortst"] == (3, 0)
    assert stats["resolution"]["source"] == "MatrixSource"


async def test_requests_at_the_same_time_are_told_apart(site):
    answers = [AsyncClient().get(f"/areads?user={number}") for number in range(8)]
    await asyncio.gather(*answers, AsyncClient().get("/nothing"))
    found = [panel.get_stats() for panel in panels()]
    assert sorted(bool(stats["resolution"]) for stats in found) == [False, *[True] * 8]
    assert sum(counts(stats).get("buttoncolortst", (0,))[0] for stats in found) == 24


# -- How it looks -----------------------------------------------------------------------------


def content_of(address):
    """The response when the panel is opened in the browser."""
    client = Client()
    html = client.get(address).text
    request_id = re.search(r'data-request-id="(\w+)"', html)[1]
    reply = client.get(
        "/__debug__/render_panel/", {"request_id": request_id, "panel_id": "ProctorPanel"}
    )
    return reply.json()["content"]


def test_the_panel_is_in_the_toolbar_of_a_page(site):
    html = Client().get("/reads?user=x").text
    assert 'id="djdt-ProctorPanel"' in html
    assert "2 of 5 tests read" in html


def test_opened_it_shows_a_row_for_each_test(site):
    content = Page(content_of("/reads?user=x&prforceGroups=buttoncolortst2"))
    cells = [str(each) for each in content.all("td")]
    row = cells[cells.index("buttoncolortst") :][:8]
    assert row == ["buttoncolortst", "green", "2", "", "forced", "forced", "3", "0"]


def test_it_has_no_inline_style_or_script(site):
    for address in ("/reads?user=x", "/nothing"):
        content = Page(content_of(address))
        assert [each for each in content.elements if each.tag in ("style", "script")] == []
        assert [each for each in content.elements if "style" in each.attributes] == []
        attributes = {name for each in content.elements for name in each.attributes}
        assert {name for name in attributes if name.startswith("on")} == set()


def test_what_a_matrix_says_cannot_be_markup(site, tmp_path):
    write_matrix(tmp_path, headlinetst=definition(one_bucket("<b>", 1, stringValue="<script>")))
    content = content_of("/reads?user=x")
    assert "<b>" not in content
    assert "<script>" not in content


def test_without_the_toolbar_the_import_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "debug_toolbar.panels", None)
    monkeypatch.delitem(sys.modules, "proctor.panels")
    with pytest.raises(ImportError, match=r"pip install 'django-proctor\[toolbar\]'"):
        import proctor.panels  # noqa: F401
