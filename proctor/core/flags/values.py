"""The value of a flag: the group's payload, or True if the bucket's value is above 0."""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING, Any

from proctor.core.flags.errors import FlagError, FlagErrorCode
from proctor.core.java.frozen import thaw

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.evaluation.groups import GroupAssignment

__all__ = ["FlagKind", "is_finite", "kind_of", "metadata", "typed_value", "untyped_value"]


class FlagKind(enum.Enum):
    """The type of a flag. Each member's value is the type's name in OpenFeature's flag manifest."""

    BOOLEAN = "boolean"
    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    OBJECT = "object"


#: For each type, a function that returns True if a payload has that type. True is not a number, and
#: 1 is not the same as 1.0.
_FITS: dict[FlagKind, Callable[[Any], bool]] = {
    FlagKind.BOOLEAN: lambda value: type(value) is bool,
    FlagKind.STRING: lambda value: isinstance(value, str),
    FlagKind.INTEGER: lambda value: isinstance(value, int) and type(value) is not bool,
    FlagKind.FLOAT: lambda value: isinstance(value, float),
    FlagKind.OBJECT: lambda value: isinstance(value, (dict, list, tuple)),
}

_NAMES: dict[FlagKind, str] = {
    FlagKind.STRING: "a string",
    FlagKind.INTEGER: "an integer",
    FlagKind.FLOAT: "a float",
    FlagKind.OBJECT: "an object",
}


def kind_of(payload: Any) -> FlagKind | None:
    """Return the type of a payload, or None for null."""
    return next((kind for kind, fits in _FITS.items() if fits(payload)), None)


def typed_value(test: str, assignment: GroupAssignment, kind: FlagKind) -> Any:
    """Return the value of a flag that is requested as *kind*.

    The value is the payload if the payload has that type. Otherwise, a boolean flag is True if the
    bucket's value is above 0, and a string flag is the name of the group if the group has no
    payload. Raises FlagError with TYPE_MISMATCH in all other cases.
    """
    payload = assignment.payload
    # An empty payload, which Proctor writes as {}, has the type "" and counts as no payload.
    if assignment.payload_type and _FITS[kind](payload):
        return thaw(payload) if kind is FlagKind.OBJECT else payload
    if kind is FlagKind.BOOLEAN:
        return _is_on(assignment)
    if not assignment.payload_type:
        if kind is FlagKind.STRING:
            return assignment.group
        raise FlagError(
            FlagErrorCode.TYPE_MISMATCH,
            f"the group {assignment.group!r} of the test {test!r} has no payload; "
            "request a boolean or a string",
        )
    raise FlagError(
        FlagErrorCode.TYPE_MISMATCH,
        f"the group {assignment.group!r} of the test {test!r} has a payload of type "
        f"{assignment.payload_type} ({_name_of(payload)}), which is not converted to "
        f"{_NAMES[kind]}",
    )


def untyped_value(test: str, assignment: GroupAssignment) -> Any:
    """Return a flag's value as plain JSON, for a client that does not request a type.

    The value is the payload. For a group without a payload, the value is True if the bucket's value
    is above 0, otherwise False. Raises FlagError with PARSE_ERROR for a payload with NaN or
    infinity.
    """
    if not assignment.payload_type:
        return _is_on(assignment)
    if not is_finite(assignment.payload):
        raise FlagError(
            FlagErrorCode.PARSE_ERROR,
            f"the payload of the test {test!r} contains a number that JSON cannot express",
        )
    return thaw(assignment.payload)


def is_finite(payload: Any) -> bool:
    """Return True if a payload contains no number that is NaN or infinite."""
    if isinstance(payload, float):
        return math.isfinite(payload)
    if isinstance(payload, dict):
        return all(map(is_finite, payload.values()))
    return not isinstance(payload, (list, tuple)) or all(map(is_finite, payload))


def metadata(assignment: GroupAssignment) -> dict[str, bool | int | float | str]:
    """Return the assignment's details as the metadata of an OpenFeature flag."""
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


def _is_on(assignment: GroupAssignment) -> bool:
    return assignment.value is not None and assignment.value > 0


def _name_of(payload: Any) -> str:
    kind = kind_of(payload)
    return "null" if kind is None else _NAMES.get(kind, "a boolean")
