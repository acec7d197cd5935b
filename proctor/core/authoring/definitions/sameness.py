"""Compare definitions as Java Proctor does  [TestDefinition.equals]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.authoring.definitions.java_values import same_payload, same_value

if TYPE_CHECKING:
    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.matrices.matrix import Allocation, Bucket, TestDefinition

__all__ = ["same_allocation", "same_buckets", "same_definition"]


def same_definition(one: Definition, other: Definition) -> bool:
    """Return whether two definitions are equal in all fields that Java Proctor knows.

    Formatting, the order of fields and unknown fields are ignored. Doubles are compared exactly.
    Raises Refusal for payloads that Java Proctor cannot compare.
    """
    return (
        one.nulls == other.nulls
        and same_value(one.special_constants, other.special_constants)
        and _same_test(one.test, other.test)
    )


def _same_test(one: TestDefinition, other: TestDefinition) -> bool:
    return (
        _scalars(one) == _scalars(other)
        and same_value(one.constants, other.constants)
        and same_buckets(one.buckets, other.buckets)
        and len(one.allocations) == len(other.allocations)
        and all(map(same_allocation, one.allocations, other.allocations))
    )


def _scalars(test: TestDefinition) -> tuple[object, ...]:
    depends_on, experiment = test.depends_on, test.payload_experiment_config
    return (
        *(test.version, test.salt, test.rule, test.test_type, test.silent, test.description),
        *(test.meta_tags, test.evaluate_for_incognito_users, test.enable_unitless_allocations),
        test.force_logging,
        depends_on and (depends_on.test_name, depends_on.bucket_value),
        experiment and (experiment.priority, experiment.namespaces),
    )


def same_buckets(one: tuple[Bucket, ...], other: tuple[Bucket, ...]) -> bool:
    """Return whether two lists of buckets are equal in name, value, description and payload."""
    return len(one) == len(other) and all(map(_same_bucket, one, other))


def _same_bucket(one: Bucket, other: Bucket) -> bool:
    return (one.name, one.value, one.description) == (
        other.name,
        other.value,
        other.description,
    ) and same_payload(one.payload, other.payload)


def same_allocation(one: Allocation, other: Allocation) -> bool:
    """Return whether two allocations have the same rule, id, name and ranges."""
    return (one.rule, one.id, one.name) == (other.rule, other.id, other.name) and same_value(
        [(each.bucket_value, each.length) for each in one.ranges],
        [(each.bucket_value, each.length) for each in other.ranges],
    )
