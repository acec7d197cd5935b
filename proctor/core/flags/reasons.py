"""The reasons why a flag has its value, in OpenFeature's terms."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from proctor.core.evaluation.groups import Reason
from proctor.core.rules.rule import RuleKind, classify

if TYPE_CHECKING:
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["FlagReason", "flag_reason"]


class FlagReason(enum.Enum):
    """An OpenFeature reason. The value is its name in the specification."""

    #: The hash of the identifier chose among several groups.
    SPLIT = "SPLIT"
    #: The group was chosen by a rule, or by a test that this test depends on.
    TARGETING_MATCH = "TARGETING_MATCH"
    #: Everyone has this group, or it is forced.
    STATIC = "STATIC"
    #: The source is not answering, so this is its last known answer.
    STALE = "STALE"
    #: The visitor has no group.
    DEFAULT = "DEFAULT"


def flag_reason(assignment: GroupAssignment, definition: TestDefinition | None) -> FlagReason:
    """Return the reason why a visitor has the group in *assignment*.

    *definition* is the definition of the test, if it is known.
    """
    if assignment.reason is Reason.FORCED:
        return FlagReason.STATIC
    if assignment.reason is Reason.STALE:
        return FlagReason.STALE
    index = assignment.allocation_index
    # If the matrix has just been replaced, the test can have fewer allocations than it had when the
    # group was assigned.
    if definition is None or index is None or index >= len(definition.allocations):
        return FlagReason.SPLIT
    return _decided_by(definition, index)


def _decided_by(definition: TestDefinition, index: int) -> FlagReason:
    """Return SPLIT, TARGETING_MATCH or STATIC, depending on what decided the visitor's bucket."""
    ranges = definition.allocations[index].ranges
    if len({each.bucket_value for each in ranges if each.length > 0}) > 1:
        return FlagReason.SPLIT
    if definition.depends_on is not None:
        return FlagReason.TARGETING_MATCH
    # The rules of earlier allocations count too: this allocation was tried because they were false.
    rules = [definition.rule, *(each.rule for each in definition.allocations[: index + 1])]
    if any(classify(rule) not in (RuleKind.EMPTY, RuleKind.TRUE) for rule in rules):
        return FlagReason.TARGETING_MATCH
    return FlagReason.STATIC
