"""Sentences that several formats of a report use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.analysis.report.words import change, count, p_text, rough, size, weeks
from proctor.core.messages import printable
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proctor.analysis.report.model import EffectReport, Findings, MetricReport, Outlook
    from proctor.analysis.sample_ratio import SampleRatio
    from proctor.analysis.windows import Outcomes
    from proctor.metrics import Metric

__all__ = [
    "DISTRUSTED",
    "DISTRUSTED_METRICS",
    "GUIDE_TITLE",
    "METRICS",
    "NEUTRAL",
    "NO_COMFORT",
    "OTHER_CHECKS",
    "TRUST",
    "UNTRUSTED",
    "joint_line",
    "outcome_lines",
    "outlook_line",
    "shows_outlook",
    "split_lines",
    "standing",
    "young_line",
]

#: Replaces a check mark in a report whose split is broken.
NEUTRAL = "–"

TRUST = Sentence(gettext_noop("Can you trust it?"))
#: Titles and warnings for a report whose split is broken.
UNTRUSTED = Sentence(gettext_noop("The numbers below cannot be trusted."))
OTHER_CHECKS = Sentence(gettext_noop("Other checks"))
NO_COMFORT = Sentence(
    gettext_noop(
        "Whatever these checks say, the numbers in this report cannot be trusted: see above."
    )
)
DISTRUSTED = Sentence(gettext_noop("not to be trusted"))
METRICS = Sentence(gettext_noop("Metrics"))
DISTRUSTED_METRICS = Sentence(gettext_noop("Metrics, not to be trusted"))
GUIDE_TITLE = Sentence(gettext_noop("What can go wrong"))

#: A smaller p-value means that the effects differ between strata by more than chance explains.
_UNLIKELY = 0.05


def joint_line(ratio: SampleRatio) -> Sentence | None:
    """Return a sentence that says which p-values of splits are alarms.

    Return None if fewer than two splits can be tested.
    """
    if ratio.tested < 2:
        return None
    return Sentence(
        gettext_noop(
            "Each p in this table is for one split. A p below {limit} is an alarm: with more "
            "splits, the limit is lower, because one of them is more likely to have a low p by "
            "chance."
        ),
        limit=p_text(ratio.limit),
    )


def outcome_lines(found: Outcomes) -> Iterator[tuple[int, Sentence]]:
    """Yield pairs: a number of outcomes, and the reason why they count or do not count."""
    yield found.counted, Sentence(gettext_noop("counted"))
    yield (
        found.before,
        Sentence(gettext_noop("not counted: they happened before the visitor's first exposure")),
    )
    yield (
        found.after,
        Sentence(gettext_noop("not counted: they happened after the end of the visitor's window")),
    )
    yield (
        found.strangers,
        Sentence(
            gettext_noop(
                "not counted: they belong to visitors who do not count, because they were never "
                "exposed to the test, saw two groups under one split, or saw only a forced group"
            )
        ),
    )


def shows_outlook(report: Findings, effect: EffectReport) -> bool:
    """Return whether the report says how much longer the test must run to show an effect."""
    outlook = effect.outlook
    if not report.ok or report.verdict.kind in ("wins", "harms") or effect.is_decided:
        return False
    return outlook is not None and not outlook.is_over


def standing(report: Findings, effect: EffectReport, metric: MetricReport) -> Sentence:
    """Return a few words that say what the likely range means for the group."""
    low, high = effect.always_valid
    if low is None or high is None:
        return Sentence(gettext_noop("not known yet"))
    if low <= 0 <= high:
        if report.verdict.kind == "young":
            return Sentence(gettext_noop("too early to tell"))
        return Sentence(gettext_noop("no clear difference: both better and worse are possible"))
    named = {"baseline": report.baseline or ""}
    decides = metric.primary or metric.metric.guardrail is not None
    if (low > 0) == (metric.metric.sign > 0):
        if decides:
            return Sentence(gettext_noop("better than “{baseline}”"), **named)
        return Sentence(
            gettext_noop("better than “{baseline}” (this metric does not decide)"), **named
        )
    if decides:
        return Sentence(gettext_noop("worse than “{baseline}”"), **named)
    return Sentence(gettext_noop("worse than “{baseline}” (this metric does not decide)"), **named)


def split_lines(effect: EffectReport, metric: MetricReport, group: str) -> Iterator[Sentence]:
    """Yield sentences on whether effects differ between splits, and how much the weights matter."""
    p = effect.heterogeneity_p
    if p is not None and p < _UNLIKELY:
        yield Sentence(
            gettext_noop(
                "“{group}”: the effects differ more between the splits than chance explains (p = "
                "{p}), so look at each split on its own."
            ),
            group=group,
            p=p_text(p),
        )
    elif p is not None:
        yield Sentence(
            gettext_noop(
                "“{group}”: chance alone could explain why the effects of the splits differ (p = "
                "{p})."
            ),
            group=group,
            p=p_text(p),
        )
    if effect.overlap_absolute is None:
        return
    other = change(effect.overlap_absolute, effect.overlap_relative, metric.metric)
    if other == change(effect.absolute, effect.relative, metric.metric):
        return
    yield Sentence(
        gettext_noop(
            "“{group}”: if splits with groups of similar size counted more, the effect would be "
            "{effect}."
        ),
        group=group,
        effect=other,
    )


def young_line(outlook: Outlook, metric: Metric) -> Sentence:
    """Return a sentence that says why it is too early to see the declared smallest effect."""
    named = _outlook_values(outlook, metric)
    if outlook.days is None:
        return Sentence(
            gettext_noop(
                "Too early to tell: so far there are {visitors} visitors, and about {needed} are "
                "needed to show an effect of {size} on “{metric}”, up or down."
            ),
            metric=printable(metric.name, 60),
            **named,
        )
    return Sentence(
        gettext_noop(
            "Too early to tell: at today's rate of visitors, wait {time} until there "
            "are enough visitors to show an effect of {size} on “{metric}”, up or down."
        ),
        metric=printable(metric.name, 60),
        time=weeks(outlook.days),
        size=named["size"],
    )


def outlook_line(group: str, outlook: Outlook, metric: Metric) -> Sentence:
    """Return a sentence that says how much longer it takes to see the declared effect."""
    named = _outlook_values(outlook, metric)
    if outlook.days is None:
        return Sentence(
            gettext_noop(
                "“{group}”: so far there are {visitors} visitors, and about {needed} are needed. "
                "If the true effect is {size}, up or down, the chance of seeing it is then 4 in 5."
            ),
            group=group,
            **named,
        )
    return Sentence(
        gettext_noop(
            "“{group}”: so far there are {visitors} of about {needed} visitors. At today's rate of "
            "visitors, wait {time}. If the true effect is {size}, up or down, the chance of seeing "
            "it is then 4 in 5."
        ),
        group=group,
        time=weeks(outlook.days),
        **named,
    )


def _outlook_values(outlook: Outlook, metric: Metric) -> dict[str, Any]:
    return {
        "size": size(outlook.smallest, metric),
        "visitors": count(outlook.visitors),
        "needed": rough(outlook.visitors_needed),
    }
