"""The API's 404 responses name what is missing and, if it was misspelled, what was meant."""

from __future__ import annotations

import pytest

from proctor.editor.access.permissions import command
from proctor.editor.access.tokens import Scope
from proctor.editor.changes import services
from proctor.editor.models import Proposal, Revision
from tests.editor.api_client import api_of, boss_api, user_with
from tests.editor.samples import text_of
from tests.editor.schedules import NAME, scheduled

APPLICATION = {"tests": {}, "providedContext": {}}


@pytest.fixture
def site(editor):
    """Two tests on trunk, one of which is also on production."""
    for name in (NAME, "headlinetst"):
        made = services.edit(command(), name, text_of(salt=f"&{name}"), base=None).revision
    services.promote(command(), "headlinetst", "trunk", "production", revision=made.id, base=None)
    return editor


def message(response):
    assert response.status_code == 404, response.content
    return response.json()["error"]["message"]


def test_a_misspelled_test_gets_the_nearest_name(site):
    api = boss_api()
    found = "there is no test 'butontst' on the branch 'trunk'; did you mean 'buttontst'?"
    assert message(api.get("tests/butontst/")) == found
    assert message(api.get("tests/butontst/history/")) == found
    stop = {"branch": "trunk", "reason": "it hurts"}
    assert message(api.post("tests/butontst/stop/", stop)) == found
    steps = {"test": "butontst", "branch": "trunk", "base": "x", "steps": []}
    assert message(api.post("schedules/", steps)) == found
    far = message(api.get("tests/somethingelse/"))
    assert far == "there is no test 'somethingelse' on the branch 'trunk'"
    long = "buttontst" * 100
    assert "did you mean" not in message(api.get(f"tests/{long}/"))


def test_on_a_branch_with_many_tests_only_names_with_the_same_beginning_are_compared(
    site, monkeypatch
):
    monkeypatch.setattr("proctor.editor.api.hints._COMPARED", 1, raising=False)
    api = boss_api()
    assert "did you mean 'buttontst'?" in message(api.get("tests/butontst/"))
    assert "did you mean" not in message(api.get("tests/xuttontst/"))


def test_a_test_of_another_branch_is_found(site):
    found = "there is no test 'buttontst' on the branch 'production'; it is on 'trunk'"
    assert message(boss_api().get(f"tests/{NAME}/", branch="production")) == found


def test_a_misspelled_branch_revision_or_application_gets_the_nearest_name(site):
    api = boss_api()
    assert message(api.get("tests/", branch="prodution")) == (
        "there is no branch 'prodution': did you mean 'production'? "
        "Known names: trunk, qa, production"
    )
    head = Revision.objects.get(test="headlinetst", branch__name="production").id
    typed = head[:-1] + ("2" if head[-1] != "2" else "3")
    back = {"branch": "production", "revision": typed, "base": head}
    assert message(api.post("tests/headlinetst/rollback/", back)) == (
        f"'headlinetst' has no revision '{typed}' on the branch 'production'; "
        f"did you mean '{head}'?"
    )
    on_trunk = Revision.objects.get(test="headlinetst", branch__name="trunk").id
    assert message(api.post("tests/headlinetst/rollback/", {**back, "revision": on_trunk})) == (
        f"'headlinetst' has no revision '{on_trunk}' on the branch 'production'; it is on 'trunk'"
    )
    assert api("PUT", "applications/shop/qa/", APPLICATION).status_code == 201
    assert message(api.get("applications/shpo/qa/")) == (
        "there is no application 'shpo' in 'qa'; did you mean 'shop'?"
    )


def test_a_proposal_is_not_a_schedule(site):
    api = boss_api()
    base = Revision.objects.get(test=NAME).id
    delete = {"kind": "delete", "test": NAME, "branch": "trunk", "base": base}
    number = api.post("proposals/", delete).json()["proposal"]["id"]
    assert message(api.get("proposals/999/")) == "there is no proposal 999"
    for path in (f"schedules/{number}/", "schedules/999/"):
        assert "there is no schedule" in message(api.get(path))
        assert "there is no schedule" in message(api.post(f"{path}cancel/", {}))


class Hiding:
    """A backend that denies access to the test with the name NAME."""

    def authenticate(self, request):
        return None

    def has_perm(self, user, permission, obj=None):
        from django.core.exceptions import PermissionDenied

        if obj == NAME:
            raise PermissionDenied
        return False


def test_no_hint_names_what_the_user_may_not_see(site):
    site.AUTHENTICATION_BACKENDS = [
        "tests.editor.test_hints.Hiding",
        "django.contrib.auth.backends.ModelBackend",
    ]
    api = api_of(user_with("view"))
    assert (
        message(api.get("tests/butontst/")) == "there is no test 'butontst' on the branch 'trunk'"
    )
    hidden = message(api.get(f"tests/{NAME}/", branch="production"))
    assert hidden == "there is no test 'buttontst' on the branch 'production'"
    assert "did you mean 'headlinetst'" in message(api.get("tests/headlintst/"))


def test_a_token_for_one_branch_gets_no_names_of_another(site):
    api = api_of(user_with("view", name="hedy"), [Scope.READ], branches=["production"])
    response = api.get(f"tests/{NAME}/", branch="production")
    assert message(response) == "there is no test 'buttontst' on the branch 'production'"


def test_a_user_without_permissions_gets_no_names(site):
    assert message(api_of(user_with()).get("tests/", branch="x")) == "there is no branch 'x'"


def test_a_schedule_of_a_hidden_test_is_unknown(site):
    number = scheduled((0.6, 1), test="colortst", branch="trunk").pk
    Proposal.objects.filter(pk=number).update(test=NAME)
    site.AUTHENTICATION_BACKENDS = [
        "tests.editor.test_hints.Hiding",
        "django.contrib.auth.backends.ModelBackend",
    ]
    user = user_with("view", "edit")
    response = api_of(user).post(f"schedules/{number}/cancel/", {})
    assert message(response) == f"there is no schedule {number}"
    client = api_of(user).client
    client.force_login(user)
    page = client.get(f"/proctor/schedule/{number}/cancel/")
    assert (page.status_code, NAME in page.text) == (404, False)
