"""Reasons to trust the numbers, or not: the list at the beginning of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from proctor.analysis.period import DAY
from proctor.analysis.report.glossary import HELP, TITLES
from proctor.analysis.report.language import Figure, Series, ngettext_lazy
from proctor.analysis.report.model import Trust
from proctor.analysis.report.words import NOBODY, count, p_text, percent
from proctor.core.messages import printable
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proctor.analysis.exposures import Visitors
    from proctor.analysis.period import Period
    from proctor.analysis.report.model import MetricReport
    from proctor.analysis.sample_ratio import SampleRatio
    from proctor.analysis.strata import Change, Strata

__all__ = ["trust_list"]

#: A larger share of visitors in two groups is a warning, if at least this many are in two.
TWO_GROUPS, TWO_GROUPS_LEAST = 0.01, 10
#: A test should run for so many days.
WEEK = 7

_ORDER = {"bad": 0, "warning": 1, "good": 2}


def trust_list(
    ratio: SampleRatio,
    visitors: Visitors,
    strata: Strata,
    period: Period,
    metrics: Sequence[MetricReport],
) -> tuple[Trust, ...]:
    """Return the lines, problems first."""
    lines = [
        _ratio(ratio),
        *_missing(strata),
        _two_groups(visitors),
        _carried_over(visitors),
        _forced(visitors),
        _changes(strata),
        _time(period),
        *_matured(metrics),
        *_nameless(visitors),
    ]
    return tuple(sorted(lines, key=lambda line: _ORDER[line.level]))


def _line(level: Literal["bad", "warning", "good"], term: str, text: str, help_: str = "") -> Trust:
    return Trust(level, TITLES[term], text, HELP[help_ or term])


def _ratio(ratio: SampleRatio) -> Trust:
    term = "sample ratio"
    if ratio.p_value is None:
        known = all(each.stratum.expected for each in ratio.strata)
        if known:
            reason = Sentence(gettext_noop("not tested: there are not two groups"))
        else:
            reason = Sentence(gettext_noop("not tested: no matrix has the shares"))
        return _line("warning", term, reason)
    p = p_text(ratio.p_value)
    if ratio.ok:
        return _line("good", term, Sentence(gettext_noop("as the matrix says (p = {p})"), p=p))
    if ratio.returning_differs:
        text = Sentence(
            gettext_noop(
                "groups return at different rates, so that later splits are not as the matrix "
                "says (p = {p}): the test changes who comes back"
            ),
            p=p,
        )
        return _line("bad", term, text)
    worst = min(
        (each for each in ratio.strata if each.p_value is not None),
        key=lambda each: each.p_value or 0.0,
    )
    total = sum(worst.observed.values())
    shares = Series(
        Sentence(
            gettext_noop("{group} {seen} instead of {expected}"),
            group=printable(name, 40),
            seen=percent(number / total),
            expected=percent((worst.stratum.expected or {}).get(name, 0.0)),
        )
        for name, number in worst.observed.items()
    )
    return _line(
        "bad", term, Sentence(gettext_noop("broken (p = {p}): {shares}"), p=p, shares=shares)
    )


def _missing(strata: Strata) -> Iterator[Trust]:
    if strata.missing:
        versions = Series(
            printable(each, 20) if each else Sentence(gettext_noop("(none)"))
            for each in strata.missing[:5]
        )
        text = Sentence(
            gettext_noop("no matrix has version {versions}; give the matrix of that time as well"),
            versions=versions,
        )
        yield _line("warning", "matrices", text, "changes")


def _two_groups(visitors: Visitors) -> Trust:
    number = visitors.two_groups
    seen = visitors.counted + number
    share = number / seen if seen else 0.0
    many = share >= TWO_GROUPS and number >= TWO_GROUPS_LEAST
    text = NOBODY
    if share:
        text = Sentence(
            *ngettext_lazy("{number} left out ({share})", "{number} left out ({share})"),
            count=number,
            number=count(number),
            share=percent(share),
        )
    return _line("warning" if many else "good", "two groups", text)


def _carried_over(visitors: Visitors) -> Trust:
    number = visitors.carried_over
    text = NOBODY
    if number:
        text = Sentence(
            gettext_noop("{number} ({share})"),
            number=count(number),
            share=percent(number / visitors.counted),
        )
    return _line("warning" if number else "good", "carried over", text)


def _forced(visitors: Visitors) -> Trust:
    number = visitors.forced
    text = NOBODY
    if number:
        text = Sentence(
            *ngettext_lazy("{number} left out", "{number} left out"),
            count=number,
            number=count(number),
        )
    return _line("good", "forced", text)


def _changes(strata: Strata) -> Trust:
    if not strata.changes:
        return _line("good", "changes", Sentence(gettext_noop("none")))
    parts: list[str] = [_change(each) for each in strata.changes[:5]]
    number = len(strata.changes)
    if number > len(parts):
        parts.append("…")
    moved = any(each.unknown or each.jumps or each.leaves for each in strata.changes)
    text = Sentence(
        gettext_noop("{number}: {changes}"),
        number=Figure(str(number)),
        changes=Series(parts, gettext_noop("; ")),
    )
    return _line("warning" if moved else "good", "changes", text)


def _change(each: Change) -> Sentence:
    if each.unknown:
        return Sentence(gettext_noop("one that no matrix explains"))
    if each.jumps:
        return Sentence(gettext_noop("{share} changed group"), share=percent(each.jumps))
    if each.leaves:
        return Sentence(gettext_noop("{share} left"), share=percent(each.leaves))
    if each.enters:
        return Sentence(gettext_noop("{share} entered"), share=percent(each.enters))
    return Sentence(gettext_noop("nobody moved"))


def _time(period: Period) -> Trust:
    length = (period.until - period.start) / DAY
    number = Figure(f"{length:.1f}")
    if length >= WEEK:
        return _line("good", "time run", Sentence(gettext_noop("{number} days"), number=number))
    if length >= 1:
        text = Sentence(gettext_noop("{number} days, less than a week"), number=number)
    else:
        hours = round(length * 24)
        text = Sentence(
            *ngettext_lazy("{count} hour, less than a week", "{count} hours, less than a week"),
            count=hours,
        )
    return _line("warning", "time run", text)


def _matured(metrics: Sequence[MetricReport]) -> Iterator[Trust]:
    shares = [each.matured for each in metrics]
    if shares:
        low, high = min(shares), max(shares)
        text = percent(low)
        if low != high:
            text = Sentence(
                gettext_noop("{low} to {high}, by metric"), low=percent(low), high=percent(high)
            )
        yield _line("warning" if low < 0.5 else "good", "matured", text)


def _nameless(visitors: Visitors) -> Iterator[Trust]:
    number = visitors.nameless
    if number:
        text = Sentence(
            *ngettext_lazy(
                "{number} exposure names no visitor and is left out",
                "{number} exposures name no visitor and are left out",
            ),
            count=number,
            number=count(number),
        )
        yield _line("warning", "nameless", text, "visitors")
