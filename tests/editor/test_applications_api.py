"""The API of applications."""

from __future__ import annotations

import json

import pytest

from proctor.editor.access.permissions import command
from proctor.editor.access.tokens import Scope
from proctor.editor.api.bodies import MAX_BYTES
from proctor.editor.applications.registering import register
from proctor.editor.changes import services
from proctor.editor.models import Application
from tests.editor.api_client import NAME, api_of, boss_api, user_with
from tests.editor.samples import shares, text_of

HERE = "applications/mobile/production/"
NO_BLUE = {"tests": {NAME: {"buckets": {"inactive": -1, "control": 0}}}}
ADA = command("ada")


@pytest.fixture
def api(editor):
    return boss_api()


def test_an_application_registers_with_its_specification_as_the_body(api):
    created = api("PUT", HERE, NO_BLUE)
    assert created.status_code == 201
    found = created.json()
    assert (found["application"], found["environment"]) == ("mobile", "production")
    assert found["specification"] == NO_BLUE
    assert found["missing"] == [NAME]
    again = api("PUT", HERE, NO_BLUE)
    assert again.status_code == 200
    assert api.get(HERE).json() == again.json()


def test_or_with_its_specification_as_a_field(api):
    body = {"specification": NO_BLUE, "version": "1.4", "whole_matrix": True}
    found = api("PUT", HERE, body).json()
    assert (found["version"], found["whole_matrix"]) == ("1.4", True)
    assert found["specification"] == NO_BLUE


def test_fields_of_both_forms_do_not_go_together(api):
    response = api("PUT", HERE, {"specification": {}, "tests": {}})
    assert response.status_code == 400


def test_what_the_branch_has_and_the_application_cannot_load_is_a_problem(api):
    first = services.edit(ADA, NAME, text_of(), base=None).revision
    services.promote(ADA, NAME, "trunk", "production", revision=first.id, base=None)
    (problem,) = api("PUT", HERE, NO_BLUE).json()["problems"]
    assert problem["test"] == NAME
    assert "blue (1)" in problem["message"]


def test_a_field_that_proctor_does_not_know_is_a_warning(api):
    (problem,) = api("PUT", HERE, {"tests": {"a": {"fallbakValue": 1}}}).json()["problems"]
    assert problem["severity"] == "warning"
    assert "fallbakValue" in problem["message"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"tests": {"a": {"payload": {"type": "oddity"}}}}, 422, "invalid"),
        ({"tests": {"a": None}}, 422, "invalid"),
        ({"tests": []}, 422, "invalid"),
        ({"specification": [1]}, 422, "invalid"),
        ({"oddity": {}}, 400, "bad-request"),
        ({"specification": {}, "version": 1}, 400, "bad-request"),
        ({"specification": {}, "version": "x" * 101}, 422, "invalid"),
        ({"specification": {}, "whole_matrix": "yes"}, 400, "bad-request"),
        ({"version": "1"}, 400, "bad-request"),
    ],
)
def test_what_cannot_be_used_is_refused(api, body, status, code):
    response = api("PUT", HERE, body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert not Application.objects.exists()


def test_a_specification_that_is_too_large_is_not_read(api):
    response = api("PUT", HERE, raw="[" * (MAX_BYTES + 1))
    assert response.status_code == 413


def test_a_specification_that_is_nested_too_deeply_is_refused(api):
    response = api("PUT", HERE, raw='{"tests":' + "[" * 100_000)
    assert response.status_code == 400


def test_a_specification_of_many_tests_is_refused_with_the_limit(api):
    response = api("PUT", HERE, {"tests": {f"t{number}": {} for number in range(10_001)}})
    assert response.status_code == 422
    (problem,) = response.json()["error"]["problems"]
    assert "at most 10000" in problem["message"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("applications/mobile/prod/", 404),
        ("applications/nobody/production/", 404),
        ("applications/a%00b/production/", 404),
    ],
)
def test_an_unknown_application_or_environment_is_not_found(api, path, status):
    assert api.get(path).status_code == status


def test_a_strange_name_is_refused(api):
    assert api("PUT", "applications/a%20b/production/", {}).status_code == 422


def test_applications_are_listed_in_pages(api):
    for name in ("a", "b", "c"):
        for environment in ("trunk", "production"):
            register(ADA, name, environment, "{}")
    found = api.get("applications/", page_size=4).json()
    assert found["count"] == 6
    assert [each["application"] for each in found["results"]] == ["a", "a", "b", "b"]
    assert "page=2" in found["next"]
    found = api.get("applications/", environment="trunk").json()
    assert {each["environment"] for each in found["results"]} == {"trunk"}


def test_a_retired_application_is_forgotten(api):
    api("PUT", HERE, {})
    assert api("DELETE", HERE).json()["application"] == "mobile"
    assert api("DELETE", HERE).status_code == 404


def test_a_token_that_registers_reads_and_changes_nothing_else(editor):
    token = api_of(user_with("view", "edit", "register"), [Scope.REGISTER], ["production"])
    assert token("PUT", HERE, {}).status_code == 201
    assert token.get(HERE).status_code == 200
    assert token.get("applications/").json()["count"] == 1
    assert token("PUT", "applications/mobile/trunk/", {}).status_code == 403
    assert token.get("tests/").status_code == 403


def test_whoever_may_only_look_registers_nothing(editor):
    token = api_of(user_with("view"))
    assert token("PUT", HERE, {}).status_code == 403
    assert token.get("applications/").status_code == 200


def test_a_promotion_that_breaks_an_application_is_refused_or_overridden(api):
    first = services.edit(ADA, NAME, text_of(allocations=shares(blue=1.0)), base=None).revision
    api("PUT", HERE, NO_BLUE)
    body = {"from": "trunk", "to": "production", "revision": first.id, "base": None}
    refused = api.post(f"tests/{NAME}/promote/", body)
    assert refused.status_code == 422
    (problem,) = refused.json()["error"]["problems"]
    assert problem["message"].startswith("mobile could not load it")
    done = api.post(f"tests/{NAME}/promote/", {**body, "override": "mobile is old"})
    assert done.status_code == 201
    history = api.get(f"tests/{NAME}/history/", branch="production").json()["results"]
    assert history[0]["message"] == "Published although it breaks mobile: mobile is old"


def test_a_dry_run_says_what_an_edit_would_break(api):
    first = services.edit(ADA, NAME, text_of(allocations=shares(control=1.0)), base=None).revision
    register(ADA, "mobile", "trunk", json.dumps(NO_BLUE))
    definition = json.loads(text_of(allocations=shares(control=0.5, blue=0.5)))
    checked = api.post("check/", {"test": NAME, "base": first.id, "definition": definition}).json()
    assert [each["severity"] for each in checked["problems"]] == ["fatal"]
    assert checked["problems"][0]["message"].startswith("mobile could not load it")
