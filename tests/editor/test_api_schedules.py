"""Schedules through the JSON API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from proctor.editor.access.tokens import Scope
from proctor.editor.changes import services as changes
from proctor.editor.models import Proposal
from proctor.editor.publishing.heads import find_head
from proctor.editor.schedules.publisher import publish_due
from tests.editor.api_client import NAME, api_of, boss_api, user_with
from tests.editor.schedules import ADA, HOUR, move_clock, running_test, scheduled


@pytest.fixture
def one(editor):
    editor.PROCTOR_EDITOR_BRANCHES = ("production",)
    return editor


@pytest.fixture
def head(one):
    return running_test()


def due(hours):
    return (timezone.now() + timedelta(hours=hours)).isoformat()


def step(share, hours=None, **more):
    groups = {"control": share / 2, "blue": share / 2}
    return {"due": None if hours is None else due(hours), "shares": groups, **more}


def body(head, *steps, **more):
    return {"test": NAME, "branch": "production", "base": head.id, "steps": [*steps], **more}


def test_a_ramp_is_scheduled_and_says_who_moves_at_each_step(head):
    response = boss_api().post("schedules/", body(head, step(0.2), step(0.5, 1), message="up"))
    assert response.status_code == 201
    made = response.json()
    assert response["Location"] == f"/proctor/api/schedules/{made['id']}/"
    assert (made["state"], made["kind"], made["message"]) == ("accepted", "schedule", "up")
    assert [each["state"] for each in made["steps"]] == ["published", "waiting"]
    entering = [each["moves"][0]["enter"] for each in made["steps"]]
    assert entering == pytest.approx([0.1, 0.3])
    assert made["steps"][1]["definition"]["allocations"][0]["id"] == "#A1"
    shown = boss_api_get(made["id"])
    assert shown["steps"][0]["revision"] == find_head(NAME, "production").id


def boss_api_get(number):
    from django.contrib.auth.models import User

    return api_of(User.objects.get(username="boss")).get(f"schedules/{number}/").json()


def test_schedules_are_listed_with_what_waits(head, monkeypatch):
    made = scheduled((0.2, 1), head=head)
    changes.stop(ADA, NAME, "production", reason="it hurts")
    move_clock(monkeypatch, 2 * HOUR)
    list(publish_due())
    api = api_of(user_with("view"))
    found = api.get("schedules/", test=NAME, branch="production", state="accepted").json()
    (shown,) = found["results"]
    assert (found["count"], shown["id"]) == (1, made.pk)
    (waiting,) = shown["steps"]
    assert (waiting["state"], waiting["blocked_by"]) == ("blocked", "hold")
    assert waiting["problem"] == "the test is held; ada stopped it: it hurts"
    assert api.get("schedules/", state="published").json()["count"] == 0


def test_a_schedule_is_cancelled_and_resumed_and_moved(head):
    api = boss_api()
    made = scheduled((0.2, 1), (0.5, 2), head=head)
    moved = api.post(
        f"schedules/{made.pk}/reschedule/", {"base": head.id, "dues": {"1": due(3), "2": due(4)}}
    )
    assert moved.status_code == 201
    new = moved.json()
    assert new["steps"][0]["due"][:13] == due(3)[:13]
    refused = api.post(f"schedules/{new['id']}/resume/", {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid")
    cancelled = api.post(f"schedules/{new['id']}/cancel/", {"message": "no"}).json()
    assert cancelled["state"] == "withdrawn"
    again = api.post(f"schedules/{new['id']}/cancel/", {})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "closed")
    old = Proposal.objects.get(pk=made.pk)
    assert (old.state, old.comments.last().text) == (
        "withdrawn",
        f"Replaced by schedule {new['id']}",
    )


def test_withdrawing_the_proposal_of_a_running_schedule_cancels_it(head):
    made = scheduled((0.2, 1), head=head)
    response = boss_api().post(f"proposals/{made.pk}/withdraw/", {})
    assert [each["state"] for each in response.json()["steps"]] == ["cancelled"]


def test_where_approval_is_needed_a_schedule_is_a_proposal(head, one):
    one.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    response = boss_api().post("schedules/", body(head, step(0.2, 1)))
    assert response.status_code == 202
    proposal = response.json()["proposal"]
    assert (proposal["state"], proposal["needed"]) == ("open", 1)
    assert response["Location"] == f"/proctor/api/proposals/{proposal['id']}/"
    refused = boss_get_publish(proposal["id"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "approval")


def boss_get_publish(number):
    from django.contrib.auth.models import User

    return api_of(User.objects.get(username="boss")).post(f"proposals/{number}/publish/", {})


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"steps": {}}, 400, '"steps": expected a list'),
        ({"steps": [1]}, 400, '"steps": expected objects'),
        ({"steps": [{"due": None}]}, 400, 'either "shares" or a "definition"'),
        ({"steps": [{"due": "Monday", "shares": {}}]}, 400, '"due": expected a time such as'),
        ({"steps": [{"shares": {"bleu": 0.5}}]}, 400, "did you mean 'blue'?"),
        ({"steps": [{"shares": {"blue": "half"}}]}, 400, "an object that maps groups to shares"),
        ({"steps": [{"shares": {"blue": 0.5}, "when": 1}]}, 400, "Unknown field 'when'"),
        ({"steps": []}, 422, "expected 1 to 50 steps, got 0"),
        ({"steps": [{"shares": {"blue": 0.5}, "guard": "os.abort"}]}, 422, "has no guard"),
        ({"steps": [{"due": "2001-01-01T09:00Z", "shares": {"blue": 0.5}}]}, 422, "in the past"),
        ({"base": "22222-22222"}, 409, "is at revision"),
        ({"branch": "qa"}, 404, "no branch 'qa'"),
        ({"replaces": 5}, 422, "schedule 5 is not running"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(head, change, status, words):
    response = boss_api().post("schedules/", {**body(head, step(0.2, 1)), **change})
    assert response.status_code == status, response.content
    assert words in response.json()["error"]["message"]
    assert not Proposal.objects.exists()


def test_a_token_needs_the_scope_of_the_branch(head):
    user = user_with("view", "edit")
    response = api_of(user, [Scope.READ, Scope.STOP]).post("schedules/", body(head, step(0.2)))
    assert response.status_code == 403
    assert api_of(user, [Scope.EDIT]).post("schedules/", body(head, step(0.2))).status_code == 201


def test_somebody_who_may_not_see_a_test_learns_of_no_schedule(head):
    made = scheduled((0.2, 1), head=head)
    response = api_of(user_with("edit")).get(f"schedules/{made.pk}/")
    assert response.status_code == 403
    assert boss_api().get(f"schedules/{made.pk + 1}/").status_code == 404
