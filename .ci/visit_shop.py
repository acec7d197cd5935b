"""Check the pages of a shop that was just started: `visit_shop.py URL PROCESS_ID`.

Waits until the shop responds, and gives up if the process ends. Needs only Python's standard
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

#: Maximum number of seconds to wait until the shop is installed and has started.
PATIENCE = 300

#: The path of each page, and text that the page must contain.
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
    """Check the text of every page, and that two visits show the same groups."""
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
                raise SystemExit(f"the shop did not answer within {PATIENCE} s: {error}") from error
            os.kill(process, 0)  # this raises ProcessLookupError if the process has ended
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
