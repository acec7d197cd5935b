"""Open the pages of a shop that is starting: `visit_shop.py URL PROCESS`.

Waits until the shop answers, and gives up if the process ends. Needs only Python's standard
library.
"""

from __future__ import annotations

import os
import re
import sys
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

#: How long to wait for the installation and the start, in seconds.
PATIENCE = 300

#: Each page, and text that it must contain.
PAGES = {
    "/": "Small Hours",
    "/things/moth/": "Add to basket",
    "/search/?q=teapot": "Harbour",
    "/basket/": "Your basket",
    "/you/": "buttoncolortst",
    "/proctor/": "Sign in",
    "/proctor/results/": "Sign in",
    "/static/shop/shop.css": "prefers-color-scheme",
    "/static/shop/art/moth.svg": "<svg",
}


def main(root: str, process: int) -> None:
    """Fetch every page, and check that a second visit finds the same groups."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )

    def fetch(address: str) -> str:
        with opener.open(root + address, timeout=20) as response:
            return response.read().decode()

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fetch("/")
            break
        except urllib.error.HTTPError:
            raise
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"the shop did not answer for {PATIENCE} s: {error}") from error
            os.kill(process, 0)  # raises ProcessLookupError if the process has ended
            time.sleep(0.5)
    for address, words in PAGES.items():
        if words not in fetch(address):
            raise SystemExit(f"{address} does not contain {words!r}")
        print(f"{address}: fine")
    groups = [re.findall(r'<p class="group">(.*?)</p>', fetch("/you/")) for _ in range(2)]
    if groups[0] != groups[1] or not groups[0]:
        raise SystemExit(f"the groups changed between two visits: {groups}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
