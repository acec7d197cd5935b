"""What databases do in different ways unless the editor tells them: run on each of them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from proctor.editor.access.permissions import command
from proctor.editor.api.searching import found_names
from proctor.editor.changes import services
from proctor.editor.models import Head, Hold, Kind, Revision
from proctor.editor.publishing import publishing
from proctor.editor.publishing.clock import database_time
from proctor.editor.publishing.heads import find_head, published_ids
from proctor.editor.publishing.texts import parse
from tests.editor.samples import text_of

ME = command("ada")
NAME = "buttontst"


def create(test=NAME, **changes):
    return services.edit(ME, test, text_of(**changes), base=None, message="new").revision


@pytest.mark.parametrize("other", ["Buttontst", "buttontst "])
def test_names_that_differ_only_in_case_or_in_a_space_are_two_tests(editor, other):
    mine = create()
    assert find_head(other, "trunk") is None
    made = Revision.objects.create(
        branch=mine.branch, test=other, version=1, kind=Kind.CREATE, author="ada", time=mine.time
    )
    Head.objects.create(branch=mine.branch, test=other, revision=made)
    assert find_head(NAME, "trunk") == mine
    assert find_head(other, "trunk") == made


def test_allocation_ids_that_differ_only_in_case_are_two(editor):
    mine = create()
    for version, ids in enumerate(('["#a1"]', '["#A1"]'), 10):
        Revision.objects.create(
            branch=mine.branch, test=NAME, version=version, allocation_ids=ids, time=mine.time
        )
    assert {"#a1", "#A1"} <= published_ids(NAME, "trunk")


@pytest.mark.parametrize("words", ["BUTTON", "colour OF", "buttontst"])
def test_a_search_ignores_case(editor, words):
    create()
    assert found_names("trunk", words) == [NAME]


def test_a_test_has_at_most_one_hold_at_a_time(editor):
    create()
    services.stop(ME, NAME, "trunk", reason="it hurts")
    held = Hold.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Hold.objects.create(
            branch=held.branch,
            test=NAME,
            head=held.head,
            revision=held.revision,
            reason="again",
            author="bob",
            time=held.time,
        )


def test_a_test_is_held_and_released_as_often_as_people_want(editor):
    create()
    for _ in range(2):
        services.stop(ME, NAME, "trunk", reason="it hurts")
        services.release(ME, NAME, "trunk")
    assert Hold.objects.filter(head=None).count() == 2


def test_texts_may_have_any_characters(editor):
    made = services.edit(ME, NAME, text_of(description="𝒜 🙂"), base=None, message="🙂 é").revision
    found = Revision.objects.get(pk=made.pk)
    assert found.message == "🙂 é"
    assert parse(found.definition, NAME).test.description == "𝒜 🙂"


def test_large_publications_are_several_statements(editor, monkeypatch):
    monkeypatch.setattr(publishing, "_LARGEST", 2 * len(text_of()))
    changes = [
        publishing.Change(
            "trunk", f"test{number}", None, parse(text_of(), f"test{number}"), Kind.CREATE
        )
        for number in range(5)
    ]
    with CaptureQueriesContext(connection) as queries:
        publishing.publish(changes, publishing.Signature("ada"))
    starts = [each["sql"].partition("(")[0] for each in queries.captured_queries]
    assert sum("INSERT" in each and "editor_revision" in each for each in starts) > 1
    assert Head.objects.count() == 5


@pytest.mark.parametrize("zone", ["-05:00", "+09:00"])
def test_the_clock_does_not_depend_on_the_servers_zone(editor, zone):
    sql = {"mysql": "SET time_zone = %s", "postgresql": "SET LOCAL TIME ZONE %s"}
    if connection.vendor not in sql:
        pytest.skip("this database has no zone")
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@time_zone" if connection.vendor == "mysql" else "SHOW TIME ZONE")
        (before,) = cursor.fetchone()
        cursor.execute(sql[connection.vendor], [zone])
        found = database_time("default")
        cursor.execute(sql[connection.vendor], [before])
    assert abs(found - datetime.now(timezone.utc)) < timedelta(minutes=5)
