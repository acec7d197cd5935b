"""The times of an analysis."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DAY", "HOUR", "Period"]

#: Lengths of time in microseconds.
HOUR = 3_600_000_000
DAY = 24 * HOUR

#: Maximum number of time steps. For a longer test, each step is made longer instead.
MAX_STEPS = 1_000


@dataclass(frozen=True, slots=True)
class Period:
    """The times of an analysis, in microseconds since 1970."""

    #: The first exposure of the test.
    start: int
    #: The end of the analysis: later exposures and outcomes are ignored.
    until: int
    #: The longest delay with which outcomes may arrive, in microseconds.
    lateness: int

    @property
    def bucket(self) -> int:
        """The length of one time step in the view over time: a day, or an hour in short tests."""
        span = self.until - self.start
        if span < 3 * DAY:
            return HOUR
        return DAY * (span // (MAX_STEPS * DAY) + 1)

    @property
    def buckets(self) -> int:
        """The number of steps."""
        return (self.until - self.start) // self.bucket + 1
