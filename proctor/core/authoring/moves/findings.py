"""The findings of a review: sentences with their risks, and the formatting of shares."""

from __future__ import annotations

import enum
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from proctor.core.messages import printable
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proctor.core.matrices.matrix import TestDefinition

__all__ = [
    "ROUNDING",
    "Finding",
    "Risk",
    "allocation_name",
    "allocation_title",
    "group_name",
    "highest",
    "percent",
]

#: Shares below this are rounding errors: if 1/3 is saved with ten digits, the boundary between two
#: ranges shifts by one position.
ROUNDING = Fraction(1, 10**9)


class Risk(enum.Enum):
    """The harm that a change can do to visitors or results."""

    DANGER = "danger"
    NOTICE = "notice"
    NONE = "none"

    @property
    def rank(self) -> int:
        """A number for sorting by risk: 0 for none, 1 for notice, 2 for danger."""
        return {"none": 0, "notice": 1, "danger": 2}[self.value]


class Finding(NamedTuple):
    """One change, described in a sentence."""

    risk: Risk
    sentence: str


def highest(risks: Iterable[Risk]) -> Risk:
    """Return the highest of the risks, or `NONE` if there are no risks."""
    return max(risks, key=lambda risk: risk.rank, default=Risk.NONE)


def percent(share: Fraction | float) -> Sentence:
    """Return a share as a percentage, for example `10 %` or `33.34 %`."""
    number = Decimal(f"{float(share) * 100:.4f}".rstrip("0").rstrip("."))
    if not number and share > 0:
        return Sentence(gettext_noop("less than {number} %"), number=Decimal("0.0001"))
    return Sentence(gettext_noop("{number} %"), number=number)


def group_name(value: int | None, test: TestDefinition) -> str:
    """Return the name of a group, or its value if it has no name."""
    # If several buckets have the same value, the engine assigns the last one.
    names = {bucket.value: bucket.name for bucket in test.buckets}
    if value is None:
        return Sentence(gettext_noop("no group"))
    name = names.get(value)
    return printable(name, 60) if name else Sentence(gettext_noop("bucket {value}"), value=value)


def allocation_name(index: int, test: TestDefinition) -> Sentence:
    """Return the number of an allocation, counted from 1, and its id if it has one."""
    identifier = printable(test.allocations[index].id, 40)
    if not identifier:
        return Sentence(gettext_noop("allocation {number}"), number=index + 1)
    return Sentence(gettext_noop("allocation {number} ({id})"), number=index + 1, id=identifier)


def allocation_title(index: int, test: TestDefinition) -> Sentence:
    """Return `allocation_name` capitalized for the start of a sentence."""
    identifier = printable(test.allocations[index].id, 40)
    if not identifier:
        return Sentence(gettext_noop("Allocation {number}"), number=index + 1)
    return Sentence(gettext_noop("Allocation {number} ({id})"), number=index + 1, id=identifier)
