"""A headless Chromium, for tests of pages in a browser."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

#: No dialogs, and no requests except those of the page.
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
    """Return the paths of Chromium and of its driver; skip the test if one is missing."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip(f"{'chromedriver' if chromium else 'chromium'} is not installed")
    return chromium, driver


@contextlib.contextmanager
def browser(*arguments: str, width: int = 1280, height: int = 900) -> Iterator[Chrome]:
    """Yield a browser with a new profile, which is closed at the end of the `with`.

    *arguments* are additional options of Chromium, such as `--force-dark-mode`. Its console is
    available from `get_log("browser")`. Skips the test if there is no browser.
    """
    chromium, driver = skip_without_browser()
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    # A browser that is closing may still write to its profile, so ignore errors.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ChromeOptions()
        options.binary_location = chromium
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        size = f"--window-size={width},{height}"
        for argument in (*_ARGUMENTS, size, f"--user-data-dir={profile}", *arguments):
            options.add_argument(argument)
        # Given the path, selenium does not look for a driver on the network.
        window = Chrome(options=options, service=Service(executable_path=driver))
        try:
            yield window
        finally:
            window.quit()


def one(window: Chrome, selector: str) -> WebElement:
    """Return the first element for this CSS selector."""
    from selenium.webdriver.common.by import By

    return window.find_element(By.CSS_SELECTOR, selector)


def text(window: Chrome, selector: str = "main") -> str:
    """Return the visible text of an element."""
    return one(window, selector).text


def says(window: Chrome, words: str, selector: str = "main") -> None:
    """Wait until a part of the page contains this text; a click may still be loading a page."""
    until(window, lambda: words in text(window, selector))


def says_no_more(window: Chrome, words: str) -> None:
    """Wait until the page no longer contains this text."""
    until(window, lambda: words not in text(window))


def press(window: Chrome, find: Callable[[], WebElement]) -> None:
    """Click the element that *find* returns, even if a loading page replaces it first."""

    def pressed() -> bool:
        find().click()
        return True

    until(window, pressed)


def click(window: Chrome, words: str) -> None:
    """Click the visible link or button with this text."""
    path = f"//*[self::a or self::button or self::summary][normalize-space(.)='{words}']"
    press(window, lambda: window.find_element("xpath", path))


def fill(window: Chrome, selector: str, words: str) -> None:
    """Type into an empty field."""

    def typed() -> bool:
        field = one(window, selector)
        field.clear()
        field.send_keys(words)
        return True

    until(window, typed)


def until(window: Chrome, done: Callable[[], bool]) -> None:
    """Wait until *done* is true; elements that it uses may be replaced by a loading page."""
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.support.ui import WebDriverWait

    # Chromium reports a removed element with several different errors.
    ignored = (WebDriverException,)
    WebDriverWait(window, 15, 0.05, ignored_exceptions=ignored).until(lambda _window: done())
