"""Compare the groups with the baseline for one metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from proctor.analysis.effects import (
    LEAST_ALWAYS_VALID,
    combine,
    covariance_of,
    effects_in,
    heterogeneity,
    restricted,
)
from proctor.analysis.guardrails import guardrail_state, margin
from proctor.analysis.moments import read_moments
from proctor.analysis.options import moment
from proctor.analysis.quantiles import quantile_effect, quantile_of, read_values
from proctor.analysis.report.model import (
    EffectReport,
    GroupReport,
    HistoryPoint,
    MetricReport,
    SegmentReport,
    StratumReport,
)
from proctor.analysis.waiting import outlook_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proctor.analysis.effects import Combined, StratumEffect
    from proctor.analysis.metric_plan import MetricPlan
    from proctor.analysis.moments import Moments
    from proctor.analysis.prepared import Prepared

__all__ = ["Comparison", "compare_means", "compare_quantiles", "without_outcomes"]

#: Maximum number of points in the chart over time, and maximum number of values shown per segment.
POINTS, VALUES = 60, 8


@dataclass(frozen=True, slots=True)
class Comparison:
    """A metric whose group means are compared, with the data and options for the comparison."""

    prepared: Prepared
    plan: MetricPlan
    baseline: str | None
    primary: bool
    #: The number of comparisons for which the intervals of primary metrics are corrected.
    comparisons: int

    @property
    def alpha(self) -> float:
        """The error rate of one always-valid interval."""
        alpha = self.prepared.options.alpha
        return alpha / self.comparisons if self.primary else alpha

    @property
    def base(self) -> int | None:
        """The index of the baseline group, or None if no visitor was exposed to that group."""
        groups = self.prepared.groups
        return groups.index(self.baseline) if self.baseline in groups else None

    def others(self) -> Iterator[tuple[int, str]]:
        """Return the groups to compare with the baseline."""
        if self.base is not None:
            for index, name in enumerate(self.prepared.groups):
                if index != self.base:
                    yield index, name

    @property
    def several(self) -> bool:
        """True if a visitor can be in more than one stratum."""
        return len(self.prepared.strata.strata) > 1

    def moments(self, where: str = "true") -> Moments:
        """Return the moments of the metric."""
        return read_moments(
            self.prepared.space,
            self.plan,
            self.prepared.period.buckets,
            several=self.several,
            where=where,
        )


def compare_means(comparison: Comparison) -> MetricReport:
    """Return the report on a metric that is a mean, a proportion or a ratio."""
    over_time = comparison.moments()
    moments = over_time.at()
    segments = list(_segments(comparison))
    effects = []
    for index, group in comparison.others():
        found = _effect(comparison, over_time, index, group, segments)
        if found is not None:
            effects.append(found)
    return MetricReport(
        comparison.plan.metric,
        _groups(comparison, moments),
        tuple(effects),
        comparison.primary,
        _matured(comparison),
    )


def without_outcomes(comparison: Comparison) -> MetricReport:
    """Return the report on a metric that has no outcomes yet."""
    visitors = _visitors(comparison)
    names = enumerate(comparison.prepared.groups)
    return MetricReport(
        comparison.plan.metric,
        {name: GroupReport(visitors.get(index, 0), None) for index, name in names},
        (),
        comparison.primary,
        _matured(comparison),
        is_empty=True,
    )


def _matured(comparison: Comparison) -> float:
    row = comparison.prepared.space.run(
        f"SELECT avg(CAST({comparison.plan.matured} AS DOUBLE)) FROM units"
    )[0]
    return float(row[0] or 0.0)


def _visitors(comparison: Comparison) -> dict[int, int]:
    """Return, for each group, the number of distinct visitors whose window has matured."""
    counted = "count(DISTINCT visitor)" if comparison.several else "count(*)"
    rows = comparison.prepared.space.run(
        f"SELECT g, {counted} FROM units WHERE {comparison.plan.matured} GROUP BY g"
    )
    return {int(row[0]): int(row[1]) for row in rows}


def _groups(comparison: Comparison, moments: Moments) -> dict[str, GroupReport]:
    visitors = _visitors(comparison)
    totals: dict[int, float] = {}
    for (stratum, _), sums in moments.own.items():
        totals[stratum] = totals.get(stratum, 0.0) + float(sums[0])
    found = {}
    for index, name in enumerate(comparison.prepared.groups):
        mean = _group_mean(moments, totals, index, ratio=comparison.plan.metric.kind == "ratio")
        found[name] = GroupReport(visitors.get(index, 0), mean)
    return found


def _group_mean(
    moments: Moments, totals: dict[int, float], group: int, *, ratio: bool
) -> float | None:
    """Return a group's mean across all strata, weighted by n_s/N."""
    rows = []
    for (stratum, each), sums in moments.own.items():
        if each != group or not sums[0]:
            continue
        mean = moments.center + sums[1] / sums[0]
        if ratio and mean[1] == 0:
            continue
        rows.append((totals[stratum], float(mean[0] / mean[1] if ratio else mean[0])))
    whole = sum(weight for weight, _ in rows)
    return sum(weight * value for weight, value in rows) / whole if whole else None


