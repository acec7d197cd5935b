"""The matrices of the editor over HTTP."""

from __future__ import annotations

import gzip
import json

import pytest
from django.contrib.auth.models import Permission, User

from proctor.core.exceptions import SourceError
from proctor.core.matrices.matrix import Matrix
from proctor.core.sources.source import MatrixSource
from proctor.editor.access.permissions import command
from proctor.editor.access.tokens import Scope, create_token
from proctor.editor.changes import services
from tests.editor.samples import text_of

URL = "/proctor/matrix/trunk.json"
AUDIT = "/proctor/matrix/trunk/audit.json"


def publish(test="buttontst", **changes):
    return services.edit(command("ada"), test, text_of(**changes), base=None).revision


@pytest.fixture
def secret(editor):
    publish()
    return create_token(User.objects.create_superuser("boss"), "ci", [Scope.READ])[1]


@pytest.fixture
def get(client, secret):
    def get(url=URL, **headers):
        return client.get(url, headers={"Authorization": f"Bearer {secret}", **headers})

    return get


def test_the_matrix_is_compact_and_the_java_reads_it(get):
    response = get()
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert b": " not in response.content.replace(b"The colour", b"")
    matrix = Matrix.from_json(response.content)
    assert [*matrix.tests] == ["buttontst"]
    assert response["ETag"] == f'"{matrix.audit.version}"'
    assert json.loads(get(AUDIT).content) == matrix.audit.to_dict()


def test_it_is_compressed_for_those_who_take_it(get):
    plain = get()
    assert "Content-Encoding" not in plain
    for accepted, is_packed in (("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False)):
        response = get(**{"Accept-Encoding": accepted})
        assert ("Content-Encoding" in response) is is_packed, accepted
        if is_packed:
            assert gzip.decompress(response.content) == plain.content
    assert "Accept-Encoding" in plain["Vary"]


def test_an_unchanged_matrix_is_not_sent_again(get, django_assert_num_queries):
    etag = get()["ETag"]
    # The token with its user, its use, and one row of the branch.
    with django_assert_num_queries(2):
        assert get(**{"If-None-Match": etag}).status_code == 304
    publish("othertst", salt="&o")
    response = get(**{"If-None-Match": etag})
    assert response.status_code == 200
    assert response["ETag"] != etag


def test_who_may_read_it(client, editor, secret):
    assert client.get(URL).status_code == 401
    assert client.get(URL)["WWW-Authenticate"] == "Bearer"
    assert client.get(URL, headers={"Authorization": "Bearer forged"}).status_code == 401
    user = User.objects.create_user("ada")
    client.force_login(user)
    response = client.get(URL)
    assert response.status_code == 403
    assert "proctor_editor.view" in response.json()["error"]["message"]
    user.user_permissions.add(Permission.objects.get(codename="view"))
    assert client.get(URL).status_code == 200
    # With a token, the session is ignored.
    assert client.get(URL, headers={"Authorization": "Bearer forged"}).status_code == 401
    client.logout()
    editor.PROCTOR_EDITOR_PUBLIC_MATRIX = True
    assert client.get(URL).status_code == 200
    assert client.get(AUDIT).status_code == 200


def test_an_unknown_branch_is_not_found_and_nothing_is_written(get, client):
    assert get("/proctor/matrix/nowhere.json").status_code == 404
    assert client.post(URL).status_code == 405


def test_it_works_behind_the_middleware_that_asks_for_a_login(get, editor):
    editor.MIDDLEWARE = [
        *editor.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]
    assert get().status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_matrix_source_reads_it_with_a_token(live_server, secret):
    url = f"{live_server.url}{URL}"
    with pytest.raises(SourceError, match="401"):
        MatrixSource(url, wait=30).current()
    source = MatrixSource(url, wait=30, token=secret)
    assert source.current().proctor.loaded == ("buttontst",)
