"""Compare an application's expectations with a matrix.

    for difference in compare(registry, proctor):
        print(difference)

The functions read no settings and use no network: `manage.py proctor_check` provides the inputs.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING

from proctor.core.evaluation.groups import GroupAssignment
from proctor.core.messages import did_you_mean, nearest
from proctor.core.problems import rules_never_true
from proctor.upkeep.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.evaluation.engine import Proctor
    from proctor.core.matrices.matrix import Bucket, TestDefinition
    from proctor.upkeep.template_literals import Literal

__all__ = ["Difference", "DifferenceKind", "compare", "compare_literals"]

#: The location to show in findings about declarations.
DECLARED_IN = "PROCTOR_TESTS"


class DifferenceKind(enum.Enum):
    """The ways in which an application and a matrix can differ."""

    #: The matrix does not contain the test; visitors get the default.
    MISSING_TEST = "missing test"
    #: The matrix contains the test, but it cannot be evaluated; visitors get the default.
    DROPPED_TEST = "dropped test"
    #: A rule is never true, or always fails. For an allocation's rule, no visitor gets the
    #: allocation; for the test's rule, no visitor gets any group.
    NEVER_TRUE = "rule never true"
    #: A declared group has no bucket, so no visitor will ever be in it.
    UNKNOWN_GROUP = "unknown group"
    #: A bucket with visitors is not declared; its visitors get the default.
    UNDECLARED_BUCKET = "undeclared bucket"
    #: A bucket's name is declared with a different value; its visitors get the default.
    OTHER_VALUE = "other value"
    #: A bucket's value is declared under a different name; the site uses the declared name.
    RENAMED_BUCKET = "renamed bucket"
    #: The payload's type differs from the declared one; visitors get no payload.
    OTHER_PAYLOAD = "other payload type"
    #: A payload is declared, but no bucket has a payload.
    NO_PAYLOAD = "no payload"
    #: The default names a group that has no bucket.
    UNKNOWN_DEFAULT = "unknown default"
    #: A template with proctor's tags cannot be compiled.
    BROKEN_TEMPLATE = "broken template"

    @property
    def is_wrong(self) -> bool:
        """False for harmless differences, such as a renamed bucket."""
        return self is not DifferenceKind.RENAMED_BUCKET


class Difference(Finding[DifferenceKind]):
    """One difference, with a message that says how to fix it."""

    __slots__ = ()


def compare(registry: Mapping[str, ProctorTest], proctor: Proctor) -> Iterator[Difference]:
    """Yield all differences between the declared tests and a matrix, test by test."""
    for test in registry.values():
        yield from _existence(test.name, proctor, DECLARED_IN)
        definition = proctor.matrix.tests.get(test.name)
        if definition is not None:
            yield from _rules(test.name, proctor)
            yield from _groups(test, definition)
            yield from _buckets(test, definition)
            yield from _payloads(test, definition)


def compare_literals(
    literals: Iterable[Literal], registry: Mapping[str, ProctorTest], proctor: Proctor
) -> Iterator[Difference]:
    """Yield the differences between the names in templates and the matrix.

    The differences are in the order of *literals*.
    """
    for literal in literals:
        declared = registry.get(literal.test)
        yield from _existence(literal.test, proctor, literal.place)
        definition = proctor.matrix.tests.get(literal.test)
        if definition is not None:
            renamed = {} if declared is None else _renamed(declared, definition)
            for group in literal.groups:
                if group in renamed:
                    continue
                yield from _group(literal.test, group, definition, literal.place)


def _existence(name: str, proctor: Proctor, place: str) -> Iterator[Difference]:
    if name in proctor.dropped:
        yield Difference(
            DifferenceKind.DROPPED_TEST,
            name,
            place,
            f"the test {name!r} is not evaluated: {proctor.dropped[name]}",
        )
    elif name not in proctor.matrix.tests:
        yield Difference(
            DifferenceKind.MISSING_TEST,
            name,
            place,
            f"the matrix has no test {name!r}{did_you_mean(name, proctor.matrix.tests)}",
        )


def _rules(name: str, proctor: Proctor) -> Iterator[Difference]:
    for each in rules_never_true(proctor.problems, proctor.dropped):
        if each.test == name:
            yield Difference(DifferenceKind.NEVER_TRUE, name, DECLARED_IN, str(each))


def _group(
    test: str,
    group: str,
    definition: TestDefinition,
    place: str,
    kind: DifferenceKind = DifferenceKind.UNKNOWN_GROUP,
) -> Iterator[Difference]:
    names = [bucket.name for bucket in definition.buckets]
    if group not in names:
        what = "default" if kind is DifferenceKind.UNKNOWN_DEFAULT else "group"
        yield Difference(
            kind,
            test,
            place,
            f"no bucket of {test!r} is called {group!r}, which is used as a {what} here; "
            f"{nearest(group, names)}",
        )


def _groups(test: ProctorTest, definition: TestDefinition) -> Iterator[Difference]:
    """Yield the differences in the declared groups and the default."""
    renamed = _renamed(test, definition)
    for group in test.groups or ():
        if group != test.default and group not in renamed:
            yield from _group(test.name, group, definition, DECLARED_IN)
    for group, bucket in renamed.items():
        yield Difference(
            DifferenceKind.RENAMED_BUCKET,
            test.name,
            DECLARED_IN,
            f"the bucket with the value {bucket.value} of {test.name!r} is called "
            f"{bucket.name!r} in the matrix, but {group!r} is declared: code and templates "
            f"use {group!r}, while exposures contain {bucket.name!r}",
        )
    if test.default is not None and test.default not in renamed:
        yield from _group(
            test.name, test.default, definition, DECLARED_IN, DifferenceKind.UNKNOWN_DEFAULT
        )


def _renamed(test: ProctorTest, definition: TestDefinition) -> dict[str, Bucket]:
    """Return the buckets whose values are declared under different names.

    The keys are the declared names.
    """
    if not isinstance(test.groups, Mapping):
        return {}
    names = {value: name for name, value in test.groups.items()}
    return {
        names[bucket.value]: bucket
        for bucket in definition.buckets
        if bucket.value in names and bucket.name not in test.groups
    }


def _buckets(test: ProctorTest, definition: TestDefinition) -> Iterator[Difference]:
    """Yield the differences in the matrix's buckets: undeclared names, and different values."""
    used = {
        each.bucket_value
        for allocation in definition.allocations
        for each in allocation.ranges
        if each.length > 0
    }
    renamed = {bucket.name for bucket in _renamed(test, definition).values()}
    for bucket in definition.buckets:
        if bucket.name in renamed:
            continue
        if not test.knows(bucket.name):
            # As in Proctor's own check, a bucket without visitors does no harm.
            if bucket.value in used:
                yield _undeclared(test, bucket)
            continue
        declared = test.value_of(bucket.name)
        if declared is not None and declared != bucket.value:
            yield Difference(
                DifferenceKind.OTHER_VALUE,
                test.name,
                DECLARED_IN,
                f"the bucket {bucket.name!r} of {test.name!r} has the value {bucket.value}, but "
                f"{declared} is declared, so visitors in this bucket get the default",
            )


