"""The Pipet API over a socket: `python -m proctor serve`, and a Django site on a server."""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
import threading

import pytest

from tests.core.pipet_api.test_pipet_replay import DIRECTORY, SESSIONS, recorded_session
from tests.core.vectorvalues import same_value
from tests.live.pipet import free_port, wait_until
from tests.live.serving import proctor_serve, running
from tests.site_matrices import definition, one_bucket

pytest.importorskip("uvicorn")
pytest.importorskip("ua_parser")


def inputs(name, directory):
    """The files with which a session was recorded, by path."""
    session = recorded_session(name)
    matrix = session["matrix"]
    place = directory / "no-such-matrix.json" if matrix is None else directory / "matrix.json"
    if matrix is not None:
        place.write_bytes(_read(matrix.rpartition("/")[2]))
    return session, place, DIRECTORY / session["config"].rpartition("/")[2]


def _read(name):
    import gzip

    plain = DIRECTORY / name
    return (
        plain.read_bytes()
        if plain.exists()
        else gzip.decompress((DIRECTORY / f"{name}.gz").read_bytes())
    )


def ask(port, request, prefix=""):
    """Make one request; return status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        query = f"?{request['query']}" if request["query"] else ""
        connection.putrequest(
            request["method"], f"{prefix}{request['path']}{query}", skip_accept_encoding=True
        )
        for name, value in request["headers"]:
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.headers, response.read()


def comparable(body):
    """A JSON body, without the parts that depend on the library for User-Agent headers."""
    document = json.loads(body)
    data = document.get("data")
    if isinstance(data, dict) and isinstance(data.get("context"), dict):
        data["context"].pop("userAgent", None)
    return document


def differs(exchange, answer):
    """The difference from the recorded response; None if there is none."""
    response, (status, headers, body) = exchange["response"], answer
    found = {
        "status": (status, response["status"]),
        "type": (headers["Content-Type"].lower(), response["headers"]["Content-Type"].lower()),
        "allow": (headers["Allow"], response["headers"].get("Allow")),
        "cache": (headers["Cache-Control"], response["headers"].get("Cache-Control")),
    }
    wrong = {name: pair for name, pair in found.items() if pair[0] != pair[1]}
    if wrong:
        return exchange["request"], wrong
    theirs = response.get("body")
    if theirs == "":
        return None if body == b"" else (exchange["request"], body)
    if theirs is None or same_value(comparable(body), comparable(theirs)):
        return None
    return exchange["request"], body, theirs


@contextlib.contextmanager
def alone(session, matrix, config, tmp_path):
    options = ["--all-tests-disabled"] if session["properties"] else []
    with proctor_serve(tmp_path / "log", matrix, "--config", str(config), *options) as server:
        yield server, ""


@contextlib.contextmanager
def in_django(session, matrix, config, tmp_path):
    site = tmp_path / "served_site.py"
    site.write_text(
        "from django.conf import settings\n"
        "settings.configure(\n"
        "    SECRET_KEY='x', ALLOWED_HOSTS=['*'], ROOT_URLCONF=__name__,\n"
        f"    PROCTOR_MATRIX={str(matrix)!r}, PROCTOR_PIPET_CONFIG={str(config)!r},\n"
        ")\n"
        "import django\n"
        "django.setup()\n"
        "from django.core.asgi import get_asgi_application\n"
        "from django.urls import include, path\n"
        "urlpatterns = [\n"
        "    path('pipet/', include('proctor.pipet.urls'),\n"
        f"         {{'all_tests': {not session['properties']}}}),\n"
        "]\n"
        "application = get_asgi_application()\n"
    )
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "served_site:application", "--port", str(port)]
    command += ["--app-dir", str(tmp_path), "--lifespan", "off"]
    with running(command, port, "/pipet/config/context", tmp_path / "log") as server:
        yield server, "/pipet"


@pytest.mark.parametrize("serve", [alone, in_django])
@pytest.mark.parametrize("name", SESSIONS)
def test_every_recorded_request_is_answered_as_the_java_did(name, serve, tmp_path, monkeypatch):
    session, matrix, config = inputs(name, tmp_path)
    with serve(session, matrix, config, tmp_path) as (server, prefix):
        wrong = [
            difference
            for exchange in session["exchanges"]
            if (
                difference := differs(
                    known_name(exchange, matrix), ask(server.port, exchange["request"], prefix)
                )
            )
        ]
    assert wrong == []


def known_name(exchange, matrix):
    """Replace the file's path, which recorded messages contain."""
    body = exchange["response"].get("body")
    if body and matrix.name == "no-such-matrix.json":
        body = body.replace("File no-such-matrix.json", f"File {matrix}")
        return {**exchange, "response": {**exchange["response"], "body": body}}
    return exchange


