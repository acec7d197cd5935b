"""Test whether visitors were split as the matrix specifies.

Each stratum is tested against its own shares with Pearson's chi-square test, without continuity
correction. A visitor may be in several strata, so the strata's statistics cannot be added; the
joint p-value uses Bonferroni's correction, min(1, S * min p).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proctor.analysis.inputs.workspace import Workspace
    from proctor.analysis.strata import Stratum

__all__ = ["THRESHOLD", "SampleRatio", "StratumRatio", "chance", "sample_ratio"]

#: If the p-value is smaller than this, the split counts as broken, and there is no verdict.
THRESHOLD = 0.001


@dataclass(frozen=True, slots=True)
class StratumRatio:
    """The number of visitors in each group of one stratum, compared with the shares."""

    stratum: Stratum
    observed: Mapping[str, int]
    #: The p-value of this stratum. None if the shares are unknown, or fewer than two groups have a
    #: share.
    p_value: float | None

    def wanted(self, group: str) -> float:
        """Return the number of visitors that a group should have according to the matrix."""
        return sum(self.observed.values()) * (self.stratum.expected or {}).get(group, 0.0)


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """The result of the sample ratio test for the whole analysis."""

    strata: tuple[StratumRatio, ...]
    #: The joint p-value of the strata. None if no stratum can be tested.
    p_value: float | None
    #: The p-value of the hypothesis that visitors of all groups are equally likely to return under
    #: a later split. None if no visitor returned.
    return_p: float | None = None

    @property
    def ok(self) -> bool:
        """True if the split is compatible with the matrix."""
        return self.p_value is None or self.p_value >= THRESHOLD

    @property
    def tested(self) -> int:
        """The number of strata that can be tested."""
        return sum(1 for each in self.strata if each.p_value is not None)

    @property
    def worst(self) -> StratumRatio:
        """The stratum with the smallest p-value. At least one stratum must have a p-value."""
        tested = (each for each in self.strata if each.p_value is not None)
        return min(tested, key=lambda each: each.p_value or 0.0)

    @property
    def limit(self) -> float:
        """The p-value below which a stratum causes an alarm."""
        return THRESHOLD / max(self.tested, 1)

    @property
    def returning_differs(self) -> bool:
        """True if the groups' visitors return at different rates, which breaks later splits."""
        return not self.ok and self.return_p is not None and self.return_p < THRESHOLD


def chance(observed: Mapping[str, int], expected: Mapping[str, float]) -> float | None:
    """Return the p-value of the *observed* numbers of visitors, given the *expected* split.

    Return None if the split cannot be tested, because no visitor was seen or only one group has a
    share. Return 0 if a visitor is in a group without a share.
    """
    total = sum(observed.values())
    shares = {name: share for name, share in expected.items() if share > 0}
    if not total or not shares:
        return None
    if any(count and name not in shares for name, count in observed.items()):
        return 0.0
    if len(shares) < 2:
        return None
    wanted = np.array([total * share for share in shares.values()])
    found = np.array([observed.get(name, 0) for name in shares])
    return float(stats.chi2.sf(float(((found - wanted) ** 2 / wanted).sum()), len(shares) - 1))


def joint(p_values: Sequence[float | None]) -> float | None:
    """Return the joint p-value of several strata, which may share visitors."""
    known = [each for each in p_values if each is not None]
    return min(1.0, len(known) * min(known)) if known else None


def sample_ratio(space: Workspace, strata: Sequence[Stratum], groups: Sequence[str]) -> SampleRatio:
    """Test the sample ratio of the visitors in the table `units`."""
    counts: dict[int, dict[str, int]] = {index: {} for index in range(len(strata))}
    for stratum, group, count in space.run("SELECT s, g, count(*) FROM units GROUP BY ALL"):
        counts[stratum][groups[group]] = count
    found = []
    for index, stratum in enumerate(strata):
        names = [*(stratum.expected or ()), *counts[index]]
        observed = {name: counts[index].get(name, 0) for name in sorted(dict.fromkeys(names))}
        p_value = None if stratum.expected is None else chance(observed, stratum.expected)
        found.append(StratumRatio(stratum, observed, p_value))
    p_value = joint([each.p_value for each in found])
    broken = p_value is not None and p_value < THRESHOLD
    return SampleRatio(
        tuple(found), p_value, _return_p(space) if broken and len(strata) > 1 else None
    )


def _return_p(space: Workspace) -> float | None:
    """Return the p-value of the hypothesis that visitors of all groups return equally often."""
    rows = space.run("SELECT s, g, count(*), count(next_at) FROM units GROUP BY ALL ORDER BY s, g")
    p_values: list[float | None] = []
    for stratum in sorted({row[0] for row in rows}):
        table = np.array([[n - back, back] for s, _, n, back in rows if s == stratum])
        if len(table) < 2 or min(table.sum(axis=0)) == 0:
            continue
        p_values.append(float(stats.chi2_contingency(table, correction=False).pvalue))
    return joint(p_values)
