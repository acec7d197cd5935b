"""The report as an HTML page without scripts, so that it can be opened from an e-mail."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from proctor.analysis.report.glossary import GUIDE, HELP, LABELS, TITLES, terms
from proctor.analysis.report.html_metrics import metric_section, table
from proctor.analysis.report.language import ENGLISH, Language, Moment, ngettext_lazy
from proctor.analysis.report.phrases import (
    DISTRUSTED_METRICS,
    GUIDE_TITLE,
    METRICS,
    NEUTRAL,
    NO_COMFORT,
    OTHER_CHECKS,
    TRUST,
    UNTRUSTED,
    joint_line,
    outcome_lines,
)
from proctor.analysis.report.words import count, p_text, percent, split_name
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proctor.analysis.report.model import Findings, Trust

__all__ = ["page"]

_MARKS = {"bad": "✕", "warning": "!", "note": "•", "good": "✓"}

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
    """Return the report as a page. If *fragment* is True, return only the page's content."""
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
    yield _verdict(report, language)
    problems = [each for each in report.trust if each.level == "bad"]
    if problems:
        yield _problems(problems, language)
    yield _trust(report, language)
    if report.metrics:
        yield _title(METRICS if report.ok else DISTRUSTED_METRICS, language)
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


def _title(text: str, language: Language) -> str:
    return f"<h2>{language.html(text)}</h2>\n"


def _help(text: str, language: Language) -> str:
    return f'<p class="proctor-report-help">{language.html(text)}</p>'


def _problems(problems: Sequence[Trust], language: Language) -> str:
    items = "".join(
        f"<li><strong>{language.html(each.title)}: {language.html(each.text)}</strong>"
        f"{_help(each.help, language)}{_advice(each, language)}</li>"
        for each in problems
    )
    return f'<ul class="proctor-report-problems">{items}</ul>\n'


def _advice(problem: Trust, language: Language) -> str:
    if not problem.advice:
        return ""
    return (
        f"<p>{language.html(problem.advice)}</p>"
        f'<p><a href="{GUIDE}" rel="noreferrer">{language.html(GUIDE_TITLE)}</a></p>'
    )


def _verdict(report: Findings, language: Language) -> str:
    look = _LOOKS[report.verdict.kind]
    more = _below(report)
    return (
        f'<section class="proctor-report-verdict proctor-report-verdict-{look}">'
        f"<p>{language.html(report.verdict.sentence)}</p>"
        f"{'' if more is None else _soft(more, language)}</section>\n"
    )


def _below(report: Findings) -> Sentence | None:
    """Return a sentence about how to read the numbers below the verdict."""
    if report.verdict.kind == "young":
        return Sentence(
            gettext_noop(
                "The numbers below are not a result yet: early differences are often due to chance."
            )
        )
    if report.verdict.kind == "broken":
        return UNTRUSTED
    if report.baseline is None:
        return None
    if report.horizon is not None and report.until >= report.horizon:
        return Sentence(
            gettext_noop(
                "Compared with “{baseline}”. The range is the one for the declared end of the test."
            ),
            baseline=report.baseline,
        )
    return Sentence(
        gettext_noop(
            "Compared with “{baseline}”. You may look at this report every day: looking often does "
            "not make a wrong verdict more likely."
        ),
        baseline=report.baseline,
    )


def _trust(report: Findings, language: Language) -> str:
    lines = [each for each in report.trust if each.level != "bad"]
    # If the split is broken, check marks would suggest that the numbers can be trusted.
    marks = _MARKS if report.ok else {**_MARKS, "good": NEUTRAL}
    items = "".join(
        f'<li class="proctor-report-{each.level if report.ok else "note"}">'
        f'<span class="proctor-report-mark" aria-hidden="true">{marks[each.level]}</span>'
        f"<strong>{language.html(each.title)}</strong><span>{language.html(each.text)}</span>"
        f"{_help(each.help, language)}</li>"
        for each in lines
    )
    listed = f'<ul class="proctor-report-trust">{items}</ul>\n'
    if report.ok:
        return f"{_title(TRUST, language)}{listed}"
    return f"{_title(OTHER_CHECKS, language)}{_help(NO_COMFORT, language)}{listed}"


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
    joint = joint_line(report.sample_ratio)
    return (
        f"{_title(title, language)}"
        f"{_help(HELP['sample ratio'], language)}"
        f'<section class="proctor-report-metric">{table(labels, rows, language)}'
        f"{'' if joint is None else _help(joint, language)}</section>\n"
    )


def _outcomes(report: Findings, language: Language) -> str:
    lines = "".join(
        f"<div><dt>{count_}</dt><dd>{language.html(text)}</dd></div>"
        for count_, text in (
            (language.html(count(number)), text) for number, text in outcome_lines(report.outcomes)
        )
    )
    return (
        f"{_title(Sentence(gettext_noop('Outcomes')), language)}"
        f'<section class="proctor-report-metric"><dl class="proctor-report-counts">{lines}</dl>'
        "</section>\n"
    )


def _words(report: Findings, language: Language) -> str:
    items = "".join(
        f"<div><dt>{language.html(TITLES[name])}</dt><dd>{language.html(HELP[name])}</dd></div>"
        for name in terms(report)
    )
    return (
        f"{_title(Sentence(gettext_noop('Words')), language)}"
        f'<dl class="proctor-report-words">{items}</dl>\n'
    )
