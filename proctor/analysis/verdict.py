"""The verdict: one sentence that summarizes the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.analysis.report.model import Verdict
from proctor.analysis.report.words import amount, between, rough, unit_in_sentence
from proctor.core.messages import printable
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proctor.analysis.report.model import EffectReport, MetricReport
    from proctor.analysis.sample_ratio import SampleRatio
    from proctor.analysis.waiting import Wait

__all__ = ["verdict"]


def verdict(
    *,
    groups: Sequence[str],
    baseline: str | None,
    metrics: Sequence[MetricReport],
    ratio: SampleRatio,
    alpha: float,
    at_horizon: bool,
    wait: Wait | None,
    warned: bool,
) -> Verdict:
    """Return the verdict.

    *warned* is True if the list "Can you trust it?" has a warning, and *at_horizon* if the declared
    end has passed, so that fixed intervals decide. *wait* is the reason why it is too early for a
    verdict, or None if the test is old enough.
    """
    if not ratio.ok:
        return Verdict("broken", _broken(ratio))
    if not groups:
        return Verdict(
            "none", Sentence(gettext_noop("No verdict: nobody was exposed in this period."))
        )
    if len(groups) < 2:
        sentence = Sentence(
            gettext_noop("No verdict: only “{group}” was exposed, so there is no comparison."),
            group=printable(groups[0], 60),
        )
        return Verdict("none", sentence)
    if baseline is None:
        return Verdict("none", Sentence(gettext_noop("No verdict: the baseline was not exposed.")))
    effects = [(each, effect) for each in metrics for effect in each.effects]
    if not metrics:
        return Verdict("none", Sentence(gettext_noop("No verdict: there are no outcomes.")))
    harmed = [pair for pair in effects if pair[1].guardrail == "harmed"]
    if harmed:
        metric, effect = harmed[0]
        sentence = Sentence(
            gettext_noop("“{group}” harms “{metric}”: {finding}."),
            group=printable(effect.group, 60),
            metric=printable(metric.metric.name, 60),
            finding=_finding(metric, effect, effect.always_valid),
        )
        return Verdict("harms", sentence, effect.group)
    decided = list(_decided(effects, alpha, at_horizon=at_horizon))
    if decided:
        everything = [effect for _, effect in effects]
        return _best(decided, everything, warned=warned, at_horizon=at_horizon)
    if wait is not None:
        return Verdict("young", wait.sentence, days=wait.days)
    return Verdict("undecided", _undecided(metrics, at_horizon=at_horizon))


def _broken(ratio: SampleRatio) -> Sentence:
    if ratio.returning_differs:
        return Sentence(
            gettext_noop(
                "Do not use these numbers: visitors of different groups return at different rates. "
                "Use only the data of the first split."
            )
        )
    worst = ratio.worst
    strange = [name for name, number in worst.observed.items() if number and not worst.wanted(name)]
    if strange:
        return Sentence(
            gettext_noop(
                "Do not use this test: “{group}” has visitors, but its share in the split is 0. "
                "Stop the test, find out why, and start a new test."
            ),
            group=printable(strange[0], 60),
        )
    missing = {name: worst.wanted(name) - number for name, number in worst.observed.items()}
    group = max(missing, key=lambda name: missing[name])
    return Sentence(
        gettext_noop(
            "Do not use this test: “{group}” has about {number} fewer visitors than expected. Stop "
            "the test, find out why visitors are missing, and start a new test."
        ),
        group=printable(group, 60),
        number=rough(missing[group]),
    )


def _decided(
    effects: Sequence[tuple[MetricReport, EffectReport]], alpha: float, *, at_horizon: bool
) -> Iterator[tuple[bool, MetricReport, EffectReport]]:
    """Yield the significant effects on primary metrics, each with True if it is an improvement."""
    for metric, effect in effects:
        if not metric.primary:
            continue
        low, high = effect.always_valid
        sure = low is not None and high is not None and (low > 0 or high < 0)
        if at_horizon and effect.p_adjusted is not None:
            sure = sure or effect.p_adjusted < alpha
        if sure:
            yield effect.absolute * metric.metric.sign > 0, metric, effect


def _best(
    decided: Sequence[tuple[bool, MetricReport, EffectReport]],
    effects: Sequence[EffectReport],
    *,
    warned: bool,
    at_horizon: bool,
) -> Verdict:
    losers = {effect.group for good, _, effect in decided if not good}
    wins = [each for each in decided if each[0] and each[2].group not in losers]
    chosen = wins or [each for each in decided if not each[0]]
    _, metric, effect = max(chosen, key=lambda each: abs(each[2].relative or 0.0))
    shown = effect.interval if at_horizon else effect.always_valid
    named: dict[str, Any] = {
        "group": printable(effect.group, 60),
        "finding": _finding(metric, effect, shown),
    }
    if not wins:
        sentence = (
            Sentence(gettext_noop("“{group}” loses: {finding}; read the warnings."), **named)
            if warned
            else Sentence(gettext_noop("“{group}” loses: {finding}; trustworthy."), **named)
        )
        return Verdict("loses", sentence, effect.group)
    if any(each.group == effect.group and each.guardrail == "open" for each in effects):
        sentence = Sentence(
            gettext_noop("“{group}” wins: {finding}; but a guardrail has not passed yet."), **named
        )
    elif warned:
        sentence = Sentence(gettext_noop("“{group}” wins: {finding}; read the warnings."), **named)
    else:
        sentence = Sentence(gettext_noop("“{group}” wins: {finding}; trustworthy."), **named)
    return Verdict("wins", sentence, effect.group)


def _finding(
    metric: MetricReport, effect: EffectReport, bounds: tuple[float | None, float | None]
) -> Sentence:
    name = unit_in_sentence(metric.metric, 80)
    # Do not show a percentage, because the range is only known for the absolute effect.
    size = amount(effect.absolute, metric.metric, sign=True)
    low, high = bounds
    if low is None or high is None:
        return Sentence(gettext_noop("{effect} in {unit}"), effect=size, unit=name)
    return Sentence(
        gettext_noop("{effect} in {unit}, {range}"),
        effect=size,
        unit=name,
        range=between(bounds, metric.metric),
    )


def _undecided(metrics: Sequence[MetricReport], *, at_horizon: bool) -> Sentence:
    primary = [metric for metric in metrics if metric.primary and metric.effects]
    empty = [metric for metric in metrics if metric.primary and metric.is_empty]
    if not primary and empty:
        return Sentence(
            gettext_noop("No verdict: there are no outcomes of “{metric}” yet."),
            metric=printable(empty[0].metric.name, 60),
        )
    if not primary:
        return Sentence(
            gettext_noop(
                "No verdict: the baseline and another group both need visitors whose window has "
                "ended."
            )
        )
    metric = primary[0]
    effect = metric.effects[0]
    bounds = effect.interval if at_horizon else effect.always_valid
    if bounds[0] is None and not effect.absolute and metric.metric.kind != "quantile":
        return Sentence(
            gettext_noop("No difference found: all values of “{metric}” are equal."),
            metric=printable(metric.metric.name, 60),
        )
    if bounds[0] is None:
        return Sentence(gettext_noop("No difference can be computed yet."))
    named: dict[str, Any] = {
        "unit": unit_in_sentence(metric.metric, 80),
        "range": between(bounds, metric.metric),
    }
    if at_horizon:
        return Sentence(
            gettext_noop(
                "No difference found at the end of the test: the effect on {unit} is {range}."
            ),
            **named,
        )
    return Sentence(
        gettext_noop("No difference found yet: the effect on {unit} is {range}."), **named
    )
