"""A headless Chromium, for tests of what a page is in a browser."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

#: Nobody is asked for anything, and nothing but the page is fetched.
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def skip_without_browser() -> tuple[str, str]:
    """The paths of Chromium and of its driver; skips the test where something is missing."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip(f"{'chromedriver' if chromium else 'chromium'} is not installed")
    return chromium, driver


@contextlib.contextmanager
def browser(*arguments: str, width: int = 1280, height: int = 900) -> Iterator[Chrome]:
    """A browser without a past, which is closed at the end of the `with`.

    *arguments* are more of Chromium's own, as `--force-dark-mode`. Its console is kept for
    `get_log("browser")`. Skips the test where there is no browser.
    """
    chromium, driver = skip_without_browser()
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    # A browser that ends may still write to its profile, and nobody waits for that.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ChromeOptions()
        options.binary_location = chromium
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        size = f"--window-size={width},{height}"
        for argument in (*_ARGUMENTS, size, f"--user-data-dir={profile}", *arguments):
            options.add_argument(argument)
        # With its path given, selenium looks for no driver on the network.
        window = Chrome(options=options, service=Service(executable_path=driver))
        try:
            yield window
        finally:
            window.quit()
