"""The shop's editor in a real browser: with mouse, keyboard and phone, and axe-core."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.live.browser import (
    browser,
    click,
    fill,
    one,
    press,
    says,
    skip_without_browser,
    text,
    until,
)
from tests.live.shops import EDITOR, open_editor, prepare, served, sign_in

ROLLOUT = f"{EDITOR}tests/newfeaturerollout/"
COLOR = f"{EDITOR}tests/buttoncolortst/"
#: The page that raises the rollout for the shop's visitors.
TO_ALL = "raise/?branch=production&allocation=1&to=100"
#: What visitors get, on the page of a test.
LIVE = "[aria-labelledby=branch-production]"

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The database of a shop after its first start."""
    return prepare("tests.live.editor_shop", tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def shop(prepared, tmp_path):
    """The URL of a shop whose editor has its four tests."""
    with served("tests.live.editor_shop", prepared, tmp_path) as root:
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


def as_another(window, shop, name):
    """Sign in as someone else in the same browser."""
    window.execute_cdp_cmd("Network.clearBrowserCookies", {})
    window.get(f"{shop}{EDITOR}")
    sign_in(window, name)
    says(window, "Tests", "h1")


def propose(window, shop, path, why):
    """Propose the change on a page; return the URL of the proposal."""
    window.get(f"{shop}{path}")
    fill(window, "#pe-message", why)
    click(window, "Propose")
    says(window, why, ".pe-proposal-head")
    return window.current_url


def theme(shop):
    """The color of the shop's button for a new visitor."""
    page = urlopen(shop, timeout=10).read().decode()
    return re.search(r'name="theme-color" content="([^"]+)"', page)[1]


def test_a_share_is_raised_and_the_panel_says_who_enters(window):
    click(window, "newfeaturerollout")
    click(window, "Edit")
    fill(window, "#share-0-1", "65")
    says(window, "15 % of visitors enter, nobody changes groups.", "#pe-effect")
    assert one(window, "#share-0-0").get_attribute("value") == "35"
    fill(window, "#pe-message", "it went well")
    press(window, lambda: one(window, "#pe-publish"))
    says(window, "15 % of visitors enter, nobody changes groups.", ".pe-published")
    says(window, "it went well", ".pe-timeline")
    says(window, "active 65 %", ".pe-branch")


def test_a_winner_is_approved_by_another_person_and_changes_the_page_of_the_shop(window, shop):
    window.get(f"{shop}{COLOR}")
    click(window, "Finish on production")
    press(window, lambda: window.find_element("xpath", "//label[contains(., 'green')]/input"))
    click(window, "Show who moves")
    says(window, "change groups")
    says(window, "shop/buy.html:", ".pe-places")
    says(window, "1 other person must approve", ".pe-asks")
    assert "ada" not in text(window, ".pe-asks")
    fill(window, "#pe-message", "green sells most")
    click(window, "Propose")
    says(window, "Finish buttoncolortst on production", "h1")
    address = window.current_url
    as_another(window, shop, "grace")
    click(window, "Review 1 waiting")
    click(window, "Finish buttoncolortst on production")
    says(window, "green sells most", ".pe-proposal-head")
    click(window, "Approve")
    says(window, "ready to publish", "h1")
    window.get(f"{shop}{COLOR}")
    says(window, "control 33.34 %", LIVE)
    as_another(window, shop, "admin")
    window.get(address)
    click(window, "Publish on production")
    says(window, "Published on production", ".pe-published")
    says(window, "Approved by grace", ".pe-timeline")
    assert theme(shop) == "#1f7a4d"


def test_nobody_is_offered_to_approve_what_they_wrote(window, shop):
    address = propose(window, shop, f"{ROLLOUT}{TO_ALL}", "it is quick enough")
    says(window, "your own approval does not count", ".pe-review-side")
    assert not window.find_elements("css selector", "button[value=approve]")
    assert "Publish" not in text(window, ".pe-review-side")
    # Nor does a form of one's own help.
    window.execute_script(
        "const button = document.querySelector('button[value=withdraw]');"
        "button.form.insertAdjacentHTML('beforeend',"
        " document.querySelector('.pe-decide').innerHTML);"
        "button.value = 'approve'; button.click();"
    )
    says(window, "nother person must approve", ".pe-alert")
    assert window.current_url == address


def test_a_rejected_proposal_is_closed_with_the_reason(window, shop):
    as_another(window, shop, "ada")
    address = propose(window, shop, f"{ROLLOUT}{TO_ALL}", "it is quick enough")
    as_another(window, shop, "grace")
    window.get(address)
    fill(window, "#pe-comment", "and on phones?")
    press(window, lambda: one(window, "button[value=comment]"))
    says(window, "and on phones?", ".pe-timeline")
    click(window, "Reject")
    fill(window, "#pe-reason", "not on phones")
    press(window, lambda: one(window, "button[value=reject]"))
    says(window, "rejected", "h1")
    says(window, "not on phones", ".pe-timeline")
    as_another(window, shop, "ada")
    window.get(f"{shop}{EDITOR}review/?show=closed")
    says(window, "Change the shares of newfeaturerollout on production", ".pe-list")


def test_a_proposal_whose_base_moved_is_made_again_and_approved_again(window, shop):
    address = propose(window, shop, f"{ROLLOUT}{TO_ALL}", "it is quick enough")
    as_another(window, shop, "grace")
    window.get(address)
    click(window, "Approve")
    says(window, "ready to publish", "h1")
    window.get(f"{shop}{ROLLOUT}stop/?branch=production")
    fill(window, "#pe-reason", "searches fail")
    click(window, "Stop now")
    says(window, "searches fail", ".pe-hold")
    click(window, "Release")
    press(window, lambda: one(window, ".pe-card button"))
    says(window, "base has moved", ".pe-waiting")
    as_another(window, shop, "admin")
    window.get(address)
    says(window, "grace published", ".pe-conflict")
    assert "Publish" not in text(window, ".pe-review-side")
    click(window, "Reapply the change")
    says(window, "0 of 1 approvals", "h1")
    says(window, "100 % of visitors enter", ".pe-review-what")


def test_a_proposal_is_read_and_approved_on_a_phone(window, shop):
    as_another(window, shop, "ada")
    address = propose(window, shop, f"{ROLLOUT}{TO_ALL}", "it is quick enough")
    as_another(window, shop, "grace")
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        window.get(f"{shop}{EDITOR}review/")
        press(window, lambda: one(window, ".pe-proposal-row a"))
        says(window, "it is quick enough", ".pe-proposal-head")
        assert window.execute_script("return document.documentElement.scrollWidth") <= 390
        click(window, "Approve")
        says(window, "ready to publish", "h1")
        assert window.current_url == address
    finally:
        window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def typed(window, selector, value):
    """Set a time field, in which typing depends on the browser's language."""
    field = one(window, selector)
    event = "arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
    window.execute_script(f"arguments[0].value = arguments[1]; {event}", field, value)


def test_a_ramp_of_three_steps_is_scheduled_and_goes_on_by_itself(window, shop):
    window.get(f"{shop}{ROLLOUT}")
    click(window, "Schedule a ramp")
    fill(window, "#share-0", "60")
    says(window, "10 % of visitors enter, nobody changes groups.", "#pe-plan")
    click(window, "Add a step")
    until(window, lambda: window.switch_to.active_element.get_attribute("id") == "share-1")
    fill(window, "#share-1", "80")
    # Seconds, which no picker shows.
    typed(
        window, "#when-1", f"{datetime.now(timezone.utc) + timedelta(seconds=6):%Y-%m-%dT%H:%M:%S}"
    )
    says(window, "20 % of visitors enter, nobody changes groups.", "#pe-plan")
    click(window, "Add a step")
    until(window, lambda: window.switch_to.active_element.get_attribute("id") == "share-2")
    assert one(window, "#share-2").get_attribute("value") == "100"
    fill(window, "#pe-message", "searches are faster")
    press(window, lambda: one(window, "#pe-schedule"))
    says(window, "searches are faster", ".pe-schedule")
    says(window, "active 60 %", ".pe-stage-published")

    def second_step():
        urlopen(shop, timeout=10).read()  # visitors make the shop look at its matrix
        window.refresh()
        return len(window.find_elements("css selector", ".pe-stage-published")) == 2

    until(window, second_step)
    window.get(f"{shop}{ROLLOUT}")
    says(window, "scheduler for admin", ".pe-timeline")
    says(window, "active 80 %", ".pe-branch")
    click(window, "Cancel newfeaturerollout")
    press(window, lambda: one(window, ".pe-danger.pe-solid"))
    says(window, "cancelled", ".pe-schedule")


def test_a_test_is_stopped_in_two_clicks_and_a_reason(window, shop):
    click(window, "Stop newfeaturerollout")
    window.switch_to.active_element.send_keys("searches fail")
    click(window, "Stop now")
    says(window, "searches fail", ".pe-hold")
    says(window, "inactive 100 %", LIVE)
    click(window, "Release")
    press(window, lambda: one(window, ".pe-card button"))
    says(window, "Raise the test to", LIVE)


def choose(window, words):
    """Choose a test to stop."""
    press(window, lambda: window.find_element("xpath", f"//option[starts-with(., '{words}')]"))


def test_who_moves_is_shown_before_a_test_is_stopped_from_any_page(window):
    click(window, "Stop a test")
    says(window, "You will see who moves before you stop it.", "#pe-preview")
    fill(window, "#pe-reason", "searches fail")
    choose(window, "buttoncolortst · production")
    says(window, "Everybody in buttoncolortst on production", "#pe-preview")
    choose(window, "newfeaturerollout · production")
    says(window, "Everybody in newfeaturerollout on production", "#pe-preview")
    says(window, "50 % of visitors leave, nobody changes groups.", "#pe-preview")
    click(window, "Stop now")
    says(window, "searches fail", ".pe-hold")
    says(window, "inactive 100 %", LIVE)


def test_who_moves_is_shown_before_a_test_is_stopped_without_a_script(window, shop):
    window.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        window.get(f"{shop}{EDITOR}stop/")
        choose(window, "newfeaturerollout · production")
        press(window, lambda: one(window, "noscript button"))
        says(window, "50 % of visitors leave, nobody changes groups.", "#pe-preview")
        fill(window, "#pe-reason", "searches fail")
        click(window, "Stop now")
        says(window, "searches fail", ".pe-hold")
    finally:
        window.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_problem_is_shown_at_its_field_while_typing(window, shop):
    window.get(f"{shop}{COLOR}edit/")
    fill(window, "#share-1-0", "30")
    says(window, "The shares add up to 96.66 %", '[data-problem-for="allocation-1"]')
    assert text(window, "#allocation-1 [data-total]") == "96.66"
    fill(window, "#allocation-0-rule", "contry == 'DE'")
    fill(window, "#share-1-0", "33.34")
    says(window, "contry", '[data-problem-for="allocation-0"]')
    fill(window, "#allocation-0-rule", "country == 'AT'")
    says(window, "Different visitors may be in the test", "#pe-effect")
    assert text(window, '[data-problem-for="allocation-0"]') == ""


def test_a_test_is_created_with_a_payload(window):
    click(window, "New test")
    fill(window, "#test", "bannertst")
    fill(window, "#description", "Which banner sells more?")
    press(window, lambda: one(window, '#payload_type option[value="stringValue"]'))
    fill(window, "#bucket-1-payload", "#888888")
    fill(window, "#bucket-2-payload", "#2a5bd0")
    assert one(window, ".pe-bucket:nth-child(3) .pe-swatch rect").get_attribute("fill") == "#2a5bd0"
    click(window, "10 %")
    says(window, "10 % of visitors enter, nobody changes groups.", "#pe-effect")
    press(window, lambda: one(window, "#pe-publish"))
    says(window, "bannertst", "h1")
    says(window, "control 5 %", ".pe-branch")


def test_rows_come_and_go_and_the_focus_follows(window, shop):
    window.get(f"{shop}{COLOR}edit/")
    click(window, "Add a group")
    says(window, "Group", "#pe-groups")
    _focused(window, "bucket-3-name")
    window.switch_to.active_element.send_keys("red")
    click(window, "Add an allocation for some visitors")
    _focused(window, "allocation-1-rule")
    assert one(window, "#bucket-3-name").get_attribute("value") == "red"


def _focused(window, name):
    until(window, lambda: window.switch_to.active_element.get_attribute("id") == name)


def test_the_json_is_one_tab_away(window, shop):
    window.get(f"{shop}{ROLLOUT}edit/")
    fill(window, "#description", "typed in the form")
    click(window, "JSON")
    area = one(window, "#json")
    assert '"description": "typed in the form"' in area.get_attribute("value")
    click(window, "Form")
    assert one(window, "#description").get_attribute("value") == "typed in the form"


def test_two_people_edit_and_the_second_keeps_what_they_typed(window, shop):
    window.get(f"{shop}{ROLLOUT}edit/")
    fill(window, "#description", "mine")
    mine = window.current_window_handle
    window.switch_to.new_window("tab")
    try:
        window.get(f"{shop}{ROLLOUT}raise/?branch=trunk&allocation=1&to=100")
        click(window, "Publish on trunk")
        says(window, "Published", ".pe-published")
    finally:
        window.close()
        window.switch_to.window(mine)
    press(window, lambda: one(window, "#pe-publish"))
    says(window, "published a change", ".pe-conflict")
    assert one(window, "#description").get_attribute("value") == "mine"
    says(window, "allocations 1: active 50 % 100 % 50 %", ".pe-conflict")
    click(window, "Publish on top")
    says(window, "mine", ".pe-lead")


def test_the_list_is_filtered_while_typing(window):
    one(window, "#pe-q").send_keys("headline")
    until(window, lambda: len(window.find_elements("css selector", ".pe-row")) == 1)
    assert text(window, ".pe-row h2").startswith("headlinetst")
    assert window.current_url.endswith("?q=headline")


def test_it_all_works_without_a_script(window, shop):
    window.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        window.get(f"{shop}{ROLLOUT}edit/")
        fill(window, "#share-0-0", "25")
        fill(window, "#share-0-1", "75")
        press(window, lambda: one(window, "noscript button"))
        says(window, "25 % of visitors enter, nobody changes groups.", "#pe-effect")
        click(window, "Add a group")
        says(window, "100 %", "#allocation-0")
        assert one(window, "#bucket-2-name").is_displayed()
        click(window, "Remove")
        press(window, lambda: one(window, "#pe-publish"))
        says(window, "Published on trunk", ".pe-published")
    finally:
        window.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def keys(window, *pressed):
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(window).send_keys(*pressed).perform()


def tab_to(window, attribute, value):
    """Move the focus to the element whose attribute ends with this."""
    from selenium.webdriver.common.keys import Keys

    for _ in range(80):
        keys(window, Keys.TAB)
        found = window.switch_to.active_element.get_attribute(attribute) or ""
        if found.endswith(value):
            return
    pytest.fail(f"no tab leads to {value}")


def test_a_share_is_raised_with_a_keyboard(window, shop):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    tab_to(window, "href", "/tests/newfeaturerollout/")
    keys(window, Keys.ENTER)
    says(window, "newfeaturerollout", "h1")
    tab_to(window, "href", "/edit/")
    keys(window, Keys.ENTER)
    says(window, "Edit newfeaturerollout", "h1")
    tab_to(window, "id", "share-0-1")
    ActionChains(window).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).perform()
    keys(window, "75")
    says(window, "25 % of visitors enter", "#pe-effect")
    tab_to(window, "id", "pe-publish")
    keys(window, Keys.ENTER)
    says(window, "Published on trunk", ".pe-published")


