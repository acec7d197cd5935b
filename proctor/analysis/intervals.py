"""Confidence intervals: fixed-horizon and always-valid.

The always-valid interval is an asymptotic confidence sequence (Waudby-Smith et al. 2023, arXiv
2103.06476): with probability 1 - alpha, it covers the effect at every look.
"""

from __future__ import annotations

import math

from scipy import stats

__all__ = ["NARROWEST", "Interval", "always_valid_multiplier", "fixed_multiplier", "mixing"]

#: Two bounds, or None if the interval cannot be computed.
Interval = tuple[float | None, float | None]

#: N*, the number of visitors at which the always-valid interval is narrowest.
NARROWEST = 5_000


def mixing(alpha: float, narrowest: float = NARROWEST) -> float:
    """Return the parameter that the paper calls rho squared.

    With this value, the interval is narrowest when there are *narrowest* visitors.
    """
    log = -2 * math.log(alpha)
    return (log + math.log(1 + log)) / narrowest


def always_valid_multiplier(n: float, alpha: float, narrowest: float = NARROWEST) -> float:
    """Return the half-width of the always-valid interval in standard errors.

    *n* is 4 n_c n_t / (n_c + n_t): the number of visitors of an equally precise test with two
    groups of the same size.
    """
    scaled = n * mixing(alpha, narrowest)
    return math.sqrt(2 * (scaled + 1) / scaled * math.log(math.sqrt(scaled + 1) / alpha))


def fixed_multiplier(alpha: float, freedom: float) -> float:
    """Return the half-width of the fixed-horizon interval in standard errors.

    It is computed from the t distribution.
    """
    return float(stats.t.isf(alpha / 2, freedom))
