"""The demo, started by its command, without the extra [analysis]."""

from __future__ import annotations

import html
import re
import sqlite3
import subprocess
import sys
from datetime import datetime, timezone
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.live.browser import browser, click, fill, one, press, says, skip_without_browser
from tests.live.pipet import free_port
from tests.live.serving import ROOT, running

VERDICTS = {
    "buttoncolortst": "“green” wins: ",
    "headlinetst": "Do not use this test: “promise” has about 440 fewer visitors than expected.",
    "newfeaturerollout": "Too early to tell: ",
}
#: Tables, and rows of them that a start may add. Pages of these tests add visits of today.
ROWS = {
    "auth_user": "1",
    "proctor_editor_proposal": "1",
    "proctor_editor_revision": "1",
    "proctor_results_exposure": "at < date('now')",
    "proctor_results_outcome": "at < date('now')",
    "proctor_results_split": "1",
}


def start(database, log):
    """Start the demo on a free port, with its database. The first start takes a while."""
    port = free_port()
    command = [sys.executable, "-m", "tests.live.demo_without_analysis", "demo", str(port)]
    return running(command, port, "/", log, patience=120, SHOP_DATABASE=str(database))


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "demo.sqlite3"


@pytest.fixture(scope="module")
def demo(database):
    """The demo after its first start."""
    with start(database, database.parent / "log") as server:
        yield server


@pytest.fixture(scope="module")
def read(demo):
    """The text of a page, for the demo's user."""
    opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def fetch(path, form=None):
        data = None if form is None else urlencode(form).encode()
        with opener.open(f"{demo.root}{path}", data, timeout=60) as response:
            return html.unescape(response.read().decode())

    page = fetch("/proctor/sign-in/?next=/proctor/results/")
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', page)[1]
    form = {"csrfmiddlewaretoken": token, "username": "admin", "password": "admin"}
    fetch("/proctor/sign-in/?next=/proctor/results/", form)
    return fetch


def numbers(database):
    with sqlite3.connect(database) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table} WHERE {rows}").fetchone()[0]
            for table, rows in ROWS.items()
        }


def test_the_command_ends_by_printing_three_addresses(demo):
    assert demo.output.rstrip().splitlines()[-3:] == [
        f"  Shop     {demo.root}/",
        f"  Editor   {demo.root}/proctor/",
        f"  Results  {demo.root}/proctor/results/",
    ]


def test_the_command_says_who_may_sign_in(demo):
    assert "Sign in as admin with the password admin." in demo.output


@pytest.mark.parametrize(
    ("path", "words"),
    [("/", "Small Hours"), ("/proctor/", "headlinetst"), ("/proctor/results/", "headlinetst")],
)
def test_each_address_leads_to_its_page(read, path, words):
    assert words in read(path)


@pytest.mark.parametrize("test", VERDICTS)
def test_each_report_has_its_verdict(read, test):
    assert f"<p>{VERDICTS[test]}" in read(f"/proctor/results/tests/{test}/")


def test_the_list_has_the_verdicts_of_the_reports(read):
    page = read("/proctor/results/")
    for phrase in ("“green” wins", "not to be trusted: the split is broken", "too early to tell"):
        assert f"<b>{phrase}</b>" in page


@pytest.mark.parametrize("test", VERDICTS)
def test_a_report_ends_on_the_day_of_the_first_start(read, demo, test):
    today = datetime.now(timezone.utc).date()
    assert f"to {today} 00:00" in read(f"/proctor/results/tests/{test}/")


def test_a_report_says_how_to_get_live_ones(read):
    assert '.venv/bin/pip install -e ".[analysis]"' in read("/proctor/results/tests/headlinetst/")


def test_a_step_of_the_ramp_waits_in_the_editor(read):
    page = re.sub(r"<[^>]+>|\s+", " ", read("/proctor/tests/newfeaturerollout/"))
    assert "50 % of visitors enter, nobody changes groups." in page


def test_what_is_published_on_trunk_reaches_the_shop_without_a_second_person(read):
    assert "needs approval from" not in read("/proctor/promote/")


def test_every_link_leads_to_a_page(read):
    waiting, seen = ["/", "/proctor/", "/proctor/results/", "/private/proctor/force/"], set()
    while waiting:
        place = waiting.pop()
        seen.add(place)
        # An answer of 400 or more raises an error here.
        links = re.findall(r'href="(/[^"#]*)', read(place)) if ".csv" not in place else []
        waiting += {*links} - seen - {*waiting}
    assert len(seen) > 100


def test_a_newcomer_edits_a_headline_sees_it_and_decides_a_test(demo):
    skip_without_browser()
    with browser() as window:
        window.implicitly_wait(5)
        window.get(f"{demo.root}/proctor/tests/headlinetst/edit/")
        fill(window, "#id_username", "admin")
        fill(window, "#id_password", "admin")
        click(window, "Sign in")
        for number in range(3):
            fill(window, f"#bucket-{number}-payload", "Tea before words")
        press(window, lambda: one(window, "#pe-publish"))
        says(window, "Published on trunk", ".pe-published")
        click(window, "Promote to production")
        says(window, "Promote headlinetst", "h1")
        click(window, "Promote to production")
        says(window, "Published on production", ".pe-published")
        window.get(f"{demo.root}/")
        says(window, "Tea before words", "h1")
        window.get(f"{demo.root}/proctor/results/tests/buttoncolortst/")
        click(window, "Decide")
        one(window, "input[value=won]").click()
        one(window, "#pr-group option:nth-child(4)").click()
        fill(window, "#pr-reason", "It fills more baskets.")
        click(window, "Save the decision")
        says(window, "“green” won")


def test_a_second_start_changes_nothing(demo, database, tmp_path):
    before = numbers(database)
    with start(database, tmp_path / "log") as again:
        assert again.output.count("Results") == 1
    assert numbers(database) == before


def test_the_reports_are_those_of_the_visitors(demo, database):
    pytest.importorskip("tea_tasting", reason="the extra [analysis] is not installed")
    result = subprocess.run(
        [sys.executable, "testproject/manage.py", "demo_reports", "--check"],
        cwd=ROOT,
        env={"SHOP_DATABASE": str(database), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
