"""List the reasons to trust or distrust the numbers, for the beginning of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from proctor.analysis.options import moment
from proctor.analysis.period import DAY
from proctor.analysis.report.glossary import HELP, TITLES
from proctor.analysis.report.language import Day, Figure, Series, ngettext_lazy
from proctor.analysis.report.model import Trust
from proctor.analysis.report.words import NOBODY, count, p_text, percent, split_name
from proctor.core.messages import printable
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proctor.analysis.compared import Compared
    from proctor.analysis.exposures import Visitors
    from proctor.analysis.period import Period
    from proctor.analysis.report.model import MetricReport
    from proctor.analysis.sample_ratio import SampleRatio, StratumRatio
    from proctor.analysis.strata import Change, Strata

__all__ = ["trust_list"]

#: Visitors seen in two groups cause a warning if both their share and their number are at least
#: this large.
TWO_GROUPS, TWO_GROUPS_LEAST = 0.01, 10
#: Days in a week; a test should run for whole weeks.
WEEK = 7

#: A test counts as running for whole weeks if its length is off by at most this many days.
SLACK = 0.1

_ORDER = {"bad": 0, "warning": 1, "note": 2, "good": 3}

#: The usual reasons for a broken split, and what to do about them.
_REASONS = Sentence(
    gettext_noop(
        "The usual reasons: in one group, a redirect, an error or a slow page comes before the "
        "exposure is recorded; a crawler filter leaves out more visitors of one group; the page of "
        "one group fails; or the allocation was changed and the matrix from that time is missing. "
        "Fix the cause, then start a new test; the numbers of this test cannot be corrected."
    )
)
_RETURNING = Sentence(
    gettext_noop(
        "The test itself changes who comes back, or exposures of returning visitors are lost in "
        "one group. Use only the data of the first split, and count returning visits as an outcome."
    )
)


def trust_list(
    ratio: SampleRatio,
    visitors: Visitors,
    strata: Strata,
    period: Period,
    *,
    metrics: Sequence[MetricReport],
    compared: Compared | None,
) -> tuple[Trust, ...]:
    """Return the items of the list "Can you trust it?", problems first."""
    lines = [
        _ratio(ratio),
        *_missing(strata),
        *_compared(compared, visitors),
        _two_groups(visitors),
        _carried_over(visitors),
        _forced(visitors),
        _changes(strata),
        _time(period),
        *_matured(metrics),
        *_nameless(visitors),
    ]
    return tuple(sorted(lines, key=lambda line: _ORDER[line.level]))


def _line(
    level: Literal["bad", "warning", "note", "good"],
    term: str,
    text: str,
    help_: str = "",
    *,
    advice: str = "",
) -> Trust:
    return Trust(level, TITLES[term], text, HELP[help_ or term], advice)


def _ratio(ratio: SampleRatio) -> Trust:
    term = "sample ratio"
    if ratio.p_value is None:
        known = all(each.stratum.expected for each in ratio.strata)
        if known:
            reason = Sentence(gettext_noop("not tested: fewer than two groups have a share"))
        else:
            reason = Sentence(
                gettext_noop("not tested: no matrix contains the shares of the groups")
            )
        return _line("warning", term, reason)
    p = _smallest_p(ratio)
    if ratio.ok:
        return _line("good", term, Sentence(gettext_noop("as configured ({p})"), p=p))
    if ratio.returning_differs:
        text = Sentence(
            gettext_noop(
                "visitors of different groups return at different rates, so later splits are not "
                "as configured ({p}): the test changes who comes back"
            ),
            p=p,
        )
        return _line("bad", term, text, advice=_RETURNING)
    worst = ratio.worst
    groups = Series(
        Sentence(
            gettext_noop("“{group}” has {number} visitors instead of {expected}"),
            group=printable(name, 40),
            number=count(number),
            expected=count(worst.wanted(name)),
        )
        for name, number in worst.observed.items()
    )
    text = Sentence(gettext_noop("broken; {groups} ({p})"), p=p, groups=groups)
    if len(ratio.strata) > 1:
        text = Sentence(
            gettext_noop("broken; {groups} in the split {split} ({p})"),
            p=p,
            groups=groups,
            split=split_name(worst.stratum.allocation, worst.stratum.version),
        )
    return _line("bad", term, text, advice=_REASONS)


def _smallest_p(ratio: SampleRatio) -> Sentence:
    """Return the smallest p-value of the splits, and the limit below which it raises an alarm."""
    number = ratio.tested
    return Sentence(
        *ngettext_lazy(
            "p = {p}, alarm below {limit}",
            "smallest p of {number} splits = {p}, alarm below {limit}",
        ),
        count=number,
        p=p_text(ratio.worst.p_value),
        number=count(number),
        limit=p_text(ratio.limit),
    )


def _compared(compared: Compared | None, visitors: Visitors) -> Iterator[Trust]:
    """Yield the item that gives the number of visitors on whom the verdict is based."""
    if compared is None:
        return
    if compared.visitors == visitors.counted:
        text = Sentence(gettext_noop("all {number} visitors"), number=count(compared.visitors))
        yield _line("good", "compared", text)
        return
    left_out = [*compared.without_baseline, *compared.too_small]
    half = compared.visitors < visitors.counted / 2 and bool(left_out)
    text = _part(compared, visitors.counted)
    if left_out and not half:
        text = Sentence(gettext_noop("{compared}; this needs no action"), compared=text)
    yield _line("warning" if half else "note", "compared", text)


def _part(compared: Compared, counted: int) -> Sentence:
    """Return a sentence that says how many visitors are compared, and why the others are not."""
    named = {"number": count(compared.visitors), "counted": count(counted)}
    if not compared.without_baseline and not compared.too_small:
        return Sentence(
            gettext_noop("{number} of {counted} visitors; the windows of the others are not over"),
            **named,
        )
    text = Sentence(gettext_noop("{number} of {counted} visitors"), **named)
    if compared.without_baseline:
        text = Sentence(
            *ngettext_lazy(
                "{compared}; {number} were under a split without “{baseline}” ({splits})",
                "{compared}; {number} were under splits without “{baseline}” ({splits})",
            ),
            count=len(compared.without_baseline),
            compared=text,
            number=count(_sum(compared.without_baseline)),
            baseline=printable(compared.baseline, 40),
            splits=_names(compared.without_baseline),
        )
    return _with_small(text, compared.too_small)


def _with_small(text: Sentence, small: Sequence[StratumRatio]) -> Sentence:
    if not small:
        return text
    return Sentence(
        *ngettext_lazy(
            "{compared}; {number} were under a split with too few visitors ({splits})",
            "{compared}; {number} were under splits with too few visitors ({splits})",
        ),
        count=len(small),
        compared=text,
        number=count(_sum(small)),
        splits=_names(small),
    )


def _sum(strata: Sequence[StratumRatio]) -> int:
    return sum(sum(each.observed.values()) for each in strata)


def _names(strata: Sequence[StratumRatio]) -> Series:
    names: list[str] = [
        split_name(each.stratum.allocation, each.stratum.version) for each in strata[:3]
    ]
    return Series([*names, "…"] if len(strata) > len(names) else names)


def _missing(strata: Strata) -> Iterator[Trust]:
    if strata.missing:
        versions = Series(
            printable(each, 20) if each else Sentence(gettext_noop("(none)"))
            for each in strata.missing[:5]
        )
        text = Sentence(
            gettext_noop(
                "no matrix has version {versions}; provide the matrix from that time as well"
            ),
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
    return _line("warning" if many else "note" if number else "good", "two groups", text)


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
    return _line("note" if number else "good", "forced", text)


def _changes(strata: Strata) -> Trust:
    if not strata.changes:
        return _line("good", "changes", Sentence(gettext_noop("none")))
    parts: list[str] = [_change(each) for each in strata.changes[:5]]
    number = len(strata.changes)
    if number > len(parts):
        parts.append("…")
    moved = any(
        each.unknown or each.jumps or each.leaves or each.payloads for each in strata.changes
    )
    text = Sentence(
        *ngettext_lazy("{number} change: {changes}", "{number} changes: {changes}"),
        count=number,
        number=Figure(str(number)),
        changes=Series(parts, gettext_noop("; ")),
    )
    return _line("warning" if moved else "note", "changes", text)


def _change(each: Change) -> Sentence:
    day, moved = Day(moment(each.at)), _moved(each)
    if not each.payloads:
        return Sentence(gettext_noop("on {day}, {moved}"), day=day, moved=moved)
    return Sentence(
        *ngettext_lazy(
            "on {day}, {moved}, and the payload of {groups} changed: from then on, visitors saw "
            "something different",
            "on {day}, {moved}, and the payloads of {groups} changed: from then on, visitors saw "
            "something different",
        ),
        count=len(each.payloads),
        day=day,
        moved=moved,
        groups=Series(
            Sentence(gettext_noop("“{group}”"), group=printable(name, 40))
            for name in each.payloads[:5]
        ),
    )


def _moved(each: Change) -> Sentence:
    if each.unknown:
        return Sentence(gettext_noop("a change that no matrix explains"))
    if each.jumps:
        return Sentence(
            gettext_noop("{share} of eligible visitors changed groups"), share=percent(each.jumps)
        )
    if each.leaves:
        return Sentence(
            gettext_noop("{share} of eligible visitors left the test"), share=percent(each.leaves)
        )
    if each.enters:
        return Sentence(
            gettext_noop("the test was opened to another {share} of eligible visitors"),
            share=percent(each.enters),
        )
    return Sentence(gettext_noop("no visitor moved"))


def _time(period: Period) -> Trust:
    length = (period.until - period.start) / DAY
    weeks = round(length / WEEK)
    number = Figure(f"{length:.1f}")
    if weeks and abs(length - weeks * WEEK) <= SLACK:
        text = Sentence(*ngettext_lazy("{count} whole week", "{count} whole weeks"), count=weeks)
        return _line("good", "time run", text)
    if length >= WEEK:
        text = Sentence(
            gettext_noop("{number} days: not whole weeks, so some weekdays count more than others"),
            number=number,
        )
        return _line("note", "time run", text)
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
        text = Sentence(
            gettext_noop("complete for {share} of the counted visitors"), share=percent(low)
        )
        if low != high:
            text = Sentence(
                gettext_noop(
                    "complete for {low} to {high} of the counted visitors, depending on the metric"
                ),
                low=percent(low),
                high=percent(high),
            )
        level: Literal["warning", "note", "good"]
        level = "warning" if low < 0.5 else "note" if low < 1 else "good"
        yield _line(level, "matured", text)


def _nameless(visitors: Visitors) -> Iterator[Trust]:
    number = visitors.nameless
    if number:
        text = Sentence(
            *ngettext_lazy(
                "{number} exposure has no visitor and is left out",
                "{number} exposures have no visitor and are left out",
            ),
            count=number,
            number=count(number),
        )
        yield _line("warning", "nameless", text, "visitors")
