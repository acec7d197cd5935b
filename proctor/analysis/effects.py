"""The effect of a group relative to the baseline, within strata and combined.

Within a stratum the split is constant, so both groups have the same mix of days and visitors.
Strata are combined with the weights n_s/N. A visitor may be in several strata, so the variance is
clustered by visitor: it includes the covariance between the strata's effects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from proctor.analysis.intervals import always_valid_multiplier, fixed_multiplier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proctor.analysis.intervals import Interval
    from proctor.analysis.moments import Moments

__all__ = ["LEAST", "LEAST_ALWAYS_VALID", "Combined", "StratumEffect", "combine", "effects_in"]

#: Minimum number of visitors in each group of a stratum: in general, and for the always-valid
#: interval.
LEAST, LEAST_ALWAYS_VALID = 2, 100


@dataclass(frozen=True, slots=True)
class StratumEffect:
    """The effect in one stratum."""

    stratum: int
    #: Number of visitors in the baseline and in the group.
    baseline_visitors: int
    visitors: int
    #: The means of the baseline and of the group. With CUPED, both are adjusted for what the
    #: visitors did before the test.
    baseline: float
    value: float
    #: The variance of one visitor's contribution to each mean.
    baseline_variance: float
    variance: float
    #: How much the mean changes with each column; used to compute covariances.
    baseline_weights: Any
    weights: Any
    baseline_means: Any
    means: Any

    @property
    def total(self) -> int:
        """The number of visitors in both groups."""
        return self.baseline_visitors + self.visitors

    @property
    def harmonic(self) -> float:
        """n_c n_t / (n_c + n_t): the amount of information about the difference."""
        return self.baseline_visitors * self.visitors / self.total

    @property
    def absolute(self) -> float:
        """The difference between the means."""
        return self.value - self.baseline

    @property
    def parts(self) -> tuple[float, float]:
        """The squared standard errors of both means."""
        return (
            self.baseline_variance / self.baseline_visitors,
            self.variance / self.visitors,
        )

    @property
    def pooled(self) -> float:
        """The squared standard error of the difference, assuming that both variances are equal."""
        spread = (self.baseline_visitors - 1) * self.baseline_variance
        spread += (self.visitors - 1) * self.variance
        return spread / (self.total - 2) / self.harmonic


@dataclass(frozen=True, slots=True)
class Combined:
    """The effect across several strata."""

    absolute: float
    #: The combined mean of the baseline.
    baseline: float
    #: The standard error, and the larger of the standard error and the pooled standard error.
    error: float
    widest_error: float
    #: Degrees of freedom of the t distribution, from the Welch-Satterthwaite equation.
    freedom: float
    #: 4 times the sum of n_c n_t / (n_c + n_t).
    size: float

    @property
    def relative(self) -> float | None:
        """The effect as a share of the baseline's mean, or None if the mean is 0."""
        return self.absolute / self.baseline if self.baseline else None

    @property
    def p_value(self) -> float | None:
        """The two-sided p-value, valid only for a single look; None if the variance is 0."""
        if not self.error > 0 or not self.freedom > 0:
            return None
        return float(2 * stats.t.sf(abs(self.absolute) / self.error, self.freedom))

    def fixed(self, alpha: float) -> Interval:
        """Return the fixed-horizon interval, which is valid only if you look once."""
        if not self.error > 0 or not self.freedom > 0:
            return None, None
        half = self.error * fixed_multiplier(alpha, self.freedom)
        return self.absolute - half, self.absolute + half

    def always_valid(self, alpha: float) -> Interval:
        """Return the interval that remains valid no matter how often you look."""
        if not self.widest_error > 0:
            return None, None
        half = self.widest_error * always_valid_multiplier(self.size, alpha)
        return self.absolute - half, self.absolute + half