def _pair(comparison: Comparison, moments: Moments, group: int) -> tuple[list[StratumEffect], Any]:
    """Return a group's effect in each stratum, and the covariance of these effects."""
    base = comparison.base
    if base is None:
        return [], np.zeros((0, 0))
    metric = comparison.plan.metric
    effects = effects_in(
        moments, base, group, ratio=metric.kind == "ratio", past=comparison.plan.past is not None
    )
    return effects, covariance_of(effects, moments, (base, group))


def _always_valid(
    comparison: Comparison, effects: Sequence[StratumEffect], covariance: Any
) -> Combined | None:
    """Return the effect across all strata that have enough visitors for asymptotic bounds."""
    return combine(
        *restricted(effects, covariance, LEAST_ALWAYS_VALID),
        overlap=comparison.prepared.options.estimate == "overlap",
    )


def _effect(
    comparison: Comparison,
    over_time: Moments,
    index: int,
    group: str,
    segments: Sequence[tuple[str, str, Moments]],
) -> EffectReport | None:
    moments = over_time.at()
    options, metric = comparison.prepared.options, comparison.plan.metric
    effects, covariance = _pair(comparison, moments, index)
    stratified = combine(effects, covariance)
    overlap = combine(effects, covariance, overlap=True)
    if stratified is None or overlap is None:
        return None
    chosen = overlap if options.estimate == "overlap" else stratified
    sequential = _always_valid(comparison, effects, covariance)
    is_guardrail = metric.guardrail is not None
    return EffectReport(
        group=group,
        absolute=chosen.absolute,
        relative=chosen.relative,
        interval=chosen.fixed(options.alpha),
        always_valid=(None, None)
        if sequential is None
        else sequential.always_valid(comparison.alpha),
        p_value=chosen.p_value,
        p_adjusted=None,
        overlap_absolute=overlap.absolute,
        overlap_relative=overlap.relative,
        strata=tuple(_stratum(comparison, each, covariance, i) for i, each in enumerate(effects)),
        heterogeneity_p=heterogeneity(effects, covariance),
        guardrail=guardrail_state(metric, sequential, options.alpha) if is_guardrail else None,
        margin=margin(metric, chosen.baseline) if is_guardrail else None,
        outlook=outlook_of(
            comparison.prepared,
            comparison.plan,
            restricted(effects, covariance, LEAST_ALWAYS_VALID)[0] or effects,
            sequential or chosen,
            alpha=comparison.alpha,
            groups=(comparison.base or 0, index),
        ),
        history=tuple(_history(comparison, over_time, index)),
        segments=tuple(_segment_effects(comparison, segments, index)),
    )


