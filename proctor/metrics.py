"""`Metric`, a number by which a test is judged.

This module does not import Django, so a settings module can import it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from proctor.core.exceptions import ConfigurationError
from proctor.core.messages import printable

__all__ = ["KINDS", "Kind", "Metric"]

#: The ways to turn the outcomes of a visitor into one number.
Kind = Literal["mean", "proportion", "ratio", "quantile"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that is computed for each group of a test, and compared with the baseline group.

    Raises ConfigurationError if options are invalid or contradict each other.
    """

    #: The name of the outcomes, as in `record(name, request)`, or of the ratio.
    name: str
    #: `mean`: the sum of a visitor's values, or 0 for a visitor without outcomes. `proportion`: 1
    #: if the visitor has an outcome, else 0. `quantile`: a quantile of the visitors' sums. A metric
    #: with a numerator and a denominator is a `ratio`.
    kind: Kind = "mean"
    #: How long outcomes count after the exposure; None means until the end of the analysis.
    window: timedelta | None = None
    #: The length of a period before the start of the test. Outcomes from this period are used to
    #: narrow the intervals (CUPED).
    past: timedelta | None = None
    #: True if the verdict depends on the metric. If no metric in a report is primary, every metric
    #: that is not a guardrail counts as primary.
    primary: bool = False
    #: The dotted path of a callable that returns a QuerySet with the columns visitor, at and value.
    source: str | None = None
    #: Names of the two metrics whose sums are divided.
    numerator: str | None = None
    denominator: str | None = None
    #: The direction of improvement.
    better: Literal["higher", "lower"] = "higher"
    #: The largest acceptable harm, 0 or more. Setting this makes the metric a guardrail.
    guardrail: float | None = None
    #: True if `guardrail` and `smallest` are fractions of the baseline's mean.
    relative: bool = False
    #: The smallest effect worth detecting, above 0. The report says how long the test must run to
    #: detect such an effect.
    smallest: float | None = None
    #: Which quantile to compute, as a number between 0 and 1. Only for the kind `quantile`.
    quantile: float = 0.5

    def __post_init__(self) -> None:
        """Check the options."""
        name: object = self.name
        if not isinstance(name, str) or not name:
            raise ConfigurationError(f"Expected the name of a metric (str), got {self.name!r}")
        if (self.numerator is None) != (self.denominator is None):
            self._fail("a ratio needs both a numerator and a denominator")
        if self.numerator is not None and self.kind == "mean":
            object.__setattr__(self, "kind", "ratio")
        if self.kind not in KINDS:
            self._fail(f"expected kind to be one of {', '.join(KINDS)}; got {self.kind!r}")
        if (self.kind == "ratio") != (self.numerator is not None):
            self._fail(
                "expected numerator and denominator with kind='ratio', but not with other kinds; "
                f"got kind={self.kind!r}"
            )
        if self.better not in ("higher", "lower"):
            self._fail(f"expected better='higher' or better='lower', got {self.better!r}")
        for name in ("window", "past"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, timedelta) and value > timedelta(0)):
                self._fail(f"expected {name} as a timedelta above 0, got {value!r}")
        self._check_numbers()

    def _check_numbers(self) -> None:
        for name, least in (("guardrail", "0 or more"), ("smallest", "above 0")):
            value = getattr(self, name)
            if value is None:
                continue
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if (
                not number
                or not math.isfinite(value)
                or value < 0
                or (name == "smallest" and value == 0)
            ):
                self._fail(f"expected {name} as a number {least}, got {value!r}")
        if not 0 < self.quantile < 1:
            self._fail(f"expected a quantile between 0 and 1, got {self.quantile!r}")
        if self.guardrail is not None and self.primary:
            self._fail("a guardrail cannot be a primary metric")
        if self.guardrail is not None and self.kind == "quantile":
            self._fail("a quantile has no always-valid interval and cannot be a guardrail")

    def _fail(self, problem: str) -> None:
        raise ConfigurationError(f"Metric {printable(self.name)!r}: {problem}")

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the outcomes from which the metric is computed."""
        if self.numerator is not None and self.denominator is not None:
            return self.numerator, self.denominator
        return (self.name,)

    @property
    def sign(self) -> int:
        """1 if higher is better, else -1."""
        return 1 if self.better == "higher" else -1
