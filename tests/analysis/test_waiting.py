"""How much longer a test must run: an estimate, from the visitors under the present split."""

from __future__ import annotations

import re

import numpy as np
import pytest

from proctor import Metric
from proctor.analysis import analyze
from proctor.analysis.intervals import always_valid_multiplier
from tests.analysis.samples import HALVES, at, evenly, split

FASTER = [HALVES, split((0, 0.5), (1, 0.5), version="2", allocation="#A2")]


def effect_of(report):
    ((effect,),) = [metric.effects for metric in report.metrics]
    return effect


def test_with_the_visitors_needed_the_always_valid_interval_finds_the_smallest_effect():
    seen, happened = evenly([30] * 10)
    report = analyze("atst", seen, happened, [HALVES], [Metric("revenue", smallest=0.1)])
    effect = effect_of(report)
    low, high = effect.always_valid
    error = (high - low) / 2 / always_valid_multiplier(600, 0.05)
    needed = effect.outlook.visitors_needed
    # In four of five tests the estimate is above the effect minus 0.8416 standard errors.
    then = error * np.sqrt(600 / needed)
    half = then * always_valid_multiplier(needed, 0.05)
    assert half + 0.8416 * then == pytest.approx(0.1, rel=0.01)


def test_the_outlook_uses_the_rate_of_the_present_split():
    metric = Metric("revenue", smallest=0.1)
    slow, fast = evenly([30] * 10), evenly([30] * 6 + [120] * 4)
    first = effect_of(analyze("atst", *slow, FASTER[:1], [metric], until=at(10))).outlook
    second = effect_of(analyze("atst", *fast, FASTER, [metric], until=at(10))).outlook
    assert first.days == pytest.approx((first.visitors_needed - 600) / 60, rel=0.01)
    assert second.days == pytest.approx((second.visitors_needed - 1320) / 240, rel=0.01)


def test_an_outlook_is_told_in_whole_weeks_and_as_an_estimate():
    seen, happened = evenly([30] * 10)
    report = analyze(
        "atst", seen, happened, [HALVES], [Metric("revenue", smallest=0.1)], until=at(10)
    )
    assert report.verdict.kind == "young"
    assert re.fullmatch(
        r"Too early to tell: at today's rate of visitors, wait about \d+ more weeks "
        r"until there are enough visitors to show an effect of 0\.100 on “revenue”, up or down\.",
        report.verdict.sentence,
    )


@pytest.mark.parametrize("until", [at(hours=20), at(30)])
def test_without_a_rate_of_visitors_no_time_is_told(until):
    """In less than a day there is no rate, and after a quiet week it says nothing."""
    seen, happened = evenly([400])
    report = analyze(
        "atst", seen, happened, [HALVES], [Metric("revenue", smallest=0.1)], until=until
    )
    assert report.verdict.days is None
    assert "week" not in report.verdict.sentence
    assert re.search(r"and about [\d,]+ are needed to show an effect of", report.verdict.sentence)


def test_a_test_with_few_visitors_says_until_when_each_group_has_enough():
    seen, happened = evenly([5] * 4)
    report = analyze("atst", seen, happened, [HALVES], until=at(4))
    assert report.verdict.days == pytest.approx(16, rel=0.1)
    assert report.verdict.sentence == (
        "Too early to tell: at today's rate of visitors, wait about 3 more weeks until each group "
        "has 100 visitors whose window is over."
    )