def test_a_proposal_is_approved_with_a_keyboard(window, shop):
    from selenium.webdriver.common.keys import Keys

    address = propose(window, shop, f"{ROLLOUT}{TO_ALL}", "it is quick enough")
    as_another(window, shop, "grace")
    window.get(f"{shop}{EDITOR}review/")
    tab_to(window, "href", address.removeprefix(shop))
    keys(window, Keys.ENTER)
    says(window, "it is quick enough", ".pe-proposal-head")
    tab_to(window, "value", "approve")
    keys(window, Keys.ENTER)
    says(window, "ready to publish", "h1")


def test_a_ramp_is_scheduled_with_a_keyboard(window, shop):
    from selenium.webdriver.common.keys import Keys

    window.get(f"{shop}{ROLLOUT}")
    tab_to(window, "href", "/schedule/?branch=production&allocation=1")
    keys(window, Keys.ENTER)
    says(window, "Schedule a ramp", "h1")
    tab_to(window, "id", "message")
    keys(window, "on Monday")
    tab_to(window, "id", "pe-schedule")
    keys(window, Keys.ENTER)
    says(window, "on Monday", ".pe-proposal-head")


def test_enter_in_a_field_publishes_nothing(window, shop):
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.expected_conditions import staleness_of

    window.get(f"{shop}{ROLLOUT}edit/")
    form = one(window, "#pe-form")
    one(window, "#share-0-1").send_keys("5", Keys.BACKSPACE, Keys.ENTER)
    until(window, lambda: staleness_of(form)(window))
    says(window, "Nothing has changed yet.", "#pe-effect")
    assert window.current_url.endswith("/edit/")
    # The form was replaced; the person goes on where they were.
    assert window.switch_to.active_element.get_attribute("id") == "share-0-1"


