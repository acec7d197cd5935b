"""Comparison with published numbers, and with the results of other programs."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
import tea_tasting as tt

from proctor import Metric
from proctor.analysis import analyze
from proctor.analysis.effects import combine, covariance_of, effects_in
from proctor.analysis.intervals import always_valid_multiplier, mixing
from proctor.analysis.moments import Moments
from proctor.analysis.multiplicity import adjusted
from proctor.analysis.power import detectable, visitors_needed
from proctor.analysis.sample_ratio import chance
from tests.analysis.samples import at, counted, exposures, outcomes, split


def only_effect(report):
    ((effect,),) = [metric.effects for metric in report.metrics]
    return effect


def moments_of(strata):
    """Moments from (n, sum, sum of squares) by stratum and group, without shared visitors."""
    own = {
        key: (float(n), np.array([total]), np.array([[squares]]))
        for key, (n, total, squares) in strata.items()
    }
    return Moments(np.zeros(1), own, {})


def combined(strata, **options):
    moments = moments_of(strata)
    effects = effects_in(moments, 0, 1, ratio=False, past=False)
    return combine(effects, covariance_of(effects, moments, (0, 1)), **options)


def test_the_sample_ratio_of_kohavi_has_his_p_value():
    # Kohavi, Tang, Xu: Trustworthy Online Controlled Experiments, chapter 3.
    p_value = chance({"control": 821_588, "blue": 815_482}, {"control": 0.5, "blue": 0.5})
    assert p_value == pytest.approx(1.8e-6, rel=0.02)


def test_the_vector_of_gbstats_has_its_p_value():
    found = combined({(0, 0): (3407, 1396.87, 52377.9767), (0, 1): (3461, 2422.7, 134698.29)})
    assert found.absolute == pytest.approx(0.29, abs=0.001)
    assert found.p_value == pytest.approx(0.02016, abs=1e-5)


#: The ramp of Crook et al. 2009, Seven Pitfalls, as counts of successes by day.
CROOK = {
    (0, 0): (990_000, 20_000, 20_000),
    (0, 1): (10_000, 230, 230),
    (1, 0): (500_000, 5_000, 5_000),
    (1, 1): (500_000, 6_000, 6_000),
}


def test_strata_turn_the_ramp_of_crook_around():
    pooled = combined(
        {
            (0, group): tuple(sum(CROOK[day, group][i] for day in (0, 1)) for i in range(3))
            for group in (0, 1)
        }
    )
    assert pooled.relative == pytest.approx(-0.27, abs=0.005)
    stratified = combined(CROOK)
    assert stratified.relative == pytest.approx(0.159, abs=0.0005)
    assert stratified.absolute / stratified.error == pytest.approx(3.2, abs=0.05)
    assert combined(CROOK, overlap=True).relative == pytest.approx(0.195, abs=0.0005)


def test_a_report_shows_the_ramp_of_crook():
    # A tenth of the visitors; the shares are the same.
    first = {"control": (9_900, 200), "blue": (1_000, 23)}
    second = {"control": (5_000, 50), "blue": (5_000, 60)}
    seen, happened = counted({"1": first, "2": second})
    matrices = [
        split((0, 9900 / 10900), (1, 1000 / 10900), version="1", allocation="#A1"),
        split((0, 0.5), (1, 0.5), version="2", allocation="#A2"),
    ]
    report = analyze("atst", seen, happened, matrices)
    effect = only_effect(report)
    n = np.array([10_900, 10_000])
    difference = np.array([23 / 1000 - 200 / 9900, 0.002])
    baseline = np.array([200 / 9900, 0.01])
    assert effect.absolute == pytest.approx(n @ difference / n.sum())
    assert effect.relative == pytest.approx(n @ difference / (n @ baseline))
    harmonic = np.array([9_900 * 1_000 / 10_900, 2_500])
    assert effect.overlap_relative == pytest.approx(harmonic @ difference / (harmonic @ baseline))


@pytest.fixture(scope="module")
def users():
    """The sample data of tea-tasting, with its covariates."""
    return tt.make_users_data(rng=42, covariates=True)


def rows_of(users, *columns):
    """Exposures and outcomes of the sample data; a visitor is a row."""
    names = {0: "control", 1: "blue"}
    seen, happened = [], []
    for index, row in enumerate(users.to_pylist()):
        seen.append({"at": at(), "visitor": str(index), "group": names[row["variant"]]})
        for column in columns:
            if row.get(column):
                happened.append((at(hours=1), str(index), column, float(row[column])))
            past = row.get(f"{column}_covariate")
            if past:
                happened.append((at(-1), str(index), column, float(past)))
    return exposures(seen), outcomes(happened)


def test_the_sample_data_of_tea_tasting_have_its_numbers(users):
    seen, happened = rows_of(tt.make_users_data(rng=42), "orders", "sessions")
    report = analyze("atst", seen, happened, [split((0, 0.5), (1, 0.5))], [Metric("orders")])
    effect = only_effect(report)
    assert effect.relative == pytest.approx(0.080, abs=0.0005)
    assert effect.p_value == pytest.approx(0.118, abs=0.0005)


def test_cuped_has_the_numbers_of_tea_tasting(users):
    seen, happened = rows_of(users, "revenue")
    metric = Metric("revenue", past=timedelta(days=14))
    effect = only_effect(analyze("atst", seen, happened, [split((0, 0.5), (1, 0.5))], [metric]))
    assert effect.relative == pytest.approx(0.14, abs=0.005)
    assert effect.p_value == pytest.approx(0.00674, abs=1e-5)


@pytest.mark.parametrize("past", [None, timedelta(days=14)])
def test_a_ratio_has_the_numbers_of_tea_tasting(users, past):
    seen, happened = rows_of(users, "orders", "sessions")
    metric = Metric("orders/sessions", numerator="orders", denominator="sessions", past=past)
    effect = only_effect(analyze("atst", seen, happened, [split((0, 0.5), (1, 0.5))], [metric]))
    covariates = ("orders_covariate", "sessions_covariate") if past else (None, None)
    experiment = tt.Experiment(ratio=tt.RatioOfMeans("orders", "sessions", *covariates))
    wanted = experiment.analyze(users)["ratio"]
    assert effect.absolute == pytest.approx(wanted.effect_size, rel=1e-9)
    assert effect.relative == pytest.approx(wanted.rel_effect_size, rel=1e-9)
    assert effect.p_value == pytest.approx(wanted.pvalue, rel=1e-9)
    assert effect.interval == pytest.approx(
        (wanted.effect_size_ci_lower, wanted.effect_size_ci_upper), rel=1e-9
    )


def test_the_always_valid_interval_has_the_published_parameters():
    # alpha 0.05, N* 5,000.
    assert mixing(0.05) == pytest.approx(
        (-2 * math.log(0.05) + math.log(1 - 2 * math.log(0.05))) / 5000
    )
    assert mixing(0.05) == pytest.approx(0.001587231, rel=1e-6)
    assert always_valid_multiplier(5_000, 0.05) == pytest.approx(3.03521, abs=1e-5)
    assert always_valid_multiplier(5_000, 0.05) / 1.959964 == pytest.approx(1.55, abs=0.01)
    assert always_valid_multiplier(50_000, 0.05) / 1.959964 == pytest.approx(1.65, abs=0.01)


def test_the_always_valid_interval_is_narrowest_at_its_number_of_visitors():
    # The half-width is the multiplier times a standard error that falls with the root of n.
    widths = {n: always_valid_multiplier(n, 0.05) / math.sqrt(n) for n in (4_000, 5_000, 6_000)}
    others = {n: always_valid_multiplier(5_000, 0.05, narrowest=n) for n in (4_000, 5_000, 6_000)}
    assert min(others, key=others.get) == 5_000
    assert widths[4_000] > widths[5_000] > widths[6_000]


def test_holm_and_benjamini_hochberg_adjust_as_their_papers_say():
    p_values = {"a": 0.01, "b": 0.04, "c": 0.03}
    assert adjusted(p_values, 0.05, "holm") == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert adjusted(p_values, 0.05, "bh") == pytest.approx({"a": 0.03, "b": 0.04, "c": 0.04})


def test_power_and_the_smallest_effect_are_each_others_inverse():
    # 16 times the variance over the squared effect, for each group (van Belle's rule).
    needed = visitors_needed(0.0475, 0.0025)
    assert needed == pytest.approx(2 * 15.7 * 0.0475 / 0.0025**2, rel=0.01)
    assert detectable(0.0475, needed) == pytest.approx(0.0025, rel=1e-4)
