"""Short simulations of A/B tests; benchmarks/analysis.py runs the long ones."""

from __future__ import annotations

import pytest

from tests.analysis.simulating import (
    aa_false_positives,
    peeking_false_positives,
    ramp_figures,
    ramp_reports,
)


def test_tests_without_an_effect_are_rarely_significant():
    assert 0.02 <= aa_false_positives(300, size=1000) <= 0.08


def test_looking_often_does_not_find_what_is_not_there():
    assert peeking_false_positives(12) <= 1 / 12


@pytest.fixture(scope="module")
def ramps():
    return ramp_figures(40, effect=0.2)


def test_a_ramp_out_of_inactive_raises_no_alarm(ramps):
    alarms, *_ = ramps
    assert alarms == 0


def test_a_planted_effect_is_covered(ramps):
    _, _, covered, mean, spread = ramps
    assert covered >= 0.85
    assert abs(mean - 0.2) <= 4 * spread


def test_visitors_count_in_each_step_of_a_ramp():
    (report,) = ramp_reports(1)
    assert len(report.sample_ratio.strata) == 3
    assert report.visitors.two_groups == report.visitors.carried_over == 0
    assert {each.stratum.version: len(each.observed) for each in report.sample_ratio.strata} == {
        "1": 2, "2": 2, "3": 2,
    }  # fmt: skip


def test_the_past_does_not_bias_a_ramp():
    _, _, _, mean, spread = ramp_figures(25, effect=0.181, past=True)
    assert abs(mean - 0.181) <= 4 * spread
