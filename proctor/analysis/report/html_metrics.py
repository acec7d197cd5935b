"""The section of the HTML report for one metric: groups, effects, history and segments."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from proctor.analysis.report.glossary import HELP, LABELS
from proctor.analysis.report.phrases import (
    DISTRUSTED,
    outlook_line,
    shows_outlook,
    split_lines,
    standing,
)
from proctor.analysis.report.svg import axis, band, forest_row, scale_of, whisker
from proctor.analysis.report.words import (
    BASELINE,
    LOWER_IS_BETTER,
    NO_OUTCOMES,
    amount,
    count,
    interval,
    p_text,
    relative,
    role_of,
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
        f"{_badges(report, metric, language)}</h2>"
        f"{help_line}{_groups(report, metric, language)}{_forest(report, metric, language)}"
        f"{_history(report, metric, language)}{_splits(report, metric, language)}"
        f"{_segments(metric, language)}{_outlook(report, metric, language)}</section>\n"
    )


def _help(text: str, language: Language) -> str:
    return f'<p class="proctor-report-help">{language.html(text)}</p>'


def _title(text: str, language: Language) -> str:
    return f"<h3>{language.html(text)}</h3>"


def _badges(report: Findings, metric: MetricReport, language: Language) -> str:
    badges = _badge(role_of(metric.metric, primary=metric.primary), "", language)
    if not report.ok:
        return badges + _badge(DISTRUSTED, "bad", language)
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
    note = ""
    if metric is report.metrics[0] and len(report.sample_ratio.strata) > 1:
        note = _help(HELP["across splits"], language)
    return table([LABELS[name] for name in names], rows, language) + note


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
        # A table that scrolls must be focusable, so that keyboard users can scroll it.
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
        word = language.html(standing(report, effect, metric)) if report.ok else ""
        name = f"<span>{escape(effect.group)}<small>{word}</small></span>"
        rows.append(f"{name}<div>{row}</div>")
    return (
        f'<div class="proctor-report-forest">{"".join(rows)}<span></span>'
        f"<div>{axis(scale, metric.metric, language)}</div></div>{_key(report, metric, language)}"
    )


def _key(report: Findings, metric: MetricReport, language: Language) -> str:
    point = '<circle class="proctor-report-point" cx="50%" cy="50%" r="5"/>'
    fixed = '<line class="proctor-report-fixed" x1="0" x2="100%" y1="50%" y2="50%"/>'
    zero = '<line class="proctor-report-zero" x1="50%" x2="50%" y1="0" y2="100%"/>'
    margin = '<line class="proctor-report-margin" x1="50%" x2="50%" y1="0" y2="100%"/>'
    if metric.metric.kind == "proportion":
        effect = Sentence(gettext_noop("effect (points)"))
    else:
        effect = Sentence(gettext_noop("effect"))
    parts = [
        (point, effect),
        (whisker("1", "27", 6, 5), Sentence(gettext_noop("likely range"))),
        (zero, Sentence(gettext_noop("no difference"))),
    ]
    if report.shows_fixed:
        parts.append((fixed, Sentence(gettext_noop("range at the declared end"))))
    if metric.metric.guardrail is not None:
        parts.append((margin, Sentence(gettext_noop("margin"))))
    items = "".join(f"<span><svg>{mark}</svg>{language.html(text)}</span>" for mark, text in parts)
    return f'<div class="proctor-report-key">{items}</div>'


def _history(report: Findings, metric: MetricReport, language: Language) -> str:
    charts = []
    for effect in metric.effects:
        label = Sentence(
            gettext_noop("{group} over time: the likely range narrows"), group=effect.group
        )
        chart = band(effect.history, metric.metric, language, label=label)
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
        Sentence(gettext_noop("Mean of “{group}”"), group=report.baseline or ""),
        LABELS["mean of group"],
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
    notes = [line for effect in effects for line in split_lines(effect, metric, effect.group)]
    return (
        f"{_title(Sentence(gettext_noop('By split')), language)}"
        f"{_help(HELP['stratum'], language)}"
        f'<p class="proctor-report-help">{"<br>".join(map(language.html, notes))}</p>'
        f"{table(labels, rows, language)}"
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


def _outlook(report: Findings, metric: MetricReport, language: Language) -> str:
    lines = [
        outlook_line(effect.group, effect.outlook, metric.metric)
        for effect in metric.effects
        if effect.outlook is not None and shows_outlook(report, effect)
    ]
    if not lines:
        return ""
    return (
        f"{_title(Sentence(gettext_noop('How much longer')), language)}"
        f"{_help(HELP['outlook'], language)}"
        f'<p class="proctor-report-soft">{"<br>".join(language.html(each) for each in lines)}</p>'
    )
