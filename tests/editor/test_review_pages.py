"""The pages of proposals through Django's client, without JavaScript."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from proctor.editor.access.permissions import command
from proctor.editor.changes import services
from proctor.editor.models import Proposal, Revision
from tests.editor.api_client import NAME, user_with
from tests.editor.samples import shares, text_of

ROOT = "/proctor/"
TEST = f"{ROOT}tests/{NAME}/"
WRITER = ("view", "edit", "delete", "promote_production", "stop")


@pytest.fixture
def site(editor):
    """A test on two branches. On both, another person must approve."""
    editor.PROCTOR_EDITOR_BRANCHES = ("trunk", "production")
    made = services.edit(command(), NAME, text_of(), base=None).revision
    services.promote(command(), NAME, "trunk", "production", revision=made.id, base=None)
    editor.PROCTOR_EDITOR_APPROVALS = {"production": 1, "trunk": 1}
    return editor


def head(branch="production"):
    return Revision.objects.filter(branch__name=branch).order_by("-version")[0]


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ada(site):
    return client_of(user_with(*WRITER))


@pytest.fixture
def grace(site):
    return client_of(user_with("view", "approve", name="grace"))


def text(response):
    """The text of a page, without its tags."""
    found = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(html.unescape(found).split())


def finish(client, value="1"):
    """Propose to give everyone one group on production; return the proposal's URL."""
    fields = {"branch": "production", "value": value, "base": head().id, "message": "blue won"}
    response = client.post(f"{TEST}finish/", fields)
    assert response.status_code == 303
    return response["Location"]


def hidden(client, address):
    """The hidden fields of the form for decisions."""
    content = client.get(address).content.decode()
    return {
        name: re.search(f'name="{name}" value="([^"]*)"', content)[1] for name in ("hash", "base")
    }


def do(client, address, step, **more):
    return client.post(address, {**hidden(client, address), "do": step, **more})


@pytest.mark.parametrize(
    "path",
    [
        "raise/?branch=production&allocation=1&to=100",
        "finish/?branch=production&value=1",
        "delete/?branch=production",
        "edit/",
    ],
)
def test_pages_say_propose_and_who_must_approve(ada, grace, path):
    content = text(ada.get(f"{TEST}{path}"))
    assert "Propose" in content
    assert "1 other person must approve before this is published." in content
    assert "People who can approve: grace." in content
    assert "Publish on" not in content


def test_a_page_says_if_nobody_else_could_approve(ada):
    assert "Nobody else has permission to approve yet." in text(ada.get(f"{TEST}edit/"))


def test_pages_say_publish_where_no_approval_is_needed(ada, site):
    site.PROCTOR_EDITOR_APPROVALS = {}
    content = text(ada.get(f"{TEST}raise/?branch=production&allocation=1&to=100"))
    assert "Publish on production" in content
    assert "Propose" not in content


def test_a_proposal_is_approved_and_published_by_pages(ada, grace):
    address = finish(ada)
    shown = text(grace.get(address))
    for words in ("Finish buttontst on production", "blue won", "0 of 1 approvals", "In JSON"):
        assert words in shown
    assert "jump from control to blue" in shown
    assert "publish" not in shown.partition("Approvals")[2].lower()
    assert do(grace, address, "approve", text="looks right").status_code == 303
    assert "looks right" in text(grace.get(address))
    before = head()
    response = do(ada, address, "publish")
    assert response["Location"] == f"{TEST}?published={head().id}"
    assert (head().made_from_id, head().author, head().approvers) == (before.id, "ada", "grace")
    assert "Approved by grace" in text(ada.get(response["Location"]))
    assert f"Published as {head().id} by ada" in text(ada.get(address))


def test_lists_say_what_waits_for_whom(ada, grace):
    address = finish(ada)
    assert "For you 0 Yours 1 All 1" in text(ada.get(f"{ROOT}review/"))
    shown = text(grace.get(f"{ROOT}review/"))
    assert "For you 1 Yours 0 All 1" in shown
    assert "review it" in shown
    assert "Review 1 waiting" in shown
    do(grace, address, "approve")
    assert "Nothing is waiting for you" in text(grace.get(f"{ROOT}review/?show=you"))
    assert "publish it" in text(ada.get(f"{ROOT}review/"))
    do(ada, address, "publish")
    assert "Review Schedule" in text(ada.get(f"{ROOT}review/"))
    assert "Finish buttontst on production" in text(ada.get(f"{ROOT}review/?show=closed"))


def test_the_page_of_a_test_shows_what_waits(ada, grace):
    address = finish(ada)
    content = ada.get(TEST).content.decode()
    assert f'href="{address}"' in content
    do(grace, address, "reject", text="not yet")
    assert f'href="{address}"' not in ada.get(TEST).content.decode()
    assert "not yet" in text(ada.get(address))


