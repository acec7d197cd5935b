"""Find the visitors on whom a verdict is based: those whose split allows a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.analysis.effects import LEAST, LEAST_ALWAYS_VALID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proctor.analysis.prepared import Prepared
    from proctor.analysis.report.model import MetricReport
    from proctor.analysis.sample_ratio import SampleRatio, StratumRatio

__all__ = ["Compared", "compared_visitors"]


@dataclass(frozen=True, slots=True)
class Compared:
    """The number of visitors compared, and the splits in which no comparison is possible."""

    baseline: str
    #: Distinct visitors in the comparisons of the primary metrics.
    visitors: int
    #: Splits with no visitors in the baseline group.
    without_baseline: tuple[StratumRatio, ...]
    #: Splits in which a group has too few visitors.
    too_small: tuple[StratumRatio, ...]


def compared_visitors(
    prepared: Prepared,
    metrics: Sequence[MetricReport],
    ratio: SampleRatio,
    baseline: str | None,
    *,
    at_horizon: bool,
) -> Compared | None:
    """Return the visitors on whom the verdict is based, or None if there is no comparison."""
    if baseline is None or baseline not in prepared.groups:
        return None
    base = prepared.groups.index(baseline)
    least = LEAST if at_horizon else LEAST_ALWAYS_VALID
    conditions, used = [], set()
    for plan, metric in zip(prepared.plans, metrics, strict=True):
        if not metric.primary or not metric.effects:
            continue
        pairs = _pairs(prepared, plan.matured, base, least)
        used |= {stratum for stratum, _ in pairs}
        chosen = " OR ".join(f"(s = {stratum} AND g = {group})" for stratum, group in pairs)
        if chosen:
            conditions.append(f"({plan.matured} AND ({chosen}))")
    if not conditions:
        return None
    found = prepared.space.run(
        f"SELECT count(DISTINCT visitor) FROM units WHERE {' OR '.join(conditions)}"
    )
    unused = [each for index, each in enumerate(ratio.strata) if index not in used]
    return Compared(
        baseline,
        int(found[0][0]),
        tuple(each for each in unused if not each.observed.get(baseline)),
        tuple(each for each in unused if each.observed.get(baseline)),
    )


def _pairs(prepared: Prepared, matured: str, base: int, least: int) -> list[tuple[int, int]]:
    """Return (stratum, group) pairs for the group and the baseline of each comparison.

    Both have at least *least* visitors in the stratum.
    """
    rows = prepared.space.run(f"SELECT s, g, count(*) FROM units WHERE {matured} GROUP BY s, g")
    counts = {(int(s), int(g)): int(number) for s, g, number in rows}
    others = [
        (stratum, group)
        for (stratum, group), number in counts.items()
        if group != base and number >= least and counts.get((stratum, base), 0) >= least
    ]
    return sorted({*others, *((stratum, base) for stratum, _ in others)})
