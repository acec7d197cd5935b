"""Groups as plain values for JSON, caches and sessions, and back.

What comes back is shared: a group of a test is the same object for all visitors who are in
it, as it is with a matrix in the process. So each assignment is written as one text, and
whoever reads it for a second time looks it up.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from proctor.core.frozen import thaw
from proctor.core.groups import GroupAssignment, Groups, MatrixVersion, Reason
from proctor.core.payloads import payload_value

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Bucketing", "assignment", "from_stored", "to_stored"]

#: How many assignments are kept; a matrix has as many as buckets.
KEPT = 8192

#: Characters of an assignment that is kept; a large payload would fill the memory with its
#: versions.
LARGE = 4096


class Bucketing(NamedTuple):
    """All that an assignment is made of, in values that can be told apart quickly."""

    test: str
    group: str
    value: int
    version: str | None
    payload_type: str | None
    #: As JSON.
    payload: str | None
    reason: Reason


def assignment(bucketing: Bucketing) -> GroupAssignment:
    """The assignment that is made of this; the same each time, unless its payload is large.

    Raises ConversionError for a payload that is not of its type, KeyError for an unknown
    one, and ValueError for one that is no JSON.
    """
    payload = bucketing.payload
    return (_make if payload is not None and len(payload) > LARGE else _shared)(bucketing)


def _make(bucketing: Bucketing) -> GroupAssignment:
    test, group, value, version, payload_type, payload, reason = bucketing
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


_shared = lru_cache(maxsize=KEPT)(_make)


def to_stored(groups: Groups) -> list[str]:
    """*groups* as JSON can hold them."""
    return [
        json.dumps(
            [
                test,
                each.group,
                each.value,
                each.version,
                each.payload_type,
                None if each.payload_type is None else json.dumps(thaw(each.payload)),
                each.forced,
            ]
        )
        for test, each in groups.to_dict().items()
    ]


def from_stored(stored: Collection[str], version: MatrixVersion, *, stale: bool = False) -> Groups:
    """The groups that `to_stored` was given; those that are *stale* say so.

    Whatever is no such thing raises some exception of Python's.
    """
    read = _stale if stale else _current
    if max(map(len, stored), default=0) > LARGE:
        return Groups(
            dict((read.__wrapped__ if len(text) > LARGE else read)(text) for text in stored),
            matrix_version=version,
        )
    return Groups(dict(map(read, stored)), matrix_version=version)


@lru_cache(maxsize=KEPT)
def _current(text: str) -> tuple[str, GroupAssignment]:
    return _read(text, Reason.ASSIGNED)


@lru_cache(maxsize=KEPT)
def _stale(text: str) -> tuple[str, GroupAssignment]:
    return _read(text, Reason.STALE)


def _read(text: str, unforced: Reason) -> tuple[str, GroupAssignment]:
    test, group, value, version, payload_type, payload, forced = json.loads(text)
    reason = Reason.FORCED if forced else unforced
    made = Bucketing(test, group, value, version, payload_type, payload, reason)
    return test, assignment(made)
