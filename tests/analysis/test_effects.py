"""Effects over strata: variance by visitor, corrections, guardrails, quantiles."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import numpy as np
import pytest
from scipy import stats

from proctor import Metric
from proctor.analysis import analyze
from proctor.analysis.intervals import always_valid_multiplier
from tests.analysis.samples import HALVES, START, at, exposures, split, with_values
from tests.analysis.simulating import ramp_matrices, ramp_rows


def only_effect(report):
    ((effect,),) = [metric.effects for metric in report.metrics]
    return effect


def seen_days(size=1500, effect=0.3):
    """A ramp with returning visitors: its report, and its values by stratum, group and visitor."""
    seen, happened = ramp_rows("salt", size, effect, seed=3)
    report = analyze(
        "atst", seen, happened, ramp_matrices("salt"),
        [Metric("revenue", window=timedelta(hours=2))], until=START + timedelta(days=5),
    )  # fmt: skip
    values = defaultdict(dict)
    for exposure, outcome in zip(seen.to_pylist(), happened.to_pylist(), strict=True):
        values[exposure["version"], exposure["group"]][exposure["visitor"]] = outcome["value"]
    return report, values


def test_the_variance_is_clustered_by_visitor():
    report, values = seen_days()
    total = sum(map(len, values.values()))
    deviations = defaultdict(float)
    absolute = 0.0
    for version in ("1", "2", "3"):
        n = sum(len(values[version, group]) for group in ("control", "blue"))
        for group, sign in (("control", -1), ("blue", 1)):
            own = values[version, group]
            mean = np.mean(list(own.values()))
            absolute += sign * n / total * mean
            for visitor, value in own.items():
                deviations[visitor] += n / total * sign * (value - mean) / len(own)
    error = np.sqrt(sum(each**2 for each in deviations.values()))
    effect = only_effect(report)
    assert effect.absolute == pytest.approx(absolute, rel=1e-9)
    low, high = effect.interval
    # n - 1 instead of n within a stratum, and t instead of normal, differ by a thousandth.
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.005)


def test_independent_strata_would_be_too_sure():
    report, values = seen_days()
    total = sum(map(len, values.values()))
    variance = 0.0
    for version in ("1", "2", "3"):
        n = sum(len(values[version, group]) for group in ("control", "blue"))
        for group in ("control", "blue"):
            own = list(values[version, group].values())
            variance += (n / total) ** 2 * np.var(own, ddof=1) / len(own)
    low, high = only_effect(report).interval
    assert (high - low) / 2 > 1.03 * 1.96 * np.sqrt(variance)


def test_the_history_ends_with_the_report():
    report, _ = seen_days(size=3000)
    effect = only_effect(report)
    assert effect.history[-1].absolute == pytest.approx(effect.absolute)
    assert effect.history[-1].always_valid == pytest.approx(effect.always_valid)
    assert len(effect.history) > 1


def test_large_numbers_keep_their_variance():
    random = np.random.default_rng(1)
    values = {group: random.normal(0, 1, 200) for group in ("control", "blue")}
    found = [
        only_effect(
            analyze("atst", *with_values({k: v + shift for k, v in values.items()}), [HALVES])
        )
        for shift in (10, 1e9)
    ]
    assert found[1].p_value == pytest.approx(found[0].p_value, rel=1e-4)


def test_the_p_value_of_one_stratum_is_that_of_welch():
    random = np.random.default_rng(2)
    values = {"control": random.gamma(1, 1, 300), "blue": random.gamma(1, 1.2, 200)}
    effect = only_effect(analyze("atst", *with_values(values), [split((0, 0.6), (1, 0.4))]))
    wanted = stats.ttest_ind(values["blue"], values["control"], equal_var=False)
    assert effect.p_value == pytest.approx(wanted.pvalue, rel=1e-9)
    assert effect.interval == pytest.approx(tuple(wanted.confidence_interval(0.95)), rel=1e-9)


def test_the_always_valid_interval_follows_its_formula():
    random = np.random.default_rng(3)
    values = {"control": random.normal(5, 1, 400), "blue": random.normal(5, 3, 150)}
    effect = only_effect(
        analyze("atst", *with_values(values), [split((0, 400 / 550), (1, 150 / 550))])
    )
    n0, n1 = 400, 150
    v0, v1 = (np.var(values[name], ddof=1) for name in ("control", "blue"))
    welch = v0 / n0 + v1 / n1
    pooled = ((n0 - 1) * v0 + (n1 - 1) * v1) / (n0 + n1 - 2) * (1 / n0 + 1 / n1)
    half = np.sqrt(max(welch, pooled)) * always_valid_multiplier(4 * n0 * n1 / (n0 + n1), 0.05)
    low, high = effect.always_valid
    assert (high - low) / 2 == pytest.approx(half, rel=1e-9)
    assert (high + low) / 2 == pytest.approx(effect.absolute, rel=1e-9)


@pytest.mark.parametrize(("size", "known"), [(99, False), (100, True)])
def test_an_always_valid_interval_needs_a_hundred_visitors_in_each_group(size, known):
    random = np.random.default_rng(4)
    values = {"control": random.normal(5, 1, 200), "blue": random.normal(5, 1, size)}
    low, high = only_effect(
        analyze("atst", *with_values(values), [split((0, 2 / 3), (1, 1 / 3))])
    ).always_valid
    assert (low is not None, high is not None) == (known, known)


def test_always_valid_intervals_are_wider_with_more_metrics_and_groups():
    random = np.random.default_rng(5)
    values = {name: random.normal(5, 1, 300) for name in ("control", "blue", "green")}
    matrix = split((0, 1 / 3), (1, 1 / 3), (2, 1 / 3))
    seen, happened = with_values(values)
    report = analyze("atst", seen, happened, [matrix])
    assert report.comparisons == 2
    effect = report.metrics[0].effects[0]
    low, high = effect.always_valid
    error = (effect.interval[1] - effect.interval[0]) / 2 / stats.t.isf(0.025, 598)
    assert (high - low) / 2 == pytest.approx(error * always_valid_multiplier(600, 0.025), rel=0.01)
    assert all(each.p_adjusted >= each.p_value for each in report.metrics[0].effects)


def shifted(size, shift, seed=6):
    random = np.random.default_rng(seed)
    return {"control": random.normal(5, 1, size), "blue": random.normal(5 + shift, 1, size)}


@pytest.mark.parametrize(
    ("shift", "options", "state"),
    [
        (0.0, {"guardrail": 0.3}, "passed"),
        (0.0, {"guardrail": 0.05}, "open"),
        (-0.8, {"guardrail": 0.3}, "harmed"),
        (0.8, {"guardrail": 0.3}, "passed"),
        (0.8, {"guardrail": 0.3, "better": "lower"}, "harmed"),
        (0.0, {"guardrail": 0.06, "relative": True}, "passed"),
        (0.0, {"guardrail": 0.01, "relative": True}, "open"),
    ],
)
def test_a_guardrail_is_passed_harmed_or_open(shift, options, state):
    seen, happened = with_values(shifted(1000, shift))
    effect = only_effect(analyze("atst", seen, happened, [HALVES], [Metric("revenue", **options)]))
    assert effect.guardrail == state


def test_a_harmed_guardrail_decides_the_verdict():
    seen, happened = with_values(shifted(1000, -0.8))
    report = analyze("atst", seen, happened, [HALVES], [Metric("revenue", guardrail=0.1)])
    assert report.verdict.kind == "harms"


def test_quantiles_have_bootstrapped_intervals_that_a_seed_repeats():
    seen, happened = with_values(shifted(800, 0.5))
    metric = Metric("revenue", kind="quantile", quantile=0.9)
    one, same, other = (
        only_effect(analyze("atst", seen, happened, [HALVES], [metric], seed=seed))
        for seed in (1, 1, 2)
    )
    assert one.interval == same.interval != other.interval
    assert one.interval[0] < 0.5 < one.interval[1]
    assert one.always_valid == (None, None)
    control = np.quantile(shifted(800, 0.5)["control"], 0.9)
    blue = np.quantile(shifted(800, 0.5)["blue"], 0.9)
    assert one.absolute == pytest.approx(blue - control)


def test_quantiles_of_visitors_in_several_strata_are_bootstrapped_by_visitor():
    seen, happened = ramp_rows("salt", 800, 0.0, seed=3)
    metric = Metric("revenue", kind="quantile", window=timedelta(hours=2))
    report = analyze(
        "atst", seen, happened, ramp_matrices("salt"), [metric], until=START + timedelta(days=5)
    )
    effect = only_effect(report)
    assert len(effect.strata) == 3
    assert effect.interval[0] < effect.absolute < effect.interval[1]


def returning(rate):
    """A ramp in which a share of the blue group does not return, but everyone else does."""
    seen = []
    for index in range(4000):
        group = "blue" if index % 2 else "control"
        seen.append({"at": at(0), "visitor": f"v{index}", "group": group})
        if group == "control" or index % 100 < 100 * rate:
            seen.append(
                {
                    "at": at(5), "visitor": f"v{index}", "group": group,
                    "version": "2", "allocation": "#A2",
                }
            )  # fmt: skip
    return exposures(seen)


def test_groups_that_return_at_different_rates_are_named():
    matrices = [HALVES, split((0, 0.5), (1, 0.5), version="2", allocation="#A2", salt="t2")]
    report = analyze("atst", returning(0.7), None, matrices)
    assert not report.ok
    assert "return at different rates" in report.verdict.sentence
    assert analyze("atst", returning(1.0), None, matrices).ok


def test_a_visitor_in_a_group_without_a_share_breaks_the_sample_ratio():
    seen = exposures(
        [
            {"at": at(), "visitor": "a", "group": "control"},
            {"at": at(), "visitor": "b", "group": "green"},
        ]
    )
    assert analyze("atst", seen, None, [HALVES]).sample_ratio.p_value == 0.0


def test_segments_are_shown_apart():
    seen, happened = with_values(shifted(400, 0.5))
    countries = ["US" if index % 2 else "GB" for index in range(seen.num_rows)]
    seen = seen.append_column("country", [countries])
    effect = only_effect(analyze("atst", seen, happened, [HALVES], segments=["country"]))
    assert [(each.segment, each.value, each.visitors) for each in effect.segments] == [
        ("country", "GB", 400),
        ("country", "US", 400),
    ]
