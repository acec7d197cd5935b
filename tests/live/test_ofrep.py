"""OpenFeature's own OFREP client, used with `serve` and with a Django site."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.urls import include, path

from proctor import ProctorTest
from tests.core.small_matrices import definition, everybody
from tests.live.browser import browser, skip_without_browser
from tests.live.serving import proctor_serve

pytest.importorskip("uvicorn", reason="uvicorn is not installed")
pytest.importorskip(
    "openfeature.contrib.provider.ofrep", reason="openfeature-provider-ofrep is not installed"
)

from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import (
    FlagNotFoundError,
    InvalidContextError,
    OpenFeatureError,
    ParseError,
    TargetingKeyMissingError,
    TypeMismatchError,
)
from openfeature.flag_evaluation import Reason

HERE = __name__

urlpatterns = [path("some/where/", include("proctor.ofrep.urls"))]

ANN = EvaluationContext("ann", {"country": "US"})


def carrying(**payload):
    return everybody("blue", buckets=[{"name": "blue", "value": 1, "payload": payload}])


TESTS = {
    "ontst": everybody("blue"),
    "offtst": everybody("control"),
    "splittst": definition(),
    "texttst": carrying(stringValue="#2B60DE"),
    "numbertst": carrying(longValue=7),
    "floattst": carrying(doubleValue=2.0),
    "listtst": carrying(longArray=[1, 2]),
    "maptst": carrying(map={"color": "red", "sizes": [1.5]}),
    "jsontst": carrying(json={"deep": [True]}),
    "yestst": carrying(json=True),
    "ruletst": everybody("blue", rule="${country == 'US'}"),
    "accounttst": everybody("blue", testType="ACCOUNT"),
    "badtst": everybody("blue", rule="${country ==== 1}"),
}


class Silent(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def served(matrix, directory):
    """`python -m proctor serve`."""
    with proctor_serve(directory / "log", matrix) as server:
        yield server.root


@contextlib.contextmanager
def mounted(matrix, settings):
    """A Django site that includes the protocol's URLs below a path."""
    settings.ROOT_URLCONF = HERE
    settings.MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.PROCTOR_MATRIX = matrix
    settings.PROCTOR_TESTS = tuple(map(ProctorTest, TESTS))
    settings.PROCTOR_OFREP_TOKEN = "secret"
    server = make_server("127.0.0.1", 0, WSGIHandler(), handler_class=Silent)
    thread = threading.Thread(target=partial(server.serve_forever, 0.05))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/some/where"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def matrix(tmp_path):
    path = tmp_path / "matrix.json"
    path.write_text(json.dumps({"audit": {"version": "1"}, "tests": TESTS}))
    return path


@pytest.fixture(params=["serve", "site"])
def provider(request, matrix, tmp_path, settings):
    with contextlib.ExitStack() as stack:
        where = served(matrix, tmp_path) if request.param == "serve" else mounted(matrix, settings)
        root = stack.enter_context(where)
        made = OFREPProvider(root, headers_factory=lambda: {"Authorization": "Bearer secret"})
        stack.callback(made.session.close)
        yield made


def test_a_client_has_values_of_all_types(provider):
    for ask, key, default, value in (
        (provider.resolve_boolean_details, "ontst", False, True),
        (provider.resolve_boolean_details, "offtst", True, False),
        (provider.resolve_boolean_details, "yestst", False, True),
        (provider.resolve_string_details, "texttst", "", "#2B60DE"),
        (provider.resolve_integer_details, "numbertst", 0, 7),
        (provider.resolve_float_details, "floattst", 0.0, 2.0),
        (provider.resolve_object_details, "listtst", [], [1, 2]),
        (provider.resolve_object_details, "maptst", {}, {"color": "red", "sizes": [1.5]}),
        (provider.resolve_object_details, "jsontst", {}, {"deep": [True]}),
    ):
        found = ask(key, default, ANN)
        assert (found.value, type(found.value)) == (value, type(value)), key


def test_a_client_has_variants_reasons_and_metadata(provider):
    for key, variant, reason in (
        ("ontst", "blue", Reason.STATIC),
        ("ruletst", "blue", Reason.TARGETING_MATCH),
    ):
        found = provider.resolve_boolean_details(key, False, ANN)
        assert (found.variant, found.reason) == (variant, reason)
        assert found.flag_metadata == {"value": 1, "version": "3", "allocation_id": "#A1"}
    assert provider.resolve_boolean_details("splittst", False, ANN).reason is Reason.SPLIT


def test_a_visitor_who_is_not_eligible_has_the_default_of_the_code(provider):
    there = EvaluationContext("ann", {"country": "FR"})
    found = provider.resolve_boolean_details("ruletst", True, there)
    assert (found.value, found.reason) == (True, Reason.DEFAULT)


