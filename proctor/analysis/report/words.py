"""Numbers, times and metrics in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from proctor.analysis.report.language import Figure, ngettext_lazy
from proctor.core.messages import printable
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from proctor.analysis.intervals import Interval
    from proctor.metrics import Metric

__all__ = [
    "BASELINE",
    "LOWER_IS_BETTER",
    "NOBODY",
    "NO_OUTCOMES",
    "amount",
    "between",
    "change",
    "count",
    "count_line",
    "days",
    "interval",
    "p_text",
    "percent",
    "relative",
    "role_of",
    "rough",
    "shows_relative",
    "size",
    "split_name",
    "unit",
    "unit_in_sentence",
    "weeks",
]

NOBODY = Sentence(gettext_noop("nobody"))
NO_OUTCOMES = Sentence(gettext_noop("No outcomes yet."))
LOWER_IS_BETTER = Sentence(gettext_noop("Lower is better."))
BASELINE = Sentence(gettext_noop("baseline"))

_WEEKS_OF_A_YEAR = 52
#: Stands for an unknown number, in every language.
_UNKNOWN = "–"


def percent(share: float | None, *, sign: bool = False) -> str:
    """Return a share as `12.3 %`, or as `+12.3 %` if *sign* is True."""
    if share is None or not math.isfinite(share):
        return _UNKNOWN
    value = share * 100
    digits = 0 if abs(value) >= 100 or not value else 1 if abs(value) >= 1 else 2
    return Sentence(gettext_noop("{number} %"), number=_figure(value, digits, sign=sign))


def amount(value: float | None, metric: Metric, *, sign: bool = False) -> str:
    """Return a value of a metric: a proportion in percent, other metrics in their unit.

    If *sign* is True, the value is a difference; a difference between proportions is in points.
    """
    if value is None or not math.isfinite(value):
        return _UNKNOWN
    if metric.kind != "proportion":
        return _plain(value, sign=sign)
    return _in_points(_points(value, sign=True)) if sign else percent(value)


def size(value: float | None, metric: Metric) -> str:
    """Return the size of an effect without a plus sign: `1.0 points`."""
    if value is None or not math.isfinite(value):
        return _UNKNOWN
    if metric.kind == "proportion":
        return _in_points(_points(value, sign=False))
    return _plain(value, sign=False)


def _plain(value: float, *, sign: bool) -> Figure:
    magnitude = abs(value)
    digits = 0 if magnitude >= 1000 or not value else 2
    if 0 < magnitude < 1:
        digits = 3 if magnitude >= 0.1 else 4
    return _figure(value, digits, sign=sign)


def _points(value: float, *, sign: bool) -> Figure:
    scaled = value * 100
    digits = 1 if abs(scaled) >= 1 else 2 if scaled else 0
    return _figure(scaled, digits, sign=sign)


def _in_points(number: Figure) -> Sentence:
    return Sentence(gettext_noop("{number} points"), number=number)


def _figure(value: float, digits: int, *, sign: bool) -> Figure:
    text = f"{abs(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        return Figure(text)
    return Figure(("−" if value < 0 else "+" if sign else "") + text)


def shows_relative(absolute: float, relative: float | None) -> bool:
    """Return whether a relative effect makes sense; a negative baseline would reverse its sign."""
    return relative is not None and absolute * relative >= 0


def relative(absolute: float, share: float | None) -> str:
    """Return a relative effect as `+8.0 %`, or a dash if a percentage makes no sense."""
    return percent(share, sign=True) if shows_relative(absolute, share) else _UNKNOWN


def change(absolute: float, relative: float | None, metric: Metric) -> str:
    """Return an effect: `+2.1 points (+8.0 %)`, or `+2.1 points` if a percentage makes no sense."""
    text = amount(absolute, metric, sign=True)
    if not shows_relative(absolute, relative):
        return text
    return Sentence(
        gettext_noop("{absolute} ({relative})"),
        absolute=text,
        relative=percent(relative, sign=True),
    )


def interval(bounds: Interval, metric: Metric) -> str:
    """Return an interval: `−0.2 to +3.4`."""
    low, high = bounds
    if low is None or high is None:
        return _UNKNOWN
    if metric.kind == "proportion" and math.isfinite(low) and math.isfinite(high):
        return Sentence(
            gettext_noop("{low} to {high} points"),
            low=_points(low, sign=True),
            high=_points(high, sign=True),
        )
    return Sentence(
        gettext_noop("{low} to {high}"),
        low=amount(low, metric, sign=True),
        high=amount(high, metric, sign=True),
    )


def between(bounds: Interval, metric: Metric) -> str:
    """Return an interval for a sentence: `between −0.2 and +3.4`."""
    low, high = bounds
    if low is None or high is None:
        return _UNKNOWN
    if metric.kind == "proportion" and math.isfinite(low) and math.isfinite(high):
        return Sentence(
            gettext_noop("between {low} and {high} points"),
            low=_points(low, sign=True),
            high=_points(high, sign=True),
        )
    return Sentence(
        gettext_noop("between {low} and {high}"),
        low=amount(low, metric, sign=True),
        high=amount(high, metric, sign=True),
    )


def unit(metric: Metric, limit: int | None = None) -> Sentence:
    """Return the unit of a metric's mean, for headings: `orders per visitor`.

    If *limit* is given, names are cut to *limit* characters, and control characters are escaped.
    """
    name = _name(metric.name, limit)
    if metric.kind == "proportion":
        return Sentence(gettext_noop("visitors with {metric}"), metric=name)
    if metric.kind == "ratio":
        return Sentence(
            gettext_noop("{numerator} per {denominator}"),
            numerator=_name(metric.numerator, limit),
            denominator=_name(metric.denominator, limit),
        )
    if metric.kind == "quantile":
        return Sentence(
            gettext_noop("{metric}, quantile {number}"),
            metric=name,
            number=Figure(f"{metric.quantile:g}"),
        )
    return Sentence(gettext_noop("{metric} per visitor"), metric=name)


def unit_in_sentence(metric: Metric, limit: int) -> Sentence:
    """Return the unit for use inside a sentence: "the effect on orders per visitor"."""
    if metric.kind == "proportion":
        return Sentence(
            gettext_noop("the share of visitors with “{metric}”"), metric=_name(metric.name, limit)
        )
    if metric.kind == "quantile":
        return Sentence(
            gettext_noop("the {number} quantile of {metric}"),
            metric=_name(metric.name, limit),
            number=Figure(f"{metric.quantile:g}"),
        )
    return unit(metric, limit)


def _name(name: object, limit: int | None) -> str:
    return str(name) if limit is None else printable(name, limit)


def role_of(metric: Metric, *, primary: bool) -> Sentence:
    """Return a metric's role in one word: guardrail, primary or secondary."""
    if metric.guardrail is not None:
        return Sentence(gettext_noop("guardrail"))
    if primary:
        return Sentence(gettext_noop("primary"))
    return Sentence(gettext_noop("secondary"))


