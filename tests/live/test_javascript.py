"""The code in docs/javascript.md, run in a browser."""

from __future__ import annotations

import json
import sys
import time

import pytest

from proctor.core import Matrix, Proctor
from tests.fences import fences
from tests.live.browser import browser, skip_without_browser
from tests.live.pipet import free_port
from tests.live.serving import ROOT, running
from tests.sites import SETTINGS, VISITOR, lay_out

PAGE = ROOT / "docs" / "javascript.md"

#: The strictest policy that lets a site have scripts of its own; and exposures in the log.
MORE_SETTINGS = """
MIDDLEWARE = ["mysite.policy.strict", *MIDDLEWARE]
LOGGING["loggers"]["exposures"] = {"handlers": ["console"], "level": "INFO"}
"""
POLICY = """
import logging

from django.dispatch import receiver
from proctor.signals import exposed

exposures = logging.getLogger("exposures")

@receiver(exposed)
def note_exposure(*, test, assignment, **others):
    exposures.info("%s %s", test, assignment.group)

def strict(get_response):
    def middleware(request):
        response = get_response(request)
        response["Content-Security-Policy"] = "default-src 'self'"
        return response
    return middleware
"""
#: What it would be a pity to take for HTML.
PAYLOAD = """</script><script>document.title = "broken"</script><b>'"&amp;\u2028<!--"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The site of the page, with a content security policy, served by runserver."""
    skip_without_browser()
    site = lay_out(tmp_path_factory.mktemp("site"), PAGE)
    own = [fence.body for fence in fences(PAGE, "python") if fence.path == SETTINGS]
    with (site / SETTINGS).open("a") as file:
        file.write("\n".join([*own, MORE_SETTINGS]))
    (site / "mysite" / "policy.py").write_text(POLICY)
    matrix = json.loads((site / "matrix.json").read_text())
    matrix["tests"]["signuptst"]["buckets"][0]["payload"]["stringValue"] = PAYLOAD
    (site / "matrix.json").write_text(json.dumps(matrix))
    port = free_port()
    command = [sys.executable, str(site / "manage.py"), "runserver", "--noreload", str(port)]
    environment = {"DJANGO_SETTINGS_MODULE": "mysite.settings", "PYTHONUNBUFFERED": "1"}
    with running(command, port, "/", site / "output", **environment) as server:
        server.in_control = someone_in(site / "matrix.json", "control")
        yield server


@pytest.fixture(scope="module")
def window(shop):
    with browser() as window:
        yield window


def someone_in(matrix, group):
    proctor = Proctor(Matrix.load(matrix))
    for number in range(100):
        groups = proctor.determine_groups(identifiers={"USER": f"visitor{number}"}, context={})
        if groups["signuptst"].group == group:
            return f"visitor{number}"
    raise AssertionError


@pytest.fixture
def visit(shop, window):
    """Open the page as a given visitor, or as a new one."""

    def open_page(visitor=None, query=""):
        window.get(f"{shop.root}/static/shop/join.js")  # a place where cookies may be set
        window.delete_all_cookies()
        if visitor is not None:
            window.add_cookie({"name": "proctor_id", "value": visitor})
        window.get_log("browser")
        window.get(f"{shop.root}/{query}")
        return window

    return open_page


def click(window):
    """Open the form, and return its text."""
    window.find_element("id", "join").click()
    words = window.find_element("id", "words")
    assert words.is_displayed()
    return words.get_property("textContent")


def lines(shop):
    return [line for line in shop.output.splitlines() if "INFO exposures" in line]


def wait_for(condition):
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends, "it did not come"
        time.sleep(0.02)


def beacons(shop):
    return [line for line in shop.output.splitlines() if '"POST /exposed/' in line]


def test_a_script_reads_the_group_of_its_visitor(visit):
    window = visit(VISITOR)
    assert click(window) == "Join in one step"
    assert window.find_element("id", "words").get_attribute("class") == "bright"


def test_a_payload_is_text_whatever_is_in_it(visit, shop):
    window = visit(shop.in_control)
    assert click(window) == PAYLOAD
    assert window.title == "Shop"


def test_the_strictest_policy_has_nothing_against_it(visit):
    window = visit(VISITOR)
    click(window)
    missing_icon = "favicon.ico"
    assert [each for each in window.get_log("browser") if missing_icon not in each["message"]] == []


def test_that_policy_is_in_force(visit):
    window = visit(VISITOR)
    window.execute_script(
        "const inline = document.createElement('script');"
        "inline.textContent = 'document.title = \"inline\"';"
        "document.body.append(inline);"
    )
    assert window.title == "Shop"


def test_an_exposure_is_counted_where_the_script_uses_the_group_and_once(visit, shop):
    before, sent = len(lines(shop)), len(beacons(shop))
    window = visit(VISITOR)
    assert window.execute_script("return proctor.peek('signuptst').group") == "onestep"
    assert len(lines(shop)) == before
    click(window)
    click(window)
    wait_for(lambda: len(beacons(shop)) > sent)
    # What would come of the second click has come before this page.
    visit(VISITOR)
    assert [line.split("] ")[1] for line in lines(shop)[before:]] == ["signuptst onestep"]
    assert len(beacons(shop)) == sent + 1


def test_the_first_page_of_a_visitor_counts_the_group_that_he_saw(visit, shop):
    before, sent = len(lines(shop)), len(beacons(shop))
    window = visit()
    group = window.execute_script("return proctor.peek('signuptst').group")
    click(window)
    wait_for(lambda: len(beacons(shop)) > sent)
    assert [line.split("] ")[1] for line in lines(shop)[before:]] == [f"signuptst {group}"]


def test_a_beacon_without_the_token_is_refused(visit, shop):
    before, sent = len(lines(shop)), len(beacons(shop))
    window = visit(VISITOR)
    window.execute_script("document.querySelector('[name=csrfmiddlewaretoken]').remove()")
    click(window)
    wait_for(lambda: len(beacons(shop)) > sent)
    assert '" 403 ' in beacons(shop)[-1]
    assert len(lines(shop)) == before


def test_a_group_that_the_visitor_does_not_have_is_not_counted(visit, shop):
    before, sent = len(lines(shop)), len(beacons(shop))
    window = visit(VISITOR)
    window.add_cookie({"name": "proctor_id", "value": shop.in_control})
    click(window)
    wait_for(lambda: len(beacons(shop)) > sent)
    assert len(lines(shop)) == before


def test_a_test_that_the_page_does_not_name_has_no_group(visit):
    window = visit(VISITOR)
    nothing = window.execute_script("return proctor.use('unheard')")
    assert nothing == {"group": None, "value": None, "payload": None}
