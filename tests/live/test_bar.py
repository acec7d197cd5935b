"""The bar on the shop's pages in a real browser: with mouse, keyboard and phone, and axe-core.

The shop has the strictest CSP: nothing inline, and nothing from other origins.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.live.browser import browser, one, press, skip_without_browser, until
from tests.live.pipet import free_port
from tests.live.serving import running

GROUPS = "/private/proctor/force/"
THING = "/things/moth/"


def started(tmp_path_factory, settings):
    skip_without_browser()
    port = free_port()
    log = tmp_path_factory.mktemp("shop") / "log"
    command = [sys.executable, "-m", "tests.live.strict_shop", str(port)]
    return running(command, port, "/", log, SHOP_DEBUG="1", DJANGO_SETTINGS_MODULE=settings)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The URL of a shop in which everyone may force groups."""
    with started(tmp_path_factory, "testproject.settings") as server:
        yield server.root


@pytest.fixture(scope="module")
def big_shop(tmp_path_factory):
    """A shop with 60 tests, all of which are read on the product pages."""
    with started(tmp_path_factory, "tests.live.bar_site") as server:
        yield server.root


@pytest.fixture(scope="module")
def chromium():
    skip_without_browser()
    with browser() as window:
        yield window


def forget(window, root):
    window.get(root)
    window.delete_all_cookies()
    window.execute_script("sessionStorage.clear()")


@pytest.fixture
def window(chromium, shop):
    """A product page, for a visitor who has opened the groups page."""
    forget(chromium, shop)
    chromium.get(f"{shop}{GROUPS}")
    chromium.get(f"{shop}{THING}")
    return chromium


def bar(window, selector):
    """The first element in the bar that matches this selector."""
    return one(window, "proctor-bar").shadow_root.find_element("css selector", selector)


def bars(window, selector):
    return one(window, "proctor-bar").shadow_root.find_elements("css selector", selector)


def unfold(window):
    until(window, lambda: bar(window, "summary").is_displayed())
    press(window, lambda: bar(window, "summary"))
    until(window, lambda: bar(window, ".panel").is_displayed())


def chip(window, group, test="buttoncolortst"):
    """The button of a group; None while the page is loading."""
    from selenium.common.exceptions import NoSuchElementException

    for each in bars(window, f"#test-{test} .chip"):
        if each.text.startswith(group):
            return each
    raise NoSuchElementException(group)


def is_kept(window, value):
    """Return whether the cookie stores the bar's state: unfolded, or folded."""
    cookie = window.get_cookie("proctor_bar_open")
    return cookie is not None and cookie["value"] == value


def force(window, group):
    press(window, lambda: chip(window, group))
    until(window, lambda: chip(window, group).get_attribute("aria-pressed") == "true")


def test_a_visitor_who_was_not_on_the_groups_page_has_no_bar(chromium, shop):
    forget(chromium, shop)
    chromium.get(f"{shop}{THING}")
    assert chromium.find_elements("css selector", "proctor-bar") == []


def test_it_is_folded_and_says_how_many_tests_the_page_read(window):
    until(window, lambda: bar(window, "summary").is_displayed())
    assert "1 test" in bar(window, "summary").text
    assert not bar(window, ".panel").is_displayed()


def test_one_click_changes_a_group_and_one_changes_it_back(window):
    unfold(window)
    before = next(each.text for each in bars(window, ".chip.mine"))
    force(window, "green")
    assert window.current_url.endswith(THING)
    assert bar(window, ".panel").is_displayed()
    assert "1 forced" in bar(window, "summary").text
    press(window, lambda: chip(window, "green"))
    until(window, lambda: bars(window, ".chosen") == [])
    until(window, lambda: bar(window, ".chip.mine").text == before)


def test_it_is_hidden_with_a_click(window):
    unfold(window)
    press(window, lambda: bar(window, ".hide"))
    until(window, lambda: window.find_elements("css selector", "proctor-bar") == [])
    window.refresh()
    assert window.find_elements("css selector", "proctor-bar") == []


def test_it_stays_unfolded_on_the_next_page_and_folded_after_escape(window, shop):
    from selenium.webdriver.common.keys import Keys

    unfold(window)
    until(window, lambda: is_kept(window, "1"))
    window.get(f"{shop}/")
    until(window, lambda: bar(window, ".panel").is_displayed())
    bar(window, "summary").send_keys(Keys.ESCAPE)
    until(window, lambda: not bar(window, ".panel").is_displayed())
    # The event comes after the bar has changed.
    until(window, lambda: is_kept(window, "0"))
    window.get(f"{shop}{THING}")
    until(window, lambda: bar(window, "summary").is_displayed())
    assert not bar(window, ".panel").is_displayed()


def focused(window):
    """The focused element in the bar: its text, and whether there is one."""
    script = (
        "const root = document.querySelector('proctor-bar').shadowRoot;"
        "const found = root.activeElement; return found ? found.textContent.trim() : ''"
    )
    return " ".join(window.execute_script(script).split())


def test_all_of_it_can_be_done_with_a_keyboard(window):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def type_keys(*keys):
        ActionChains(window).send_keys(*keys).perform()

    def tab_to(words):
        for _ in range(60):
            type_keys(Keys.TAB)
            if focused(window).startswith(words):
                return
        pytest.fail(f"no tab leads to {words}")

    tab_to("Proctor:")
    type_keys(Keys.ENTER)
    until(window, lambda: bar(window, ".panel").is_displayed())
    tab_to("green")
    type_keys(Keys.SPACE)
    until(window, lambda: chip(window, "green").get_attribute("aria-pressed") == "true")
    # The focus is where it was, on the group that is forced now.
    until(window, lambda: focused(window).startswith("green"))
    type_keys(Keys.ENTER)
    until(window, lambda: bars(window, ".chosen") == [])


