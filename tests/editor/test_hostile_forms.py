"""No form makes a page fail: whatever comes, it is shown again with what is wrong."""

from __future__ import annotations

import json

import pytest

from proctor.editor.changes import services
from proctor.editor.models import Revision
from tests.editor.samples import document, shares, text_of
from tests.editor.test_pages import ADA, ROOT, TEST, fields, signed_in, text

DEEP = "[" * 5000 + "]" * 5000


@pytest.fixture
def grace(editor):
    """Someone who may do everything on the only branch, which has one test."""
    editor.PROCTOR_EDITOR_BRANCHES = ("production",)
    allocations = shares(control=0.25, inactive=0.5, blue=0.25)
    services.edit(ADA, "buttontst", text_of(allocations=allocations), base=None)
    return signed_in("view", "edit", "stop", "delete")


def checked(grace, **typed):
    """Return the text of the panel for a form with these fields."""
    form = fields(grace.get(f"{TEST}edit/"))
    form |= {name.replace("_", "-"): value for name, value in typed.items()}
    response = grace.post(f"{ROOT}check/", form)
    assert response.status_code == 200
    return text(response)


@pytest.mark.parametrize("typed", ["1e5", "1e999999999", "NaN", "Infinity", "0x10", "9" * 5000])
def test_a_share_is_a_plain_number(grace, typed):
    assert f"Expected a percentage, got “{typed}”." in checked(grace, share_0_0=typed)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (DEEP, "nested too deeply"),
        ("[" * 201 + "]" * 201, "nested too deeply"),
        ("NaN", "NaN is not JSON"),
        ('{"a": 1, "a": 2}', "the key 'a' occurs twice in one object"),
        ("9" * 5000, "a number has 5000 digits; at most 4300 are allowed"),
    ],
)
def test_json_in_a_field_is_read_strictly(grace, typed, problem):
    assert problem in checked(grace, special=typed)


@pytest.mark.parametrize(
    "ranges", [DEEP, "5", '[{"bucketValue": 0, "length": "1e999999999"}]', '[{"length": 1e999}]']
)
def test_forged_ranges_are_left_out(grace, ranges):
    typed = {"share_0_0": "40", "share_0_1": "30", "share_0_2": "30"}
    assert "inactive 40 %" in checked(grace, allocation_0_ranges=ranges, **typed)


@pytest.mark.parametrize(
    ("do", "value"),
    [
        (f"remove-bucket-{'9' * 5000}", "1"),
        (f"raise-0-to-{'9' * 5000}", "1"),
        ("raise-0-to-50", "9" * 5000),
        ("add-bucket", "1.5"),
        ("check", "--5"),
    ],
)
def test_any_button_and_value_is_answered(grace, do, value):
    form = {**fields(grace.get(f"{TEST}edit/")), "do": do, "bucket-1-value": value}
    response = grace.post(f"{TEST}edit/", form)
    assert response.status_code == 200
    assert fields(response)["bucket-1-value"] == value


@pytest.mark.parametrize(
    "change",
    [
        {"rule": 5},
        {"dependsOn": 5},
        {"payloadExperimentConfig": {"namespaces": 5}},
        {"description": ["a"]},
        {"allocations": [{"rule": None, "ranges": [{"bucketValue": 0, "length": "1e999999999"}]}]},
    ],
    ids=str,
)
def test_json_that_no_form_can_show_stays_json(grace, change):
    written = json.dumps(document(**change))
    form = {**fields(grace.get(f"{TEST}edit/")), "mode": "json", "json": written, "do": "form"}
    response = grace.post(f"{TEST}edit/", form)
    assert response.status_code == 200
    assert fields(response)["json"] == written


def test_a_key_that_occurs_twice_is_not_dropped(grace):
    written = json.dumps(document())[:-1] + ', "salt": "&other"}'
    form = {**fields(grace.get(f"{TEST}edit/")), "mode": "json", "json": written}
    response = grace.post(f"{TEST}edit/", {**form, "do": "publish"})
    assert "the key 'salt' occurs twice in one object" in text(response)
    assert fields(response)["json"] == written


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ("a\0b", "the field 'reason' contains a NUL character or a lone surrogate"),
        ("a" * 10_001, "The reason has 10001 characters; at most 10000 are allowed"),
        ("\u200b", "A stop needs a reason"),
    ],
    ids=["nul", "long", "invisible"],
)
def test_a_reason_that_cannot_be_kept_or_read_is_refused(grace, reason, problem):
    sent = {"branch": "production", "value": "-1", "reason": reason}
    response = grace.post(f"{TEST}stop/", sent)
    assert response.status_code == 422
    assert problem in text(response)
    assert Revision.objects.count() == 1


def test_a_parameter_that_no_database_stores_is_refused(grace):
    assert grace.get(TEST, {"published": "\0"}).status_code == 422


@pytest.mark.parametrize("days", ["x", "-1", "9" * 12])
def test_a_token_has_one_of_the_lifetimes(grace, days):
    response = grace.post(f"{ROOT}tokens/", {"name": "ci", "days": days, "scopes": ["read"]})
    assert response.status_code == 422
    assert "Choose one of the lifetimes." in text(response)
