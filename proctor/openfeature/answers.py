"""What a group is worth as a flag: its value, and the reason in OpenFeature's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openfeature.exception import TypeMismatchError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagType
from openfeature.flag_evaluation import Reason as FlagReason

from proctor.core.frozen import thaw
from proctor.core.groups import Reason
from proctor.core.rules.rule import Kind, classify

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core import GroupAssignment, TestDefinition

__all__ = ["answer"]

#: Whether a payload is of the type asked for. True is no number, and 1 is no 1.0.
_FITS: dict[FlagType, Callable[[Any], bool]] = {
    FlagType.BOOLEAN: lambda value: type(value) is bool,
    FlagType.STRING: lambda value: isinstance(value, str),
    FlagType.INTEGER: lambda value: isinstance(value, int) and type(value) is not bool,
    FlagType.FLOAT: lambda value: isinstance(value, float),
    FlagType.OBJECT: lambda value: isinstance(value, (dict, tuple)),
}


def answer(
    test: str,
    assignment: GroupAssignment,
    flag_type: FlagType,
    definition: TestDefinition | None,
) -> FlagResolutionDetails[Any]:
    """The flag's value, variant, reason and metadata for a visitor in a group.

    *definition* is that of the test, where it is known. Raises TypeMismatchError.
    """
    return FlagResolutionDetails(
        value=_value(test, assignment, flag_type),
        variant=assignment.group,
        reason=_reason(assignment, definition),
        flag_metadata=_metadata(assignment),
    )


def _value(test: str, assignment: GroupAssignment, flag_type: FlagType) -> Any:
    payload = assignment.payload
    # The empty payload, which Proctor writes as {}, has a type of "": it is none.
    if assignment.payload_type and _FITS[flag_type](payload):
        return thaw(payload) if flag_type is FlagType.OBJECT else payload
    if flag_type is FlagType.BOOLEAN:
        return assignment.value is not None and assignment.value > 0
    if not assignment.payload_type:
        if flag_type is FlagType.STRING:
            return assignment.group
        raise TypeMismatchError(
            f"the group {assignment.group!r} of the test {test!r} has no payload; ask for a "
            "boolean or a string"
        )
    raise TypeMismatchError(
        f"the group {assignment.group!r} of the test {test!r} has a payload of the type "
        f"{assignment.payload_type}, {_kind(payload)}; it is not converted to {_NAMES[flag_type]}"
    )


_NAMES: dict[FlagType, str] = {
    FlagType.STRING: "a string",
    FlagType.INTEGER: "an integer",
    FlagType.FLOAT: "a float",
    FlagType.OBJECT: "an object",
}


def _kind(payload: Any) -> str:
    if payload is None:
        return "null"
    return next(
        (_NAMES[each] for each in _NAMES if _FITS[each](payload)),
        "a boolean",
    )


def _metadata(assignment: GroupAssignment) -> dict[str, bool | int | float | str]:
    found: dict[str, bool | int | float | str] = {}
    if assignment.value is not None:
        found["value"] = assignment.value
    if assignment.version is not None:
        found["version"] = assignment.version
    if assignment.allocation_id:
        found["allocation_id"] = assignment.allocation_id
    if assignment.forced:
        found["forced"] = True
    return found


def _reason(assignment: GroupAssignment, definition: TestDefinition | None) -> FlagReason:
    if assignment.reason is Reason.FORCED:
        return FlagReason.STATIC
    if assignment.reason is Reason.STALE:
        return FlagReason.STALE
    index = assignment.allocation_index
    # A matrix that has just been replaced may have fewer allocations.
    if definition is None or index is None or index >= len(definition.allocations):
        return FlagReason.SPLIT
    return _decided_by(definition, index)


def _decided_by(definition: TestDefinition, index: int) -> FlagReason:
    """What put a visitor into the bucket: chance, a rule, or neither."""
    ranges = definition.allocations[index].ranges
    if len({each.bucket_value for each in ranges if each.length > 0}) > 1:
        return FlagReason.SPLIT
    if definition.depends_on is not None:
        return FlagReason.TARGETING_MATCH
    # The rules of the allocations before it were false, and so have chosen too.
    rules = [definition.rule, *(each.rule for each in definition.allocations[: index + 1])]
    if any(classify(rule) not in (Kind.EMPTY, Kind.TRUE) for rule in rules):
        return FlagReason.TARGETING_MATCH
    return FlagReason.STATIC