def test_an_approval_of_what_was_changed_meanwhile_is_refused(ada, grace, site):
    first = ada.post(f"{TEST}edit/", edited(inactive=0.5, blue=0.5))["Location"]
    seen = hidden(grace, first)
    number = Proposal.objects.get().pk
    assert "Update the proposal" in text(ada.get(f"{TEST}edit/?proposal={number}"))
    fields = {**edited(inactive=0.3, blue=0.7), "hash": seen["hash"]}
    response = ada.post(f"{TEST}edit/?proposal={number}", fields)
    assert response["Location"] == first
    late = grace.post(first, {**seen, "do": "approve"})
    assert late.status_code == 409
    assert "was changed while you were viewing it" in text(late)
    assert "0 of 1 approvals" in text(late)
    # And so is a second change of what was there before.
    assert ada.post(f"{TEST}edit/?proposal={number}", fields).status_code == 409


def edited(**lengths):
    return {
        "mode": "json",
        "json": text_of(allocations=shares(**lengths)),
        "test": NAME,
        "base": head("trunk").id,
        "do": "publish",
    }


def test_a_proposed_test_can_be_changed_before_it_exists(ada):
    fields = {"mode": "json", "json": text_of(salt="&n"), "test": "newtst", "new": "1"}
    address = ada.post(f"{ROOT}create/", {**fields, "base": "", "do": "publish"})["Location"]
    number = Proposal.objects.get().pk
    page = f"{ROOT}tests/newtst/edit/?proposal={number}"
    assert ada.get(page).status_code == 200
    changed = {
        "mode": "json",
        "json": text_of(salt="&n", description="better"),
        "base": "",
        "do": "publish",
        "hash": hidden(ada, address)["hash"],
    }
    assert ada.post(page, changed)["Location"] == address
    assert "better" in Proposal.objects.get().definition


def test_a_moved_base_is_said_and_the_change_is_made_again(ada, grace):
    address = finish(ada)
    do(grace, address, "approve")
    ramped = services.ramp(
        command("eve"), NAME, "production", 0, {0: 0.2, 1: 0.2}, base=head().id, message="less"
    ).revision
    shown = text(ada.get(address))
    assert "The base has moved" in shown
    assert f"eve published {ramped.id} on production" in shown
    assert "Publish on production" not in shown
    assert do(ada, address, "publish").status_code == 409
    assert do(ada, address, "rebase", head=ramped.id).status_code == 303
    shown = text(ada.get(address))
    assert "0 of 1 approvals" in shown
    assert "ada updated" in shown


def test_both_changes_are_compared_before_an_edit_is_made_again(ada, site):
    ada.post(f"{TEST}edit/", edited(inactive=0.5, blue=0.5))
    number = Proposal.objects.get().pk
    services.edit(command("eve"), NAME, text_of(description="theirs"), base=head("trunk").id)
    shown = text(ada.get(f"{TEST}edit/?proposal={number}"))
    assert "eve published a change" in shown
    assert "theirs" in shown


@pytest.mark.parametrize("path", ["?proposal=999", "?proposal=-1", f"?proposal={2**70}"])
def test_an_unknown_proposal_cannot_be_edited(ada, path):
    assert ada.get(f"{TEST}edit/{path}").status_code == 404


def test_what_is_no_edit_of_this_test_cannot_be_edited(ada):
    finish(ada)
    number = Proposal.objects.get().pk
    assert ada.get(f"{TEST}edit/?proposal={number}").status_code == 404
    assert ada.get(f"{ROOT}review/{number + 1}/").status_code == 404


def test_an_approval_that_does_not_count_any_more_is_said(ada, grace):
    address = finish(ada)
    do(grace, address, "approve")
    User.objects.get(username="grace").user_permissions.clear()
    assert "no longer counts" in text(ada.get(address))
    assert do(ada, address, "publish").status_code == 403


def test_a_held_test_says_so_on_its_proposals(ada, grace):
    address = finish(ada)
    services.stop(command("eve"), NAME, "production", reason="it hurts")
    assert "eve stopped this test: it hurts" in text(ada.get(address))
    refused = ada.post(f"{TEST}finish/", {"branch": "production", "value": "1", "base": head().id})
    assert refused.status_code == 409


def test_words_of_people_are_text(ada, grace):
    address = finish(ada)
    do(grace, address, "comment", text="<script>alert(1)</script>")
    assert "<script>alert(1)" not in grace.get(address).content.decode()


def test_a_comment_without_words_is_refused(ada):
    address = finish(ada)
    response = do(ada, address, "comment", text=" ")
    assert response.status_code == 422
    assert "a comment must not be empty" in text(response)
