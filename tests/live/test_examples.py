"""The examples for other frameworks, run as servers that cannot import Django."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import sys
from http.cookies import SimpleCookie
from urllib.request import Request, urlopen

import pytest

from tests.fences import fences
from tests.live.pipet import free_port
from tests.live.serving import ROOT, running

EXAMPLES = ROOT / "examples"
NAMES = ["flask", "fastapi"]

#: A visitor who is in the group blue of examples/matrix.json, in the United States.
IN_BLUE = "pa5xq0lz4n80"


def command(name, port):
    """The example's start command from the page, with a different port."""
    (wanted,) = (
        line
        for fence in fences(EXAMPLES / "README.md", "sh")
        for line in fence.body.splitlines()
        if f"examples/{name}" in line and not line.startswith("pip ")
    )
    program, *arguments = shlex.split(re.sub(r"--port \d+", f"--port {port}", wanted))
    return [sys.executable, "-m", program, *arguments]


@contextlib.contextmanager
def served(name, directory, **environment):
    pytest.importorskip(name, reason=f"{name} is not installed")
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    (directory / "django").mkdir(exist_ok=True)
    (directory / "django" / "__init__.py").write_text("raise ImportError('not in an example')")
    path = f"{directory}:{ROOT}"
    port = free_port()
    with running(
        command(name, port), port, "/", directory / "output", PYTHONPATH=path, **environment
    ) as server:
        yield server


@pytest.fixture(scope="module", params=NAMES)
def server(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp(request.param)
    with served(request.param, directory, QA_KEY="secret") as server:
        yield server


def get(server, path="/", **headers):
    request = Request(f"{server.root}{path}", headers=headers)
    with urlopen(request, timeout=10) as response:
        return response.read().decode(), response.headers


def color(server, path="/", **headers):
    """The group of the test of the button."""
    body, answer = get(server, path, **headers)
    if answer.get_content_type() == "text/html":
        return re.search(r'<button class="(\w+)">', body)[1]
    payloads = {"#6C757D": "control", "#2B60DE": "blue", "#2E8B57": "green"}
    return payloads[json.loads(body)["button"]]


def exposures(server):
    return [line for line in server.output.splitlines() if line.startswith("exposures ")]


def test_a_new_visitor_gets_an_id_that_keeps_his_group(server):
    _, headers = get(server, **{"X-Country": "US"})
    cookie = SimpleCookie(headers["Set-Cookie"])["visitor"]
    assert (len(cookie.value) >= 20, cookie["httponly"], cookie["max-age"]) == (
        True,
        True,
        str(365 * 24 * 60 * 60),
    )
    assert headers["Cache-Control"] == "private"
    again = {"Cookie": f"visitor={cookie.value}", "X-Country": "US"}
    assert len({color(server, **again) for _ in range(3)}) == 1


def test_two_new_visitors_are_not_the_same(server):
    assert get(server)[1]["Set-Cookie"] != get(server)[1]["Set-Cookie"]


def test_a_page_differs_by_group(server):
    found = {color(server, Cookie=f"visitor={n}", **{"X-Country": "US"}) for n in range(30)}
    assert found == {"control", "blue", "green"}


def test_a_group_is_that_of_the_engine(server):
    assert color(server, Cookie=f"visitor={IN_BLUE}", **{"X-Country": "US"}) == "blue"


def test_an_exposure_is_a_line_of_the_log(server):
    before = exposures(server)
    color(server, Cookie=f"visitor={IN_BLUE}", **{"X-Country": "US"})
    assert exposures(server)[len(before) :] == [f"exposures '{IN_BLUE}' buttoncolortst blue"]


def test_whoever_has_the_key_forces_a_group_and_is_not_counted(server):
    before = exposures(server)
    forced = "/?prforceGroups=buttoncolortst2"
    cookie = f"visitor={IN_BLUE}; qa=secret"
    assert color(server, forced, Cookie=cookie, **{"X-Country": "US"}) == "green"
    assert exposures(server) == before


@pytest.mark.parametrize("cookie", ["", "; qa=", "; qa=guessed"])
def test_nobody_else_forces_one(server, cookie):
    forced = "/?prforceGroups=buttoncolortst2"
    cookie = f"visitor={IN_BLUE}{cookie}"
    assert color(server, forced, Cookie=cookie, **{"X-Country": "US"}) == "blue"


@pytest.mark.parametrize("name", NAMES)
def test_without_a_key_nobody_forces_anything(name, tmp_path):
    with served(name, tmp_path) as server:
        cookie = f"visitor={IN_BLUE}; qa="
        forced = "/?prforceGroups=buttoncolortst2"
        assert color(server, forced, Cookie=cookie, **{"X-Country": "US"}) == "blue"


@pytest.mark.parametrize("name", NAMES)
def test_without_a_matrix_everybody_sees_the_old_page(name, tmp_path):
    with served(name, tmp_path, MATRIX=str(tmp_path / "none.json")) as server:
        assert color(server, **{"X-Country": "US"}) == "control"
        assert exposures(server) == []
        assert "none.json" in server.output


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short(name):
    assert len((EXAMPLES / name / "app.py").read_text().splitlines()) < 60
