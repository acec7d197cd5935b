"""Decide whether a change can be promoted automatically [AutoPromoter].

Two kinds of change qualify: a new test that no visitor can be in, and an edit that changes nothing
but range lengths.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from proctor.core.authoring.definitions.java_values import bucket_string, same_value
from proctor.core.authoring.definitions.sameness import same_buckets
from proctor.core.authoring.refusals import refuse
from proctor.core.java.text import equal_ignoring_case
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import Allocation, Bucket

__all__ = ["is_allocation_only", "is_fully_inactive"]

_TOLERANCE = 1e-6
_INACTIVE_VALUE = -1
_INACTIVE_NAMES = ("inactive", "disabled")


def is_allocation_only(old: Definition, new: Definition) -> bool:
    """Return whether only range lengths changed and no allocation has a new group.

    Description, meta tags, flags, dependsOn, ids and names of allocations are ignored. Raises
    Refusal for payloads that Java Proctor cannot compare.
    """
    one, other = old.test, new.test
    same = (
        (one.rule, one.test_type, one.salt) == (other.rule, other.test_type, other.salt)
        and same_value(one.constants, other.constants)
        and same_value(old.special_constants, new.special_constants)
        and [each.rule for each in one.allocations] == [each.rule for each in other.allocations]
        and same_buckets(one.buckets, other.buckets)
    )
    return same and not any(map(_has_new_group, one.allocations, other.allocations))


def _has_new_group(old: Allocation, new: Allocation) -> bool:
    before, after = _lengths(old), _lengths(new)
    return any(
        length > _TOLERANCE and abs(before[value]) <= _TOLERANCE
        for value, length in list(after.items())
        if value != _INACTIVE_VALUE
    )


def _lengths(allocation: Allocation) -> dict[int, float]:
    sums: dict[int, float] = defaultdict(float)
    for each in allocation.ranges:
        sums[each.bucket_value] += each.length
    return sums


def is_fully_inactive(definition: Definition) -> bool:
    """Return whether all nonempty ranges belong to an inactive bucket.

    Such a bucket has the value -1 and the name `inactive` or `disabled`, ignoring case.
    Raises Refusal if two buckets have the same value or a range has an unknown bucket.
    """
    buckets: dict[int, Bucket] = {}
    for each in definition.test.buckets:
        if each.value in buckets:
            raise refuse(
                "duplicate-key",
                Sentence(
                    gettext_noop("two buckets have the value {value}; change one of them"),
                    value=each.value,
                ),
                f"Duplicate key {each.value} (attempted merging values "
                f"{bucket_string(buckets[each.value])} and {bucket_string(each)})",
                test=definition.name or None,
            )
        buckets[each.value] = each
    for allocation in definition.test.allocations:
        for part in allocation.ranges:
            if part.bucket_value not in buckets:
                raise refuse(
                    "json-null",
                    Sentence(
                        gettext_noop(
                            "a range uses bucket {bucket_value}, which does not exist; add this "
                            "bucket"
                        ),
                        bucket_value=part.bucket_value,
                    ),
                    test=definition.name or None,
                )
            if part.length > 0 and not _is_inactive(buckets[part.bucket_value]):
                return False
    return True


def _is_inactive(bucket: Bucket) -> bool:
    return bucket.value == _INACTIVE_VALUE and any(
        equal_ignoring_case(bucket.name, name) for name in _INACTIVE_NAMES
    )
