"""Shops for tests in a browser: a database is prepared once, and a copy served for each test."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys

from tests.live.browser import fill, one, press, says, skip_without_browser
from tests.live.pipet import free_port
from tests.live.serving import ROOT, running

EDITOR = "/proctor/"


def prepare(module, directory):
    """Create the database that *module* prepares and return its path."""
    skip_without_browser()
    path = directory / "shop.sqlite3"
    environment = {"SHOP_DATABASE": str(path), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", module, "prepare"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return path


@contextlib.contextmanager
def served(module, prepared, directory):
    """Serve a copy of a prepared database; yield the URL."""
    database = directory / "shop.sqlite3"
    shutil.copy(prepared, database)
    port = free_port()
    command = [sys.executable, "-m", module, str(port)]
    with running(command, port, "/", directory / "log", SHOP_DATABASE=str(database)) as server:
        yield server.root


def sign_in(window, name="admin"):
    fill(window, "#id_username", name)
    fill(window, "#id_password", name)
    press(window, lambda: one(window, ".pe-sign-in button"))


def open_editor(window, shop, name="admin"):
    """Sign in, show the list of tests, and return the window."""
    window.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    window.execute_cdp_cmd("Network.clearBrowserCookies", {})
    window.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    window.get(f"{shop}{EDITOR}")
    sign_in(window, name)
    says(window, "Tests", "h1")
    window.get_log("browser")
    return window
