"""The options of an analysis, checked before any data is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from proctor.analysis.errors import AnalysisError
from proctor.core.messages import printable, shown
from proctor.metrics import Metric

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from proctor.analysis.multiplicity import Correction

__all__ = ["Options", "length_of", "microseconds", "moment", "option_error"]

#: Maximum number of metrics that the outcomes may have if the options do not name any metrics.
MAX_METRICS = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an analysis."""

    #: If empty, every metric in the outcomes is analyzed as a mean.
    metrics: tuple[Metric, ...] = ()
    #: Defaults for metrics that do not set these options themselves.
    kind: Literal["mean", "proportion"] = "mean"
    window: timedelta | None = None
    past: timedelta | None = None
    lateness: timedelta = timedelta(0)
    baseline: str | None = None
    #: The declared default group; it is the baseline if its value is at least 0.
    default: str | None = None
    until: datetime | None = None
    horizon: datetime | None = None
    timezone: str = "UTC"
    alpha: float = 0.05
    estimate: Literal["stratified", "overlap"] = "stratified"
    correction: Correction = "holm"
    segments: tuple[str, ...] = ()
    seed: int = 1
    #: True to raise an error for a metric that is not in the outcomes; otherwise it is reported
    #: without outcomes.
    require_metrics: bool = False

    def __post_init__(self) -> None:
        """Check the options. Raises AnalysisError."""
        for metric in self.metrics:
            if not isinstance(metric, Metric):
                raise option_error("metrics", "Metric objects", metric)
        keys = [(metric.name, metric.kind, metric.quantile) for metric in self.metrics]
        for key in keys:
            if keys.count(key) > 1:
                raise AnalysisError(f"The metric {printable(key[0])!r} is given twice")
        alpha: object = self.alpha
        if not isinstance(alpha, float) or not 0 < alpha < 0.5:
            raise option_error("alpha", "a number between 0 and 0.5", self.alpha)
        for name in ("window", "past"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, timedelta) and value > timedelta(0)):
                raise option_error(name, "a timedelta above 0", value)
        lateness: object = self.lateness
        if not isinstance(lateness, timedelta) or lateness < timedelta(0):
            raise option_error("lateness", "a timedelta of 0 or more", self.lateness)
        _one_of("kind", self.kind, ("mean", "proportion"))
        _one_of("estimate", self.estimate, ("stratified", "overlap"))
        _one_of("correction", self.correction, ("holm", "bh"))
        for name in ("until", "horizon"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, datetime):
                raise option_error(name, "a datetime", value)

    def chosen_metrics(self, found: Collection[str]) -> list[Metric]:
        """Return the metrics to compute.

        *found* contains the names of the metrics in the outcomes.
        """
        if not self.metrics and len(found) > MAX_METRICS:
            raise AnalysisError(
                f"The outcomes have {len(found):,} metrics; name those to analyze, at most "
                f"{MAX_METRICS} at a time"
            )
        metrics: Sequence[Metric] = self.metrics or [
            Metric(name, kind=self.kind) for name in sorted(found)
        ]
        return list(metrics)

    def window_of(self, metric: Metric) -> int | None:
        """Return the length of a metric's window in microseconds, or None if it has no end."""
        length = metric.window if metric.window is not None else self.window
        return None if length is None else length_of(length)

    def past_of(self, metric: Metric) -> int | None:
        """Return how far back CUPED looks, in microseconds, or None if CUPED is not used."""
        if metric.kind == "quantile":
            return None
        length = metric.past if metric.past is not None else self.past
        return None if length is None else length_of(length)

    def microseconds(self, time: datetime) -> int:
        """Return a time in microseconds since 1970.

        A time without an offset is interpreted in the time zone of the options.
        """
        return microseconds(time, self.timezone)


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise option_error(name, " or ".join(known), value)


def length_of(length: timedelta) -> int:
    """Return a length of time in microseconds."""
    return length // _MICROSECOND


def option_error(name: str, expected: str, value: Any) -> AnalysisError:
    """Return the error for an invalid option."""
    return AnalysisError(f"{name}: expected {expected}, got {shown(value)}")


def microseconds(time: datetime, zone: str) -> int:
    """Return a time as microseconds since 1970."""
    if time.tzinfo is None:
        try:
            time = time.replace(tzinfo=ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError):
            raise option_error("timezone", "a name such as Europe/Berlin", zone) from None
    return (time - _EPOCH) // _MICROSECOND


def moment(time: float) -> datetime:
    """Return microseconds since 1970 as a time in UTC."""
    if not math.isfinite(time):
        raise option_error("time", "a finite number", time)
    return _EPOCH + timedelta(microseconds=int(time))