def test_a_client_raises_the_errors_of_the_protocol(provider):
    for key, context, error in (
        ("nosuchtst", ANN, FlagNotFoundError),
        ("ontst", EvaluationContext(), TargetingKeyMissingError),
        ("accounttst", ANN, TargetingKeyMissingError),
        ("ruletst", EvaluationContext("ann"), InvalidContextError),
        ("ontst", EvaluationContext("ann", {"a": [[[[[[[[[["x"]]]]]]]]]]}), InvalidContextError),
        ("badtst", ANN, ParseError),
        ("texttst", ANN, TypeMismatchError),
    ):
        with pytest.raises(error):
            provider.resolve_boolean_details(key, False, context)


def test_a_client_without_the_token_of_a_site_is_refused(matrix, settings):
    with mounted(matrix, settings) as root:
        provider = OFREPProvider(root)
        with provider.session, pytest.raises(OpenFeatureError, match="unauthorized"):
            provider.resolve_boolean_details("ontst", False, ANN)


@contextlib.contextmanager
def connected(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    with contextlib.closing(connection):
        yield connection


def test_serve_has_options_for_the_identifier_the_tests_and_the_origins(matrix, tmp_path):
    specification = tmp_path / "specification.json"
    declared = {"buckets": {"control": 0, "blue": 1}, "fallbackValue": 0}
    specification.write_text(json.dumps({"tests": {"accounttst": declared}}))
    options = (
        *("--targeting-key", "ACCOUNT"),
        *("--specification", str(specification)),
        *("--cors-origin", "https://shop.example.com"),
    )
    with proctor_serve(tmp_path / "log", matrix, *options) as server, connected(server) as line:
        line.request(
            "POST",
            "/ofrep/v1/evaluate/flags",
            json.dumps({"context": {"targetingKey": "5083"}}),
            {"Origin": "https://shop.example.com"},
        )
        response = line.getresponse()
        flags = json.loads(response.read())["flags"]
        assert [(each["key"], each["value"]) for each in flags] == [("accounttst", True)]
        assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example.com"
        line.request("GET", "/openfeature/v0/manifest.json")
        assert list(json.loads(line.getresponse().read())["flags"]) == ["accounttst"]
        line.request("OPTIONS", "/ofrep/v1/evaluate/flags")
        response = line.getresponse()
        assert (response.status, response.read()) == (204, b"")


def test_serve_answers_a_304_and_refuses_a_large_body(matrix, tmp_path):
    with proctor_serve(tmp_path / "log", matrix) as server, connected(server) as line:
        body = json.dumps({"context": {"targetingKey": "ann"}})
        line.request("POST", "/ofrep/v1/evaluate/flags", body)
        response = line.getresponse()
        tag = response.headers["ETag"]
        response.read()
        line.request("POST", "/ofrep/v1/evaluate/flags", body, {"If-None-Match": tag})
        response = line.getresponse()
        assert (response.status, response.read()) == (304, b"")
        # In pieces, without a length.
        pieces = (b" " * 50_000 for _ in range(4))
        line.request("POST", "/ofrep/v1/evaluate/flags", pieces, encode_chunked=True)
        assert line.getresponse().status == 413


def test_serve_says_which_targeting_keys_there_are(matrix, tmp_path):
    import subprocess
    import sys

    command = ["-m", "proctor", "serve", str(matrix), "--targeting-key", "acount"]
    found = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert (found.returncode, "did you mean 'ACCOUNT'" in found.stderr) == (2, True)


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def page():
    """A page on a different server; returns its origin."""
    server = HTTPServer(("127.0.0.1", 0), EmptyPage)
    thread = threading.Thread(target=partial(server.serve_forever, 0.05))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


ASK_TWICE = """
const [root, done] = arguments;
async function ask(tag) {
  const headers = {"Content-Type": "application/json", "Authorization": "Bearer secret"};
  if (tag) headers["If-None-Match"] = tag;
  return await fetch(root + "/ofrep/v1/evaluate/flags", {
    method: "POST", headers, body: JSON.stringify({context: {targetingKey: "ann"}}),
  });
}
(async () => {
  const first = await ask();
  const flags = (await first.json()).flags;
  const second = await ask(first.headers.get("ETag"));
  done([first.status, flags.find((each) => each.key === "texttst").value, second.status]);
})().catch((error) => done(String(error)));
"""


def test_a_page_of_a_listed_origin_asks_in_a_browser(matrix, settings):
    skip_without_browser()
    with page() as origin, mounted(matrix, settings) as root, browser() as window:
        window.get(origin)
        assert "Failed to fetch" in window.execute_async_script(ASK_TWICE, root)
        settings.PROCTOR_OFREP_ORIGINS = (origin,)
        assert window.execute_async_script(ASK_TWICE, root) == [200, "#2B60DE", 304]
