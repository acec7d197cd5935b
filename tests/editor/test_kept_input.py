"""What a user typed is kept when it is too long, or when the session has ended meanwhile."""

from __future__ import annotations

import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from proctor.editor.access.permissions import command
from proctor.editor.applications.registering import register
from proctor.editor.changes import services
from proctor.editor.errors import Refused
from proctor.editor.models import Application, Comment, Hold, Proposal, Revision, Token
from proctor.editor.written import MAX_TEXT
from tests.editor.samples import shares, text_of
from tests.editor.schedules import scheduled
from tests.editor.test_pages import ADA, ROOT, TEST, fields, signed_in, text, user
from tests.editor.test_review_pages import finish

LONG = "x" * (MAX_TEXT + 1)
#: Browsers count each of these line breaks as one character, and send two.
LINES = "x\r\n" * (MAX_TEXT // 2)
OWN = {"origin": "http://testserver"}


@pytest.fixture
def head(editor):
    """The only revision of a test on the only branch."""
    editor.PROCTOR_EDITOR_BRANCHES = ("production",)
    allocations = shares(control=0.25, inactive=0.5, blue=0.25)
    return services.edit(ADA, "buttontst", text_of(allocations=allocations), base=None).revision


@pytest.fixture
def grace(head):
    return signed_in("view", "edit", "stop", "delete", "approve")


def pages_with_a_message(head):
    """The page of each change → the fields that publish it."""
    common = {"branch": "production", "base": head.id}
    return {
        f"{TEST}raise/": {**common, "to": "60", "allocation": "1"},
        f"{TEST}finish/": {**common, "value": "1"},
        f"{TEST}roll-back/": {**common, "revision": head.id},
        f"{TEST}delete/": common,
        f"{TEST}schedule/": {**common, "do": "publish", "share-0": "60", "when-0": ""},
    }


def refused_and_kept(response, words, name="message"):
    assert response.status_code == 422
    assert f"{words} has 10001 characters; at most 10000 are allowed" in text(response).lower()
    assert fields(response)[name] == LONG
    assert f'maxlength="{MAX_TEXT}"' in response.text


def test_a_long_message_is_refused_and_kept(grace, head):
    for address, sent in pages_with_a_message(head).items():
        refused_and_kept(grace.post(address, {**sent, "message": LONG}), "the message")
    form = fields(grace.get(f"{TEST}edit/")) | {"share-0-0": "60", "share-0-1": "15"}
    response = grace.post(f"{TEST}edit/", {**form, "message": LONG, "do": "publish"})
    refused_and_kept(response, "the message")
    assert fields(response)["share-0-0"] == "60"
    assert Revision.objects.count() == 1


def test_a_message_of_the_greatest_length_is_kept_with_its_line_breaks(grace, head):
    (address, sent), *_ = pages_with_a_message(head).items()
    assert grace.post(address, {**sent, "message": LINES}).status_code == 303
    assert Revision.objects.order_by("version").last().message == "x\n" * (MAX_TEXT // 2 - 1) + "x"


def test_a_long_reason_to_stop_or_release_is_refused_and_kept(grace, head):
    sent = {"branch": "production", "value": "-1", "reason": LONG}
    refused_and_kept(grace.post(f"{TEST}stop/", sent), "the reason", "reason")
    shown = "production buttontst"
    sent = {"test": shown, "seen": shown, "value": "-1", "reason": LONG}
    refused_and_kept(grace.post(f"{ROOT}stop/", sent), "the reason", "reason")
    services.stop(command(), "buttontst", "production", reason="slow")
    sent = {"branch": "production", "message": LONG}
    refused_and_kept(grace.post(f"{TEST}release/", sent), "the message")
    assert Hold.objects.get().released is None


def test_a_long_message_about_a_schedule_is_refused_and_kept(grace, head):
    number = scheduled((0.6, 1), head=head).pk
    address = f"{ROOT}schedule/{number}/cancel/"
    refused_and_kept(grace.post(address, {"message": LONG}), "the message")
    assert Proposal.objects.get().state == Proposal.State.ACCEPTED


def test_a_long_comment_or_rejection_is_refused_and_kept(grace, head, settings):
    settings.PROCTOR_EDITOR_APPROVALS = {"production": 1}
    address = finish(signed_in("view", "edit", name="hedy"))
    response = grace.post(address, {"do": "comment", "text": LONG})
    refused_and_kept(response, "the comment", "text")
    response = grace.post(address, {"do": "reject", "text": LONG})
    assert response.status_code == 422
    assert re.search(f'<input id="pe-reason"[^>]* value="{LONG}"', response.text)
    assert Comment.objects.count() == 1
    assert Proposal.objects.get().is_open
    assert grace.post(address, {"do": "comment", "text": LINES}).status_code == 303


def test_a_long_message_of_an_import_is_refused_and_kept(grace, head):
    preview = grace.post(
        f"{ROOT}matrix/import/", {"branch": "production", "text": matrix_of(grace)}
    )
    sent = {**fields(preview), "do": "import", "message": LONG}
    response = grace.post(f"{ROOT}matrix/import/", sent)
    assert response.status_code == 422
    assert "The message has 10001 characters" in text(response)
    assert fields(response)["message"] == LONG


def matrix_of(client):
    page = client.get(f"{ROOT}matrix/", {"download": ""})
    return page.text.replace('"The colour of the button"', '"The color"')


def test_the_name_of_a_token_is_refused_rather_than_cut(grace):
    sent = {"name": "n" * 256, "scopes": ["read"], "days": "90"}
    response = grace.post(f"{ROOT}tokens/", sent)
    assert response.status_code == 422
    assert "the name has 256 characters; at most 255 are allowed" in text(response)
    assert fields(response)["name"] == "n" * 256
    user("view", name="hedy")
    with pytest.raises(CommandError, match="the name has 256 characters"):
        call_command("proctor_token", "n" * 256, user="hedy", scope=["read"])
    assert not Token.objects.exists()


def test_a_long_message_of_a_command_is_refused(head, tmp_path):
    path = tmp_path / "matrix.json"
    path.write_text("{}")
    with pytest.raises(CommandError, match="the message has 10001 characters"):
        call_command("proctor_import", path, branch="production", message=LONG)


def test_python_code_cannot_save_long_text(head):
    with pytest.raises(Refused, match="the message has 10001 characters"):
        services.finish(command(), "buttontst", "production", 1, base=head.id, message=LONG)


# The session or the CSRF token has changed since the form was opened.


def test_a_form_that_is_sent_after_the_session_ended_is_kept(grace, head):
    form = fields(grace.get(f"{TEST}edit/"))
    sent = {**form, "description": "\n<b>two\r\nlines</b>", "message": "why", "do": "publish"}
    grace.logout()
    response = grace.post(f"{TEST}edit/", sent, headers=OWN)
    assert response.status_code == 403
    assert "You are signed out" in text(response)
    assert reverse("proctor_editor:sign_in") in response.text
    # A browser drops the first line break of a textarea.
    kept = {name: each.removeprefix("\n") for name, each in fields(response).items()}
    assert kept["description"] == "\n<b>two\r\nlines</b>"
    again = signed_in("view", "edit", name="hedy")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = again.cookies
    shown = strict.post(f"{TEST}edit/", {**kept, "description": "typed"}, headers=OWN)
    assert shown.status_code == 403
    assert "Nothing was saved, because you have signed in again" in text(shown)
    assert (fields(shown)["description"], fields(shown)["message"]) == ("typed", "why")
    assert Revision.objects.count() == 1
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown.text)[1]
    publish = {**fields(shown), "do": "publish", "csrfmiddlewaretoken": token}
    assert strict.post(f"{TEST}edit/", publish, headers=OWN).status_code == 303
    assert Revision.objects.count() == 2


def strict_client():
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user("view", "edit", "stop", "delete", name="hedy"))
    return strict


