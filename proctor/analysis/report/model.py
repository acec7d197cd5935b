"""All results of an analysis, and their conversion to JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from proctor.analysis.exposures import Visitors
    from proctor.analysis.guardrails import GuardrailState
    from proctor.analysis.intervals import Interval
    from proctor.analysis.sample_ratio import SampleRatio, StratumRatio
    from proctor.analysis.strata import Strata
    from proctor.analysis.windows import Outcomes
    from proctor.metrics import Metric

__all__ = [
    "EffectReport",
    "Findings",
    "GroupReport",
    "HistoryPoint",
    "MetricReport",
    "Outlook",
    "SegmentReport",
    "StratumReport",
    "Trust",
    "Verdict",
]


@dataclass(frozen=True, slots=True)
class GroupReport:
    """The result of one group for one metric."""

    #: The number of distinct visitors whose outcome window has matured.
    visitors: int
    #: The mean across strata, or the quantile; None if the group has no visitors.
    mean: float | None


@dataclass(frozen=True, slots=True)
class StratumReport:
    """The effect in one stratum."""

    allocation: str | None
    version: str | None
    baseline_visitors: int
    visitors: int
    baseline: float
    value: float
    absolute: float
    interval: Interval
    always_valid: Interval

    def to_dict(self) -> dict[str, Any]:
        """Return the effect in the stratum as a dict for JSON."""
        return {
            "allocation": self.allocation,
            "version": self.version,
            "visitors": {"baseline": self.baseline_visitors, "group": self.visitors},
            "baseline": _number(self.baseline),
            "mean": _number(self.value),
            "absolute": _number(self.absolute),
            "relative": _number(self.absolute / self.baseline) if self.baseline else None,
            "interval": _pair(self.interval),
            "always_valid": _pair(self.always_valid),
        }


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """The effect that a report at an earlier time would have shown."""

    at: datetime
    visitors: int
    absolute: float
    always_valid: Interval


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """The effect among visitors who have the same value in a segment."""

    segment: str
    value: str
    visitors: int
    absolute: float
    relative: float | None
    always_valid: Interval


@dataclass(frozen=True, slots=True)
class Outlook:
    """How many visitors and days a test needs to show the smallest effect worth finding."""

    smallest: float
    #: Visitors in both groups together: the number needed, and the number counted so far.
    visitors_needed: int
    visitors: int
    #: How many more days the test needs at the current rate of visitors; None if unknown.
    days: float | None

    @property
    def is_over(self) -> bool:
        """True if enough visitors have been counted."""
        return self.visitors >= self.visitors_needed


@dataclass(frozen=True, slots=True)
class EffectReport:
    """The effect of one group relative to the baseline, for one metric."""

    group: str
    absolute: float
    relative: float | None
    interval: Interval
    always_valid: Interval
    p_value: float | None
    #: The p-value corrected for all primary metrics and groups, or None for other metrics.
    p_adjusted: float | None
    overlap_absolute: float | None
    overlap_relative: float | None
    strata: tuple[StratumReport, ...] = ()
    heterogeneity_p: float | None = None
    guardrail: GuardrailState | None = None
    margin: float | None = None
    outlook: Outlook | None = None
    history: tuple[HistoryPoint, ...] = ()
    segments: tuple[SegmentReport, ...] = ()

    @property
    def is_decided(self) -> bool:
        """True if the always-valid interval excludes 0."""
        low, high = self.always_valid
        return low is not None and high is not None and (low > 0 or high < 0)

    def to_dict(self, *, details: bool = False) -> dict[str, Any]:
        """Return the effect as a dict for JSON."""
        found: dict[str, Any] = {
            "group": self.group,
            "absolute": _number(self.absolute),
            "relative": _number(self.relative),
            "interval": _pair(self.interval),
            "always_valid": _pair(self.always_valid),
            "p_value": _number(self.p_value),
            "overlap": {
                "absolute": _number(self.overlap_absolute),
                "relative": _number(self.overlap_relative),
            },
            "strata": [each.to_dict() for each in self.strata],
            "heterogeneity_p": _number(self.heterogeneity_p),
        }
        if details:
            found |= self._details()
        return found

    def _details(self) -> dict[str, Any]:
        outlook = self.outlook
        return {
            "p_adjusted": _number(self.p_adjusted),
            "guardrail": self.guardrail,
            "margin": _number(self.margin),
            "outlook": outlook
            and {
                "smallest": _number(outlook.smallest),
                "visitors_needed": outlook.visitors_needed,
                "visitors": outlook.visitors,
                "days": _number(outlook.days),
            },
            "history": [
                {
                    "at": each.at.isoformat(),
                    "visitors": each.visitors,
                    "absolute": _number(each.absolute),
                    "always_valid": _pair(each.always_valid),
                }
                for each in self.history
            ],
            "segments": [
                {
                    "segment": each.segment,
                    "value": each.value,
                    "visitors": each.visitors,
                    "absolute": _number(each.absolute),
                    "relative": _number(each.relative),
                    "always_valid": _pair(each.always_valid),
                }
                for each in self.segments
            ],
        }


@dataclass(frozen=True, slots=True)
class MetricReport:
    """The results of one metric for all groups."""

    metric: Metric
    groups: Mapping[str, GroupReport]
    effects: tuple[EffectReport, ...]
    #: True if the verdict depends on this metric.
    primary: bool
    #: The share of units whose outcome window has matured. A unit is a visitor under one split.
    matured: float
    #: True if the metric has no outcomes yet.
    is_empty: bool = False

    def to_dict(self, *, details: bool = False) -> dict[str, Any]:
        """Return the metric's results as a dict for JSON."""
        found: dict[str, Any] = {
            "name": self.metric.name,
            "kind": self.metric.kind,
            "groups": {
                name: {"visitors": each.visitors, "mean": _number(each.mean)}
                for name, each in self.groups.items()
            },
            "effects": [each.to_dict(details=details) for each in self.effects],
        }
        if details:
            found |= {
                "primary": self.primary,
                "matured": _number(self.matured),
                "is_empty": self.is_empty,
            }
        return found


