"""A process that serves a site, for tests that need several processes.

Reads settings as JSON from the first line of its input, and a visitor from each further line.
Prints the page of each visitor, and keeps their sessions.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: This must be the same in all processes of a site.
SECRET_KEY = "the same in all processes of a site"


class Worker:
    """The process, from the test's side."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start_visit(self, user: str, session: str = "") -> None:
        """Send a visitor to the site without waiting for the page."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"user": user, "session": session}) + "\n")
        self._process.stdin.flush()

    def page(self) -> dict[str, str]:
        """Return the page of the earliest visitor whose page was not read yet."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the worker has ended"
        page: dict[str, str] = json.loads(line)
        return page

    def visit(self, user: str = "someone", session: str = "") -> str:
        """Return the group of a visitor, and the reason for it."""
        self.start_visit(user, session)
        return self.page()["shown"]


@contextlib.contextmanager
def working(**settings: Any) -> Iterator[Worker]:
    """Run a process whose site has these settings."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.live.worker"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        yield Worker(process)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(60)


def main() -> None:
    """Serve visitors until the input ends."""
    from django.conf import settings

    settings.configure(
        **{
            "SECRET_KEY": SECRET_KEY,
            "ALLOWED_HOSTS": ["*"],
            "ROOT_URLCONF": "tests.live.pages",
            "INSTALLED_APPS": ["proctor"],
            "MIDDLEWARE": [
                "django.contrib.sessions.middleware.SessionMiddleware",
                "tests.live.pages.ByHeader",
            ],
            "PROCTOR_TESTS": ("buttoncolortst",),
            "PROCTOR_TIMEOUT": 30.0,
            **json.loads(sys.stdin.readline()),
        }
    )
    import django
    from django.test import Client

    django.setup()
    for line in sys.stdin:
        visitor = json.loads(line)
        client = Client(headers={"x-user": visitor["user"]})
        if visitor["session"]:
            client.cookies[settings.SESSION_COOKIE_NAME] = visitor["session"]
        shown = client.get("/").content.decode()
        cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
        session = cookie.value if cookie is not None else ""
        print(json.dumps({"shown": shown, "session": session}), flush=True)


if __name__ == "__main__":
    main()
