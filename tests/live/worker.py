"""A process that serves a site, for tests that need several: visitors in, groups out.

Reads settings as JSON from the first line of its input, and from each line after it a
visitor; prints for each what the page shows, and keeps his session.
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


class Worker:
    """The process, seen from a test."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start_visit(self, user: str, session: str = "") -> None:
        """Let a visitor come, and do not wait for the page."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"user": user, "session": session}) + "\n")
        self._process.stdin.flush()

    def page(self) -> dict[str, str]:
        """What the earliest visitor has got whose page was not asked for yet."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the worker has ended"
        page: dict[str, str] = json.loads(line)
        return page

    def visit(self, user: str = "somebody", session: str = "") -> str:
        """The group that a visitor gets, and why."""
        self.start_visit(user, session)
        return self.page()["shown"]


@contextlib.contextmanager
def working(**settings: Any) -> Iterator[Worker]:
    """A process whose site has these settings."""
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
        process.wait(10)


def main() -> None:
    """Serve visitors until there are no more."""
    from django.conf import settings

    settings.configure(
        **{
            "SECRET_KEY": "the same in all processes of a site",
            "ALLOWED_HOSTS": ["*"],
            "ROOT_URLCONF": "tests.live.pages",
            "INSTALLED_APPS": ["proctor"],
            "MIDDLEWARE": [
                "django.contrib.sessions.middleware.SessionMiddleware",
                "tests.live.pages.ByHeader",
            ],
            "PROCTOR_TESTS": ("buttoncolortst",),
            "PROCTOR_TIMEOUT": 10.0,
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