def test_the_keyboard_skips_the_menu_and_a_new_test_begins_at_its_name(window, shop):
    from selenium.webdriver.common.keys import Keys

    window.get(f"{shop}{COLOR}")
    keys(window, Keys.TAB)
    assert window.switch_to.active_element.text == "Skip to the content"
    assert window.switch_to.active_element.rect["y"] >= 0
    keys(window, Keys.ENTER)
    keys(window, Keys.TAB)
    assert window.switch_to.active_element.text == "Tests"
    assert not window.switch_to.active_element.find_elements("xpath", "ancestor::header")
    window.get(f"{shop}{EDITOR}create/")
    assert window.switch_to.active_element.get_attribute("id") == "test"


PAGES = {
    "tests": EDITOR,
    "nothing found": f"{EDITOR}?q=nothing",
    "test": COLOR,
    "edit": f"{COLOR}edit/",
    "create": f"{EDITOR}create/",
    "compare": f"{COLOR}compare/",
    "stop": f"{ROLLOUT}stop/?branch=production",
    "stop any": f"{EDITOR}stop/",
    "ramp": f"{ROLLOUT}schedule/?branch=trunk",
    "schedule": f"{EDITOR}schedule/",
    "raise": f"{ROLLOUT}raise/?branch=production&allocation=1&to=100",
    "finish": f"{COLOR}finish/?branch=production&value=2",
    "delete": f"{COLOR}delete/?branch=production",
    "review": f"{EDITOR}review/",
    "proposal": f"{EDITOR}review/1/",
    "matrix": f"{EDITOR}matrix/",
    "import": f"{EDITOR}matrix/import/?branch=production",
    "tokens": f"{EDITOR}tokens/",
    "refusal": f"{EDITOR}tests/nowhere/",
}


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core."""
    package = pytest.importorskip("axe_core_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_that_keeps_anybody_out(window, axe, shop, is_dark):
    propose(window, shop, f"{ROLLOUT}{TO_ALL}", "it is quick enough")
    scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    found = {}
    for name, path in PAGES.items():
        window.get(f"{shop}{path}")
        if name == "edit":
            window.execute_script(
                "document.querySelectorAll('details').forEach(d => d.open = true)"
            )
        window.execute_script(axe)
        answer = window.execute_async_script(
            "const done = arguments[arguments.length - 1]; axe.run().then(done, done);"
        )
        found[name] = [
            (each["id"], [node["target"] for node in each["nodes"]])
            for each in answer["violations"]
            if each["impact"] in ("serious", "critical")
        ]
    assert {name: each for name, each in found.items() if each} == {}


def test_the_policy_refuses_nothing_and_nothing_fails(window, shop):
    propose(window, shop, f"{ROLLOUT}{TO_ALL}", "it is quick enough")
    for path in PAGES.values():
        window.get(f"{shop}{path}")
    window.get(f"{shop}{ROLLOUT}edit/")
    fill(window, "#share-0-1", "65")
    says(window, "15 % of visitors enter", "#pe-effect")
    click(window, "Add a group")
    _focused(window, "bucket-2-name")
    wrong = ("WARNING", "SEVERE")
    said = [each["message"] for each in window.get_log("browser") if each["level"] in wrong]
    expected = ("favicon", "/tests/nowhere/")
    assert [each for each in said if not any(word in each for word in expected)] == []


def test_nothing_is_wider_than_a_phone(window, shop):
    propose(window, shop, f"{ROLLOUT}{TO_ALL}", "it is quick enough")
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        wide = {}
        for name, path in PAGES.items():
            window.get(f"{shop}{path}")
            wide[name] = window.execute_script("return document.documentElement.scrollWidth")
        assert {name: each for name, each in wide.items() if each > PHONE["width"]} == {}
    finally:
        window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_long_words_and_many_groups_fit_on_a_phone(window, shop):
    buckets = [
        {"name": f"{'g' * 90}{each + 1}", "value": each, "description": "d" * 300, "payload": None}
        for each in range(-1, 199)
    ]
    ranges = [{"bucketValue": each["value"], "length": 0.005} for each in buckets]
    document = {
        "testType": "USER",
        "salt": "&long",
        "description": "w" * 500,
        "buckets": buckets,
        "allocations": [{"rule": None, "ranges": ranges}],
    }
    window.get(f"{shop}{EDITOR}create/")
    fill(window, "#test", "n" * 100)
    click(window, "JSON")
    until(window, lambda: one(window, "#json").is_displayed())
    window.execute_script(
        "document.getElementById('json').value = arguments[0];", json.dumps(document)
    )
    fill(window, "#pe-message", "m" * 500)
    click(window, "Publish on trunk")
    says(window, "m" * 500, ".pe-timeline")
    page = f"{EDITOR}tests/{'n' * 100}/"
    assert text(window, ".pe-legend").count("%") == 12
    assert "and 188 more groups" in text(window, ".pe-legend")
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        wide = {}
        for tail in ("", "edit/", "compare/", "stop/?branch=trunk", "finish/?branch=trunk"):
            window.get(f"{shop}{page}{tail}")
            wide[tail] = window.execute_script("return document.documentElement.scrollWidth")
        assert {name: each for name, each in wide.items() if each > PHONE["width"]} == {}
    finally:
        window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_form_is_sent_once(window, shop):
    window.get(f"{shop}{ROLLOUT}stop/?branch=production")
    fill(window, "#pe-reason", "it hurts")
    prevented = window.execute_script(
        "const prevented = [], form = document.querySelector('.pe-page form');"
        "addEventListener('submit', (event) => prevented.push(event.defaultPrevented));"
        "form.requestSubmit(); form.requestSubmit();"
        "return prevented;"
    )
    assert prevented == [False, True]


def test_input_is_kept_when_the_session_ends_while_someone_edits(window, shop):
    window.get(f"{shop}{ROLLOUT}edit/")
    fill(window, "#description", "Typed for a long time")
    fill(window, "#pe-message", "and why")
    tab = window.current_window_handle
    window.execute_cdp_cmd("Network.clearBrowserCookies", {})
    click(window, "Publish on trunk")
    says(window, "You are signed out", "h1")
    window.switch_to.new_window("tab")
    window.get(f"{shop}{EDITOR}")
    sign_in(window)
    says(window, "Tests", "h1")
    window.close()
    window.switch_to.window(tab)
    click(window, "Continue")
    says(window, "Nothing was saved", ".pe-alert")
    assert one(window, "#description").get_attribute("value") == "Typed for a long time"
    click(window, "Publish on trunk")
    says(window, "and why", ".pe-timeline")


def in_sight(window, selector):
    """Return whether an element is visible, and the one on top at its middle."""
    return window.execute_script(
        "const found = document.querySelector(arguments[0]);"
        "const box = found.getBoundingClientRect();"
        "const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);"
        "return top !== null && found.contains(top);",
        selector,
    )


def scroll_to(window, selector):
    window.execute_script("document.querySelector(arguments[0]).scrollIntoView()", selector)


def test_who_moves_and_publish_are_in_sight_wherever_one_scrolls_on_a_phone(window, shop):
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        window.get(f"{shop}{ROLLOUT}edit/")
        fill(window, "#share-0-1", "65")
        says(window, "15 % of visitors enter, nobody changes groups.", ".pe-dock")
        for place in ("h1", "#pe-groups", "#pe-allocations"):
            scroll_to(window, place)
            assert in_sight(window, ".pe-dock button")
            assert in_sight(window, ".pe-dock .pe-headline")
        press(window, lambda: one(window, ".pe-dock a"))
        until(window, lambda: in_sight(window, "#pe-effect .pe-headline"))
        # There, the button of the panel is enough.
        scroll_to(window, "#pe-effect")
        until(window, lambda: in_sight(window, "#pe-publish"))
        until(window, lambda: not one(window, ".pe-dock").is_displayed())
        scroll_to(window, "h1")
        press(window, lambda: one(window, ".pe-dock button"))
        says(window, "Published on trunk", ".pe-published")
    finally:
        window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_publish_is_in_sight_however_long_the_effect_is(window, shop):
    window.get(f"{shop}{COLOR}edit/")
    for field, share in (("0-1", "20"), ("0-2", "80"), ("1-0", "0"), ("1-1", "20"), ("1-2", "80")):
        fill(window, f"#share-{field}", share)
    says(window, "jump from blue to green", "#pe-effect")
    for place in ("h1", "#pe-groups", "#pe-more"):
        scroll_to(window, place)
        assert in_sight(window, "#pe-publish")
        assert in_sight(window, "#pe-effect .pe-headline")


def test_the_keyboard_skips_the_form_to_publish(window, shop):
    from selenium.webdriver.common.keys import Keys

    window.get(f"{shop}{ROLLOUT}edit/")
    tab_to(window, "href", "#pe-panel")
    assert window.switch_to.active_element.rect["y"] >= 0
    keys(window, Keys.ENTER, Keys.TAB, Keys.TAB)
    assert window.switch_to.active_element.get_attribute("id") == "pe-message"


def test_a_test_is_stopped_on_a_phone(window, shop):
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        window.get(f"{shop}{EDITOR}")
        click(window, "Stop a test")
        choose(window, "buttoncolortst · production")
        says(window, "Everybody in buttoncolortst on production", "#pe-preview")
        fill(window, "#pe-reason", "from the train")
        click(window, "Stop now")
        says(window, "from the train", ".pe-hold")
    finally:
        window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
