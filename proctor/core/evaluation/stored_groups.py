"""Convert groups to plain values for JSON, caches and sessions, and back.

Restored assignments are shared: all visitors in a group get the same object, as they do if the
matrix is evaluated in this process. Therefore each assignment is stored as one string, and reading
the same string again returns the same object from a cache.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from proctor.core.evaluation.groups import GroupAssignment, Groups, MatrixVersion, Reason
from proctor.core.java.frozen import thaw
from proctor.core.matrices.payloads import payload_value

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Bucketing", "assignment", "from_stored", "is_time", "is_version", "to_stored"]

#: Maximum number of cached assignments. A matrix has one assignment for each bucket.
KEPT = 8192

#: Maximum length of a cached assignment's text, in characters. Caching several versions of a large
#: payload would use too much memory.
LARGE = 4096


class Bucketing(NamedTuple):
    """The fields of an assignment, as values that are fast to compare."""

    test: str
    group: str
    value: int
    version: str | None
    payload_type: str | None
    #: The payload as JSON.
    payload: str | None
    reason: Reason


def assignment(bucketing: Bucketing) -> GroupAssignment:
    """Return the assignment for these fields. It is a shared object unless its payload is large.

    Raises ConversionError for a payload that does not fit its type, KeyError for an unknown type,
    and ValueError for a payload that is not JSON.
    """
    payload = bucketing.payload
    return (_make if payload is not None and len(payload) > LARGE else _shared)(bucketing)


def _make(bucketing: Bucketing) -> GroupAssignment:
    test, group, value, version, payload_type, payload, reason = bucketing
    # If the allocation is unknown, Java Proctor logs only the name and the value.
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
    """Return *groups* in a form that JSON can express."""
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
    """Return the groups that were passed to `to_stored`. If *stale*, their reason is STALE.

    Can raise any built-in exception if *stored* is not a result of `to_stored`.
    """
    read = _stale if stale else _current
    if max(map(len, stored), default=0) > LARGE:
        return Groups(
            dict((read.__wrapped__ if len(text) > LARGE else read)(text) for text in stored),
            matrix_version=version,
        )
    return Groups(dict(map(read, stored)), matrix_version=version)


def is_version(version: object, updated: object) -> bool:
    """Return True if *version* is a string and *updated* a Java long, as in a MatrixVersion."""
    return isinstance(version, str) and type(updated) is int and -(2**63) <= updated < 2**63


def is_time(seconds: object) -> bool:
    """Return True if *seconds* is a finite time, or None, which means no limit."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        return seconds is None
    return abs(seconds) < 2**63  # False for NaN


@lru_cache(maxsize=KEPT)
def _current(text: str) -> tuple[str, GroupAssignment]:
    return _read(text, Reason.ASSIGNED)


@lru_cache(maxsize=KEPT)
def _stale(text: str) -> tuple[str, GroupAssignment]:
    return _read(text, Reason.STALE)


def _read(text: str, unforced: Reason) -> tuple[str, GroupAssignment]:
    test, group, value, version, payload_type, payload, forced = json.loads(text)
    texts = (version, payload_type, payload)
    if not (
        isinstance(test, str)
        and isinstance(group, str)
        and type(value) is int
        and all(each is None or isinstance(each, str) for each in texts)
        and isinstance(forced, bool)
    ):
        # A store can contain values from other programs. If they were accepted, pages could show a
        # group without a name.
        raise ValueError("expected a stored assignment")
    reason = Reason.FORCED if forced else unforced
    made = Bucketing(test, group, value, version, payload_type, payload, reason)
    return test, assignment(made)
