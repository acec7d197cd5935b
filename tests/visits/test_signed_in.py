"""The signed-in user is the same under WSGI and ASGI, with Django's users in a database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("wsgi plain", "wsgi coroutine", "asgi plain", "asgi coroutine")

#: The result of each scenario of `site_with_users` in all stacks: ACCOUNT, and the group of a
#: visitor who requests green, which only staff may force.
EXPECTED = {
    "a session": ["9", "green"],
    "a customer's session": ["7", "blue"],
    "no session": ["None", "blue"],
    "no users": ["None", "blue"],
    "impersonation": ["7", "blue"],
    "promotion": ["9", "green"],
    "second factor": ["None", "blue"],
    "None": ["None", "blue"],
    "a token": ["t1", "green"],
    "a token without a key": ["None", "blue"],
    "a lazy token": ["9", "green"],
    "a lazy token that fails": ["failed", None],
    "REMOTE_USER": ["9", "green"],
    "lazy values": ["boss", "blue", *["boss"] * 5],
    "awaited lazy values": ["boss", "green", *["boss"] * 5],
}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    directory = tmp_path_factory.mktemp("site")
    result = subprocess.run(
        [sys.executable, "-m", "tests.visits.site_with_users", str(directory)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SITE_DIRECTORY": str(directory),
            "DJANGO_SETTINGS_MODULE": "tests.visits.settings_with_users",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("scenario", EXPECTED)
def test_wsgi_and_asgi_agree_on_who_is_signed_in_and_on_what_they_may(given, scenario):
    assert given[scenario] == dict.fromkeys(STACKS, EXPECTED[scenario])


def test_under_asgi_a_replaced_auser_counts_if_nobody_replaced_the_user(given):
    found = given["auser alone"]
    assert (found["asgi plain"], found["asgi coroutine"]) == (["t1", "green"], ["t1", "green"])
