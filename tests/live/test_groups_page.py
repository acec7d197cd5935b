"""The shop's groups page in a real browser: with mouse, keyboard and axe-core."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.live.browser import browser, one, press, says, says_no_more, skip_without_browser, until
from tests.live.pipet import free_port
from tests.live.serving import running

pytest.importorskip("uvicorn")

GROUPS = "/private/proctor/force/"
GREEN = '#test-buttoncolortst button[name="force.buttoncolortst"][value="2"]'


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The URL of a shop in which everyone may force groups."""
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
    """The groups page of a visitor who forces no groups."""
    chromium.get(shop)
    chromium.delete_all_cookies()
    chromium.get(f"{shop}{GROUPS}")
    return chromium


def force_green(window):
    press(window, lambda: one(window, GREEN))
    says(window, "You are forcing groups")


def test_a_group_is_forced_and_stays_on_the_pages_of_the_shop(window, shop):
    force_green(window)
    says(window, "You are in green", "#test-buttoncolortst")
    says(window, "forced", "#test-buttoncolortst .proctor-badges")
    window.get(shop)
    window.get(f"{shop}{GROUPS}")
    says(window, "You are in green", "#test-buttoncolortst")


def test_one_test_is_cleared(window):
    force_green(window)
    press(window, lambda: one(window, '[aria-label="Clear buttoncolortst"]'))
    says_no_more(window, "You are forcing groups")


def test_a_second_click_on_the_group_clears_it(window):
    force_green(window)
    press(window, lambda: one(window, "#test-buttoncolortst .proctor-is-chosen"))
    says_no_more(window, "You are forcing groups")


def test_all_are_cleared(window):
    force_green(window)
    press(window, lambda: one(window, 'button[name="clear-all"]'))
    says_no_more(window, "You are forcing groups")


def test_the_link_is_copied_and_forces_the_same_in_another_browser(window):
    force_green(window)
    press(window, lambda: one(window, "#proctor-copy"))
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
    press(window, lambda: one(window, 'button[name="what-if"]'))
    says(window, "What if…", "h1")
    says(window, "Germany", "#test-buttoncolortst")
    assert one(window, 'input[name="ctx.country"]').get_attribute("value") == "DE"


def shown(window):
    found = window.find_elements("css selector", "article")
    return [each.get_attribute("id") for each in found if each.is_displayed()]


def test_the_filter_follows_what_is_typed(window):
    assert len(shown(window)) == 4
    one(window, "#proctor-filter").send_keys("headline")
    until(window, lambda: shown(window) == ["test-headlinetst"])
    assert window.current_url.endswith("?q=headline")
    one(window, "#proctor-filter").send_keys("x")
    until(window, lambda: one(window, "#proctor-nothing").is_displayed())
    assert "headlinex" in one(window, "#proctor-nothing").text


def test_a_click_keeps_the_filter(window):
    one(window, "#proctor-filter").send_keys("color")
    force_green(window)
    assert shown(window) == ["test-buttoncolortst"]


def test_it_leads_back_to_where_the_visitor_was(window, shop):
    window.get(f"{shop}/things/moth/")
    window.execute_script("location.href = arguments[0]", GROUPS)
    says(window, "Back to /things/moth/")
    force_green(window)
    press(window, lambda: one(window, ".proctor-back"))
    until(window, lambda: window.current_url.endswith("/things/moth/"))


def test_all_of_it_can_be_done_with_a_keyboard(window):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def type_keys(*keys):
        ActionChains(window).send_keys(*keys).perform()

    def focused(attribute):
        return window.switch_to.active_element.get_attribute(attribute)

    def tab_to(attribute, value):
        for _ in range(60):
            type_keys(Keys.TAB)
            if focused(attribute) == value:
                return
        pytest.fail(f"no tab leads to {value}")

    tab_to("value", "2")
    assert focused("name") == "force.buttoncolortst"
    type_keys(Keys.SPACE)
    says(window, "You are forcing groups")
    tab_to("aria-label", "Clear buttoncolortst")
    type_keys(Keys.ENTER)
    says_no_more(window, "You are forcing groups")


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
        press(window, lambda: one(window, 'button[name="what-if"]'))
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
