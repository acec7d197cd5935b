"""Batches that the database does not accept unchanged."""

from __future__ import annotations

import time

import pytest
from django.db import DataError, OperationalError, connection

from proctor.results.models import Exposure, Outcome, Tally
from proctor.results.recording.recorder import Recorder
from proctor.results.recording.rows import NotedExposure, NotedOutcome, digest
from proctor.results.recording.seen import Seen
from proctor.results.recording.splits import split_of_version
from proctor.results.recording.writer import Unavailable, Writer

SPLIT = split_of_version("buttontst", "1", "USER")


def exposure(visitor="ann", at=1000.0):
    return NotedExposure(at, visitor, "blue", "", SPLIT, hash(visitor))


def outcome(visitor, value=1.0):
    return NotedOutcome(digest(visitor), 1000.0, "USER", visitor, "order", value)


class Choosy:
    """Wraps queries, so that the database refuses those that contain a word."""

    def __init__(self, word, error):
        self.word, self.error, self.refused = word, error, 0

    def __call__(self, execute, sql, params, many, context):
        if self.word in str(params):
            self.refused += 1
            raise self.error("refused")
        return execute(sql, params, many, context)


def test_a_batch_is_halved_until_the_bad_row_is_alone(db):
    batch = [outcome(f"v{number}") for number in range(100)]
    batch[37] = outcome("poison")
    choosy = Choosy("poison", DataError)
    with connection.execute_wrapper(choosy):
        assert Writer().write(batch) == 1
    assert Outcome.objects.count() == 99
    assert Tally.objects.get(kind=Tally.REFUSED).number == 1
    assert choosy.refused < 12


def test_an_outage_is_not_halved(db):
    choosy = Choosy("v1", OperationalError)
    with connection.execute_wrapper(choosy), pytest.raises(Unavailable, match="refused"):
        Writer().write([outcome("v0"), outcome("v1")])
    assert choosy.refused == 1
    assert Outcome.objects.count() == 0


def test_of_two_exposures_the_earlier_stays(db):
    writer = Writer()
    writer.write([exposure(at=2000.0), exposure(at=1500.0), exposure(at=1700.0)])
    assert Exposure.objects.get().at.timestamp() == 1500
    writer.write([exposure(at=1000.0)])
    writer.write([exposure(at=3000.0)])
    assert Exposure.objects.get().at.timestamp() == 1000


def test_writing_a_batch_again_changes_nothing(db):
    batch = [exposure(), outcome("ann")]
    for _ in range(2):
        Writer().write(batch)
    assert (Exposure.objects.count(), Outcome.objects.count()) == (1, 1)


def test_lost_exposures_are_noted_again_with_the_next_page(settings):
    settings.PROCTOR_RESULTS_QUEUE = 1
    settings.PROCTOR_RESULTS_THREAD = False
    recorder = Recorder()
    kept, lost = exposure("kept"), exposure("lost")
    for each in (kept, lost):
        recorder.seen.add(each.key)
        recorder.put(each)
    assert recorder.waiting == 1
    assert kept.key in recorder.seen
    assert lost.key not in recorder.seen


def test_what_was_seen_is_forgotten_from_the_oldest_on():
    seen = Seen(10)
    for key in range(30):
        seen.add(key)
        assert 0 in seen  # it is used all the time
    assert 29 in seen
    assert 5 not in seen


def test_a_row_that_cannot_be_made_does_not_stop_the_others(db):
    assert Writer().write([outcome("a\0"), outcome("ann")]) == 1
    assert Outcome.objects.get().visitor == "ann"
    day = time.strftime("%Y-%m-%d", time.gmtime(1000))
    assert str(Tally.objects.get().day) == day
