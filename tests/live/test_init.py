"""The steps of a newcomer, from `django-admin startproject` to a page with a test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.live.pipet import free_port
from tests.live.serving import running

ROOT = Path(__file__).resolve().parents[2]


def test_a_newcomer_comes_to_a_page_with_a_test(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    del environment["DJANGO_SETTINGS_MODULE"]

    def do(*arguments):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    do("-m", "django", "startproject", "mysite", ".")
    printed = do("-m", "proctor", "init", "--write")
    assert "  http://127.0.0.1:8000/  a page with the first test\n" in printed
    do("manage.py", "migrate")
    do("manage.py", "proctor_import", "proctor-matrix.json", "--branch", "production")
    assert "no issues" in do("manage.py", "check")
    port = free_port()
    command = [*(sys.executable, str(tmp_path / "manage.py"), "runserver", "--noreload", str(port))]
    with running(
        command, port, "/", tmp_path / "log", DJANGO_SETTINGS_MODULE="mysite.settings"
    ) as server:
        groups, cookies = set(), set()
        for _ in range(40):
            with urllib.request.urlopen(f"{server.root}/", timeout=20) as response:
                groups.add(re.search(rb"You are in the group <b>(\w+)</b>", response.read())[1])
                cookies.add(response.headers["Set-Cookie"].split("=")[0])
        # Each is a visitor of their own; all in one group are one in 2**39.
        assert groups == {b"same", b"control"}
        assert cookies == {"proctor_id"}
        with urllib.request.urlopen(f"{server.root}/proctor/", timeout=20) as response:
            assert "/sign-in/" in response.url
