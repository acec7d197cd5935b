"""`manage.py proctor_register`, with the site's own editor and with another site's."""

from __future__ import annotations

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from proctor import ProctorTest
from proctor.editor.access.permissions import command
from proctor.editor.access.tokens import Scope, create_token
from proctor.editor.applications.registering import register
from proctor.editor.changes import services
from proctor.editor.models import Application
from proctor.upkeep.site_specification import site_place, site_specification
from tests.editor.samples import text_of

TOKEN = "PROCTOR_REGISTER_TOKEN"


@pytest.fixture
def site(settings):
    """A site with two tests that reads production."""
    settings.PROCTOR_EDITOR_BRANCHES = ("trunk", "production")
    settings.PROCTOR_MATRIX = "editor:production"
    settings.PROCTOR_TESTS = (
        ProctorTest("buttontst", groups={"inactive": -1, "control": 0}, default="inactive"),
        ProctorTest("headlinetst", groups=("a", "b"), payload=str),
    )
    settings.PROCTOR_CONTEXT = {"country": "String", "age": "int", "list": "list"}
    settings.PROCTOR_REGISTER_TOKEN = None
    settings.PROCTOR_MATRIX_TOKEN = None
    return settings


def run(*arguments):
    output = io.StringIO()
    call_command("proctor_register", *arguments, stdout=output)
    return output.getvalue()


def failure(*arguments):
    with pytest.raises(CommandError) as error:
        run(*arguments)
    assert error.value.returncode == 2
    return str(error.value)


# -- In the site of the editor ------------------------------------------------------------------


def test_the_site_registers_under_the_name_and_for_the_branch_of_its_settings(site, db):
    assert run().startswith("Registered shop in production: 2 declared tests\n")
    (kept,) = Application.objects.all()
    assert (kept.name, kept.environment, kept.whole_matrix) == ("shop", "production", True)
    assert json.loads(kept.specification) == {
        "providedContext": {"country": "String", "age": "int", "list": "list"},
        "tests": {
            "buttontst": {"fallbackValue": -1, "buckets": {"inactive": -1, "control": 0}},
            "headlinetst": {"payload": {"type": "stringValue"}},
        },
    }


def test_options_say_otherwise(site, db):
    run("--application", "other", "--environment", "trunk", "--release", "1.4")
    (kept,) = Application.objects.all()
    assert (kept.name, kept.environment, kept.version) == ("other", "trunk", "1.4")


def test_without_a_name_the_package_of_its_addresses_is_taken(site, db):
    site.PROCTOR_APPLICATION = None
    assert run().startswith("Registered testproject in production")


def test_a_site_without_declared_variables_says_nothing_of_them(site):
    site.PROCTOR_CONTEXT = None
    assert site_specification()["providedContext"] is None


def test_what_the_branch_lacks_is_printed(site, db):
    ada = command("ada")
    first = services.edit(ada, "buttontst", text_of(), base=None).revision
    services.promote(
        ada, "buttontst", "trunk", "production", revision=first.id, base=None, override="x"
    )
    lines = run("--application", "second").splitlines()
    assert lines[1] == "headlinetst: missing"
    assert lines[2].startswith("buttontst: visitors can get the bucket blue (1)")


def test_strict_makes_it_an_exit_code(site, db):
    with pytest.raises(SystemExit) as ended:
        run("--strict")
    assert ended.value.code == 1
    assert Application.objects.exists()


def test_an_unknown_branch_is_refused(site, db):
    assert "there is no branch 'prod'" in failure("--environment", "prod")


def test_a_site_that_reads_a_file_says_its_branch(site, tmp_path, db):
    site.PROCTOR_MATRIX = tmp_path / "matrix.json"
    assert "give --environment BRANCH" in failure()


def test_a_site_without_an_editor_says_where_it_is(site, db):
    site.INSTALLED_APPS = [each for each in site.INSTALLED_APPS if each != "proctor.editor"]
    site.PROCTOR_MATRIX = None
    assert "give --to with the URL" in failure("--environment", "production")


def test_a_bad_name_is_refused(site, db):
    assert "expected an application name" in failure("--application", "a/b")


# -- At the editor of another site --------------------------------------------------------------


def test_a_matrix_by_url_says_which_editor_and_branch_it_is(site):
    site.PROCTOR_MATRIX = "https://shop.example/proctor/matrix/production.json"
    assert site_place() == ("production", "https://shop.example/proctor/")


