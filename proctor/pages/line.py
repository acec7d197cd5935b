"""Draw an allocation as a line: its ranges, and the visitor's position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from proctor.core.evaluation.explanation import Explanation
    from proctor.core.matrices.matrix import Allocation, TestDefinition

__all__ = ["OFF", "Line", "Segment", "line_of", "shades_of"]

#: Number of shades that the style sheets define for groups other than the control.
SHADES = 7
#: The shade for groups with a negative value.
OFF = "off"
#: Maximum number of segments to draw. With more, segments would be narrower than a pixel.
MAX_SEGMENTS = 200


@dataclass(frozen=True, slots=True)
class Segment:
    """A range with its position and width in percent, for the attributes of an SVG."""

    name: str
    share: str
    start: str
    width: str
    #: A CSS class in the style sheets.
    shade: str
    #: True if the visitor's position is in this range.
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Line:
    """The ranges from left to right."""

    segments: tuple[Segment, ...] = ()
    #: The visitor's position in percent of the width; "" if the visitor has no position.
    position: str = ""

    def __bool__(self) -> bool:
        return bool(self.segments)

    @property
    def text(self) -> str:
        """Describe the line in words, for people who cannot see it."""
        ranges = ", ".join(f"{each.name} {each.share}" for each in self.segments)
        if not self.position:
            return ranges
        return _("%(ranges)s; the visitor is at %(position)s") % {
            "ranges": ranges,
            "position": self.position,
        }


def shades_of(definition: TestDefinition) -> Mapping[int, str]:
    """Map the bucket values of 0 and above to CSS classes. The control (0) is gray."""
    live = sorted({bucket.value for bucket in definition.buckets if bucket.value > 0})
    return {0: "s0", **{value: f"s{1 + index % SHADES}" for index, value in enumerate(live)}}


def line_of(
    definition: TestDefinition, allocation: Allocation | None, explanation: Explanation | None
) -> Line:
    """Draw *allocation*, with the visitor's position.

    *explanation* contains the position; it must have been computed without force groups.
    """
    if allocation is None or len(allocation.ranges) > MAX_SEGMENTS:
        return Line()
    place = None if explanation is None else explanation.share
    names = {bucket.value: bucket.name or "" for bucket in definition.buckets}
    shades = shades_of(definition)
    found, start = [], 0.0
    for value, length in _joined(allocation):
        found.append(
            Segment(
                name=names.get(value) or str(value),
                share=f"{100 * length:.4g} %",
                start=f"{100 * start:.3f}%",
                width=f"{100 * length:.3f}%",
                shade=shades.get(value, OFF),
                is_hit=place is not None and start <= place < start + length,
            )
        )
        start += length
    return Line(tuple(found), "" if place is None else f"{100 * place:.3g}%")


def _joined(allocation: Allocation) -> Iterator[tuple[int, float]]:
    """Return the ranges longer than 0; adjacent ranges of the same bucket are merged."""
    value, length = None, 0.0
    for each in allocation.ranges:
        if not 0 < each.length <= 1:
            continue
        if value is not None and each.bucket_value != value:
            yield value, length
            length = 0.0
        value, length = each.bucket_value, length + each.length
    if value is not None:
        yield value, min(length, 1.0)