def test_a_wrong_csrf_token_saves_nothing_and_loses_nothing(head):
    strict = strict_client()
    forms = {
        **pages_with_a_message(head),
        f"{TEST}stop/": {"branch": "production", "value": "-1", "reason": "why"},
        f"{ROOT}stop/": {"test": "production buttontst", "reason": "why"},
        f"{ROOT}tokens/": {"name": "why", "scopes": ["read"], "days": "90"},
    }
    for address, sent in forms.items():
        response = strict.post(address, {"message": "why", **sent}, headers=OWN)
        assert response.status_code == 403
        assert "Nothing was saved" in text(response)
        assert "why" in fields(response).values()
    assert (Revision.objects.count(), Token.objects.count()) == (1, 0)
    services.stop(command(), "buttontst", "production", reason="slow")
    sent = {"branch": "production", "message": "why"}
    response = strict.post(f"{TEST}release/", sent, headers=OWN)
    assert fields(response)["message"] == "why"
    assert Hold.objects.get().released is None


def test_a_wrong_csrf_token_forgets_no_application(head):
    register(command(), "mobile", "production", "{}")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user("view", "register", name="hedy"))
    response = strict.post(f"{ROOT}applications/mobile/production/", headers=OWN)
    assert response.status_code == 403
    assert "Nothing was saved" in text(response)
    assert Application.objects.filter(name="mobile").exists()


@pytest.mark.parametrize("origin", [{}, {"origin": "https://evil.example"}, {"origin": "null"}])
def test_a_form_of_another_site_is_not_shown(head, origin):
    sent = {"branch": "production", "value": "-1", "reason": "forged"}
    response = strict_client().post(f"{TEST}stop/", sent, headers=origin)
    assert response.status_code == 403
    assert "forged" not in response.text
    response = Client().post(f"{TEST}stop/", sent, headers=origin)
    assert response.status_code == 302
