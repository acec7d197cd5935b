"""Adjust fixed-horizon p-values for the number of metrics and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from proctor.analysis.errors import needed

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Correction", "adjusted"]

#: Holm's method limits the probability of any false finding; Benjamini-Hochberg limits the share of
#: false findings.
Correction = Literal["holm", "bh"]


def adjusted(
    p_values: Mapping[Any, float], alpha: float, correction: Correction
) -> dict[Any, float]:
    """Return the adjusted p-values under the same keys as the input."""
    if not p_values:
        return {}
    tt = needed("tea_tasting")
    results = {
        number: needed("tea_tasting.experiment").ExperimentResult({"p": {"pvalue": p_value}})
        for number, p_value in enumerate(p_values.values())
    }
    if correction == "holm":
        found = tt.adjust_fwer(results, alpha=alpha, arbitrary_dependence=True, method="bonferroni")
    else:
        found = tt.adjust_fdr(results, alpha=alpha, arbitrary_dependence=False)
    rows = {str(row["comparison"]): row["pvalue_adj"] for row in found.to_dicts()}
    return {key: float(rows[str(number)]) for number, key in enumerate(p_values)}
