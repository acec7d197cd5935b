"""The sums that SQL computes for a metric, and the columns that contain them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.analysis.period import Period
    from proctor.metrics import Metric

__all__ = ["MetricPlan"]


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """A metric with its columns in the DuckDB tables."""

    metric: Metric
    #: The position of the metric in the report.
    index: int
    #: The index of the metric's window in the list of window lengths.
    window: int
    #: How far back CUPED looks into a visitor's past, in microseconds; None without CUPED.
    past: int | None

    @property
    def end(self) -> str:
        """The name of the column that contains the end of the metric's window."""
        return f"e{self.window}"

    @property
    def matured(self) -> str:
        """The name of the column that is true if the metric's window has matured."""
        return f"m{self.window}"

    @property
    def bucket(self) -> str:
        """The name of the column with the time step in which the metric's window matured."""
        return f"b{self.window}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the metric's sums, then those of its sums for the time before the test."""
        count = len(self.metric.sources)
        names = [f"x{self.index}_{number}" for number in range(count)]
        if self.past is not None:
            names += [f"p{self.index}_{number}" for number in range(count)]
        return tuple(names)

    def sums(self, period: Period) -> Iterator[tuple[str, str]]:
        """Yield each column and the SQL that computes it for a unit `u` from its outcomes `o`."""
        sources = self.metric.sources
        for number, source in enumerate(sources):
            window = f"o.t >= u.t AND o.t < u.{self.end}"
            yield f"x{self.index}_{number}", self._sum(source, window)
        if self.past is not None:
            window = f"o.t >= {period.start - self.past} AND o.t < {period.start}"
            for number, source in enumerate(sources):
                yield f"p{self.index}_{number}", self._sum(source, window)

    def _sum(self, source: str, window: str) -> str:
        name = source.replace("'", "''")
        which = f"FILTER (o.metric = '{name}' AND {window})"
        if self.metric.kind == "proportion":
            return f"CAST(count(*) {which} > 0 AS DOUBLE)"
        return f"coalesce(sum(o.value) {which}, 0.0)"
