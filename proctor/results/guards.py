"""Guards for scheduled ramps, which compute a report before each step.

    PROCTOR_EDITOR_GUARDS = ("proctor.results.guards.hold_if_harmed",)

`hold_if_harmed` and `stop_if_harmed` allow a step unless a guardrail of PROCTOR_METRICS is harmed
or the sample ratio is broken. They take a `GuardedStep` and return a `Verdict` or None (see
`proctor.editor.schedules.guards`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from proctor.core.messages import printable
from proctor.results.models import Exposure
from proctor.results.reports.reporting import NoReport, is_installed, report

if TYPE_CHECKING:
    from proctor.analysis import Report
__all__ = ["hold_if_harmed", "problem_of", "stop_if_harmed"]

#: The sample ratio is tested before each step, so false alarms would be likely with a larger
#: threshold.
SPLIT_P = 1e-5


def hold_if_harmed(step: Any) -> Any:
    """Hold the step if a guardrail is harmed, the split is broken, or the report is missing."""
    reason = problem_of(step.test)
    return None if reason is None else _verdict().hold(reason)


def stop_if_harmed(step: Any) -> Any:
    """Stop the test if a guardrail is harmed or the split is broken.

    If the report cannot be computed, the step is only held, because a missing report is not a
    reason to stop a test.
    """
    try:
        found = _report(step.test)
    except NoReport as problem:
        return _verdict().hold(str(problem))
    reason = None if found is None else _harm(found)
    return None if reason is None else _verdict().stop(reason)


def _verdict() -> Any:
    # Imported by its dotted path, because the editor is an optional app that imports this module.
    return import_string("proctor.editor.schedules.guards.Verdict")


def problem_of(test: str) -> str | None:
    """Return the reason why a ramp should not continue, or None if it can.

    A test without exposures has no report, but its ramp can continue: the next step brings the
    first visitors.
    """
    try:
        found = _report(test)
    except NoReport as problem:
        return str(problem)
    return None if found is None else _harm(found)


def _report(test: str) -> Report | None:
    if not is_installed():
        raise NoReport(
            "the report requires an optional dependency. Run: pip install django-proctor[analysis]"
        )
    if not Exposure.objects.filter(test=test).exists():
        return None
    return report(test)


def _harm(found: Report) -> str | None:
    p_value = found.sample_ratio.p_value
    if p_value is not None and p_value < SPLIT_P:
        return (
            "the split is broken: visitors are not divided as the matrix specifies "
            f"(p = {p_value:.1e})"
        )
    for metric in found.metrics:
        for effect in metric.effects:
            if effect.guardrail == "harmed":
                low, high = effect.always_valid
                size = f"{effect.absolute:+.4g}"
                if low is not None and high is not None:
                    size += f", between {low:+.4g} and {high:+.4g}"
                return (
                    f"“{printable(effect.group, 60)}” harms the guardrail "
                    f"“{printable(metric.metric.name, 60)}”: {size}, compared with "
                    f"{_baseline(found)}"
                )
    return None


def _baseline(found: Report) -> str:
    return f"“{printable(found.baseline, 60)}”" if found.baseline else "the baseline"
