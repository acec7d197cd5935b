"""The parts of the HTML page about one metric: groups, effects, history and segments."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from proctor.analysis.report.glossary import HELP, LABELS
from proctor.analysis.report.svg import axis, band, forest_row, scale_of, side
from proctor.analysis.report.words import (
    BASELINE,
    LOWER_IS_BETTER,
    NO_OUTCOMES,
    amount,
    count,
    days,
    interval,
    p_text,
    percent,
    relative,
    role_of,
    size,
    split_name,
    unit,
)
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proctor.analysis.report.language import Language
    from proctor.analysis.report.model import EffectReport, Findings, MetricReport

__all__ = ["metric_section", "table"]


def metric_section(report: Findings, metric: MetricReport, language: Language) -> str:
    about = []
    if metric.metric.guardrail is not None:
        about.append(HELP["guardrail"])
    if metric.metric.sign <= 0:
        about.append(LOWER_IS_BETTER)
    help_line = _help(" ".join(language(each) for each in about), language) if about else ""
    if metric.is_empty:
        help_line += f'<p class="proctor-report-soft">{language.html(NO_OUTCOMES)}</p>'
    return (
        f'<section class="proctor-report-metric"><h2>{language.html(unit(metric.metric))} '
        f"{_badges(metric, language)}</h2>"
        f"{help_line}{_groups(report, metric, language)}{_forest(report, metric, language)}"
        f"{_history(report, metric, language)}{_splits(report, metric, language)}"
        f"{_segments(metric, language)}{_outlook(metric, language)}</section>\n"
    )


def _help(text: str, language: Language) -> str:
    return f'<p class="proctor-report-help">{language.html(text)}</p>'


def _title(text: str, language: Language) -> str:
    return f"<h3>{language.html(text)}</h3>"


def _badges(metric: MetricReport, language: Language) -> str:
    badges = _badge(role_of(metric.metric, primary=metric.primary), "", language)
    for effect in metric.effects:
        if effect.guardrail == "passed":
            text = Sentence(gettext_noop("{group}: passed"), group=effect.group)
            badges += _badge(text, "good", language)
        elif effect.guardrail == "harmed":
            text = Sentence(gettext_noop("{group}: harmed"), group=effect.group)
            badges += _badge(text, "bad", language)
        elif effect.guardrail == "open":
            text = Sentence(gettext_noop("{group}: open"), group=effect.group)
            badges += _badge(text, "warning", language)
    return badges


def _badge(text: str, look: str, language: Language) -> str:
    extra = f" proctor-report-badge-{look}" if look else ""
    return f'<span class="proctor-report-badge{extra}">{language.html(text)}</span> '


def _groups(report: Findings, metric: MetricReport, language: Language) -> str:
    names = ["group", "visitors", "mean", "effect", "relative", "always valid"]
    if report.shows_fixed:
        names += ["fixed", "p"]
    effects = {effect.group: effect for effect in metric.effects}
    rows = []
    for name in sorted(metric.groups, key=lambda name: name != report.baseline):
        group, effect = metric.groups[name], effects.get(name)
        cells = [name, count(group.visitors), amount(group.mean, metric.metric)]
        if effect is None:
            cells += [BASELINE if name == report.baseline else "–", "", ""]
            cells += ["", ""] if report.shows_fixed else []
        else:
            cells += [
                amount(effect.absolute, metric.metric, sign=True),
                relative(effect.absolute, effect.relative),
                interval(effect.always_valid, metric.metric),
            ]
            if report.shows_fixed:
                cells += [interval(effect.interval, metric.metric), p_text(effect.p_value)]
        rows.append(cells)
    return table([LABELS[name] for name in names], rows, language)


def table(labels: Sequence[str], rows: Sequence[Sequence[str]], language: Language) -> str:
    head = "".join(f'<th scope="col">{language.html(label)}</th>' for label in labels)
    body = "".join(
        f'<tr><th scope="row"><span>{language.html(row[0])}</span></th>'
        + "".join(
            f'<td data-label="{language.html(label)}"><span>{language.html(cell)}</span></td>'
            if cell
            else "<td></td>"
            for label, cell in zip(labels[1:], row[1:], strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        # Keyboard users must be able to reach a table that scrolls.
        '<div class="proctor-report-scroll" tabindex="0" role="group" '
        f'aria-label="{language.html(labels[0])}"><table class="proctor-report-rows">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _bounds(report: Findings, effect: EffectReport, metric: MetricReport) -> list[float | None]:
    found: list[float | None] = [effect.absolute, *effect.always_valid]
    if report.shows_fixed:
        found += effect.interval
    if effect.margin is not None:
        found.append(-metric.metric.sign * effect.margin)
    return found


def _forest(report: Findings, metric: MetricReport, language: Language) -> str:
    scale = scale_of(
        value for effect in metric.effects for value in _bounds(report, effect, metric)
    )
    if scale is None:
        return ""
    rows = []
    for effect in metric.effects:
        fixed = effect.interval if report.shows_fixed else (None, None)
        margin = None if effect.margin is None else -metric.metric.sign * effect.margin
        label = Sentence(
            gettext_noop("{group}: {effect}, {interval}"),
            group=effect.group,
            effect=amount(effect.absolute, metric.metric, sign=True),
            interval=interval(effect.always_valid, metric.metric),
        )
        row = forest_row(
            scale, effect.absolute, effect.always_valid, fixed, label=language(label), margin=margin
        )
        look = _look(report, effect, metric)
        rows.append(f'<span>{escape(effect.group)}</span><div class="{look}">{row}</div>')
    return (
        f'<div class="proctor-report-forest">{"".join(rows)}<span></span>'
        f"<div>{axis(scale, metric.metric, language)}</div></div>{_key(report, metric, language)}"
    )


def _look(report: Findings, effect: EffectReport, metric: MetricReport) -> str:
    # With a broken split no group can win, so nothing is green or red.
    return side(effect.always_valid, metric.metric) if report.ok else ""


def _key(report: Findings, metric: MetricReport, language: Language) -> str:
    point = '<circle class="proctor-report-point" cx="50%" cy="50%" r="5"/>'
    bar = '<rect class="proctor-report-band" width="100%" height="100%" rx="3"/>'
    fixed = '<line class="proctor-report-fixed" x1="0" x2="100%" y1="50%" y2="50%"/>'
    margin = '<line class="proctor-report-margin" x1="50%" x2="50%" y1="0" y2="100%"/>'
    if metric.metric.kind == "proportion":
        effect = Sentence(gettext_noop("effect (points)"))
    else:
        effect = Sentence(gettext_noop("effect"))
    parts = [(point, effect), (bar, Sentence(gettext_noop("always valid")))]
    if report.shows_fixed:
        parts.append((fixed, Sentence(gettext_noop("fixed, valid at the declared end"))))
    if metric.metric.guardrail is not None:
        parts.append((margin, Sentence(gettext_noop("margin"))))
    items = "".join(f"<span><svg>{mark}</svg>{language.html(text)}</span>" for mark, text in parts)
    return f'<div class="proctor-report-key">{items}</div>'


def _history(report: Findings, metric: MetricReport, language: Language) -> str:
    charts = []
    for effect in metric.effects:
        label = Sentence(
            gettext_noop("{group} over time: the always-valid band narrows"), group=effect.group
        )
        look = _look(report, effect, metric)
        chart = band(effect.history, metric.metric, language, label=label, look=look)
        if not chart:
            continue
        if metric.metric.kind == "proportion":
            caption = Sentence(gettext_noop("{group}: effect (points)"), group=effect.group)
        else:
            caption = Sentence(gettext_noop("{group}: effect"), group=effect.group)
        charts.append(
            f'<figure><figcaption class="proctor-report-soft">{language.html(caption)}'
            f"</figcaption>{chart}</figure>"
        )
    if not charts:
        return ""
    return (
        f"{_title(Sentence(gettext_noop('Day by day')), language)}"
        f"{_help(HELP['history'], language)}"
        f'<div class="proctor-report-days">{"".join(charts)}</div>'
    )


def _splits(report: Findings, metric: MetricReport, language: Language) -> str:
    effects = [effect for effect in metric.effects if len(effect.strata) > 1]
    if not effects:
        return ""
    labels = [
        LABELS["split"],
        LABELS["group"],
        f"{report.baseline}",
        LABELS["mean"],
        LABELS["effect"],
        LABELS["always valid"],
    ]
    rows = [
        [
            split_name(each.allocation, each.version),
            effect.group,
            amount(each.baseline, metric.metric),
            amount(each.value, metric.metric),
            amount(each.absolute, metric.metric, sign=True),
            interval(each.always_valid, metric.metric),
        ]
        for effect in effects
        for each in effect.strata
    ]
    notes = [
        Sentence(
            gettext_noop(
                "{group}: equal effects differ this much with p = {p}; weighted by overlap the "
                "effect is {effect} ({relative})."
            ),
            group=effect.group,
            p=p_text(effect.heterogeneity_p),
            effect=amount(effect.overlap_absolute, metric.metric, sign=True),
            relative=percent(effect.overlap_relative, sign=True),
        )
        for effect in effects
        if effect.overlap_absolute is not None
    ]
    return (
        f"{_title(Sentence(gettext_noop('By split')), language)}"
        f"{_help(HELP['stratum'], language)}"
        f"{table(labels, rows, language)}"
        f"{_help(' '.join(language(each) for each in notes), language)}"
    )


def _segments(metric: MetricReport, language: Language) -> str:
    rows = [
        [
            f"{each.segment}: {each.value}",
            effect.group,
            count(each.visitors),
            amount(each.absolute, metric.metric, sign=True),
            relative(each.absolute, each.relative),
            interval(each.always_valid, metric.metric),
        ]
        for effect in metric.effects
        for each in effect.segments
    ]
    if not rows:
        return ""
    names = ["segment", "group", "visitors", "effect", "relative", "always valid"]
    return (
        f"{_title(Sentence(gettext_noop('Segments')), language)}"
        f'<p class="proctor-report-warn">{language.html(HELP["segments"])}</p>'
        f"{table([LABELS[name] for name in names], rows, language)}"
    )


def _outlook(metric: MetricReport, language: Language) -> str:
    lines = [
        Sentence(
            gettext_noop(
                "{group}: {days} to find an effect of {size}: {visitors} of {needed} visitors."
            ),
            group=effect.group,
            days=days(effect.outlook.days),
            size=size(effect.outlook.smallest, metric.metric),
            visitors=count(effect.outlook.visitors),
            needed=count(effect.outlook.visitors_needed),
        )
        for effect in metric.effects
        if effect.outlook is not None and effect.outlook.days and not effect.is_decided
    ]
    if not lines:
        return ""
    return (
        f"{_title(Sentence(gettext_noop('How much longer')), language)}"
        f'<p class="proctor-report-soft">{"<br>".join(language.html(each) for each in lines)}</p>'
    )
