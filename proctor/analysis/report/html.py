"""The report as an HTML page without scripts, so that it can be opened from an e-mail."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from proctor.analysis.report.glossary import HELP, LABELS, TITLES, terms
from proctor.analysis.report.html_metrics import metric_section, table
from proctor.analysis.report.language import ENGLISH, Language, Moment, ngettext_lazy
from proctor.analysis.report.words import count, p_text, percent, split_name
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proctor.analysis.report.model import Findings, Trust

__all__ = ["page"]

_MARKS = {"bad": "✕", "warning": "!", "good": "✓"}

_LOOKS = {
    "wins": "good",
    "broken": "bad",
    "harms": "bad",
    "loses": "bad",
    "young": "young",
    "none": "young",
    "undecided": "plain",
}

_STYLES = Path(__file__).resolve().parents[2] / "static" / "proctor" / "report.css"


def page(report: Findings, language: Language = ENGLISH, *, fragment: bool = False) -> str:
    """Return the page in a language, or its content only."""
    content = f'<main class="proctor-report">\n{"".join(_parts(report, language))}</main>\n'
    if fragment:
        return content
    return (
        f'<!doctype html>\n<html lang="{escape(language.code)}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(report.test)}: {language.html(report.verdict.sentence)}</title>\n"
        f"<style>\n{_styles()}</style>\n</head>\n"
        f'<body class="proctor-report-page">\n{content}</body>\n</html>\n'
    )


@cache
def _styles() -> str:
    return _STYLES.read_text(encoding="utf-8")


def _parts(report: Findings, language: Language) -> Iterator[str]:
    yield _head(report, language)
    problems = [each for each in report.trust if each.level == "bad"]
    if problems:
        yield _problems(problems, language)
    yield _verdict(report, language)
    yield _trust([each for each in report.trust if each.level != "bad"], language)
    yield from (metric_section(report, metric, language) for metric in report.metrics)
    yield _strata(report, language)
    yield _outcomes(report, language)
    yield _words(report, language)


def _head(report: Findings, language: Language) -> str:
    number = report.visitors.counted
    about = Sentence(
        *ngettext_lazy(
            "{start} to {until}, {number} visitor", "{start} to {until}, {number} visitors"
        ),
        count=number,
        start=Moment(report.start),
        until=Moment(report.until),
        number=count(number),
    )
    return (
        f'<header class="proctor-report-head"><h1>{escape(report.test)}</h1>'
        f"{_soft(about, language)}</header>\n"
    )


def _soft(text: str, language: Language) -> str:
    return f'<p class="proctor-report-soft">{language.html(text)}</p>'


def _problems(problems: Sequence[Trust], language: Language) -> str:
    items = "".join(
        f"<li><strong>{language.html(each.title)}: {language.html(each.text)}</strong>"
        f'<span class="proctor-report-help">{language.html(each.help)}</span></li>'
        for each in problems
    )
    return f'<ul class="proctor-report-problems">{items}</ul>\n'


def _verdict(report: Findings, language: Language) -> str:
    look = _LOOKS[report.verdict.kind]
    more = _below(report)
    return (
        f'<section class="proctor-report-verdict proctor-report-verdict-{look}">'
        f"<p>{language.html(report.verdict.sentence)}</p>"
        f"{'' if more is None else _soft(more, language)}</section>\n"
    )


def _below(report: Findings) -> Sentence | None:
    """Return how to read the numbers below the verdict."""
    if report.verdict.kind == "young":
        return Sentence(
            gettext_noop(
                "The numbers below are not a result yet: early differences are large and often "
                "chance."
            )
        )
    if report.verdict.kind == "broken":
        return Sentence(gettext_noop("The numbers below cannot be trusted."))
    if report.baseline is None:
        return None
    if report.horizon is not None and report.until >= report.horizon:
        return Sentence(
            gettext_noop(
                "Compared with {baseline}, using the intervals at the test's declared end."
            ),
            baseline=report.baseline,
        )
    return Sentence(
        gettext_noop("Compared with {baseline}, using always-valid intervals."),
        baseline=report.baseline,
    )


def _trust(lines: Sequence[Trust], language: Language) -> str:
    items = "".join(
        f'<li class="proctor-report-{each.level}">'
        f'<span class="proctor-report-mark" aria-hidden="true">{_MARKS[each.level]}</span>'
        f"<strong>{language.html(each.title)}</strong><span>{language.html(each.text)}</span>"
        f'<p class="proctor-report-help">{language.html(each.help)}</p></li>'
        for each in lines
    )
    return (
        f"<h2>{language.html(Sentence(gettext_noop('Can you trust it?')))}</h2>\n"
        f'<ul class="proctor-report-trust">{items}</ul>\n'
        f"<h2>{language.html(Sentence(gettext_noop('Metrics')))}</h2>\n"
    )


def _strata(report: Findings, language: Language) -> str:
    rows = []
    for each in report.sample_ratio.strata:
        total = sum(each.observed.values())
        for group, seen in each.observed.items():
            expected = (each.stratum.expected or {}).get(group)
            rows.append(
                [
                    split_name(each.stratum.allocation, each.stratum.version),
                    group,
                    count(seen),
                    percent(seen / total if total else None),
                    percent(expected),
                    p_text(each.p_value),
                ]
            )
    title = Sentence(gettext_noop("Split of visitors"))
    labels = [LABELS[name] for name in ("split", "group", "visitors", "seen", "matrix", "p")]
    return (
        f"<h2>{language.html(title)}</h2>"
        f'<p class="proctor-report-help">{language.html(HELP["sample ratio"])}</p>'
        f'<section class="proctor-report-metric">{table(labels, rows, language)}</section>\n'
    )


def _outcomes(report: Findings, language: Language) -> str:
    found = report.outcomes
    text = Sentence(
        gettext_noop(
            "Outcomes: {counted} counted, {before} before the exposure, {after} after the window, "
            "{strangers} of visitors who do not count."
        ),
        counted=count(found.counted),
        before=count(found.before),
        after=count(found.after),
        strangers=count(found.strangers),
    )
    return f"{_soft(text, language)}\n"


def _words(report: Findings, language: Language) -> str:
    items = "".join(
        f"<div><dt>{language.html(TITLES[name])}</dt><dd>{language.html(HELP[name])}</dd></div>"
        for name in terms(fixed=report.shows_fixed, several=len(report.sample_ratio.strata) > 1)
    )
    title = Sentence(gettext_noop("Words"))
    return f'<h2>{language.html(title)}</h2><dl class="proctor-report-words">{items}</dl>\n'
