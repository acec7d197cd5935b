"""The location from which `python -m proctor serve` reads its matrix."""

from __future__ import annotations

import asyncio
import json

import pytest

from proctor.core.pipet_api.asgi import ENVIRONMENT, from_environment
from tests.core.httpserver import Reply, serving

MATRIX = json.dumps({"audit": {"version": "7"}, "tests": {}}).encode()

LONG = 30.0


@pytest.fixture
def start(monkeypatch):
    """Start the application of a worker; return the status of its health page."""

    def start_with(matrix, token_file=None):
        options = {
            "matrix": matrix,
            "token_file": token_file,
            "config": None,
            "test_types": [],
            "reload": 10.0,
            "all_tests": True,
            "access_log": True,
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