CONFIGURATIONS = sorted(DIRECTORY.glob("config-check-??.json"))


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=lambda path: path.stem)
def test_a_configuration_is_taken_or_refused_as_by_the_java(config, tmp_path):
    result = json.loads(config.with_name(f"{config.stem}-result.json").read_text())
    matrix = tmp_path / "matrix.json"
    matrix.write_bytes(_read("matrix.json"))
    if not result["starts"]:
        with pytest.raises(AssertionError, match=r"(?s)it ended at once.*Pipet configuration"):
            proctor_serve(tmp_path / "log", matrix, "--config", str(config)).__enter__()
        return
    with proctor_serve(tmp_path / "log", matrix, "--config", str(config)) as server:
        for exchange in result["exchanges"]:
            answer = ask(server.port, {"headers": [], **exchange["request"]})
            if exchange["response"]["status"] == 500:
                # Java answers with a stack trace in HTML if it gets an identifier of type RANDOM.
                assert answer[0] == 400
                assert "RANDOM" in json.loads(answer[2])["meta"]["error"]
            else:
                assert differs(exchange, answer) is None


# -- the server -------------------------------------------------------------------------------


def write(path, number):
    """Write a matrix in which every test has this number as its group and its version."""
    test = definition(one_bucket(f"group{number}", number), version=str(number))
    document = {
        "audit": {"version": str(number), "updated": number, "updatedBy": "test"},
        "tests": {f"test{letter}x": test for letter in "abcdefgh"},
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(document))
    fresh.replace(path)


@pytest.fixture
def matrix(tmp_path):
    path = tmp_path / "matrix.json"
    write(path, 1)
    return path


IDENTIFY = {"method": "GET", "path": "/groups/identify", "query": "id.USER=someone", "headers": []}


