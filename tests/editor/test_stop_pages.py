"""Stop and Finish show who moves, and which tests lose their visitors."""

from __future__ import annotations

import pytest

from proctor.core.authoring.definitions.reading import definition_of
from proctor.editor.changes import services
from proctor.editor.models import Kind
from proctor.editor.publishing.publishing import Change, Signature, publish
from tests.editor.samples import document, shares, text_of
from tests.editor.test_pages import (
    ADA,
    ROOT,
    TEST,
    fields,
    grace,
    lengths,
    one,
    revision,
    served,
    signed_in,
    text,
)

__all__ = ["grace", "one", "revision"]


@pytest.fixture
def dependents(revision):
    """Two tests that depend on blue, one directly and one indirectly, and one on control."""
    for name, parent, value in (
        ("pricetst", "buttontst", 1),
        ("titletst", "pricetst", 1),
        ("linktst", "buttontst", 0),
    ):
        depends_on = {"testName": parent, "bucketValue": value}
        made = text_of(salt=f"&{name}", allocations=shares(blue=1.0), dependsOn=depends_on)
        services.edit(ADA, name, made, base=None)


def test_stop_shows_who_moves_to_each_group(revision, grace):
    shown = text(grace.get(f"{TEST}stop/?branch=production"))
    inactive, control = shown.split("inactive -1")[1].split("control 0")
    assert "50 % of visitors leave, nobody changes groups." in inactive
    assert "50 % of visitors enter, 25 % of visitors jump from blue to control." in control


def test_stop_shows_the_tests_that_lose_their_visitors(dependents, grace):
    shown = text(grace.get(f"{TEST}stop/?branch=production"))
    inactive, control = shown.split("inactive -1")[1].split("control 0")
    of_blue = (
        "pricetst depends on this test: All its visitors leave, because nobody is in blue of "
        "buttontst any more."
    )
    of_control = "because nobody is in control of buttontst any more."
    assert of_blue in inactive
    assert of_blue in control
    assert "because nobody is in blue of pricetst any more." in inactive
    assert of_control in inactive
    assert of_control not in control


ANY = f"{ROOT}stop/"
FOLLOWS = "Choose a test. You will see who moves before you stop it."
LEAVE = "50 % of visitors leave, nobody changes groups."


@pytest.fixture
def another(revision):
    """A second test, so that none is chosen yet."""
    services.edit(ADA, "linktst", text_of(salt="&linktst"), base=None)


@pytest.mark.parametrize("few", [True, False], ids=["chosen", "typed"])
def test_before_a_test_is_chosen_the_page_says_that_the_preview_follows(
    another, grace, monkeypatch, few
):
    if not few:
        monkeypatch.setattr("proctor.editor.pages.stop_views._OFFERED", 0)
    page = grace.get(ANY)
    assert FOLLOWS in text(page)
    assert "selected" not in page.content.decode().split('id="pe-test"')[1].split("</p>")[0]
    test = "production buttontst" if few else "buttontst"
    shown = grace.post(ANY, {"test": test, "reason": "the night", "do": "check"})
    inactive, control = text(shown).split("inactive -1")[1].split("control 0")
    assert LEAVE in inactive
    assert "25 % of visitors jump from blue to control." in control
    assert "Everybody in buttontst on production moves to" in text(shown)
    assert FOLLOWS not in text(shown)
    form = fields(shown)
    assert (form["reason"], form["seen"]) == ("the night", "production buttontst")
    assert lengths() == {-1: 0.5, 0: 0.25, 1: 0.25}
    assert grace.post(ANY, {**form, "test": test, "value": "0"}).status_code == 303
    assert lengths() == {0: 1.0}


def test_the_only_test_is_chosen_and_previewed(revision, grace):
    page = grace.get(ANY)
    assert LEAVE in text(page)
    assert fields(page)["seen"] == "production buttontst"


@pytest.mark.parametrize("seen", [{}, {"seen": "trunk linktst"}], ids=["none", "another"])
def test_nothing_is_stopped_before_the_preview_of_that_test_was_shown(another, grace, seen):
    sent = {"test": "production buttontst", "reason": "the night", **seen}
    page = grace.post(ANY, sent)
    assert page.status_code == 422
    assert "Check who moves, then press “Stop now” again." in text(page)
    assert LEAVE in text(page)
    assert lengths() == {-1: 0.5, 0: 0.25, 1: 0.25}
    assert grace.post(ANY, {**sent, **fields(page), "test": sent["test"]}).status_code == 303
    assert lengths() == {-1: 1.0}


def test_an_unknown_test_is_named_in_place_of_the_preview(another, grace):
    page = grace.post(ANY, {"test": "buttntst", "do": "check"})
    assert page.status_code == 200
    assert "buttntst" in text(page).split("Reason")[1]
    assert "seen" not in fields(page)


def test_a_test_that_someone_must_not_stop_is_not_previewed(another):
    viewer = signed_in("view", name="viewer")
    assert viewer.post(ANY, {"test": "buttontst", "do": "check"}).status_code == 403


def test_a_test_is_stopped_although_its_id_cannot_be_incremented(one, grace):
    definition = definition_of(document(allocations=[{**shares(blue=1.0)[0], "id": "mine"}]))
    publish(
        [Change("production", "buttontst", None, definition, Kind.CREATE)], Signature("ada", "")
    )
    page = grace.get(f"{TEST}stop/?branch=production")
    assert "100 % of visitors leave, nobody changes groups." in text(page)
    grace.post(f"{TEST}stop/", {**fields(page), "reason": "the night"})
    assert lengths() == {-1: 1.0}
    assert served().allocations[0].id == "mine"


def test_finish_shows_the_tests_that_lose_their_visitors(dependents, grace):
    shown = text(grace.get(f"{TEST}finish/?branch=production&value=0"))
    assert "nobody is in blue of buttontst any more." in shown
    assert "nobody is in control" not in shown
