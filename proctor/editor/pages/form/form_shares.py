"""Convert percentages in the Edit form to ranges, moving as few visitors as possible."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from proctor.core.authoring.moves.ramping import TOLERANCE, ramped_ranges
from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.matrices.matrix import Allocation, Bucket, Range, TestDefinition
from proctor.editor.written import strict_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["percent_text", "raised", "ranges_for", "share_of", "summed"]

#: Decimal places of the percentages that `raised` writes.
_DIGITS = 4
_NUMBER = re.compile(r"[+-]?(?=\.?[0-9])[0-9]{0,20}(\.[0-9]{0,20})?")


def share_of(text: str) -> Fraction | None:
    """Convert a percentage from a form field to a share. Return None if it is not a number."""
    cleaned = text.strip().removesuffix("%").strip().replace(",", ".") or "0"
    # Exponents are not allowed, because expanding 1e999999999 would exhaust the memory.
    return Fraction(Decimal(cleaned)) / 100 if _NUMBER.fullmatch(cleaned) else None


def percent_text(share: Fraction) -> str:
    """Format a share, rounded to ten decimal places, as a percentage without trailing zeros."""
    value = Decimal(share.numerator) / Decimal(share.denominator) * 100
    return f"{round(value, 8).normalize():f}"


def summed(ranges: Iterable[Mapping[str, Any]]) -> dict[int, Fraction]:
    """Map the value of each bucket to the exact sum of the lengths of its ranges."""
    found: dict[int, Fraction] = {}
    for each in ranges:
        value = each["bucketValue"]
        if isinstance(each["length"], str):
            raise TypeError(f"expected a number as the length, got {each['length']!r}")
        length = Fraction(Decimal(str(each["length"])))
        found[value] = found.get(value, Fraction(0)) + length
    return found


def ranges_for(
    wanted: Mapping[int, Fraction], old: str, renamed: Mapping[int, int], test_type: str
) -> list[dict[str, Any]]:
    """Return ranges that give each bucket its share from *wanted*.

    *wanted* maps bucket values to shares. *old* contains the previous ranges, as JSON, and
    *renamed* maps old bucket values to new ones. If the shares are unchanged, so are the ranges;
    otherwise as few visitors as possible move.
    """
    known = _known(old, renamed, wanted)
    if known:
        before = summed(known)
        if all(
            abs(before.get(value, Fraction(0)) - wanted.get(value, Fraction(0))) < TOLERANCE
            for value in {*before, *wanted}
        ):
            return known
        moved = _ramped(wanted, known, test_type)
        if moved is not None:
            return moved
    return _laid_out(wanted)


def _known(
    old: str, renamed: Mapping[int, int], wanted: Mapping[int, Fraction]
) -> list[dict[str, Any]]:
    try:
        ranges = strict_json(old or "[]")
        found = [
            {**each, "bucketValue": renamed.get(each["bucketValue"], each["bucketValue"])}
            for each in ranges
        ]
        if not all(_is_length(each["length"]) for each in found):
            return []
        return [each for each in found if each["bucketValue"] in wanted]
    except (ValueError, TypeError, KeyError):
        return []


def _is_length(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 <= value <= 1


def _ramped(
    wanted: Mapping[int, Fraction], known: Sequence[Mapping[str, Any]], test_type: str
) -> list[dict[str, Any]] | None:
    buckets = tuple(Bucket(f"b{index}", value) for index, value in enumerate(wanted))
    ranges = tuple(Range(each["bucketValue"], float(each["length"])) for each in known)
    test = TestDefinition(
        "t", test_type=test_type, buckets=buckets, allocations=(Allocation(None, ranges),)
    )
    try:
        found = ramped_ranges(test, 0, wanted)
    except (ChangeRefused, ValueError):
        return None
    return [each.to_dict() for each in found]


def _laid_out(wanted: Mapping[int, Fraction]) -> list[dict[str, Any]]:
    """Return the ranges of a new allocation.

    The negative groups are in the middle, so that the groups on both sides can grow without moving
    visitors from one live group to another.
    """
    live = sorted(value for value in wanted if value >= 0)
    negative = sorted(value for value in wanted if value < 0)
    order = [*live[:1], *negative, *live[1:]]
    some = [value for value in order if wanted[value]] or order[:1]
    return [{"bucketValue": value, "length": float(wanted[value])} for value in some]


def raised(shares: Mapping[int, Fraction], target: Fraction) -> dict[int, Fraction] | None:
    """Scale the shares of the live groups so that they add up to *target*.

    The other visitors go to a negative group. Return None if there is no live or no negative group.
    """
    live = {value: share for value, share in shares.items() if value >= 0}
    negative = [value for value in shares if value < 0]
    if not live or not negative:
        return None
    total = sum(live.values(), Fraction(0))
    weights = live if total else dict.fromkeys(live, Fraction(1, len(live)))
    found = {
        value: round(target * weight / (total or 1), _DIGITS + 2)
        for value, weight in weights.items()
    }
    last = max(found)
    found[last] += target - sum(found.values(), Fraction(0))
    rest = dict.fromkeys(negative, Fraction(0))
    rest[min(negative)] = 1 - target
    return {**found, **rest}
