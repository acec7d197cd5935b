"""Plan a test: compute how many visitors and days it needs, or what effect it can detect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from proctor.analysis.errors import AnalysisError, needed
from proctor.analysis.intervals import always_valid_multiplier
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from typing import Literal

__all__ = [
    "POWER",
    "Plan",
    "always_valid_size",
    "detectable",
    "plan_test",
    "visitors_needed",
]

#: Probability of detecting an effect of the declared size.
POWER = 0.8
#: The search for the required number of visitors gives up at this number.
_MOST = 1e12


def visitors_needed(
    variance: float,
    effect: float,
    *,
    shares: float = 1.0,
    alpha: float = 0.05,
    power: float = POWER,
) -> int:
    """Return the total number of visitors that both groups need to detect an effect.

    *variance* is the variance of one visitor's value, *effect* is the absolute difference of the
    means, and *shares* is the number of visitors in the group for each visitor in the baseline.
    Raises AnalysisError if these values make a plan impossible.
    """
    if not (effect and math.isfinite(effect)):
        raise AnalysisError(
            Sentence(gettext_noop("Expected an effect other than 0, got {effect}"), effect=effect)
        )
    if not variance > 0:
        raise AnalysisError(
            Sentence(gettext_noop("All values are equal, so the test cannot be planned"))
        )
    return int(_solve("n_obs", variance, shares, alpha, power, effect_size=abs(effect)))


def detectable(
    variance: float,
    visitors: float,
    *,
    shares: float = 1.0,
    alpha: float = 0.05,
    power: float = POWER,
) -> float:
    """Return the smallest absolute effect that can be detected with *visitors*.

    *visitors* is the number of visitors in both groups together.
    """
    if not variance > 0 or visitors < 4:
        raise AnalysisError(
            Sentence(
                gettext_noop("Expected a variance above 0 and 4 or more visitors, got {visitors}"),
                visitors=visitors,
            )
        )
    return float(_solve("effect_size", variance, shares, alpha, power, n_obs=int(visitors)))


def always_valid_size(
    variance: float, effect: float, *, alpha: float = 0.05, power: float = POWER
) -> float | None:
    """Return the number of visitors that the always-valid interval needs to detect an effect.

    The two groups have the same size; *variance* is the variance of one visitor's value, and
    *effect* the absolute difference of the means. With the returned number of visitors, the
    interval excludes 0 with probability *power*. Return None if no number of visitors is enough.
    """

    def finds(size: float) -> bool:
        error = math.sqrt(4 * variance / size)
        return error * (always_valid_multiplier(size, alpha) + reserve) <= effect

    reserve = NormalDist().inv_cdf(power)
    low, high = 1.0, 4.0
    while not finds(high):
        low, high = high, 2 * high
        if high > _MOST:
            return None
    while high - low > 0.5:
        middle = (low + high) / 2
        low, high = (low, middle) if finds(middle) else (middle, high)
    return high


def _solve(
    wanted: Literal["n_obs", "effect_size"],
    variance: float,
    shares: float,
    alpha: float,
    power: float,
    **given: Any,
) -> float:
    tt = needed("tea_tasting")
    aggr = needed("tea_tasting.aggr")
    # The first parameter is called value or column, depending on the version of tea-tasting.
    metric = tt.Mean("x", alpha=alpha, power=power, ratio=shares, use_t=False, **given)
    data = aggr.Aggregates(count_=1000, mean_={"x": 1.0}, var_={"x": variance})
    (row,) = metric.solve_power_from_aggregates(data, wanted)
    return float(getattr(row, wanted))


@dataclass(frozen=True, slots=True)
class Plan:
    """How many visitors and days a test needs, and what effect it can then detect."""

    #: The effect to detect, as an absolute number and as a share of the mean.
    effect: float
    relative: float | None
    #: The total number of visitors in both groups.
    visitors: int
    #: Length of the test; None if the number of daily visitors is not given.
    days: float | None
    alpha: float
    power: float


def plan_test(
    *,
    mean: float,
    variance: float,
    effect: float | None = None,
    visitors: float | None = None,
    days: float | None = None,
    daily: float | None = None,
    shares: float = 1.0,
    alpha: float = 0.05,
    power: float = POWER,
) -> Plan:
    """Plan a test for a given effect, number of visitors, or number of days.

    *daily* is the number of visitors per day, in both groups together. *days* requires
    *daily*. Raises AnalysisError if none of the three is given, or if the values make a plan
    impossible.
    """
    if effect is not None:
        total = visitors_needed(variance, effect, shares=shares, alpha=alpha, power=power)
    else:
        if visitors is None and days is not None and daily is not None:
            visitors = days * daily
        if visitors is None:
            raise AnalysisError(
                Sentence(
                    gettext_noop(
                        "Expected the smallest effect, the number of visitors, or the number of "
                        "days together with the daily visitors"
                    )
                )
            )
        total = int(visitors)
        effect = detectable(variance, total, shares=shares, alpha=alpha, power=power)
    return Plan(
        effect,
        effect / mean if mean else None,
        total,
        total / daily if daily else None,
        alpha,
        power,
    )