def token(*scopes):
    user = get_user_model().objects.create_superuser("deploy")
    return create_token(user, "deploy", scopes)[1]


@pytest.fixture
def editor_url(site, live_server):
    return f"{live_server.url}/proctor/"


def test_another_site_registers_over_http(site, editor_url, monkeypatch):
    monkeypatch.setenv(TOKEN, token(Scope.REGISTER))
    printed = run("--to", editor_url, "--application", "second", "--release", "1.4")
    assert printed.startswith(f"Registered second in production at {editor_url}: 2 declared tests")
    assert "headlinetst: missing" in printed
    kept = Application.objects.get(name="second")
    assert (kept.version, kept.whole_matrix) == ("1.4", True)


def test_the_token_may_be_a_setting(site, editor_url):
    site.PROCTOR_REGISTER_TOKEN = token(Scope.REGISTER)
    run("--to", editor_url.rstrip("/"), "--application", "second")
    assert Application.objects.filter(name="second").exists()


def test_a_token_of_another_scope_is_refused_with_the_reason(site, editor_url, monkeypatch):
    monkeypatch.setenv(TOKEN, token(Scope.READ))
    message = failure("--to", editor_url, "--application", "second")
    assert "The editor refused (403): The token does not allow proctor_editor.register" in message


def test_a_token_that_is_unknown_is_refused(site, editor_url, monkeypatch):
    monkeypatch.setenv(TOKEN, "proctor_unknown")
    assert "The editor refused (401)" in failure("--to", editor_url)


def test_without_a_token_nothing_is_sent(site, monkeypatch):
    monkeypatch.delenv(TOKEN, raising=False)
    site.PROCTOR_MATRIX_TOKEN = "of the matrix, for another host"
    assert "needs a token" in failure("--to", "http://127.0.0.1:9/")


def test_an_address_without_an_editor_is_named(site, live_server, monkeypatch):
    monkeypatch.setenv(TOKEN, "proctor_x")
    message = failure("--to", f"{live_server.url}/nowhere/")
    assert "answered 404, which is not an editor" in message


@pytest.mark.parametrize(
    "address",
    ["ftp://shop.example/", "shop.example", "http://", "https://a:b@shop.example/", "http://[x"],
)
def test_an_address_that_is_none_is_refused(site, monkeypatch, address):
    monkeypatch.setenv(TOKEN, "proctor_x")
    assert "--to: expected the URL of an editor" in failure("--to", address)


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan"])
def test_the_time_must_be_some(site, monkeypatch, seconds):
    monkeypatch.setenv(TOKEN, "proctor_x")
    message = failure("--to", "http://127.0.0.1:9/", f"--timeout={seconds}")
    assert "--timeout: expected" in message


def test_an_editor_that_is_down_is_named(site, monkeypatch):
    monkeypatch.setenv(TOKEN, "proctor_x")
    message = failure("--to", "http://127.0.0.1:9/proctor/")
    assert message.startswith("Cannot send to http://127.0.0.1:9/proctor/api/applications/shop/")


class Strange(BaseHTTPRequestHandler):
    """Answers depending on the path: late, with a redirect, or with invalid JSON."""

    seen: list[str | None] = []  # noqa: RUF012 - of one test

    def do_PUT(self):
        self.seen.append(self.headers["Authorization"])
        self.rfile.read(int(self.headers["Content-Length"]))
        if "late" in self.path:
            self.server.released.wait(20)
        self.send_response(302 if "redirect" in self.path else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"no")

    def log_message(self, *_args):
        """Log nothing."""


@pytest.fixture
def strange():
    server = HTTPServer(("127.0.0.1", 0), Strange)
    server.released = threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_editor_that_does_not_answer_in_time_is_named(site, strange, monkeypatch):
    monkeypatch.setenv(TOKEN, "proctor_x")
    message = failure("--to", f"{strange}late/", "--timeout", "0.2")
    assert "it took longer than 0.2 seconds" in message


@pytest.mark.parametrize(("path", "status"), [("redirect", 302), ("words", 200)])
def test_a_redirect_is_not_followed_and_words_are_no_answer(
    site, strange, monkeypatch, path, status
):
    monkeypatch.setenv(TOKEN, "proctor_x")
    Strange.seen.clear()
    assert f"answered {status}" in failure("--to", f"{strange}{path}/")
    assert Strange.seen == ["Bearer proctor_x"]


def test_a_command_registers_what_a_person_may(site, db):
    assert register(command(), "shop", "production", "{}").is_new
