"""Groups as plain values for JSON, caches and sessions, and back.

What comes back is shared: a group of a test is the same object for all visitors who are in
it, as it is with a matrix in the process.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from proctor.core.frozen import thaw
from proctor.core.groups import GroupAssignment, Groups, MatrixVersion, Reason
from proctor.core.payloads import payload_value

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["from_stored", "shared_assignment", "to_stored"]

#: How many assignments are kept; a matrix has as many as buckets.
KEPT = 8192


@lru_cache(maxsize=KEPT)
def shared_assignment(  # noqa: PLR0917 - by their names they would take longer to look up
    test: str,
    group: str,
    value: int,
    version: str | None,
    payload_type: str | None,
    payload: str | None,
    reason: Reason,
) -> GroupAssignment:
    """The assignment to a bucket whose *payload* is given as JSON.

    Raises ConversionError for a payload that is not of its type, KeyError for an unknown
    one, and ValueError for one that is no JSON.
    """
    # Where no allocation is known, the Java writes the name and the value alone.
    return GroupAssignment(
        group,
        value,
        None if payload_type is None else payload_value(payload_type, json.loads(payload or "")),
        reason=reason,
        payload_type=payload_type,
        version=version,
        log_entry=f"{test}{value}",
    )


def to_stored(groups: Groups) -> dict[str, list[Any]]:
    """*groups* as JSON can hold them."""
    return {
        test: [
            each.group,
            each.value,
            each.version,
            each.payload_type,
            None if each.payload_type is None else json.dumps(thaw(each.payload)),
            int(each.forced),
        ]
        for test, each in groups.to_dict().items()
    }


def from_stored(
    stored: Mapping[str, list[Any]], version: MatrixVersion, *, stale: bool = False
) -> Groups:
    """The groups that `to_stored` was given; those that are *stale* say so.

    Whatever is no such thing raises some exception of Python's.
    """
    reasons = (Reason.STALE if stale else Reason.ASSIGNED, Reason.FORCED)
    return Groups(
        {
            test: shared_assignment(
                test, group, value, test_version, payload_type, payload, reasons[forced]
            )
            for test, (group, value, test_version, payload_type, payload, forced) in stored.items()
        },
        matrix_version=version,
    )
