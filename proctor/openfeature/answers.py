"""Convert a group to a flag's value, using the types of OpenFeature's SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openfeature.flag_evaluation import FlagResolutionDetails, FlagType, Reason

from proctor.core.flags.reasons import flag_reason
from proctor.core.flags.values import FlagKind, metadata, typed_value

if TYPE_CHECKING:
    from proctor.core.flags.asking import FoundFlag

__all__ = ["answer"]

_KINDS = {
    FlagType.BOOLEAN: FlagKind.BOOLEAN,
    FlagType.STRING: FlagKind.STRING,
    FlagType.INTEGER: FlagKind.INTEGER,
    FlagType.FLOAT: FlagKind.FLOAT,
    FlagType.OBJECT: FlagKind.OBJECT,
}


def answer(test: str, found: FoundFlag, flag_type: FlagType) -> FlagResolutionDetails[Any]:
    """Return the flag's value, variant, reason and metadata for a visitor in a group.

    Raises FlagError if the value does not have the requested type.
    """
    return FlagResolutionDetails(
        value=typed_value(test, found.assignment, _KINDS[flag_type]),
        variant=found.assignment.group,
        reason=Reason(flag_reason(*found).value),
        flag_metadata=metadata(found.assignment),
    )
