"""The report as text for a terminal."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING, Any

from proctor.analysis.report.glossary import GUIDE, HELP, LABELS, TITLES, terms
from proctor.analysis.report.language import ENGLISH, Moment, Series
from proctor.analysis.report.phrases import (
    DISTRUSTED,
    GUIDE_TITLE,
    NEUTRAL,
    NO_COMFORT,
    OTHER_CHECKS,
    TRUST,
    UNTRUSTED,
    outcome_lines,
    outlook_line,
    shows_outlook,
    split_lines,
)
from proctor.analysis.report.words import (
    BASELINE,
    NO_OUTCOMES,
    amount,
    count,
    count_line,
    interval,
    p_text,
    relative,
    role_of,
    size,
    unit,
)
from proctor.core.messages import printable
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from proctor.analysis.report.language import Language
    from proctor.analysis.report.model import EffectReport, Findings, MetricReport, Trust

__all__ = ["text_of"]

_NOTES = {
    "broken": UNTRUSTED,
    "young": Sentence(
        gettext_noop(
            "The numbers below are not a result yet: early differences are often due to chance."
        )
    ),
}

_WIDTH = 96
_MARKS = {"bad": "✗", "warning": "!", "note": "•", "good": "✓"}


def text_of(report: Findings, language: Language = ENGLISH) -> str:
    """Return the report as text in a language."""
    return "".join(f"{line}\n" for line in _lines(report, language))


def _lines(report: Findings, language: Language) -> Iterator[str]:
    yield printable(language(report.verdict.sentence), 1000)
    if report.verdict.kind in _NOTES:
        yield language(_NOTES[report.verdict.kind])
    yield ""
    period = Sentence(
        gettext_noop("{test}, {start} to {until}"),
        test=printable(report.test, 100),
        start=Moment(report.start),
        until=Moment(report.until),
    )
    yield language(period)
    yield language(count_line(report.visitors.counted))
    yield ""
    yield from _trust(report, language)
    for metric in report.metrics:
        yield ""
        yield from _metric(report, metric, language)
    yield ""
    yield language(Sentence(gettext_noop("Outcomes"))).upper()
    for number, reason in outcome_lines(report.outcomes):
        yield from textwrap.wrap(
            language(reason),
            _WIDTH,
            initial_indent=f"{language(count(number)):>9}  ",
            subsequent_indent=" " * 11,
        )
    yield ""
    yield from _words(report, language)


def _trust(report: Findings, language: Language) -> Iterator[str]:
    bad = [each for each in report.trust if each.level == "bad"]
    rest = [each for each in report.trust if each.level != "bad"]
    if report.ok:
        yield language(TRUST).upper()
        yield from _table(_rows([*bad, *rest], _MARKS, language), "<<<")
        return
    yield from _table(_rows(bad, _MARKS, language), "<<<")
    for each in bad:
        if each.advice:
            yield from textwrap.wrap(language(each.advice), _WIDTH)
            yield f"{language(GUIDE_TITLE)}: {GUIDE}"
    yield ""
    yield language(OTHER_CHECKS).upper()
    yield language(NO_COMFORT)
    # If the split is broken, check marks would suggest that the numbers can be trusted.
    yield from _table(_rows(rest, {**_MARKS, "good": NEUTRAL}, language), "<<<")


def _rows(
    lines: Sequence[Trust], marks: Mapping[str, str], language: Language
) -> list[tuple[str, str, str]]:
    return [(marks[each.level], language(each.title), language(each.text)) for each in lines]


def _words(report: Findings, language: Language) -> Iterator[str]:
    yield language(Sentence(gettext_noop("Words"))).upper()
    lines = {each.title: each.help for each in report.trust}
    several = len(report.sample_ratio.strata) > 1
    lines |= {TITLES[name]: HELP[name] for name in terms(report, splits=several)}
    for name, text in lines.items():
        line = Sentence(gettext_noop("{term}: {help}"), term=name, help=text)
        yield from textwrap.wrap(language(line), _WIDTH, subsequent_indent="  ")


def _metric(report: Findings, metric: MetricReport, language: Language) -> Iterator[str]:
    role: Sentence = role_of(metric.metric, primary=metric.primary)
    if not report.ok:
        role = Series((role, DISTRUSTED))
    yield f"{language(unit(metric.metric, 80)).upper()} ({language(role)})"
    if metric.is_empty:
        yield language(NO_OUTCOMES)
    names = ["group", "visitors", "mean", "effect", "relative", "always valid"]
    if report.shows_fixed:
        names += ["fixed", "p"]
    effects = {effect.group: effect for effect in metric.effects}
    rows = [[language(LABELS[name]).upper() for name in names]]
    for name in sorted(metric.groups, key=lambda name: name != report.baseline):
        group = metric.groups[name]
        row = [printable(name, 60), count(group.visitors), amount(group.mean, metric.metric)]
        row += _effect(report, metric, effects.get(name), name)
        rows.append([language(each) for each in row])
    yield from _table(rows, "<>>>><<>")
    for effect in metric.effects:
        yield from map(language, _notes(report, metric, effect))


def _effect(
    report: Findings, metric: MetricReport, effect: EffectReport | None, name: str
) -> list[str]:
    empty = ["", ""] if report.shows_fixed else []
    if effect is None:
        return [BASELINE if name == report.baseline else "–", "", "", *empty]
    found = [
        amount(effect.absolute, metric.metric, sign=True),
        relative(effect.absolute, effect.relative),
        interval(effect.always_valid, metric.metric),
    ]
    if report.shows_fixed:
        found += [interval(effect.interval, metric.metric), p_text(effect.p_value)]
    return found


def _notes(report: Findings, metric: MetricReport, effect: EffectReport) -> Iterator[Sentence]:
    name = printable(effect.group, 60)
    if metric.metric.kind == "quantile" and not report.shows_fixed:
        yield Sentence(
            gettext_noop(
                "“{group}”: a quantile has only a fixed interval; declare the test's end "
                "(--horizon)"
            ),
            group=name,
        )
    if effect.guardrail is not None:
        yield _guardrail(metric, effect, name)
    if len(effect.strata) > 1:
        yield _by_split(metric, effect, name)
        yield from split_lines(effect, metric, name)
    outlook = effect.outlook
    if outlook is not None and shows_outlook(report, effect):
        yield outlook_line(name, outlook, metric.metric)
    for each in effect.segments:
        yield Sentence(
            gettext_noop("“{group}”: {segment} = {value}: {effect} ({interval})"),
            group=name,
            segment=printable(each.segment, 30),
            value=printable(each.value, 30),
            effect=amount(each.absolute, metric.metric, sign=True),
            interval=interval(each.always_valid, metric.metric),
        )
    if effect.segments:
        yield Sentence(
            gettext_noop(
                "Use segments for ideas, not for decisions: with many segments, some differ by "
                "chance."
            )
        )


def _guardrail(metric: MetricReport, effect: EffectReport, group: str) -> Sentence:
    named: dict[str, Any] = {"group": group, "margin": size(effect.margin, metric.metric)}
    if effect.guardrail == "passed":
        return Sentence(gettext_noop("“{group}”: guardrail passed (margin {margin})"), **named)
    if effect.guardrail == "harmed":
        return Sentence(gettext_noop("“{group}”: guardrail harmed (margin {margin})"), **named)
    return Sentence(gettext_noop("“{group}”: guardrail open (margin {margin})"), **named)


def _by_split(metric: MetricReport, effect: EffectReport, group: str) -> Sentence:
    effects = Series(
        (
            Sentence(
                gettext_noop("{split} {effect}"),
                split=printable(each.allocation or each.version or "?", 20),
                effect=amount(each.absolute, metric.metric, sign=True),
            )
            for each in effect.strata[:6]
        ),
        gettext_noop("; "),
    )
    return Sentence(
        gettext_noop("“{group}”: effect by split: {effects}"), group=group, effects=effects
    )


def _table(rows: Sequence[Sequence[str]], alignments: str) -> Iterator[str]:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            " " * (width - _width(cell)) + cell
            if side == ">"
            else cell + " " * (width - _width(cell))
            for cell, width, side in zip(row, widths, alignments, strict=False)
        )
        yield "  ".join(cells).rstrip()


def _width(text: str) -> int:
    """Return the number of terminal columns that a text needs."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
