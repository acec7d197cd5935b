"""The location from which `python -m proctor serve` reads its matrix, and its log lines."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from proctor.core.pipet_api.asgi import ENVIRONMENT, from_environment
from tests.core.httpserver import Reply, serving
from tests.core.small_matrices import allocation, definition

MATRIX = json.dumps({"audit": {"version": "7"}, "tests": {}}).encode()

LONG = 30.0


@pytest.fixture
def start(monkeypatch):
    """Start the application of a worker; return the status of its health page."""

    def start_with(matrix, token_file=None, **more):
        options = {
            "matrix": matrix,
            "token_file": token_file,
            "config": None,
            "test_types": [],
            "reload": 10.0,
            "all_tests": True,
            "access_log": True,
            **more,
        }
        monkeypatch.setenv(ENVIRONMENT, json.dumps(options))
        application = from_environment()
        application._source.refresh(LONG)
        status = asyncio.run(health(application))
        application._source.close()
        return status

    return start_with


async def health(application):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/healthz", "headers": []}
    await application(scope, None, send)
    return sent[0]["status"]


def test_a_matrix_in_an_object_store_is_served(start):
    fsspec = pytest.importorskip("fsspec", reason="needs fsspec, which is in the group `test`")
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/bucket/matrix.json", MATRIX)
    assert start("memory://bucket/matrix.json") == 200
    memory.store.clear()


def test_the_token_of_the_file_is_sent_for_the_matrix(start, tmp_path):
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    with serving(Reply(MATRIX)) as server:
        assert start(server.url, str(path)) == 200
    assert {each["Authorization"] for each in server.requests} == {"Bearer s3cret"}


SHORT = definition(allocations=[allocation(control=0.5, blue=0.4)])


@pytest.fixture
def records(caplog):
    """Returns the records of a level about the matrix."""
    caplog.set_level(logging.INFO, "proctor.matrix")
    return lambda level: [
        each.getMessage()
        for each in caplog.records
        if (each.name, each.levelno) == ("proctor.matrix", level)
    ]


def write(path, **tests):
    path.write_text(json.dumps({"audit": {"version": "7"}, "tests": tests}))
    return str(path)


def test_tests_that_the_matrix_drops_are_one_warning_with_reasons(start, tmp_path, records):
    start(write(tmp_path / "matrix.json", good=definition(), bad=SHORT, worse=SHORT))
    (warning,) = records(logging.WARNING)
    assert warning == (
        "Matrix version 7: 2 of 3 tests are dropped (visitors get the default): "
        "bad, allocation 1: range lengths add up to 0.9, expected 1.0: 0.5 + 0.4; "
        "worse, allocation 1: range lengths add up to 0.9, expected 1.0: 0.5 + 0.4. "
        "See python -m proctor validate"
    )


def test_a_matrix_that_drops_nothing_is_no_warning(start, tmp_path, records):
    start(write(tmp_path / "matrix.json", good=definition()))
    assert records(logging.WARNING) == []


def test_tests_of_the_specification_that_the_matrix_does_not_have_are_one_line(
    start, tmp_path, records
):
    specification = tmp_path / "specification.json"
    specification.write_text(json.dumps({"tests": {"good": {}, "godo": {}}}))
    start(
        write(tmp_path / "matrix.json", good=definition()),
        specification=str(specification),
        origins=[],
    )
    (line,) = [each for each in records(logging.INFO) if "does not have" in each]
    assert line.endswith("does not have these declared tests: godo")