def _stratum(
    comparison: Comparison, effect: StratumEffect, covariance: Any, index: int
) -> StratumReport:
    stratum = comparison.prepared.strata.strata[effect.stratum]
    own = covariance[index : index + 1, index : index + 1]
    alone = combine([effect], own)
    sequential = combine(*restricted([effect], own, LEAST_ALWAYS_VALID))
    alpha = comparison.prepared.options.alpha
    return StratumReport(
        stratum.allocation,
        stratum.version,
        effect.baseline_visitors,
        effect.visitors,
        effect.baseline,
        effect.value,
        effect.absolute,
        (None, None) if alone is None else alone.fixed(alpha),
        (None, None) if sequential is None else sequential.always_valid(comparison.alpha),
    )


def _history(comparison: Comparison, over_time: Moments, group: int) -> Iterator[HistoryPoint]:
    period = comparison.prepared.period
    steps: Sequence[int] = range(period.buckets)
    if len(steps) > POINTS:
        steps = sorted({round(each) for each in np.linspace(0, period.buckets - 1, POINTS)})
    before = -1
    for step in steps:
        effects, covariance = _pair(comparison, over_time.at(step), group)
        found = _always_valid(comparison, effects, covariance)
        visitors = sum(each.total for each in effects)
        if found is None or visitors == before:
            continue
        before = visitors
        time = min(period.start + (step + 1) * period.bucket, period.until)
        yield HistoryPoint(
            moment(time), visitors, found.absolute, found.always_valid(comparison.alpha)
        )


def _segments(comparison: Comparison) -> Iterator[tuple[str, str, Moments]]:
    """Yield each segment's most frequent values, and the moments of the visitors who have them."""
    space = comparison.prepared.space
    for number, name in enumerate(comparison.prepared.options.segments):
        rows = space.run(
            f"SELECT segment{number} FROM units WHERE segment{number} IS NOT NULL "
            f"GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {VALUES}"
        )
        for (value,) in rows:
            literal = value.replace("'", "''")
            yield name, value, comparison.moments(f"u.segment{number} = '{literal}'").at()


def _segment_effects(
    comparison: Comparison, segments: Sequence[tuple[str, str, Moments]], group: int
) -> Iterator[SegmentReport]:
    for name, value, moments in segments:
        effects, covariance = _pair(comparison, moments, group)
        found = combine(effects, covariance)
        sequential = _always_valid(comparison, effects, covariance)
        if found is not None:
            yield SegmentReport(
                name,
                value,
                sum(each.total for each in effects),
                found.absolute,
                found.relative,
                (None, None) if sequential is None else sequential.always_valid(comparison.alpha),
            )


def compare_quantiles(comparison: Comparison) -> MetricReport:
    """Return the report on a quantile. Its intervals are valid only for a fixed horizon."""
    options, metric = comparison.prepared.options, comparison.plan.metric
    values = read_values(comparison.prepared.space, comparison.plan)
    visitors = _visitors(comparison)
    effects = []
    for index, group in comparison.others():
        found = quantile_effect(
            values,
            comparison.base if comparison.base is not None else index,
            index,
            metric.quantile,
            alpha=options.alpha,
            seed=options.seed,
        )
        if found is None:
            continue
        relative = found.absolute / found.baseline if found.baseline else None
        strata = comparison.prepared.strata.strata
        rows = tuple(
            StratumReport(
                strata[s].allocation,
                strata[s].version,
                len(values[s, comparison.base or 0].values),
                len(values[s, index].values),
                low,
                high,
                high - low,
                (None, None),
                (None, None),
            )
            for s, low, high in found.strata
        )
        effects.append(
            EffectReport(
                group=group,
                absolute=found.absolute,
                relative=relative,
                interval=found.interval,
                always_valid=(None, None),
                p_value=found.p_value,
                p_adjusted=None,
                overlap_absolute=None,
                overlap_relative=None,
                strata=rows,
            )
        )
    groups = {}
    for index, name in enumerate(comparison.prepared.groups):
        own = [each for (_, g), each in values.items() if g == index]
        counts = [len(each.values) for each in own]
        mean = (
            sum(n * quantile_of(each, metric.quantile) for n, each in zip(counts, own, strict=True))
            / sum(counts)
            if own
            else None
        )
        groups[name] = GroupReport(visitors.get(index, 0), mean)
    return MetricReport(metric, groups, tuple(effects), comparison.primary, _matured(comparison))
