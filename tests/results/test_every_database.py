"""What databases do in different ways unless the app tells them: run on each of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from proctor.results.keeping import forget
from proctor.results.models import Exposure, Outcome
from proctor.results.recording.rows import NotedExposure, NotedOutcome, digest
from proctor.results.recording.splits import split_of_version
from proctor.results.recording.writer import Writer
from proctor.results.reports.counting import days_of

SPLIT = split_of_version("buttontst", "1", "USER")


def exposure(visitor, at=1000.0):
    return NotedExposure(at, visitor, "blue", "", SPLIT, hash(visitor))


@pytest.mark.parametrize("other", ["Ann", "ann ", "ánn"])
def test_similar_identifiers_are_two_visitors(db, other):
    Writer().write([exposure("ann"), exposure(other)])
    assert forget("USER", "ann")["Exposure"] == 1
    assert Exposure.objects.get().visitor == other


def test_every_digest_can_be_stored(db):
    outcomes = [
        NotedOutcome(digest(str(each)), 1000.0, "USER", "ann", "order", 1.0) for each in range(300)
    ]
    assert Writer().write(outcomes) == 0
    assert Outcome.objects.count() == 300


def test_values_are_stored_as_they_are(db):
    at = 1234567890.123456
    Writer().write([exposure("🙂" * 255, at), NotedOutcome(digest("x"), at, "USER", "a", "m", 0.1)])
    assert Exposure.objects.get().visitor == "🙂" * 255
    assert Outcome.objects.get().at.timestamp() == pytest.approx(at, abs=1e-6)
    assert Outcome.objects.get().value == 0.1


def test_days_are_those_of_the_sites_zone(db, settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    now = datetime.now(ZoneInfo(settings.TIME_ZONE))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    seconds = timedelta(seconds=1)
    times = [midnight, midnight - seconds, midnight - timedelta(days=3)]
    Writer().write([exposure(f"v{number}", at.timestamp()) for number, at in enumerate(times)])
    found = {each.day: each.total for each in days_of("buttontst")}
    today = now.date()
    days = {today - timedelta(days=each): 0 for each in range(4)}
    days.update({today: 1, today - timedelta(days=1): 1, today - timedelta(days=3): 1})
    assert found == days