def split_name(allocation: str | None, version: str | None) -> str:
    """Return the name of a split, from its allocation id and its version."""
    if allocation is None:
        if not version:
            return Sentence(gettext_noop("version (none)"))
        return Sentence(gettext_noop("version {version}"), version=version)
    if not version:
        return allocation
    return Sentence(
        gettext_noop("{allocation}, version {version}"), allocation=allocation, version=version
    )


def p_text(p_value: float | None) -> str:
    """Return a p-value with two significant digits."""
    if p_value is None:
        return _UNKNOWN
    if p_value < 1e-4:
        return Figure(f"{p_value:.1e}")
    return Figure(f"{p_value:.2g}" if p_value < 0.1 else f"{p_value:.2f}")


def count(number: float) -> Figure:
    """Return a whole number with commas: `2,314`."""
    return Figure(f"{round(number):,}")


def rough(number: float) -> Figure:
    """Return an estimate with two significant digits, because it is not more precise than that."""
    whole = round(number)
    return count(round(whole, min(2 - len(str(abs(whole))), 0)))


def count_line(number: int) -> Sentence:
    """Return a number of visitors: `2,314 visitors`."""
    return Sentence(
        *ngettext_lazy("{number} visitor", "{number} visitors"), count=number, number=count(number)
    )


def days(number: float) -> Sentence:
    """Return the number of days until a known time: `about 9 more days`."""
    whole = max(1, math.ceil(number))
    return Sentence(
        *ngettext_lazy("about {number} more day", "about {number} more days"),
        count=whole,
        number=count(whole),
    )


def weeks(number: float) -> Sentence:
    """Return an estimated number of days in whole weeks: `about 2 more weeks`."""
    whole = max(1, math.ceil(number / 7)) if math.isfinite(number) else _WEEKS_OF_A_YEAR + 1
    if whole > _WEEKS_OF_A_YEAR:
        return Sentence(gettext_noop("more than a year"))
    return Sentence(
        *ngettext_lazy("about {number} more week", "about {number} more weeks"),
        count=whole,
        number=count(whole),
    )
