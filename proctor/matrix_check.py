"""What an application expects, beside what a matrix has.

    for difference in compare(registry, proctor):
        print(difference)

Neither reads settings nor touches a network: `manage.py proctor_check` brings both sides.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.core.context_types import nearest
from proctor.core.groups import GroupAssignment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from proctor.core.declarations import ProctorTest
    from proctor.core.engine import Proctor
    from proctor.core.matrix import Bucket, TestDefinition
    from proctor.template_literals import Literal

__all__ = ["Difference", "Kind", "compare", "compare_literals"]

#: Where declarations stand.
DECLARED_IN = "PROCTOR_TESTS"


class Kind(enum.Enum):
    """In what an application and a matrix differ."""

    #: The matrix has no such test; visitors have the default.
    MISSING_TEST = "missing test"
    #: The matrix has it, and it is not evaluated; visitors have the default.
    DROPPED_TEST = "dropped test"
    #: A group that no bucket has; nobody will ever be in it.
    UNKNOWN_GROUP = "unknown group"
    #: A bucket that takes visitors and is not declared; these have the default.
    UNDECLARED_BUCKET = "undeclared bucket"
    #: A bucket of another value than was declared.
    OTHER_VALUE = "other value"
    #: A payload of another type than was declared; visitors have none.
    OTHER_PAYLOAD = "other payload type"
    #: A payload was declared, and no bucket has any.
    NO_PAYLOAD = "no payload"
    #: The default is a group that no bucket has.
    UNKNOWN_DEFAULT = "unknown default"
    #: A template with the tags of proctor that cannot be compiled.
    BROKEN_TEMPLATE = "broken template"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the two differ."""

    kind: Kind
    #: The name of the test; "" where it is about a whole template.
    test: str
    #: What is different, with the values and the way out.
    message: str
    #: Where the application says otherwise: PROCTOR_TESTS, or `page.html:3`.
    place: str = DECLARED_IN

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"

    def to_dict(self) -> dict[str, str]:
        """For JSON."""
        return {
            "kind": self.kind.value,
            "test": self.test,
            "place": self.place,
            "message": self.message,
        }


def compare(registry: Mapping[str, ProctorTest], proctor: Proctor) -> Iterator[Difference]:
    """All differences between the declared tests and those of a matrix, test by test."""
    for test in registry.values():
        yield from _existence(test.name, proctor, DECLARED_IN)
        definition = proctor.matrix.tests.get(test.name)
        if definition is not None:
            yield from _groups(test, definition)
            yield from _buckets(test, definition)
            yield from _payloads(test, definition)


def compare_literals(literals: Iterable[Literal], proctor: Proctor) -> Iterator[Difference]:
    """The names in templates that a matrix does not know, in their order."""
    for literal in literals:
        yield from _existence(literal.test, proctor, literal.place)
        definition = proctor.matrix.tests.get(literal.test)
        if definition is not None:
            for group in literal.groups:
                yield from _group(literal.test, group, definition, literal.place)


def _existence(name: str, proctor: Proctor, place: str) -> Iterator[Difference]:
    if name in proctor.dropped:
        yield Difference(
            Kind.DROPPED_TEST,
            name,
            f"the test {name!r} is not evaluated: {proctor.dropped[name]}",
            place,
        )
    elif name not in proctor.matrix.tests:
        yield Difference(
            Kind.MISSING_TEST,
            name,
            f"the matrix has no test {name!r}{_guess(name, proctor.matrix.tests)}",
            place,
        )


def _group(
    test: str, group: str, definition: TestDefinition, place: str, kind: Kind = Kind.UNKNOWN_GROUP
) -> Iterator[Difference]:
    names = [bucket.name for bucket in definition.buckets]
    if group not in names:
        what = "default" if kind is Kind.UNKNOWN_DEFAULT else "group"
        yield Difference(
            kind,
            test,
            f"no bucket of {test!r} is called {group!r}, which is a {what} here; "
            f"{nearest(group, names)}",
            place,
        )


def _groups(test: ProctorTest, definition: TestDefinition) -> Iterator[Difference]:
    """The declared groups and the default."""
    for group in test.groups or ():
        if group != test.default:
            yield from _group(test.name, group, definition, DECLARED_IN)
    if test.default is not None:
        yield from _group(test.name, test.default, definition, DECLARED_IN, Kind.UNKNOWN_DEFAULT)


def _buckets(test: ProctorTest, definition: TestDefinition) -> Iterator[Difference]:
    """The buckets of the matrix: their values, and whether they are declared at all."""
    used = {
        each.bucket_value
        for allocation in definition.allocations
        for each in allocation.ranges
        if each.length > 0
    }
    for bucket in definition.buckets:
        if not test.knows(bucket.name):
            # As in Proctor's own check: what takes nobody disturbs nobody.
            if bucket.value in used:
                yield _undeclared(test, bucket)
            continue
        declared = test.value_of(bucket.name)
        if declared is not None and declared != bucket.value:
            yield Difference(
                Kind.OTHER_VALUE,
                test.name,
                f"the bucket {bucket.name!r} of {test.name!r} has the value {bucket.value}, and "
                f"{declared} was declared",
            )


def _undeclared(test: ProctorTest, bucket: Bucket) -> Difference:
    return Difference(
        Kind.UNDECLARED_BUCKET,
        test.name,
        f"the bucket {bucket.name!r} of {test.name!r} takes visitors, and is not among the "
        f"declared groups {', '.join(test.groups or ())}; add it, or they have the default",
    )


def _payloads(test: ProctorTest, definition: TestDefinition) -> Iterator[Difference]:
    expected = test.payload_type
    if expected is None:
        return
    found = [bucket for bucket in definition.buckets if bucket.payload and bucket.payload.type]
    if not found:
        yield Difference(
            Kind.NO_PAYLOAD,
            test.name,
            f"no bucket of {test.name!r} has a payload, and {expected} was declared",
        )
    for bucket in found:
        assert bucket.payload is not None
        assignment = GroupAssignment(
            bucket.name, bucket.value, bucket.payload.value, payload_type=bucket.payload.type
        )
        if test.knows(bucket.name) and not test.accepts_payload(assignment):
            yield Difference(
                Kind.OTHER_PAYLOAD,
                test.name,
                f"the bucket {bucket.name!r} of {test.name!r} has a payload of the type "
                f"{bucket.payload.type}, and {expected} was declared",
            )


def _guess(name: str, known: Collection[str]) -> str:
    """The nearest name; not all of them, since a matrix may have thousands."""
    words, question, _ = nearest(name, known).rpartition("? ")
    return f"; {words}?" if question else ""
