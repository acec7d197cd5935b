"""The shop's settings with 60 tests; each page reads all of them."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from testproject.settings import *  # noqa: F403 - a variant of these settings
from testproject.settings import MIDDLEWARE as _SHOPS
from testproject.settings import PROCTOR_TESTS as _TESTS
from testproject.settings import SHOP_MATRIX

DEBUG = True
MANY = tuple(f"manytst_{chr(97 + number // 8)}{chr(97 + number % 8)}" for number in range(56))
PROCTOR_TESTS = (*_TESTS, *MANY)
MIDDLEWARE = [*_SHOPS, "tests.live.bar_site.read_all"]


def _matrix() -> str:
    document = json.loads(SHOP_MATRIX.read_text(encoding="utf-8"))
    pattern = document["tests"]["headlinetst"]
    document["tests"].update({name: {**pattern, "salt": f"&{name}"} for name in MANY})
    path = Path(tempfile.gettempdir()) / f"bar_site-{os.getpid()}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


PROCTOR_MATRIX = _matrix()


def read_all(get_response):
    def middleware(request):
        if request.path.startswith("/things/"):
            for name in request.proc:
                request.proc[name]
        return get_response(request)

    return middleware