def test_a_matrix_is_swapped_a_hundred_times_under_load_and_no_answer_is_of_two(matrix, tmp_path):
    over = threading.Event()
    answers, failures, seen = [], [], set()

    def come(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with contextlib.closing(connection):
            while not over.is_set():
                connection.request("GET", "/groups/identify?id.USER=someone")
                response = connection.getresponse()
                body = response.read()
                if response.status == 200:
                    answers.append(json.loads(body)["data"])
                    seen.add(int(answers[-1]["audit"]["version"]))
                else:
                    failures.append(body)

    with proctor_serve(tmp_path / "log", matrix, "--reload", "0.02", "--workers", "2") as server:
        threads = [threading.Thread(target=come, args=(server.port,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(2, 102):
            write(matrix, number)
            wait_until(lambda number=number: number in seen)
        over.set()
        for thread in threads:
            thread.join()
    assert failures == []
    for data in answers:
        numbers = {each["value"] for each in data["groups"].values()}
        numbers |= {int(each["version"]) for each in data["groups"].values()}
        numbers.add(int(data["audit"]["version"]))
        assert len(numbers) == 1
        assert len(data["groups"]) == 8


def test_a_bad_matrix_does_not_replace_a_good_one(matrix, tmp_path):
    with proctor_serve(tmp_path / "log", matrix, "--reload", "0.05") as server:
        matrix.write_text("{")
        # It checks the matrix when it gets a request.
        wait_until(lambda: version_from(server) == "1" and "ERROR" in server.output)
        assert version_from(server) == "1"
        write(matrix, 2)
        wait_until(lambda: version_from(server) == "2")


def version_from(server):
    return json.loads(ask(server.port, IDENTIFY)[2])["data"]["audit"]["version"]


def test_sixty_four_connections_at_once_lose_no_answer(matrix, tmp_path):
    statuses = []

    def come(port, number):
        for _ in range(20):
            request = {**IDENTIFY, "query": f"id.USER=visitor{number}"}
            statuses.append(ask(port, request)[0])

    with proctor_serve(tmp_path / "log", matrix) as server:
        threads = [threading.Thread(target=come, args=(server.port, n)) for n in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 64 * 20


def test_the_log_has_a_line_for_each_request_and_no_identifier(matrix, tmp_path):
    with proctor_serve(tmp_path / "log", matrix) as server:
        ask(server.port, {**IDENTIFY, "query": "id.USER=secretperson&ctx.country=secretland"})
        ask(server.port, {**IDENTIFY, "query": "id.EMAILS=secretperson"})
        server.stop()
        assert "GET /groups/identify 200" in server.output
        assert "GET /groups/identify 400" in server.output
        assert "secret" not in server.output


def test_without_the_access_log_there_is_no_line(matrix, tmp_path):
    with proctor_serve(tmp_path / "log", matrix, "--no-access-log") as server:
        ask(server.port, IDENTIFY)
        server.stop()
        assert "identify" not in server.output


def test_it_is_healthy_with_a_matrix_and_not_without(matrix, tmp_path):
    health = {"method": "GET", "path": "/healthz", "query": "", "headers": []}
    with proctor_serve(tmp_path / "log", matrix) as server:
        status, _, body = ask(server.port, health)
        assert (status, json.loads(body)) == (200, {"status": "ok", "matrix_version": "1"})
    with proctor_serve(tmp_path / "log", tmp_path / "none.json") as server:
        assert ask(server.port, health)[0] == 503
        assert ask(server.port, IDENTIFY)[0] == 500


@pytest.mark.parametrize("workers", ["1", "2"])
def test_when_it_is_told_to_stop_it_ends(matrix, tmp_path, workers):
    with proctor_serve(tmp_path / "log", matrix, "--workers", workers) as server:
        ask(server.port, IDENTIFY)
        assert server.stop() in (0, -15)
    with pytest.raises(OSError):
        ask(server.port, IDENTIFY)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("id.USER=" + "x" * 20_000, "at most 16384 are allowed"),
        ("id.USER=u&" + "&".join(f"ctx.v{n}=1" for n in range(600)), "at most 500 are allowed"),
        ("id.USER=u&test=" + "," * 100 + ",".join(f"t{n}" for n in range(2500)), "at most 2000"),
        ("&" * 400, "Request must have at least one identifier."),
    ],
)
def test_a_query_beyond_the_limits_is_refused_with_words(matrix, tmp_path, query, words):
    with proctor_serve(tmp_path / "log", matrix) as server:
        status, _, body = ask(server.port, {**IDENTIFY, "query": query})
        assert (status, words in json.loads(body)["meta"]["error"]) == (400, True)
        assert ask(server.port, IDENTIFY)[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/proctor/matrix/definition/%00", "/%ff", "//", "/groups/identify;a=b;c", "/" + "a" * 5000],
)
def test_a_hostile_path_is_answered(matrix, tmp_path, path):
    with proctor_serve(tmp_path / "log", matrix) as server:
        assert ask(server.port, {**IDENTIFY, "path": path})[0] in (200, 400, 404)
        server.stop()
        assert "Traceback" not in server.output


# -- the whole way ------------------------------------------------------------------------------


def test_a_site_that_asks_it_has_the_groups_of_the_matrix(matrix, tmp_path, settings):
    from django.test import Client

    settings.ROOT_URLCONF = "tests.live.pages"
    settings.MIDDLEWARE = ["tests.live.pages.ByHeader"]
    settings.PROCTOR_TESTS = ("buttoncolortst",)
    settings.PROCTOR_MATRIX = None
    settings.PROCTOR_TIMEOUT = 10
    document = json.loads(matrix.read_text())
    document["tests"]["buttoncolortst"] = definition(one_bucket("blue", 1), one_bucket("green", 2))
    matrix.write_text(json.dumps(document))
    with proctor_serve(tmp_path / "log", matrix) as server:
        settings.PROCTOR_API_ROOT = server.root
        get = Client().get
        assert get("/", headers={"x-user": "a"}).content == b"blue assigned"
        forced = get("/", {"prforceGroups": "buttoncolortst2"}, headers={"x-user": "a"})
        assert forced.content == b"green forced"
