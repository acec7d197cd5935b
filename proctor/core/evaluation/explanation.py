"""An explanation of the decision for one visitor in one test.

An `Explanation` only contains data: `str()` returns it as readable text, and `to_dict()` as plain
JSON types. `explainer` creates explanations, and `explanation_text` writes their text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from proctor.core.evaluation import explanation_text
from proctor.core.evaluation.explanation_parts import (
    AllocationExplanation,
    Decision,
    ForceExplanation,
    RangeExplanation,
)

if TYPE_CHECKING:
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.core.problems import Problem
    from proctor.core.rules.rule_explanation import RuleExplanation

__all__ = ["DependencyExplanation", "Explanation"]


@dataclass(frozen=True, slots=True)
class DependencyExplanation:
    """A dependency on another test, in which the visitor must be in a certain bucket."""

    #: The name of the other test.
    test: str
    #: The value of the other test's bucket that the visitor must be in.
    bucket_value: int
    #: True if the visitor is in the required bucket of the other test.
    holds: bool
    #: The explanation of the other test. Its `assignment` is the visitor's group in that test.
    parent: Explanation = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-serializable dict with a summary of the other test's decision."""
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
class Explanation:
    """The group of one visitor in one test, and each step that led to the result.

    Steps that were not reached are None or empty. Context values appear only if a rule mentions
    them; they are shortened and made printable. The identifier is available as an attribute, but
    never appears in printed output.
    """

    test: str
    decision: Decision
    #: The result of `determine_groups`; None if there is no group.
    assignment: GroupAssignment | None
    #: The type of identifier that the test uses.
    test_type: str | None = None
    #: The reason why the test was dropped.
    problem: Problem | None = None
    #: The test's own rule.
    rule: RuleExplanation | None = None
    #: The allocations that were tried, up to the one that ended the search.
    allocations: tuple[AllocationExplanation, ...] = ()
    #: The hash as a signed 32-bit integer; None if there is no identifier, and for tests of type
    #: RANDOM.
    position: int | None = None
    #: The position as a fraction, 0 <= share < 1. For tests of type RANDOM, the number drawn.
    share: float | None = None
    #: The ranges of the chosen allocation.
    ranges: tuple[RangeExplanation, ...] = ()
    dependency: DependencyExplanation | None = None
    force: ForceExplanation | None = None
    #: The decision without force groups. Set only if force groups made a difference.
    unforced: Explanation | None = None
    #: The visitor's identifier, for code that needs it. It is never printed.
    identifier: str | None = field(default=None, repr=False)

    @property
    def allocation(self) -> AllocationExplanation | None:
        """The allocation that was chosen."""
        return next((each for each in self.allocations if each.chosen), None)

    @property
    def range(self) -> RangeExplanation | None:
        """The range that contains the visitor's position."""
        return next((each for each in self.ranges if each.hit), None)

    @property
    def eligible(self) -> bool:
        """True if the visitor gets a group even without force groups."""
        if self.unforced is not None:
            return self.unforced.eligible
        return self.decision is Decision.ASSIGNED

    @property
    def summary(self) -> str:
        """The decision and its reason in one printable line."""
        return explanation_text.summary(self)

    @property
    def steps(self) -> str:
        """The steps as text, without the summary and the picture of the ranges."""
        return explanation_text.steps(self)

    def __str__(self) -> str:
        return explanation_text.text(self)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-serializable dict without the identifier. Values in rules are shortened."""
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
