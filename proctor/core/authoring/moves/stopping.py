"""Stop a test: move all its visitors to one group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.matrices.matrix import Range
from proctor.core.sentences import Sentence, gettext_noop, listed

if TYPE_CHECKING:
    from proctor.core.matrices.matrix import Allocation, TestDefinition

__all__ = ["stop", "stop_value"]


def stop(definition: TestDefinition, value: int | None = None) -> TestDefinition:
    """Return *definition* with all ranges of every allocation assigned to one bucket.

    *value* is that bucket's value; None means the result of `stop_value`. Rules, unknown fields,
    ids and versions stay the same. The definition can have the matrix's format or the editor's
    format. The same object is returned if the test is already stopped.

    Raises ChangeRefused if the bucket does not exist or its value is above 0.
    """
    wanted = stop_value(definition) if value is None else value
    _check(definition, wanted)
    allocations = tuple(_stopped(each, wanted) for each in definition.allocations)
    if all(new is old for new, old in zip(allocations, definition.allocations, strict=True)):
        return definition
    return replace(definition, allocations=allocations)


def stop_value(definition: TestDefinition) -> int:
    """Return the value of the bucket to which a stop moves visitors.

    This is the negative value closest to 0, usually -1. If the test has no negative bucket, or if
    it is a PAGE test, which must not have one, the result is 0, the value of the control. Raises
    ChangeRefused if the test has no control either.
    """
    values = {bucket.value for bucket in definition.buckets}
    negative = [] if definition.test_type == "PAGE" else [each for each in values if each < 0]
    if negative:
        return max(negative)
    if 0 in values:
        return 0
    raise ChangeRefused(
        Sentence(
            gettext_noop(
                "A stopped test needs a bucket with a value of 0 or less; add one: "
                '{{"name": "inactive", "value": -1}}'
            )
        )
    )


def _check(definition: TestDefinition, value: int) -> None:
    known = [bucket.value for bucket in definition.buckets if bucket.value <= 0]
    if value not in known:
        values = listed(map(str, sorted(set(known))))
        raise ChangeRefused(
            Sentence(
                gettext_noop(
                    "expected a bucket with a value of at most 0, got {value}; "
                    "the test has {values}"
                ),
                value=value,
                values=values if known else Sentence(gettext_noop("none")),
            )
        )


def _stopped(allocation: Allocation, value: int) -> Allocation:
    ranges = allocation.ranges
    if ranges and all(each.bucket_value == value for each in ranges):
        return allocation
    own = next((each for each in ranges if each.bucket_value == value), Range(value))
    return replace(allocation, ranges=(replace(own, length=1.0),))