def test_another_identity_is_used_and_left(window):
    unfold(window)
    press(window, lambda: bar(window, "footer a"))
    until(window, lambda: one(window, 'input[name="ctx.country"]').is_displayed())
    field = one(window, 'input[name="ctx.country"]')
    field.clear()
    field.send_keys("DE")
    press(window, lambda: one(window, 'button[name="use-identity"]'))
    until(window, lambda: "as country=DE" in bar(window, "summary").text)
    assert window.current_url.endswith(THING)
    assert "No exposures or outcomes are recorded." in bar(window, ".identity").text
    press(window, lambda: bar(window, '[name="return"]'))
    until(window, lambda: bars(window, ".identity") == [])
    assert window.current_url.endswith(THING)


def test_a_shop_with_sixty_tests_is_filtered_as_you_type(chromium, big_shop):
    forget(chromium, big_shop)
    chromium.get(f"{big_shop}{GROUPS}")
    chromium.get(f"{big_shop}{THING}")
    unfold(chromium)
    assert len(bars(chromium, ".test")) == 60

    def shown():
        return [each for each in bars(chromium, ".test") if each.is_displayed()]

    bar(chromium, "#filter").send_keys("color green")
    until(chromium, lambda: len(shown()) == 1)
    bar(chromium, "#filter").send_keys("x")
    until(chromium, lambda: bar(chromium, ".nothing").is_displayed())


def test_enter_in_the_filter_presses_no_button(chromium, big_shop):
    from selenium.webdriver.common.keys import Keys

    forget(chromium, big_shop)
    chromium.get(f"{big_shop}{GROUPS}")
    chromium.get(f"{big_shop}{THING}?prforceGroups=buttoncolortst2")
    unfold(chromium)
    bar(chromium, "#filter").send_keys("color", Keys.ENTER)
    assert "prforceGroups" in chromium.current_url
    assert "1 forced" in bar(chromium, "summary").text


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core."""
    package = pytest.importorskip("axe_core_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("state", ["folded", "unfolded", "forced", "identity", "many"])
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(window, axe, request, state, is_dark):
    shop, big_shop = map(request.getfixturevalue, ("shop", "big_shop"))
    scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    if state == "many":
        forget(window, big_shop)
        window.get(f"{big_shop}{GROUPS}")
        window.get(f"{big_shop}{THING}")
    if state == "identity":
        window.get(f"{shop}{GROUPS}?next={THING}")
        field = one(window, 'input[name="ctx.country"]')
        field.clear()
        field.send_keys("DE")
        press(window, lambda: one(window, 'button[name="use-identity"]'))
        until(window, lambda: bar(window, ".identity").is_displayed())
    elif state != "folded":
        unfold(window)
    if state == "forced":
        force(window, "green")
    until(window, lambda: bar(window, "summary").is_displayed())
    # DevTools may run what the page's policy forbids to the page.
    window.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
    found = window.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run({include: [['proctor-bar']]}).then(done, done);"
    )
    violations = [
        (each["id"], [node["target"] for node in each["nodes"]]) for each in found["violations"]
    ]
    assert violations == []
    assert found["passes"] != []


def test_nothing_is_refused_by_the_policy_and_nothing_fails(window):
    window.get_log("browser")
    unfold(window)
    force(window, "green")
    wrong = ("WARNING", "SEVERE")
    said = [each["message"] for each in window.get_log("browser") if each["level"] in wrong]
    assert [each for each in said if "favicon" not in each] == []


@pytest.mark.parametrize("width", [360, 390, 1280])
@pytest.mark.parametrize("is_big", [False, True], ids=["few", "many"])
def test_nothing_is_wider_or_higher_than_the_screen(chromium, shop, big_shop, width, is_big):
    root = big_shop if is_big else shop
    forget(chromium, root)
    chromium.get(f"{root}{GROUPS}")
    size = {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": width < 500}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        chromium.get(f"{root}{THING}?prforceGroups=buttoncolortst2")
        unfold(chromium)
        assert chromium.execute_script("return document.documentElement.scrollWidth") <= width
        box = chromium.execute_script(
            "const root = document.querySelector('proctor-bar').shadowRoot;"
            "const box = root.querySelector('.panel').getBoundingClientRect();"
            "return [box.left, box.top, box.right, box.bottom]"
        )
        assert box[0] >= 0
        assert box[1] >= 0
        assert box[2] <= width
        assert box[3] <= 700
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_sites_style_does_not_reach_it(window):
    from selenium.webdriver.support.color import Color

    unfold(window)
    heading = bar(window, "h2")
    assert Color.from_string(heading.value_of_css_property("color")) != Color.from_string(
        one(window, "h1").value_of_css_property("color")
    )
    assert "serif" not in heading.value_of_css_property("font-family").replace("sans-serif", "")


def test_it_works_without_javascript(shop):
    with browser("--blink-settings=scriptEnabled=false") as window:
        window.get(f"{shop}{GROUPS}")
        # With scripts the filter needs no button.
        assert one(window, "#proctor-search button").is_displayed()
        window.get(f"{shop}{THING}")
        unfold(window)
        force(window, "green")
        assert bar(window, ".panel").is_displayed()
        press(window, lambda: chip(window, "green"))
        until(window, lambda: bars(window, ".chosen") == [])
