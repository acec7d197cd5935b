"""Charts without scripts. Positions are percentages, so labels do not scale with the chart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from proctor.analysis.report.language import Figure
from proctor.analysis.report.words import amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from proctor.analysis.intervals import Interval
    from proctor.analysis.report.language import Language
    from proctor.analysis.report.model import HistoryPoint
    from proctor.metrics import Metric

__all__ = ["Scale", "axis", "band", "forest_row", "scale_of", "whisker"]


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale that maps values from *low* to *high* to percentages."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return the position of a value, from 0 to 100."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 3)

    def ticks(self, most: int = 5) -> list[float]:
        """Return at most *most* + 1 round values within the scale."""
        raw = (self.high - self.low) / most
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(each * power for each in (1, 2, 5, 10) if each * power >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


def scale_of(values: Iterable[float | None]) -> Scale | None:
    """Return a scale that covers the values and 0, or None if there are no values."""
    known = [each for each in values if each is not None and math.isfinite(each)]
    if not known:
        return None
    low, high = min(0.0, *known), max(0.0, *known)
    if low == high:
        return None
    room = (high - low) * 0.06
    return Scale(low - room, high + room)


def whisker(low: str, high: str, y: int, half: int) -> str:
    """Draw a horizontal line from *low* to *high* at *y*, with caps of height 2 * *half*.

    It is drawn in the text color, so that it is not mistaken for the color of a group.
    """
    ends = ((low, high, y, y), (low, low, y - half, y + half), (high, high, y - half, y + half))
    return "".join(
        f'<line class="proctor-report-range" x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"/>'
        for x1, x2, y1, y2 in ends
    )


def forest_row(
    scale: Scale,
    point: float,
    always_valid: Interval,
    fixed: Interval,
    *,
    label: str,
    margin: float | None = None,
) -> str:
    """Return one row of a forest plot."""
    zero = scale.place(0)
    parts = [
        '<line class="proctor-report-axis" x1="0" x2="100%" y1="50%" y2="50%"/>',
        f'<line class="proctor-report-zero" x1="{zero}%" x2="{zero}%" y1="0" y2="100%"/>',
    ]
    if margin is not None:
        x = scale.place(margin)
        parts.append(f'<line class="proctor-report-margin" x1="{x}%" x2="{x}%" y1="0" y2="100%"/>')
    low, high = always_valid
    if low is not None and high is not None:
        parts.append(whisker(f"{scale.place(low)}%", f"{scale.place(high)}%", 18, 9))
    low, high = fixed
    if low is not None and high is not None:
        parts.append(
            f'<line class="proctor-report-fixed" x1="{scale.place(low)}%" '
            f'x2="{scale.place(high)}%" y1="18" y2="18"/>'
        )
    parts.append(f'<circle class="proctor-report-point" cx="{scale.place(point)}%" cy="18" r="6"/>')
    return f'<svg height="36" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def axis(scale: Scale, metric: Metric, language: Language) -> str:
    """Return the axis below a forest plot."""
    marks = []
    for tick in scale.ticks():
        place = scale.place(tick)
        anchor = "start" if place < 6 else "end" if place > 94 else "middle"
        marks.append(
            f'<text x="{place}%" y="14" text-anchor="{anchor}">{language.html(_tick(tick, metric))}'
            "</text>"
        )
    return f'<svg height="20" aria-hidden="true">{"".join(marks)}</svg>'


def short(value: float, metric: Metric) -> str:
    """Return the label of a value on an axis."""
    if metric.kind == "proportion":
        return Figure(f"{value * 100:+.6g}".replace("-", "−"))
    if abs(value) >= 1000:
        return amount(value, metric, sign=True)
    return Figure(f"{value:+.6g}".replace("-", "−"))


def band(
    points: Sequence[HistoryPoint],
    metric: Metric,
    language: Language,
    *,
    label: str,
) -> str:
    """Draw the effect over time, in a band that shows its always-valid interval."""
    known = [each for each in points if each.always_valid[0] is not None]
    if len(known) < 2:
        return ""
    scale = _without_the_widest(known)
    if scale is None:
        return ""
    first, last = known[0].at.timestamp(), known[-1].at.timestamp()
    xs = [100 * (each.at.timestamp() - first) / ((last - first) or 1) for each in known]
    highs = [100 - scale.place(each.always_valid[1] or 0.0) for each in known]
    lows = [100 - scale.place(each.always_valid[0] or 0.0) for each in known]
    middles = [100 - scale.place(each.absolute) for each in known]
    around = [*zip(xs, highs, strict=True), *reversed([*zip(xs, lows, strict=True)])]
    zero = 100 - scale.place(0)
    inner = (
        '<polygon class="proctor-report-band" vector-effect="non-scaling-stroke" '
        f'points="{_points(around)}"/>'
        f'<line class="proctor-report-zero" vector-effect="non-scaling-stroke" x1="0" x2="100" '
        f'y1="{zero}" y2="{zero}"/>'
        f'<polyline class="proctor-report-line" vector-effect="non-scaling-stroke" '
        f'points="{_points(zip(xs, middles, strict=True))}"/>'
    )
    levels = [(round(100 - scale.place(tick), 3), tick) for tick in scale.ticks(4)]
    grid = "".join(
        f'<line class="proctor-report-axis" x1="0" x2="100%" y1="{y}%" y2="{y}%"/>'
        for y, _ in levels
    )
    texts = "".join(
        f'<text x="90%" y="{y}%" dy="4" text-anchor="end">'
        f"{language.html(_tick(tick, metric))}</text>"
        for y, tick in levels
    )
    return (
        '<div class="proctor-report-chart">'
        f'<svg height="184" aria-hidden="true"><svg y="8" height="150">{texts}</svg></svg>'
        f'<svg height="184" role="img" aria-label="{language.html(label)}">'
        f'<svg y="8" height="150">{grid}</svg>'
        '<svg y="8" class="proctor-report-plot" height="150" viewBox="0 0 100 100" '
        f'preserveAspectRatio="none">{inner}</svg>'
        f'<text x="0" y="178">{escape(language.day(known[0].at))}</text>'
        f'<text x="100%" y="178" text-anchor="end">{escape(language.day(known[-1].at))}</text>'
        "</svg></div>"
    )


def _without_the_widest(points: Sequence[HistoryPoint]) -> Scale | None:
    """Return a scale for the later points, as the first intervals may be a hundred times wider."""
    later = points[len(points) // 4 :]
    values = [bound for each in later for bound in (*each.always_valid, each.absolute)]
    return scale_of(values)


def _tick(tick: float, metric: Metric) -> str:
    return "0" if abs(tick) < 1e-12 else short(tick, metric)


def _points(pairs: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in pairs)
