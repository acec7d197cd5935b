"""Estimate how much longer a test must run.

The result is exact only if the end of the test is declared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.analysis.effects import LEAST_ALWAYS_VALID
from proctor.analysis.period import DAY
from proctor.analysis.power import always_valid_size
from proctor.analysis.report.model import Outlook
from proctor.analysis.report.phrases import young_line
from proctor.analysis.report.words import count, days, weeks
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from proctor.analysis.effects import Combined, StratumEffect
    from proctor.analysis.metric_plan import MetricPlan
    from proctor.analysis.prepared import Prepared
    from proctor.analysis.report.model import MetricReport

__all__ = ["Wait", "outlook_of", "wait_of"]

#: A rate is computed only for a split that is at least a day old and had a visitor in the last
#: week.
LEAST_TIME, QUIET = DAY, 7 * DAY


@dataclass(frozen=True, slots=True)
class Wait:
    """The reason why it is too early for a verdict, and the time that the test still needs."""

    sentence: Sentence
    #: The estimated number of days that the test still needs, or None if there is no estimate.
    days: float | None


@dataclass(frozen=True, slots=True)
class _Flow:
    """The visitors in the baseline and in another group, under a split that is in use now."""

    counts: tuple[int, int]
    matured: tuple[int, int]
    #: Days since the first exposure under the split.
    days: float

    @property
    def rate(self) -> float:
        """New visitors per day, in both groups together."""
        return sum(self.counts) / self.days

    @property
    def pending(self) -> int:
        """The number of visitors whose window is not over yet."""
        return sum(self.counts) - sum(self.matured)

    @property
    def precision(self) -> float:
        """The information per visitor, relative to an even split between the two groups."""
        total = sum(self.counts)
        return 4 * self.counts[0] * self.counts[1] / (total * total)


def outlook_of(
    prepared: Prepared,
    plan: MetricPlan,
    effects: Sequence[StratumEffect],
    combined: Combined,
    *,
    alpha: float,
    groups: tuple[int, int],
) -> Outlook | None:
    """Return how many visitors and days a test needs to show the declared smallest effect.

    An effect shows when the always-valid interval at *alpha* excludes 0. *groups* are the indexes
    of the baseline and the other group. Return None if no effect is declared or all values are
    equal.
    """
    metric = plan.metric
    if metric.smallest is None:
        return None
    smallest = metric.smallest * abs(combined.baseline) if metric.relative else metric.smallest
    if not (smallest > 0 and combined.widest_error > 0):
        return None
    # The variance of one visitor. The standard error already takes strata and CUPED into account.
    variance = combined.widest_error**2 * combined.size / 4
    size = always_valid_size(variance, smallest, alpha=alpha)
    if size is None:
        return None
    visitors = sum(each.total for each in effects)
    flows = _flows(prepared, plan, groups)
    rate = sum(each.rate for each in flows)
    precision = combined.size / visitors
    if rate:
        precision = sum(each.rate * each.precision for each in flows) / rate
    missing = max(size - combined.size, 0.0) / precision
    more = None
    if rate:
        pending = sum(each.pending for each in flows)
        more = max(missing - pending, 0.0) / rate + (_window(prepared, plan) if missing else 0.0)
    return Outlook(smallest, visitors + math.ceil(missing), visitors, more)


def _flows(prepared: Prepared, plan: MetricPlan, groups: tuple[int, int]) -> list[_Flow]:
    """Return the flow of visitors under each current split, or [] if the rate is unknown."""
    strata, until = prepared.strata, prepared.period.until
    changed = max((each.at for each in strata.changes), default=0)
    visitors = _counts(prepared, plan)
    found = []
    for index, stratum in enumerate(strata.strata):
        counts = [visitors.get((index, group), (0, 0)) for group in groups]
        if stratum.last < changed or not all(number for number, _ in counts):
            continue
        if until - stratum.first < LEAST_TIME or until - stratum.last > QUIET:
            return []
        (one, one_matured), (other, other_matured) = counts
        days_passed = (until - stratum.first) / DAY
        found.append(_Flow((one, other), (one_matured, other_matured), days_passed))
    return found


def _counts(prepared: Prepared, plan: MetricPlan) -> dict[tuple[int, int], tuple[int, int]]:
    """Return two numbers for each stratum and group.

    The first number counts all visitors, the second only those whose window has matured.
    """
    rows = prepared.space.run(
        f"SELECT s, g, count(*), count(*) FILTER ({plan.matured}) FROM units GROUP BY s, g"
    )
    return {(int(s), int(g)): (int(number), int(matured)) for s, g, number, matured in rows}


def _window(prepared: Prepared, plan: MetricPlan) -> float:
    """Return the number of days from an exposure until its window has matured."""
    length = prepared.options.window_of(plan.metric)
    return 0.0 if length is None else (length + prepared.period.lateness) / DAY


def wait_of(
    prepared: Prepared,
    metrics: Sequence[MetricReport],
    baseline: str | None,
    *,
    at_horizon: bool,
) -> Wait | None:
    """Return why it is too early for a verdict, or None if the test is old enough.

    If the end of the test is declared, the wait lasts until then. Otherwise, it lasts until the
    smallest effect worth finding would show or, if no such effect is declared, until a stratum has
    enough visitors whose window is over.
    """
    options, period = prepared.options, prepared.period
    if at_horizon:
        return None
    if options.horizon is not None:
        left = (options.microseconds(options.horizon) - period.until) / DAY
        return Wait(
            Sentence(
                gettext_noop("Too early to tell: {days} until the declared end."), days=days(left)
            ),
            left,
        )
    return _wait_for_effect(metrics) or _wait_for_visitors(prepared, metrics, baseline)


def _wait_for_effect(metrics: Sequence[MetricReport]) -> Wait | None:
    """Return the longest wait for a declared smallest effect, or None if no wait is needed."""
    waiting = [
        (effect.outlook, metric.metric)
        for metric in metrics
        for effect in metric.effects
        if metric.primary and effect.outlook is not None and not effect.outlook.is_over
    ]
    if not waiting:
        return None
    outlook, metric = max(
        waiting, key=lambda pair: math.inf if pair[0].days is None else pair[0].days
    )
    return Wait(young_line(outlook, metric), outlook.days)


def _wait_for_visitors(
    prepared: Prepared, metrics: Sequence[MetricReport], baseline: str | None
) -> Wait | None:
    """Return the wait until each group has enough visitors, or None if they already have."""
    waiting = [
        plan
        for plan, metric in zip(prepared.plans, metrics, strict=True)
        if metric.primary
        and metric.metric.kind != "quantile"
        and not (metric.is_empty and prepared.names)
        and all(effect.always_valid[0] is None for effect in metric.effects)
        and _varies(metric)
    ]
    if not waiting or baseline not in prepared.groups or len(prepared.groups) < 2:
        return None
    base = prepared.groups.index(baseline)
    others = [index for index in range(len(prepared.groups)) if index != base]
    known = [
        each
        for each in (_first_numbers(prepared, plan, base, others) for plan in waiting)
        if each is not None
    ]
    least = count(LEAST_ALWAYS_VALID)
    if len(known) < len(waiting):
        return Wait(
            Sentence(
                gettext_noop(
                    "Too early to tell: each group needs at least {least} visitors whose window "
                    "is over."
                ),
                least=least,
            ),
            None,
        )
    return Wait(
        Sentence(
            gettext_noop(
                "Too early to tell: at today's rate of visitors, wait {time} until each group has "
                "{least} visitors whose window is over."
            ),
            time=weeks(max(known)),
            least=least,
        ),
        max(known),
    )


def _varies(metric: MetricReport) -> bool:
    """Return False if an interval is missing although every group has enough visitors.

    In this case the metric's values do not vary, and more visitors would not help.
    """
    return not metric.effects or any(
        min(each.baseline_visitors, each.visitors) < LEAST_ALWAYS_VALID
        for effect in metric.effects
        for each in effect.strata
    )


def _first_numbers(
    prepared: Prepared, plan: MetricPlan, base: int, others: Collection[int]
) -> float | None:
    """Return the number of days until a split has enough visitors in each group.

    Return None if the number cannot be estimated.
    """
    waits = list(_waits(prepared, plan, base, others))
    return max(waits) if waits else None


def _waits(
    prepared: Prepared, plan: MetricPlan, base: int, others: Collection[int]
) -> Iterator[float]:
    window = _window(prepared, plan)
    for other in others:
        found = [
            max(LEAST_ALWAYS_VALID / (min(flow.counts) / flow.days) + window - flow.days, 1 / 24)
            for flow in _flows(prepared, plan, (base, other))
        ]
        if found:
            yield min(found)
