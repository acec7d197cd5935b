"""Open the pages of a shop that is being started: `visit_shop.py URL PROCESS`.

Waits until it answers; gives up once the process is gone. Needs nothing but Python.
"""

from __future__ import annotations

import os
import re
import sys
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

#: Seconds for the installation and the start.
PATIENCE = 300

#: Each page, and words that are on it.
PAGES = {
    "/": "Small Hours",
    "/things/moth/": "Add to basket",
    "/search/?q=teapot": "Harbour",
    "/basket/": "Your basket",
    "/you/": "buttoncolortst",
    "/static/shop/shop.css": "prefers-color-scheme",
    "/static/shop/art/moth.svg": "<svg",
}


def main(root: str, process: int) -> None:
    """Fetch every page, and the page about the visitor twice: he stays who he is."""
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
            os.kill(process, 0)  # ProcessLookupError where it has ended
            time.sleep(0.5)
    for address, words in PAGES.items():
        if words not in fetch(address):
            raise SystemExit(f"{address} does not say {words!r}")
        print(f"{address}: fine")
    groups = [re.findall(r'<p class="group">(.*?)</p>', fetch("/you/")) for _ in range(2)]
    if groups[0] != groups[1] or not groups[0]:
        raise SystemExit(f"the groups do not stay: {groups}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