def _undeclared(test: ProctorTest, bucket: Bucket) -> Difference:
    return Difference(
        DifferenceKind.UNDECLARED_BUCKET,
        test.name,
        DECLARED_IN,
        f"the bucket {bucket.name!r} of {test.name!r} has visitors, but is not among the declared "
        f"groups {', '.join(test.groups or ())}; declare it, otherwise its visitors get "
        f"the default",
    )


def _payloads(test: ProctorTest, definition: TestDefinition) -> Iterator[Difference]:
    expected = test.payload_type
    if expected is None:
        return
    found = [bucket for bucket in definition.buckets if bucket.payload and bucket.payload.type]
    if not found:
        yield Difference(
            DifferenceKind.NO_PAYLOAD,
            test.name,
            DECLARED_IN,
            f"no bucket of {test.name!r} has a payload, but {expected} is declared",
        )
    for bucket in found:
        assert bucket.payload is not None
        assignment = GroupAssignment(
            bucket.name, bucket.value, bucket.payload.value, payload_type=bucket.payload.type
        )
        if test.fitted(assignment) is not None and not test.accepts_payload(assignment):
            yield Difference(
                DifferenceKind.OTHER_PAYLOAD,
                test.name,
                DECLARED_IN,
                f"the bucket {bucket.name!r} of {test.name!r} has a payload of type "
                f"{bucket.payload.type}, but {expected} is declared",
            )
