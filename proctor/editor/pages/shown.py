"""Values for templates: percentages, colors, bars and groups."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from proctor.core.authoring.moves.placement import pieces_of, shares
from proctor.core.java.frozen import thaw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proctor.core.matrices.matrix import Bucket, Range, TestDefinition

__all__ = ["Bar", "Group", "Segment", "bar_of", "color_of", "groups_of", "name_of", "percent"]

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")
#: Number of shades for live groups in the style sheet.
_SHADES = 8
#: Maximum number of groups that the legend of a bar names.
_NAMED = 12
#: A group with a smaller share of the bar is too narrow for a label.
_ROOM = Fraction(14, 100)


def percent(share: Fraction | float) -> str:
    """Return a share as a localized percentage: `33.34 %`."""
    exact = Decimal(str(round(float(share) * 100, 4))).normalize()
    if not exact and share > 0:
        return _("under 0.0001 %")
    places = max(0, -int(exact.as_tuple().exponent))
    return f"{number_format(exact, places)} %"


def color_of(value: object) -> str:
    """Return a #hex color, which is safe in an attribute, or "" for any other text."""
    return value if isinstance(value, str) and _HEX.match(value) else ""


@dataclass(frozen=True, slots=True)
class Group:
    """A bucket of a test."""

    name: str
    value: int
    description: str
    #: The payload as JSON, or "" if there is none.
    payload: str
    payload_type: str
    #: The payload as #hex if it is a color, otherwise "".
    color: str
    #: CSS class for the shade.
    shade: str

    @property
    def is_live(self) -> bool:
        """True if visitors in this group take part in the test."""
        return self.value >= 0


def groups_of(test: TestDefinition) -> list[Group]:
    """Return the buckets of a test in order, each with a different shade."""
    found = []
    shades = _shades(test)
    for bucket in test.buckets:
        kind, payload = _payload(bucket)
        value = None if bucket.payload is None else bucket.payload.value
        found.append(
            Group(
                bucket.name,
                bucket.value,
                bucket.description or "",
                payload,
                kind,
                color_of(value),
                shades.get(bucket.value, "off"),
            )
        )
    return found


def _shades(test: TestDefinition) -> dict[int, str]:
    """Return the CSS class for each bucket value. The control group (0) is always gray."""
    live = sorted({bucket.value for bucket in test.buckets if bucket.value > 0})
    shades = {value: f"s{1 + index % (_SHADES - 1)}" for index, value in enumerate(live)}
    return {0: "s0", **shades}


def _payload(bucket: Bucket) -> tuple[str, str]:
    payload = bucket.payload
    if payload is None or payload.type is None:
        return "", ""
    value: Any = thaw(payload.value)
    if payload.type == "stringValue" and isinstance(value, str):
        return payload.type, value
    return payload.type, json.dumps(value, ensure_ascii=False)


def name_of(value: int | None, test: TestDefinition | None) -> str:
    """Return the name of the bucket with this value, or a text such as "bucket 5"."""
    if value is None:
        return _("no group")
    names = {bucket.value: bucket.name for bucket in test.buckets} if test is not None else {}
    return names.get(value) or _("bucket %(value)s") % {"value": value}


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of a bar. Its position and width are percentages, for SVG attributes."""

    name: str
    share: str
    start: str
    width: str
    middle: str
    shade: str
    has_room: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """The shares of the groups in an allocation, live groups first."""

    segments: tuple[Segment, ...]

    @property
    def legend(self) -> tuple[Segment, ...]:
        """The segments named below the bar: all of them, or the first ones if there are many."""
        return self.segments if len(self.segments) <= _NAMED + 1 else self.segments[:_NAMED]

    @property
    def left_out(self) -> int:
        """The number of segments that the legend leaves out."""
        return len(self.segments) - len(self.legend)

    @property
    def text(self) -> str:
        """The shares in words, for screen readers."""
        return ", ".join(f"{each.name} {each.share}" for each in self.segments) or _("nobody")


def bar_of(ranges: Iterable[Range], test: TestDefinition) -> Bar:
    """Return the bar for an allocation's ranges.

    If the ranges do not add up to 1, the bar is empty.
    """
    try:
        spread: Mapping[int, Fraction] = shares(pieces_of(tuple(ranges)))
    except ValueError:
        return Bar(())
    shades, start, found = _shades(test), Fraction(0), []
    for value in sorted(spread, key=lambda each: (each < 0, each)):
        share = spread[value]
        if not share:
            continue
        found.append(
            Segment(
                name_of(value, test),
                percent(share),
                _attribute(start),
                _attribute(share),
                _attribute(start + share / 2),
                shades.get(value, "off"),
                share >= _ROOM,
            )
        )
        start += share
    return Bar(tuple(found))


def _attribute(share: Fraction) -> str:
    return f"{float(share) * 100:.3f}%"
