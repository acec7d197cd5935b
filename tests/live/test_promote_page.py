"""Promote and Applications in a real browser: mouse, phone, without JavaScript, axe-core."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.browser import browser, click, fill, one, press, says, skip_without_browser
from tests.live.shops import EDITOR, open_editor, prepare, served
from tests.live.test_editor_pages import PHONE

PROMOTE = f"{EDITOR}promote/?from=trunk&to=production"
COLOR = f"{PROMOTE}&test=buttoncolortst"
PAGES = {
    "promote": PROMOTE,
    "refused": COLOR,
    "several": f"{PROMOTE}&test=newfeaturerollout&test=freedeliverytst",
    "applications": f"{EDITOR}applications/",
    "application": f"{EDITOR}applications/newsletter/production/",
    "broken": f"{EDITOR}applications/mobile/trunk/",
    "this site": f"{EDITOR}applications/shop/production/",
    "test": f"{EDITOR}tests/newfeaturerollout/",
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The database of a shop with three tests to promote."""
    return prepare("tests.live.promoting_shop", tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def shop(prepared, tmp_path):
    with served("tests.live.promoting_shop", prepared, tmp_path) as root:
        yield root


@pytest.fixture(scope="module")
def chromium():
    skip_without_browser()
    with browser() as window:
        window.implicitly_wait(5)
        yield window


@pytest.fixture
def window(chromium, shop):
    """The list of tests, after signing in."""
    return open_editor(chromium, shop)


def choose(window, *tests):
    for test in tests:
        press(window, lambda test=test: one(window, f'.pe-choose input[value="{test}"]'))
    click(window, "Show the effects")


def test_what_breaks_an_application_is_promoted_only_with_a_reason(window):
    click(window, "Promote")
    choose(window, "buttoncolortst")
    says(window, "10 % of visitors jump from green to red.")
    says(window, "visitors can get the bucket red (3)", ".pe-says")
    says(window, "The promotion is blocked because it would break this site (shop), newsletter@7.")
    fill(window, "#pe-override", "both are deployed tonight")
    click(window, "Promote anyway")
    says(window, "Published on production", ".pe-published")
    says(window, "newsletter@7: both are deployed tonight", ".pe-timeline")
    says(window, "shop in production cannot load it", ".pe-alert")


def test_two_tests_are_promoted_together(window):
    click(window, "Promote")
    choose(window, "newfeaturerollout", "freedeliverytst")
    says(window, "25 % of visitors enter, nobody changes groups.")
    fill(window, "#pe-message", "the spring release")
    click(window, "Promote 2 tests to production")
    says(window, "Published 2 tests on production together.", ".pe-published")
    click(window, "freedeliverytst")
    says(window, "the spring release", ".pe-timeline")


def test_a_test_is_promoted_from_its_page_without_a_script_on_a_phone(window, shop):
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    window.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        window.get(f"{shop}{EDITOR}tests/newfeaturerollout/")
        click(window, "Promote to production")
        says(window, "Promote newfeaturerollout", "h1")
        press(window, lambda: one(window, "#pe-promote button"))
        says(window, "Published on production", ".pe-published")
    finally:
        window.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_an_application_says_what_it_lacks_and_is_forgotten(window):
    click(window, "Applications")
    says(window, "checkouttst: missing", ".pe-list")
    click(window, "mobile")
    says(window, "1 test cannot be loaded. 1 test is not on trunk.", ".pe-standing")
    click(window, "Forget this application")
    says(window, "newsletter", ".pe-list")
    assert "mobile" not in one(window, ".pe-list").text


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(window, shop, is_dark):
    package = pytest.importorskip("axe_core_python")
    axe = (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    found, wide = {}, {}
    for name, path in PAGES.items():
        window.get(f"{shop}{path}")
        window.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        window.execute_script(axe)
        answer = window.execute_async_script(
            "const done = arguments[arguments.length - 1]; axe.run().then(done, done);"
        )
        found[name] = [
            (each["id"], [node["target"] for node in each["nodes"]])
            for each in answer["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
        wide[name] = window.execute_script("return document.documentElement.scrollWidth")
        window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert {name: each for name, each in found.items() if each} == {}
    assert {name: each for name, each in wide.items() if each > PHONE["width"]} == {}


def test_the_policy_refuses_nothing(window, shop):
    for path in PAGES.values():
        window.get(f"{shop}{path}")
    wrong = ("WARNING", "SEVERE")
    said = [each["message"] for each in window.get_log("browser") if each["level"] in wrong]
    assert [each for each in said if "favicon" not in each] == []
