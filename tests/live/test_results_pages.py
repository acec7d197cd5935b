"""The shop's results in a real browser: with mouse and phone, in dark mode, and axe-core."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.browser import browser, click, fill, one, says, skip_without_browser, text
from tests.live.pipet import free_port
from tests.live.serving import ROOT, running

LIST = "/proctor/results/"
PAGE = f"{LIST}tests/buttoncolortst/"
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}

#: Visitors of a test, as the shop would have recorded them.
FILL = """
import json, os
os.environ |= {"DJANGO_SETTINGS_MODULE": "testproject.settings", "SHOP_EDITOR": "1"}
import django; django.setup()
from testproject.shop.first_start import prepare
prepare()
from django.conf import settings
from tests.results.samples import noted, store
document = json.loads(settings.SHOP_MATRIX.read_text())["tests"]["buttoncolortst"]
store(noted(document, 3000, name="buttoncolortst", effect=0.2, context={"country": "US"}))
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The URL of a shop with results and the strictest CSP."""
    skip_without_browser()
    database = tmp_path_factory.mktemp("results") / "shop.sqlite3"
    environment = {"SHOP_DATABASE": str(database), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-W", "ignore", "-c", FILL]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    port = free_port()
    command = [sys.executable, "-m", "tests.live.editor_shop", str(port)]
    with running(
        command, port, "/", database.parent / "log", SHOP_DATABASE=str(database)
    ) as server:
        yield server.root


@pytest.fixture
def window(shop):
    with browser() as window:
        window.implicitly_wait(5)
        window.get(f"{shop}{LIST}")
        fill(window, "#id_username", "admin")
        fill(window, "#id_password", "admin")
        click(window, "Sign in")
        says(window, "Results", "h1")
        yield window


def serious(window):
    """The serious and critical problems that axe-core finds."""
    package = pytest.importorskip("axe_core_python", reason="axe-core is not installed")
    axe = (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    window.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    window.execute_script(axe)
    answer = window.execute_async_script(
        "const done = arguments[arguments.length - 1]; axe.run().then(done, done);"
    )
    return [
        (each["id"], node["html"])
        for each in answer["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def complaints(window):
    """The messages on the console, except those about the shop's missing icon."""
    return [each for each in window.get_log("browser") if "favicon" not in each["message"]]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("address", [LIST, PAGE, f"{PAGE}decide/"])
def test_a_page_has_no_serious_problem_and_keeps_the_policy(window, shop, address, dark):
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    window.get(f"{shop}{address}")
    assert serious(window) == []
    assert complaints(window) == []


@pytest.mark.parametrize("address", [LIST, PAGE, f"{PAGE}decide/"])
def test_a_phone_scrolls_only_downwards(window, shop, address):
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    window.get(f"{shop}{address}")
    assert window.execute_script("return document.documentElement.scrollWidth") <= 390
    assert serious(window) == []


def test_a_test_is_decided_without_a_script(window, shop):
    window.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    click(window, "buttoncolortst")
    says(window, "Exposures by day")
    click(window, "Decide")
    one(window, "input[value=won]").click()
    one(window, "#pr-group option:nth-child(3)").click()
    fill(window, "#pr-reason", "It fills more baskets.")
    click(window, "Save the decision")
    says(window, "“blue” won")
    assert "It fills more baskets." in text(window)
    window.get(f"{shop}/proctor/tests/buttoncolortst/")
    says(window, "Decided: “blue” won. It fills more baskets.")
