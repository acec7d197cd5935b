"""Guardrails: metrics that a change must not harm by more than a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from proctor.analysis.effects import Combined
    from proctor.metrics import Metric

__all__ = ["GuardrailState", "guardrail_state", "margin"]

#: `passed`: not worse than the margin allows. `harmed`: worse than the baseline. `open`: neither is
#: certain yet.
GuardrailState = Literal["passed", "harmed", "open"]


def margin(metric: Metric, baseline: float) -> float:
    """Return the acceptable harm in units of the metric."""
    value = metric.guardrail or 0.0
    return value * abs(baseline) if metric.relative else value


def guardrail_state(metric: Metric, effect: Combined | None, alpha: float) -> GuardrailState:
    """Return the state of a guardrail, from one-sided always-valid bounds at *alpha*."""
    if effect is None:
        return "open"
    low, high = effect.always_valid(2 * alpha)
    if low is None or high is None:
        return "open"
    if metric.better == "lower":
        low, high = -high, -low
    if high < 0:
        return "harmed"
    return "passed" if low > -margin(metric, effect.baseline) else "open"
