"""What was decided for one visitor in one test, and why.

An `Explanation` is a value: `str()` of it is a text to read, `to_dict()` plain JSON types.
`proctor.core.explaining` makes it, `proctor.core.explanation_text` writes the text.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from proctor.core.frozen import thaw

if TYPE_CHECKING:
    from proctor.core.groups import GroupAssignment
    from proctor.core.problems import Problem
    from proctor.core.rules.explanation import RuleExplanation

__all__ = [
    "AllocationExplanation",
    "Decision",
    "DependencyExplanation",
    "Explanation",
    "ForceExplanation",
    "RangeExplanation",
]


class Decision(enum.Enum):
    """The step at which the choice ended. All but the first three give no group."""

    #: An allocation's rule held, and the position fell into one of its ranges.
    ASSIGNED = "assigned"
    #: The visitor asked for the bucket.
    FORCED = "forced"
    #: The force mode gives the smallest live bucket of the allocation.
    SMALLEST_LIVE = "smallest_live"
    #: The force mode asks for the fallback of tests that are not forced.
    FALLBACK_MODE = "fallback_mode"
    #: The test was dropped when the matrix was loaded.
    DROPPED = "dropped"
    #: The visitor is incognito, and the test leaves such visitors alone.
    INCOGNITO = "incognito"
    #: There is no identifier of the test's type.
    NO_IDENTIFIER = "no_identifier"
    #: The identifier validator rejected the identifier.
    IDENTIFIER_REJECTED = "identifier_rejected"
    #: The test is of type RANDOM, and the call does not enable these.
    RANDOM_DISABLED = "random_disabled"
    #: The visitor is not in the bucket that the test depends on.
    DEPENDENCY = "dependency"
    #: The test's own rule is false.
    RULE_FALSE = "rule_false"
    #: The test's rule, or an allocation's, failed.
    RULE_ERROR = "rule_error"
    #: No allocation's rule held.
    NO_ALLOCATION = "no_allocation"


@dataclass(frozen=True, slots=True)
class AllocationExplanation:
    """An allocation that was looked at. They are tried in turn; the first that holds is chosen."""

    #: The place in the test, from 0.
    index: int
    #: "" where the matrix gives none.
    id: str
    name: str
    rule: RuleExplanation

    @property
    def chosen(self) -> bool:
        """Whether it is the visitor's allocation."""
        return self.rule.result is True

    def to_dict(self) -> dict[str, Any]:
        """The allocation as JSON types."""
        return {
            "index": self.index,
            "id": self.id,
            "name": self.name,
            "chosen": self.chosen,
            "rule": self.rule.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class RangeExplanation:
    """A range of the chosen allocation: `start <= share < end` leads to its bucket."""

    bucket_value: int
    bucket_name: str
    #: The length as the matrix has it.
    length: float
    #: Shares of the line, from 0 to 1; equal where no position leads here.
    start: float
    end: float
    #: Whether the visitor fell into it.
    hit: bool

    def to_dict(self) -> dict[str, Any]:
        """The range as JSON types."""
        return {
            "bucket_value": self.bucket_value,
            "bucket_name": self.bucket_name,
            "length": thaw(self.length),
            "start": self.start,
            "end": self.end,
            "hit": self.hit,
        }


@dataclass(frozen=True, slots=True)
class DependencyExplanation:
    """The bucket of another test that the visitor has to be in."""

    test: str
    bucket_value: int
    #: Whether the visitor is in it.
    holds: bool
    #: What was decided in the other test; its `assignment` is the visitor's group there.
    parent: Explanation = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The dependency as JSON types; of the other test what was decided, in short."""
        found = self.parent.assignment
        return {
            "test": self.test,
            "bucket_value": self.bucket_value,
            "holds": self.holds,
            "group": None if found is None else found.group,
            "value": None if found is None else found.value,
            "decision": self.parent.decision.value,
            "summary": self.parent.summary,
        }


@dataclass(frozen=True, slots=True)
class ForceExplanation:
    """What the visitor's force groups say of the test."""

    #: The bucket value that was asked for; None where only a mode is set.
    value: int | None
    #: Whether the test has such a bucket; another value is ignored.
    known: bool
    #: Whether a payload was asked for, and whether the bucket takes it.
    payload_given: bool
    payload_applied: bool
    #: The mode for tests that are not forced: "", or as it is written in force groups.
    mode: str

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON types."""
        return {
            "value": self.value,
            "known": self.known,
            "payload_given": self.payload_given,
            "payload_applied": self.payload_applied,
            "mode": self.mode,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """One visitor and one test: the group, and each step that led to it or to none.

    Steps that were not reached are None or empty. Values of the context are shown where a
    rule mentions them, cut and printable; the identifier is in its attribute and in nothing
    that is printed.
    """

    test: str
    decision: Decision
    #: What `determine_groups` gives; None for no group.
    assignment: GroupAssignment | None
    #: The type of identifier that the test asks for.
    test_type: str | None = None
    #: Why the test was dropped.
    problem: Problem | None = None
    #: The test's own rule.
    rule: RuleExplanation | None = None
    #: The allocations that were looked at, up to the one that ended the search.
    allocations: tuple[AllocationExplanation, ...] = ()
    #: The hash, a signed 32-bit integer; None without an identifier, and for RANDOM.
    position: int | None = None
    #: The position (of RANDOM tests what was drawn) as a share of the line: 0 <= share < 1.
    share: float | None = None
    #: The ranges of the chosen allocation.
    ranges: tuple[RangeExplanation, ...] = ()
    dependency: DependencyExplanation | None = None
    force: ForceExplanation | None = None
    #: What would be decided if nothing at all were forced, where force groups decided.
    unforced: Explanation | None = None
    #: The visitor's identifier, for those who ask for it.
    identifier: str | None = field(default=None, repr=False)

    @property
    def allocation(self) -> AllocationExplanation | None:
        """The chosen allocation."""
        return next((each for each in self.allocations if each.chosen), None)

    @property
    def range(self) -> RangeExplanation | None:
        """The range that was hit."""
        return next((each for each in self.ranges if each.hit), None)

    @property
    def eligible(self) -> bool:
        """Whether the visitor gets a group without asking for one."""
        if self.unforced is not None:
            return self.unforced.eligible
        return self.decision is Decision.ASSIGNED

    @property
    def summary(self) -> str:
        """What was decided and why, in one printable line."""
        from proctor.core.explanation_text import summary  # noqa: PLC0415 - it imports this one

        return summary(self)

    def __str__(self) -> str:
        from proctor.core.explanation_text import text  # noqa: PLC0415 - it imports this one

        return text(self)

    def to_dict(self) -> dict[str, Any]:
        """All but the identifier as JSON types: texts as they are, values of rules as shown."""
        return {
            "test": self.test,
            "test_type": self.test_type,
            "decision": self.decision.value,
            "summary": self.summary,
            "eligible": self.eligible,
            "assignment": None if self.assignment is None else self.assignment.to_dict(),
            "problem": None if self.problem is None else str(self.problem),
            "rule": None if self.rule is None else self.rule.to_dict(),
            "allocations": [each.to_dict() for each in self.allocations],
            "position": self.position,
            "share": self.share,
            "ranges": [each.to_dict() for each in self.ranges],
            "dependency": None if self.dependency is None else self.dependency.to_dict(),
            "force": None if self.force is None else self.force.to_dict(),
            "unforced": None if self.unforced is None else self.unforced.to_dict(),
        }