def effects_in(
    moments: Moments, baseline: int, group: int, *, ratio: bool, past: bool
) -> list[StratumEffect]:
    """Return the effect in each stratum where both groups have at least `LEAST` visitors.

    *moments* must not have a time axis. With *ratio*, the mean is the first column's mean divided
    by the second column's mean. With *past*, the second half of the columns contains the visitors'
    past (CUPED).
    """
    found = []
    for stratum in sorted({key[0] for key in moments.own}):
        pair = [moments.own.get((stratum, each)) for each in (baseline, group)]
        if any(sums is None or sums[0] < LEAST for sums in pair):
            continue
        effect = _effect(stratum, pair, moments.center, ratio=ratio, past=past)
        if effect is not None:
            found.append(effect)
    return found


def _effect(
    stratum: int, pair: Sequence[Any], center: Any, *, ratio: bool, past: bool
) -> StratumEffect | None:
    stats_of = [_mean_and_covariance(sums, center) for sums in pair]
    (n0, mean0, cov0), (n1, mean1, cov1) = stats_of
    if ratio and (mean0[1] == 0 or mean1[1] == 0):
        return None
    weights = [_ratio_weights(mean, ratio=ratio, past=past) for mean in (mean0, mean1)]
    values = [_value(mean, ratio=ratio) for mean in (mean0, mean1)]
    if past:
        sums = tuple(one + other for one, other in zip(*pair, strict=True))
        _, mean, covariance = _mean_and_covariance(sums, center)
        theta, middle = _theta(mean, covariance, ratio=ratio)
        half = len(center) // 2
        for index, each in enumerate((mean0, mean1)):
            if theta:
                values[index] -= theta * (_value(each[half:], ratio=ratio) - middle)
                weights[index][half:] = -theta * _past_weights(each[half:], ratio=ratio)
    return StratumEffect(
        stratum,
        int(n0),
        int(n1),
        values[0],
        values[1],
        _variance(weights[0], cov0, mean0),
        _variance(weights[1], cov1, mean1),
        weights[0],
        weights[1],
        mean0 - center,
        mean1 - center,
    )


def _variance(weights: Any, covariance: Any, mean: Any) -> float:
    """Return the variance of a weighted sum of columns, or 0 if it is within the rounding error."""
    found = float(weights @ covariance @ weights)
    squares = weights * weights
    noise = 1e-12 * float(squares @ np.diag(covariance)) + 1e-20 * float(squares @ (mean * mean))
    return found if found > noise else 0.0


def _mean_and_covariance(sums: Any, center: Any) -> tuple[float, Any, Any]:
    n, total, products = sums
    shift = total / n
    return n, center + shift, (products - n * np.outer(shift, shift)) / (n - 1)


def _value(mean: Any, *, ratio: bool) -> float:
    return float(mean[0] / mean[1] if ratio else mean[0])


def _past_weights(mean: Any, *, ratio: bool) -> Any:
    """Return the derivatives of a mean or ratio with respect to the means of its columns."""
    if not ratio:
        return np.array([1.0])
    return np.array([1.0, -mean[0] / mean[1]]) / mean[1]


def _ratio_weights(mean: Any, *, ratio: bool, past: bool) -> Any:
    half = len(mean) // 2 if past else len(mean)
    own = _past_weights(mean[:half], ratio=ratio)
    return np.concatenate([own, np.zeros(len(mean) - half)])


def _theta(mean: Any, covariance: Any, *, ratio: bool) -> tuple[float, float]:
    """Return the slope of a regression of the values on the past values, and the past mean.

    With *ratio*, the second result is the past ratio. Both results are computed from the visitors
    of both groups.
    """
    half = len(mean) // 2
    if ratio and (mean[1] == 0 or mean[half + 1] == 0):
        return 0.0, 0.0
    value = _past_weights(mean[:half], ratio=ratio)
    past = _past_weights(mean[half:], ratio=ratio)
    variance = float(past @ covariance[half:, half:] @ past)
    if variance <= 0:
        return 0.0, 0.0
    slope = float(value @ covariance[:half, half:] @ past) / variance
    return slope, _value(mean[half:], ratio=ratio)


