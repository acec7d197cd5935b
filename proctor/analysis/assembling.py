"""Build the report from the tables of an analysis."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from proctor.analysis.compared import compared_visitors
from proctor.analysis.comparing import (
    Comparison,
    compare_means,
    compare_quantiles,
    without_outcomes,
)
from proctor.analysis.errors import AnalysisError
from proctor.analysis.multiplicity import adjusted
from proctor.analysis.options import moment
from proctor.analysis.report.language import Series
from proctor.analysis.report.report import Report
from proctor.analysis.sample_ratio import sample_ratio
from proctor.analysis.trust import trust_list
from proctor.analysis.verdict import verdict
from proctor.analysis.waiting import wait_of
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proctor.analysis.prepared import Prepared
    from proctor.analysis.report.model import MetricReport

__all__ = ["assemble"]


def assemble(prepared: Prepared, tell: Callable[[str], object]) -> Report:
    """Return the report of an analysis, based on its prepared tables."""
    options, period = prepared.options, prepared.period
    ratio = sample_ratio(prepared.space, prepared.strata.strata, prepared.groups)
    baseline = choose_baseline(prepared)
    at_horizon = options.horizon is not None and period.until >= options.microseconds(
        options.horizon
    )
    metrics = _metrics(prepared, baseline, tell)
    compared = None
    if ratio.ok:
        compared = compared_visitors(prepared, metrics, ratio, baseline, at_horizon=at_horizon)
    trust = trust_list(
        ratio, prepared.visitors, prepared.strata, period, metrics=metrics, compared=compared
    )
    return Report(
        test=prepared.test,
        baseline=baseline,
        start=moment(period.start),
        until=moment(period.until),
        verdict=verdict(
            groups=prepared.groups,
            baseline=baseline if baseline in prepared.groups else None,
            metrics=metrics if prepared.seen_outcomes else (),
            ratio=ratio,
            alpha=options.alpha,
            at_horizon=at_horizon,
            wait=wait_of(prepared, metrics, baseline, at_horizon=at_horizon),
            warned=any(each.level == "warning" for each in trust),
        ),
        visitors=prepared.visitors,
        not_matured=prepared.not_matured,
        outcomes=prepared.outcomes,
        sample_ratio=ratio,
        strata=prepared.strata,
        metrics=metrics,
        trust=trust,
        alpha=options.alpha,
        horizon=None if options.horizon is None else moment(options.microseconds(options.horizon)),
        estimate=options.estimate,
        comparisons=_comparisons(prepared, baseline),
    )


def choose_baseline(prepared: Prepared) -> str | None:
    """Return the group to compare with, or None if the data contain no suitable group.

    The baseline is the first of these groups that exists: the group in the options; the declared
    default, if its value is at least 0; the group with the value 0; the live group with the lowest
    value. Raises AnalysisError if the options name a group that the test does not have.
    """
    options, groups = prepared.options, prepared.groups
    values = {
        bucket.name: bucket.value
        for definition in prepared.definitions
        for bucket in definition.buckets
    }
    if options.baseline is not None:
        _require_group(options.baseline, values, groups)
        return options.baseline
    if options.default is not None and values.get(options.default, -1) >= 0:
        return options.default
    for definition in reversed(prepared.definitions):
        for bucket in definition.buckets:
            if bucket.value == 0:
                return bucket.name
    seen = [name for name in groups if values.get(name, 0) >= 0]
    for usual in ("control", "baseline", "inactive"):
        if not values and usual in seen:
            return usual
    return min(seen, key=lambda name: (values.get(name, math.inf), name), default=None)


def _require_group(name: str, values: dict[str, int], groups: Sequence[str]) -> None:
    if name not in values and name not in groups:
        raise AnalysisError(
            Sentence(
                gettext_noop("The test has no group {group} for the baseline; it has {known}"),
                group=repr(name),
                known=Series(sorted({*values, *groups})),
            )
        )


def _comparisons(prepared: Prepared, baseline: str | None) -> int:
    """Return the number of comparisons for which the intervals are corrected."""
    others = sum(1 for group in prepared.groups if group != baseline)
    primary = sum(_primary(prepared))
    return max(1, primary * others)


def _primary(prepared: Prepared) -> list[bool]:
    metrics = [plan.metric for plan in prepared.plans]
    declared = any(metric.primary for metric in metrics)
    return [metric.guardrail is None and (metric.primary or not declared) for metric in metrics]


def _metrics(
    prepared: Prepared, baseline: str | None, tell: Callable[[str], object]
) -> tuple[MetricReport, ...]:
    comparisons = _comparisons(prepared, baseline)
    found = []
    for plan, primary in zip(prepared.plans, _primary(prepared), strict=True):
        tell(f"compute {plan.metric.name}")
        comparison = Comparison(prepared, plan, baseline, primary, comparisons)
        if prepared.names and not prepared.names.issuperset(plan.metric.sources):
            found.append(without_outcomes(comparison))
            continue
        compare = compare_quantiles if plan.metric.kind == "quantile" else compare_means
        found.append(replace(compare(comparison), is_empty=not prepared.names))
    return _with_adjusted(found, prepared)


def _with_adjusted(metrics: Sequence[MetricReport], prepared: Prepared) -> tuple[MetricReport, ...]:
    """Return the metrics with p-values adjusted for the number of primary metrics and groups."""
    raw = {
        (number, effect.group): effect.p_value
        for number, metric in enumerate(metrics)
        if metric.primary
        for effect in metric.effects
        if effect.p_value is not None
    }
    corrected = adjusted(raw, prepared.options.alpha, prepared.options.correction)
    found = []
    for number, metric in enumerate(metrics):
        effects = tuple(
            replace(effect, p_adjusted=corrected.get((number, effect.group)))
            for effect in metric.effects
        )
        found.append(replace(metric, effects=effects))
    return tuple(found)
