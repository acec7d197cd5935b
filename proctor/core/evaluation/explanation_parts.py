"""The parts of an explanation: decision, allocations, ranges, force groups."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proctor.core.java.frozen import thaw

if TYPE_CHECKING:
    from proctor.core.rules.rule_explanation import RuleExplanation

__all__ = ["AllocationExplanation", "Decision", "ForceExplanation", "RangeExplanation"]


class Decision(enum.Enum):
    """How the evaluation of a test ended. Only the first three decisions assign a group."""

    #: An allocation's rule is true, and the position is in one of its ranges.
    ASSIGNED = "assigned"
    #: The visitor forced the bucket.
    FORCED = "forced"
    #: The force mode selects the smallest live bucket of the allocation.
    SMALLEST_LIVE = "smallest_live"
    #: The force mode requests the fallback for tests that are not forced.
    FALLBACK_MODE = "fallback_mode"
    #: The test was dropped when the matrix was loaded.
    DROPPED = "dropped"
    #: The visitor is incognito, and the test excludes such visitors.
    INCOGNITO = "incognito"
    #: The identifier of the test's type is missing.
    NO_IDENTIFIER = "no_identifier"
    #: The identifier validator rejected the identifier.
    IDENTIFIER_REJECTED = "identifier_rejected"
    #: The test is of type RANDOM, and the call does not allow such tests.
    RANDOM_DISABLED = "random_disabled"
    #: The visitor is not in the bucket that the test depends on.
    DEPENDENCY = "dependency"
    #: The test's own rule is false.
    RULE_FALSE = "rule_false"
    #: The rule of the test or of an allocation failed.
    RULE_ERROR = "rule_error"
    #: No allocation's rule is true.
    NO_ALLOCATION = "no_allocation"


@dataclass(frozen=True, slots=True)
class AllocationExplanation:
    """An allocation that was tried. Allocations are tried in order, until a rule is true."""

    #: The index of the allocation in the test, starting at 0.
    index: int
    #: The allocation's id; "" if the matrix does not give one.
    id: str
    name: str
    rule: RuleExplanation

    @property
    def chosen(self) -> bool:
        """True if this allocation was chosen."""
        return self.rule.result is True

    def to_dict(self) -> dict[str, Any]:
        """Return the allocation as a JSON-serializable dict."""
        return {
            "index": self.index,
            "id": self.id,
            "name": self.name,
            "chosen": self.chosen,
            "rule": self.rule.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class RangeExplanation:
    """A range of the chosen allocation. Visitors get its bucket if `start <= share < end`.

    The share is the visitor's position as a fraction, from 0 to less than 1. For a test of type
    RANDOM, it is the random number.
    """

    #: The bucket's value.
    bucket_value: int
    #: The bucket's name; "" if the test has no bucket with this value.
    bucket_name: str
    #: The length as written in the matrix.
    length: float
    #: The bounds of the range, as fractions from 0 to 1. They are equal if the range contains no
    #: position.
    start: float
    end: float
    #: True if the visitor's position is in this range.
    hit: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the range as a JSON-serializable dict."""
        return {
            "bucket_value": self.bucket_value,
            "bucket_name": self.bucket_name,
            "length": thaw(self.length),
            "start": self.start,
            "end": self.end,
            "hit": self.hit,
        }


@dataclass(frozen=True, slots=True)
class ForceExplanation:
    """The visitor's force groups for one test, and whether they can be applied."""

    #: The requested bucket value; None if only a mode is given.
    value: int | None
    #: True if the test has a bucket with the requested value. Otherwise, the value is ignored.
    known: bool
    #: `payload_given` is True if a payload was requested, and `payload_applied` if the bucket
    #: accepts it.
    payload_given: bool
    payload_applied: bool
    #: The mode for tests that are not forced, as it is written in force groups; "" if there is
    #: none.
    mode: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON-serializable dict."""
        return {
            "value": self.value,
            "known": self.known,
            "payload_given": self.payload_given,
            "payload_applied": self.payload_applied,
            "mode": self.mode,
        }