@dataclass(frozen=True, slots=True)
class Trust:
    """One item of the list "Can you trust it?"."""

    #: `note`: nothing is wrong, but readers should know about it.
    level: Literal["bad", "warning", "note", "good"]
    title: str
    text: str
    help: str
    #: What to do about the problem, or "" if there is none.
    advice: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the item as a dict for JSON."""
        return {"level": self.level, "title": self.title, "text": self.text}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first sentence of the report."""

    #: `none`: the data allow no verdict. `young`: it is too early. `undecided`: no difference was
    #: found.
    kind: Literal["broken", "none", "young", "wins", "loses", "harms", "undecided"]
    sentence: str
    #: The group that the sentence is about.
    group: str | None = None
    #: The estimated number of days that the test still needs; None if unknown or not needed.
    days: float | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """The results of an analysis."""

    #: The name of the test.
    test: str
    #: The group that the others are compared with, or None if there is no such group.
    baseline: str | None
    #: The time of the first exposure.
    start: datetime
    #: The end of the analysis.
    until: datetime
    #: The first sentence of the report, and the group that this sentence is about.
    verdict: Verdict
    #: The numbers of visitors who were counted and of those who were left out.
    visitors: Visitors
    #: The number of visitors whose outcome window has not ended.
    not_matured: int
    #: The numbers of outcomes that were counted and of those that were left out.
    outcomes: Outcomes
    #: The comparison of the groups' sizes with the shares in the matrix.
    sample_ratio: SampleRatio
    #: The splits of the visitors, one for each allocation and version.
    strata: Strata
    #: The results of each metric.
    metrics: tuple[MetricReport, ...]
    #: The reasons to trust or distrust the numbers.
    trust: tuple[Trust, ...]
    #: The accepted risk of a false positive, between 0 and 1.
    alpha: float
    #: The declared end of the test, or None if only always-valid intervals are shown.
    horizon: datetime | None
    #: The estimate that decides the verdict.
    estimate: Literal["stratified", "overlap"] = "stratified"
    #: The number of comparisons for which the intervals are corrected.
    comparisons: int = 1

    @property
    def ok(self) -> bool:
        """True if the sample ratio agrees with the matrix."""
        return self.sample_ratio.ok

    @property
    def shows_fixed(self) -> bool:
        """True if the test has a declared end; without one, the fixed interval has no meaning."""
        return self.horizon is not None

    def to_dict(self, *, details: bool = False) -> dict[str, Any]:
        """Return the report as a dict for JSON.

        With *details*, it includes the data that only the page shows.
        """
        found: dict[str, Any] = {
            "test": self.test,
            "baseline": self.baseline,
            "from": self.start.isoformat(),
            "until": self.until.isoformat(),
            "verdict": self.verdict.sentence,
            "visitors": {
                "counted": self.visitors.counted,
                "two_groups": self.visitors.two_groups,
                "carried_over": self.visitors.carried_over,
                "forced": self.visitors.forced,
                "not_matured": self.not_matured,
            },
            "outcomes": {
                "counted": self.outcomes.counted,
                "before": self.outcomes.before,
                "after": self.outcomes.after,
                "strangers": self.outcomes.strangers,
            },
            "sample_ratio": {
                "ok": self.sample_ratio.ok,
                "p_value": _number(self.sample_ratio.p_value),
                "strata": [_ratio(each) for each in self.sample_ratio.strata],
            },
            "metrics": [each.to_dict(details=details) for each in self.metrics],
        }
        if details:
            found |= {
                "verdict_kind": self.verdict.kind,
                "group": self.verdict.group,
                "days": _number(self.verdict.days),
                "trust": [each.to_dict() for each in self.trust],
                "alpha": self.alpha,
                "horizon": None if self.horizon is None else self.horizon.isoformat(),
                "estimate": self.estimate,
            }
        return found


def _ratio(each: StratumRatio) -> dict[str, Any]:
    return {
        "allocation": each.stratum.allocation,
        "version": each.stratum.version,
        "expected": dict(each.stratum.expected or {}),
        "observed": dict(each.observed),
        "p_value": _number(each.p_value),
    }


def _number(value: float | None) -> float | None:
    """Return the number, or None if JSON cannot represent it."""
    return None if value is None or not math.isfinite(value) else value


def _pair(interval: Interval) -> list[float | None]:
    low, high = (_number(each) for each in interval)
    return [None, None] if low is None or high is None else [low, high]
