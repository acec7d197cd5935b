"""The groups page of the shop in a real browser: by mouse, by keyboard, and for axe-core."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.live.browser import browser, skip_without_browser
from tests.live.pipet import free_port
from tests.live.serving import running

pytest.importorskip("uvicorn")

GROUPS = "/private/proctor/force/"
GREEN = '#test-buttoncolortst input[value="2"]'


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The address of a shop in which everybody may force groups."""
    skip_without_browser()
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "testproject.asgi:application", "--port", str(port)]
    command += ["--lifespan", "off"]
    log = tmp_path_factory.mktemp("shop") / "log"
    environment = {"SHOP_DEBUG": "1", "DJANGO_SETTINGS_MODULE": "testproject.settings"}
    with running(command, port, "/", log, **environment) as server:
        yield server.root


@pytest.fixture(scope="module")
def chromium(shop):
    with browser() as window:
        window.implicitly_wait(5)
        yield window


@pytest.fixture
def window(chromium, shop):
    """The groups page of a visitor who forces nothing."""
    chromium.get(shop)
    chromium.delete_all_cookies()
    chromium.get(f"{shop}{GROUPS}")
    return chromium


def one(window, selector):
    from selenium.webdriver.common.by import By

    return window.find_element(By.CSS_SELECTOR, selector)


def text(window, selector="main"):
    return one(window, selector).text


def says(window, words, selector="main"):
    """Wait until a part of the page says this: a click may still be on its way."""
    _wait(window, lambda: words in text(window, selector))


def says_no_more(window, words):
    _wait(window, lambda: words not in text(window))


def _wait(window, condition):
    from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
    from selenium.webdriver.support.ui import WebDriverWait

    gone = (NoSuchElementException, StaleElementReferenceException)
    WebDriverWait(window, 15, 0.05, ignored_exceptions=gone).until(lambda _: condition())


def force_green(window):
    one(window, GREEN).click()
    one(window, '[aria-label="Force buttoncolortst"]').click()
    says(window, "You force groups")


def test_a_group_is_forced_and_stays_on_the_pages_of_the_shop(window, shop):
    force_green(window)
    says(window, "You are in green", "#test-buttoncolortst")
    says(window, "forced", "#test-buttoncolortst .proctor-badges")
    window.get(shop)
    window.get(f"{shop}{GROUPS}")
    says(window, "You are in green", "#test-buttoncolortst")


def test_one_test_is_cleared(window):
    force_green(window)
    one(window, '[aria-label="Clear buttoncolortst"]').click()
    says_no_more(window, "You force groups")


def test_all_are_cleared(window):
    force_green(window)
    one(window, 'button[name="clear-all"]').click()
    says_no_more(window, "You force groups")


def test_the_link_is_copied_and_forces_the_same_in_another_browser(window):
    force_green(window)
    one(window, "#proctor-copy").click()
    says(window, "Copied", "#proctor-copy")
    link = one(window, "#proctor-link").get_attribute("value")
    window.delete_all_cookies()
    window.get(link)
    window.get(link.partition("?")[0] + GROUPS.lstrip("/"))
    says(window, "You are in green", "#test-buttoncolortst")


def test_what_if_asks_for_somebody_else(window):
    country = one(window, 'input[name="ctx.country"]')
    country.clear()
    country.send_keys("DE")
    one(window, 'button[name="what-if"]').click()
    says(window, "What if…", "h1")
    says(window, "Germany", "#test-buttoncolortst")
    assert one(window, 'input[name="ctx.country"]').get_attribute("value") == "DE"


def test_the_filter_leaves_what_was_asked_for(window):
    from selenium.webdriver.common.by import By

    one(window, "#proctor-filter").send_keys("headline")
    one(window, ".proctor-filter button").click()
    _wait(window, lambda: len(window.find_elements(By.TAG_NAME, "article")) == 1)
    shown = [each.get_attribute("id") for each in window.find_elements(By.TAG_NAME, "article")]
    assert shown == ["test-headlinetst"]


def test_all_of_it_can_be_done_with_a_keyboard(window):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def press(*keys):
        ActionChains(window).send_keys(*keys).perform()

    def focused(attribute):
        return window.switch_to.active_element.get_attribute(attribute)

    def tab_to(attribute, value):
        for _ in range(60):
            press(Keys.TAB)
            if focused(attribute) == value:
                return
        pytest.fail(f"no tab leads to {value}")

    tab_to("name", "force.buttoncolortst")
    # A space chooses the radio, and arrows go on from it.
    press(Keys.SPACE, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    tab_to("aria-label", "Force buttoncolortst")
    press(Keys.ENTER)
    says(window, "You are in green", "#test-buttoncolortst")
    tab_to("aria-label", "Clear buttoncolortst")
    press(Keys.ENTER)
    says_no_more(window, "You force groups")


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core."""
    package = pytest.importorskip("axe_core_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("state", ["mine", "forced", "what if", "nothing found"])
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_that_keeps_anybody_out(window, axe, shop, state, is_dark):
    scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    if state == "forced":
        force_green(window)
    elif state == "what if":
        one(window, 'button[name="what-if"]').click()
    elif state == "nothing found":
        window.get(f"{shop}{GROUPS}?q=nothing")
    window.execute_script(axe)
    found = window.execute_async_script(
        "const done = arguments[arguments.length - 1]; axe.run().then(done, done);"
    )
    serious = [
        (each["id"], [node["target"] for node in each["nodes"]])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_nothing_is_refused_by_the_policy_and_nothing_fails(window):
    window.get_log("browser")
    force_green(window)
    wrong = ("WARNING", "SEVERE")
    said = [each["message"] for each in window.get_log("browser") if each["level"] in wrong]
    assert [each for each in said if "favicon" not in each] == []


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(window, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        wide = window.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width
    finally:
        window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
