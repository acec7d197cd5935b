"""Values for page templates: SVG bars and charts without inline styles, and names of states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from proctor.core.exceptions import SourceError
from proctor.core.sources.source import MatrixSource
from proctor.resolving.site_setup import current_setup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from proctor.core.matrices.matrix import Bucket, TestDefinition
    from proctor.results.models import Decision, LatestVerdict
    from proctor.results.reports.counting import DayCount, Recorded

__all__ = [
    "Bar",
    "DayBars",
    "bar_of",
    "chart_of",
    "definitions",
    "end_of",
    "number_text",
    "shades",
    "state_of",
    "verdict_phrase",
]

#: Number of colors for groups. The group with the smallest value gets the first color.
_SHADES = 8
#: A test that has had no exposures for this long counts as no longer running.
_QUIET = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar."""

    name: str
    shade: str
    number: int
    #: Percentages with a % sign, as SVG needs them.
    start: str
    width: str
    share: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with the shares of the groups."""

    segments: tuple[Segment, ...]
    #: The shares as text.
    text: str


@dataclass(frozen=True, slots=True)
class DayBars:
    """One day of a chart."""

    day: date
    total: str
    #: The left edge and the width, in percent.
    x: str
    width: str
    #: Shade, top and height for each group.
    parts: tuple[tuple[str, str, str], ...]


def definitions() -> Mapping[str, TestDefinition]:
    """Return the tests of the matrix that this process evaluates, or {} if it has no matrix."""
    source = current_setup().source
    if not isinstance(source, MatrixSource):
        return {}
    try:
        return source.current().proctor.matrix.tests
    except SourceError:
        return {}


def shades(groups: Iterable[str], definition: TestDefinition | None) -> dict[str, str]:
    """Return the color class of each group. Colors follow the order of the buckets' values."""
    values: dict[str, int] = {}
    if definition is not None:
        values = {each.name: each.value for each in definition.buckets if each.value >= 0}
    ordered = sorted({*groups, *values}, key=lambda name: (values.get(name, 10**9), name))
    return {name: f"s{index % _SHADES}" for index, name in enumerate(ordered)}


def bar_of(groups: Mapping[str, int], colors: Mapping[str, str]) -> Bar:
    """Return a bar with the number of exposures of each group."""
    total = sum(groups.values())
    segments, start = [], 0.0
    for name in sorted(groups, key=lambda each: (colors.get(each, "s9"), each)):
        share = groups[name] / total * 100 if total else 0.0
        segments.append(
            Segment(
                name,
                colors.get(name, "s7"),
                groups[name],
                f"{start:.4f}%",
                f"{share:.4f}%",
                _share_text(share),
            )
        )
        start += share
    return Bar(tuple(segments), ", ".join(f"{each.name} {each.share}" for each in segments))


def chart_of(days: Sequence[DayCount], colors: Mapping[str, str]) -> list[DayBars]:
    """Return the bars of each day; the chart is 100 units high."""
    most = max((each.total for each in days), default=0)
    if not most:
        return []
    width = 100 / max(len(days), 7)
    chart = []
    for index, each in enumerate(days):
        top, parts = 100.0, []
        for name in sorted(each.groups, key=lambda group: (colors.get(group, "s9"), group)):
            height = each.groups[name] / most * 100
            top -= height
            parts.append((colors.get(name, "s7"), f"{top:.3f}", f"{height:.3f}"))
        chart.append(
            DayBars(
                each.day,
                number_text(each.total),
                f"{index * width + width * 0.1:.3f}",
                f"{width * 0.8:.3f}",
                tuple(parts),
            )
        )
    return chart


def _share_text(percent: float) -> str:
    # Round first, because number_format truncates the decimals of a float.
    number = number_format(Decimal(f"{percent:.1f}"), decimal_pos=1)
    return _("%(number)s %%") % {"number": number}


def number_text(number: int) -> str:
    """Return a number with the thousands separators of the current language."""
    return str(number_format(number, force_grouping=True))


def end_of(definition: TestDefinition | None) -> Bucket | None:
    """Return the group that all visitors get, or None if they get different groups."""
    if definition is None:
        return None
    reached = {
        each.bucket_value
        for allocation in definition.allocations
        for each in allocation.ranges
        if each.length > 0
    }
    found = [each for each in definition.buckets if each.value in reached]
    return found[0] if len(reached) == 1 and found else None


def state_of(
    recorded: Recorded | None, decision: Decision | None, definition: TestDefinition | None
) -> tuple[str, str]:
    """Return the state of a test: the state's key, and the name that users see."""
    if decision is not None:
        name = str(decision.get_verdict_display())
        return "decided", f"{name}: “{decision.group}”" if decision.group else name
    if recorded is None:
        return "waiting", _("no visitors yet")
    end = end_of(definition)
    if end is not None:
        if end.value < 0:
            return "ended", _("stopped")
        return "ended", _("finished: “%(group)s”") % {"group": end.name}
    if recorded.last < timezone.now() - _QUIET:
        return "quiet", _("no visitors for a week")
    return "running", _("running")


def verdict_phrase(found: LatestVerdict) -> str:
    """Return a report's verdict in a few words."""
    phrases = {
        "wins": _("“%(group)s” wins"),
        "loses": _("“%(group)s” loses"),
        "harms": _("“%(group)s” harms a guardrail"),
        "broken": _("not to be trusted: the split is broken"),
        "young": _("too early to tell"),
        "undecided": _("no difference found"),
    }
    if found.warned:
        phrases["wins"] = _("“%(group)s” wins, but there are warnings")
        phrases["loses"] = _("“%(group)s” loses, but there are warnings")
    return phrases.get(found.kind, _("no verdict")) % {"group": found.group}
