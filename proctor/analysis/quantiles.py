"""Compute the effect on a quantile of the visitors' sums, with bootstrapped intervals.

The bootstrap draws visitors instead of units, so that a visitor in several strata has the same
weight in each. The weights follow a Poisson distribution. The intervals are valid only for a fixed
horizon.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from proctor.analysis.effects import LEAST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proctor.analysis.inputs.workspace import Workspace
    from proctor.analysis.intervals import Interval
    from proctor.analysis.metric_plan import MetricPlan

__all__ = ["QuantileEffect", "Values", "quantile_effect", "quantile_of", "read_values"]

#: Number of bootstrap samples.
DRAWS = 1_000


@dataclass(frozen=True, slots=True)
class Values:
    """The visitors' sums in one stratum and group, in ascending order."""

    values: Any
    #: For each value, a number that identifies its visitor.
    visitors: Any


@dataclass(frozen=True, slots=True)
class QuantileEffect:
    """The difference between two quantiles, combined across strata."""

    absolute: float
    baseline: float
    interval: Interval
    p_value: float | None
    strata: tuple[tuple[int, float, float], ...]


def read_values(space: Workspace, plan: MetricPlan) -> dict[tuple[int, int], Values]:
    """Return the sums of all visitors whose window has matured, by stratum and group."""
    found = space.arrays(
        f"""
        SELECT u.s, u.g, coalesce({plan.columns[0]}, 0.0) AS v, hash(u.visitor) AS i
        FROM units u LEFT JOIN sums x ON x.unit = u.rowid
        WHERE {plan.matured} ORDER BY u.s, u.g, v, i
        """
    )
    result = {}
    keys = np.asarray(found["s"]).astype(np.int64) * 65536 + np.asarray(found["g"])
    for key in np.unique(keys):
        chosen = keys == key
        result[int(key) // 65536, int(key) % 65536] = Values(
            np.asarray(found["v"])[chosen], np.asarray(found["i"])[chosen]
        )
    return result


def quantile_of(values: Values, quantile: float) -> float:
    """Return a quantile of the sums in a group, interpolated as NumPy does by default."""
    return float(np.quantile(values.values, quantile))


def quantile_effect(
    values: dict[tuple[int, int], Values],
    baseline: int,
    group: int,
    quantile: float,
    *,
    alpha: float,
    seed: int,
    draws: int = DRAWS,
) -> QuantileEffect | None:
    """Return the effect on a quantile, combined across strata with weights n_s/N."""
    strata = [
        s
        for s in sorted({key[0] for key in values})
        if all(len(values[s, g].values) >= LEAST for g in (baseline, group) if (s, g) in values)
        and (s, baseline) in values
        and (s, group) in values
    ]
    if not strata:
        return None
    pairs = [(values[s, baseline], values[s, group]) for s in strata]
    weights = np.array([len(one.values) + len(other.values) for one, other in pairs], dtype=float)
    weights /= weights.sum()
    points = np.array([[quantile_of(each, quantile) for each in pair] for pair in pairs])
    absolute = float(weights @ (points[:, 1] - points[:, 0]))
    drawn = _draws(pairs, weights, quantile, seed, draws)
    low, high = np.quantile(drawn, [alpha / 2, 1 - alpha / 2])
    interval: Interval = (float(low), float(high))
    p_value: float | None = min(
        1.0, 2 * (1 + min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))) / (1 + draws)
    )
    if low == high:
        interval, p_value = (None, None), None
    rows = tuple(
        (s, float(point[0]), float(point[1])) for s, point in zip(strata, points, strict=True)
    )
    return QuantileEffect(absolute, float(weights @ points[:, 0]), interval, p_value, rows)


def _draws(
    pairs: Sequence[tuple[Values, Values]], weights: Any, quantile: float, seed: int, draws: int
) -> Any:
    random = np.random.default_rng(seed)
    if len(pairs) == 1:
        one, other = pairs[0]
        return _resampled(random, other, quantile, draws) - _resampled(random, one, quantile, draws)
    everybody, places = np.unique(
        np.concatenate([each.visitors for pair in pairs for each in pair]), return_inverse=True
    )
    ends = np.cumsum([len(each.visitors) for pair in pairs for each in pair])[:-1]
    parts = np.split(places, ends)
    found = np.empty(draws)
    for draw in range(draws):
        counts = random.poisson(1.0, len(everybody))
        total = 0.0
        for index, (one, other) in enumerate(pairs):
            low = _weighted(one.values, counts[parts[2 * index]], quantile)
            high = _weighted(other.values, counts[parts[2 * index + 1]], quantile)
            total += weights[index] * (high - low)
        found[draw] = total
    return found


def _resampled(random: Any, values: Values, quantile: float, draws: int) -> Any:
    """Return quantiles of samples drawn with replacement, without actually drawing the samples.

    The k-th smallest of n uniform random numbers has a beta distribution, and the index of a drawn
    value is n times such a number.
    """
    size = len(values.values)
    k = min(max(quantile * (size - 1) + 1, 1), size)
    place = random.beta(k, size + 1 - k, draws) * size
    return values.values[np.minimum(place.astype(int), size - 1)]


def _weighted(values: Any, counts: Any, quantile: float) -> float:
    summed = np.cumsum(counts)
    if not summed[-1]:
        return float(values[len(values) // 2])
    place = int(np.searchsorted(summed, quantile * summed[-1], side="right"))
    return float(values[min(place, len(values) - 1)])
