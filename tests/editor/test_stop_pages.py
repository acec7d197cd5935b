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
    TEST,
    fields,
    grace,
    lengths,
    one,
    revision,
    served,
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
    assert "50 % of visitors leave, nobody changes group." in inactive
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


def test_a_test_is_stopped_although_its_id_cannot_be_incremented(one, grace):
    definition = definition_of(document(allocations=[{**shares(blue=1.0)[0], "id": "mine"}]))
    publish(
        [Change("production", "buttontst", None, definition, Kind.CREATE)], Signature("ada", "")
    )
    page = grace.get(f"{TEST}stop/?branch=production")
    assert "100 % of visitors leave, nobody changes group." in text(page)
    grace.post(f"{TEST}stop/", {**fields(page), "reason": "the night"})
    assert lengths() == {-1: 1.0}
    assert served().allocations[0].id == "mine"


def test_finish_shows_the_tests_that_lose_their_visitors(dependents, grace):
    shown = text(grace.get(f"{TEST}finish/?branch=production&value=0"))
    assert "nobody is in blue of buttontst any more." in shown
    assert "nobody is in control" not in shown
