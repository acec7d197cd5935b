"""The pages in another language: their texts, and the report with its numbers and times."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.utils import translation

from proctor import Metric
from proctor.results.models import Decision, Tally
from proctor.results.reports.reporting import NoReport, report
from tests.results.catalogs import texts_of_code, texts_of_templates, write_catalog
from tests.results.conftest import definition
from tests.results.samples import noted, store

pytest.importorskip("tea_tasting", reason="tea-tasting is not installed")

LIST = "/proctor/results/"
PAGE = f"{LIST}tests/buttontst/"

#: Names that are not translated.
NAMES = {
    *(
        "Proctor",
        "ada",
        "blue",
        "control",
        "buttontst",
        "sleepytst",
        "order",
        "revenue",
        "errors",
        "country",
    ),
    *("A", "A1", "A2", "CSV", "JSON", "SQL", "e"),
}
#: Times in German, which Django translates.
TIMES = re.compile(r"\d+\. (?:[A-Z][a-zä]+)(?: \d{4} \d\d:\d\d)?")


class Texts(HTMLParser):
    """All texts in the app's part of a page, including those in attributes."""

    SHOWN = frozenset({"aria-label", "data-label", "placeholder", "title"})
    CODE = frozenset({"pre", "code"})
    VOID = frozenset({"br", "circle", "input", "line", "link", "meta", "path", "rect"})

    def __init__(self, html):
        super().__init__()
        self.found, self._open = [], []
        self.feed(html)

    @property
    def _counts(self):
        return ("div", "pe") in self._open and not any(t in self.CODE for t, _ in self._open)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag not in self.VOID:
            self._open.append((tag, attributes.get("class")))
        if self._counts:
            self.found += [value for name, value in attributes.items() if name in self.SHOWN]

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self._open.pop()[0] == tag

    def handle_data(self, data):
        if self._counts:
            self.found.append(data)


@pytest.fixture
def site(db, settings, tmp_path):
    texts = [
        *texts_of_code("analysis"),
        *texts_of_code("results"),
        *texts_of_code("templatetags"),
        *texts_of_templates("proctor/results"),
    ]
    write_catalog(tmp_path, "de", texts)
    settings.LOCALE_PATHS = [tmp_path]
    settings.PROCTOR_TESTS = ("buttontst", "sleepytst")
    settings.PROCTOR_EDITOR_BRANCHES = ("production",)
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    settings.PROCTOR_METRICS = (
        Metric("order", kind="proportion", primary=True, window=timedelta(days=2), smallest=0.01),
        Metric("revenue", smallest=0.001),
        Metric("errors", guardrail=0.02, better="lower"),
        Metric("revenue_per_order", numerator="revenue", denominator="order"),
        Metric("revenue", kind="quantile", quantile=0.9),
    )
    with translation.override("de"):
        yield settings


def ramp():
    """A ramp, with different visitors at each of its steps."""
    tenth = [{"bucketValue": 0, "length": 0.9}, {"bucketValue": 1, "length": 0.1}]
    first = definition(allocations=[{"id": "#A1", "ranges": tenth}])
    second = definition(version="2")
    second["allocations"][0]["id"] = "#A2"
    return [
        *noted(first, 1200, days=10, effect=0.05),
        *noted(second, 1400, days=5, effect=0.05, first=600, seed=2),
    ]


@pytest.fixture
def decider(site):
    user = User.objects.create_user("ada")
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_results", "decide"]))
    client = Client()
    client.force_login(user)
    return client


def english_in(html):
    """The English words that a page shows."""
    texts = [TIMES.sub("", each) for each in Texts(html).found]
    words = {word for each in texts for word in re.findall(r"[A-Za-z]+", each)}
    return words - NAMES


def test_a_page_with_a_report_is_wholly_translated(decider):
    store(ramp())
    Tally.objects.create(day=datetime.now(timezone.utc).date(), kind=Tally.FORCED, test="buttontst")
    for verdict in ("lost", "won"):
        Decision.objects.create(
            test="buttontst", verdict=verdict, group="blue", author="ada", reason="ada",
            at=datetime.now(timezone.utc),
        )  # fmt: skip
    html = decider.get(PAGE).text
    assert english_in(html) == set()
    for text in (
        "Ｓａｍｐｌｅ　ｒａｔｉｏ".replace("　", " "),
        "ｃｈａｎｇｅｄ ｇｒｏｕｐ",
        "ｐｏｉｎｔｓ",
    ):
        assert text in html


def test_without_a_translation_the_same_page_is_english(decider):
    """Shows that the test above finds the texts that it looks for."""
    store(noted(definition(), 300))
    with translation.override("fr"):
        assert {"Sample", "matrix", "visitors", "Decide"} <= english_in(decider.get(PAGE).text)


@pytest.mark.parametrize("address", [LIST, f"{LIST}tests/sleepytst/", f"{PAGE}decide/"])
def test_the_other_pages_are_wholly_translated(decider, address):
    store(noted(definition(), 30))
    assert english_in(decider.get(address).text) - {"Minuten", "Stunden", "Tagen", "seit"} == set()


def test_a_broken_split_is_told_in_the_language(decider):
    rows = noted(definition(), 3000)
    blue = sorted(each.visitor for each in rows if getattr(each, "group", "") == "blue")
    store([each for each in rows if each.visitor not in set(blue[: len(blue) // 3])])
    html = decider.get(PAGE).text
    assert english_in(html) == set()
    assert "ｂｒｏｋｅｎ; “" in html


def test_numbers_and_times_are_written_as_the_language_does(decider):
    store(noted(definition(), 2000))
    html = decider.get(PAGE).text
    (head,) = re.findall(r'<p class="proctor-report-soft">(.*?)</p></header>', html)
    assert re.fullmatch(rf"{TIMES.pattern} ｔｏ {TIMES.pattern}, 2\.000 ｖｉｓｉｔｏｒｓ", head)
    assert re.search(r"\d,\d %", html)
    assert not re.search(r"\d\.\d+ %", "".join(Texts(html).found))


def test_times_are_those_of_the_sites_zone(decider, site):
    site.TIME_ZONE = "Asia/Tokyo"
    store(noted(definition(), 300))
    html = decider.get(PAGE).text
    found = report("buttontst")
    hours = found.start + timedelta(hours=9)
    assert f" {hours:%H:%M} ｔｏ " in html


def test_why_there_is_no_report_is_told_in_the_language(site):
    store(noted(definition(), 30))
    with pytest.raises(NoReport, match="ｈａｓ ｎｏ ｇｒｏｕｐ 'red'"):
        report("buttontst", baseline="red")


@pytest.mark.parametrize("form", ["table", "html"])
def test_the_command_prints_the_language_of_the_site(site, form, tmp_path):
    store(ramp())
    call_command("proctor_analyze", "buttontst", format=form, output=str(tmp_path / "report"))
    text = (tmp_path / "report").read_text(encoding="utf-8")
    assert "Ｅａｃｈ ｖｉｓｉｔｏｒ ｃｏｕｎｔｓ ｏｎｃｅ" in text
    assert "Each visitor" not in text


def test_json_is_english_in_every_language(decider):
    store(noted(definition(), 300))
    verdict = decider.get(f"{PAGE}report.json").json()["verdict"]
    assert re.fullmatch(r"[\x00-\x7f−“”]+", verdict)