def covariance_of(
    effects: Sequence[StratumEffect], moments: Moments, groups: tuple[int, int]
) -> Any:
    """Return the covariance matrix of the strata's effects, clustered by visitor.

    *groups* are the indexes of the baseline and the group.
    """
    size = len(effects)
    found = np.zeros((size, size))
    for index, effect in enumerate(effects):
        found[index, index] = sum(effect.parts)
    for i, one in enumerate(effects):
        for j in range(i + 1, size):
            other = effects[j]
            found[i, j] = found[j, i] = sum(
                _shared(one, other, moments, (g, h), groups) for g in groups for h in groups
            )
    return found


def _shared(
    one: StratumEffect,
    other: StratumEffect,
    moments: Moments,
    pair: tuple[int, int],
    groups: tuple[int, int],
) -> float:
    """Return the covariance due to visitors who are in the strata of both *one* and *other*.

    *pair* contains the visitors' group in each of these two strata.
    """
    key = (one.stratum, pair[0], other.stratum, pair[1])
    if key not in moments.shared:
        return 0.0
    n, left, right, products = moments.shared[key]
    sides = []
    for effect, group in zip((one, other), pair, strict=True):
        is_baseline = group == groups[0]
        weights = effect.baseline_weights if is_baseline else effect.weights
        means = effect.baseline_means if is_baseline else effect.means
        count = effect.baseline_visitors if is_baseline else effect.visitors
        sides.append(((-1 if is_baseline else 1) * weights / count, means))
    (w0, m0), (w1, m1) = sides
    centered = products - np.outer(left, m1) - np.outer(m0, right) + n * np.outer(m0, m1)
    return float(w0 @ centered @ w1)


def combine(
    effects: Sequence[StratumEffect], covariance: Any, *, overlap: bool = False
) -> Combined | None:
    """Return the effect across all strata, or None if there are no strata.

    The weights are n_s/N or, with *overlap*, n_c n_t / (n_c + n_t).
    """
    if not effects:
        return None
    weights = np.array([each.harmonic if overlap else each.total for each in effects], dtype=float)
    weights /= weights.sum()
    absolute = float(sum(w * each.absolute for w, each in zip(weights, effects, strict=True)))
    baseline = float(sum(w * each.baseline for w, each in zip(weights, effects, strict=True)))
    variance = float(weights @ covariance @ weights)
    pooled = covariance.copy()
    np.fill_diagonal(pooled, [each.pooled if each.total > 2 else 0.0 for each in effects])
    pooled_variance = float(weights @ pooled @ weights)
    return Combined(
        absolute,
        baseline,
        math.sqrt(max(variance, 0.0)),
        math.sqrt(max(variance, pooled_variance, 0.0)),
        _freedom(effects, weights),
        4 * sum(each.harmonic for each in effects),
    )


def _freedom(effects: Sequence[StratumEffect], weights: Any) -> float:
    whole = below = 0.0
    for weight, effect in zip(weights, effects, strict=True):
        square = weight * weight
        counts = (effect.baseline_visitors, effect.visitors)
        for part, count in zip(effect.parts, counts, strict=True):
            whole += square * part
            below += (square * part) ** 2 / (count - 1)
    return whole * whole / below if below else 0.0


def restricted(
    effects: Sequence[StratumEffect], covariance: Any, least: int
) -> tuple[list[StratumEffect], Any]:
    """Return the effects and covariance of strata with at least *least* visitors in each group."""
    kept = [
        index
        for index, each in enumerate(effects)
        if min(each.visitors, each.baseline_visitors) >= least
    ]
    return [effects[index] for index in kept], covariance[np.ix_(kept, kept)]


def heterogeneity(effects: Sequence[StratumEffect], covariance: Any) -> float | None:
    """Return the p-value of the hypothesis that all strata have the same effect.

    Return None for fewer than two strata.
    """
    if len(effects) < 2 or min(np.diag(covariance)) <= 0:
        return None
    difference = np.array([each.absolute for each in effects])
    inverse = np.linalg.pinv(covariance)
    ones = np.ones(len(effects))
    middle = float(ones @ inverse @ difference) / float(ones @ inverse @ ones)
    rest = difference - middle
    return float(stats.chi2.sf(max(float(rest @ inverse @ rest), 0.0), len(effects) - 1))
