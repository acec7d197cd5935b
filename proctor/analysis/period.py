"""The period of an analysis, and its division into time steps."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DAY", "HOUR", "Period"]

#: An hour and a day in microseconds.
HOUR = 3_600_000_000
DAY = 24 * HOUR

#: Maximum number of time steps. In a very long test, each step is longer than a day.
MAX_STEPS = 1_000


@dataclass(frozen=True, slots=True)
class Period:
    """The start and end of an analysis in microseconds since 1970, and the allowed lateness."""

    #: The time of the test's first exposure.
    start: int
    #: The end of the analysis: later exposures and outcomes are ignored.
    until: int
    #: How late an outcome may arrive, in microseconds.
    lateness: int

    @property
    def bucket(self) -> int:
        """The length of a time step in the chart over time: a day, or an hour in short tests."""
        span = self.until - self.start
        if span < 3 * DAY:
            return HOUR
        return DAY * (span // (MAX_STEPS * DAY) + 1)

    @property
    def buckets(self) -> int:
        """The number of time steps."""
        return (self.until - self.start) // self.bucket + 1
