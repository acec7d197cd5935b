"""What can be cleaned up: tests that nobody declares, that are decided, that nobody reads.

    for finding in [*undeclared(registry, proctor), *decided(registry, proctor)]:
        print(finding)

Neither reads settings nor touches files: `manage.py proctor_audit` brings what is compared.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.core.allocation import POSITION_MAX, POSITION_MIN, cutoffs
from proctor.core.rules.rule import Kind as RuleKind
from proctor.core.rules.rule import classify
from proctor.core.source_keys import RANDOM

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from proctor.core.declarations import ProctorTest
    from proctor.core.engine import Proctor
    from proctor.core.matrix import Allocation, Bucket, TestDefinition

__all__ = ["Finding", "Kind", "decided", "undeclared", "unused"]

_FOR_ALL = (RuleKind.EMPTY, RuleKind.TRUE)
_FOR_NOBODY = (RuleKind.FALSE, RuleKind.INVALID)


class Kind(enum.Enum):
    """What can be cleaned up."""

    #: The matrix has the test, and PROCTOR_TESTS does not.
    UNDECLARED = "undeclared"
    #: Everybody gets the same group.
    DECIDED = "decided"
    #: The name stands nowhere but in its declaration.
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Finding:
    """One test that can be cleaned up, or a part of it."""

    kind: Kind
    #: The name of the test.
    test: str
    #: Where it is to be seen: PROCTOR_TESTS, or `matrix: signuptst, allocation #A1`.
    place: str
    #: What was found.
    message: str
    #: What to do.
    way_out: str
    #: The group that everybody gets, where that was found.
    group: str | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.message}; {self.way_out}"

    def to_dict(self) -> dict[str, str | None]:
        """For JSON."""
        return {
            "kind": self.kind.value,
            "test": self.test,
            "place": self.place,
            "message": self.message,
            "way_out": self.way_out,
            "group": self.group,
        }


def undeclared(registry: Collection[str], proctor: Proctor) -> Iterator[Finding]:
    """The tests of the matrix that the application does not declare, by name."""
    for name in sorted(proctor.matrix.tests.keys() - {*registry}):
        yield Finding(
            Kind.UNDECLARED,
            name,
            f"matrix: {name}",
            f"the matrix has the test {name!r}, and PROCTOR_TESTS does not declare it",
            "remove it from the matrix, unless another application uses it, or declare it",
        )


def unused(registry: Collection[str], found: Collection[str]) -> Iterator[Finding]:
    """The declared tests whose names are not among those that were *found*."""
    for name in registry:
        if name not in found:
            yield Finding(
                Kind.UNUSED,
                name,
                "PROCTOR_TESTS",
                f"{name!r} stands in no template and in no .py file besides its declaration",
                "remove it from PROCTOR_TESTS, unless the code puts the name together",
            )


def decided(registry: Mapping[str, ProctorTest], proctor: Proctor) -> Iterator[Finding]:
    """The declared tests in which all visitors have the same group."""
    for test in registry.values():
        if test.name not in proctor.loaded_names:
            continue
        definition = proctor.definition(test.name)
        allocation, bucket = _only_bucket(definition)
        if allocation is None or bucket is None:
            continue
        # Who gets none has the default, and that may be the same.
        if bucket.name == test.default or _is_for_all(definition):
            yield _decided(test, definition, allocation, bucket)


def _decided(
    test: ProctorTest, definition: TestDefinition, allocation: int, bucket: Bucket
) -> Finding:
    name, group = test.name, bucket.name
    found = definition.allocations[allocation]
    remove = f"remove {name!r} from PROCTOR_TESTS and at last from the matrix"
    whose = "everybody"
    if definition.test_type != RANDOM and group != test.default:
        whose += f" with an identifier of type {definition.test_type}"
    is_off = bucket.value < 0 or group == test.default
    return Finding(
        Kind.DECIDED,
        name,
        f"matrix: {name}, allocation {found.id or allocation + 1}",
        f"{name!r} gives {whose} the group {group!r} ({bucket.value})",
        f"if it is over, keep the code for {group!r} alone and {remove}"
        if is_off
        else f"let the code for {group!r} be the only one, and {remove}",
        group,
    )


def _is_for_all(definition: TestDefinition) -> bool:
    """Whether nobody who has an identifier is left without a group."""
    return (
        definition.depends_on is None
        and classify(definition.rule) in _FOR_ALL
        and any(classify(each.rule) in _FOR_ALL for each in definition.allocations)
    )


def _only_bucket(definition: TestDefinition) -> tuple[int | None, Bucket | None]:
    """The bucket that all allocations lead to, and the last of them; None if there are more."""
    last, values = None, set()
    if classify(definition.rule) not in _FOR_NOBODY:
        for index, allocation in enumerate(definition.allocations):
            kind = classify(allocation.rule)
            if kind not in _FOR_NOBODY:
                last = index
                values |= _reached(allocation)
            if kind in _FOR_ALL:
                break
    if len(values) != 1:
        return None, None
    return last, next(each for each in definition.buckets if each.value in values)


def _reached(allocation: Allocation) -> set[int]:
    """The values of the buckets that visitors may fall into."""
    ends = (*cutoffs([each.length for each in allocation.ranges]), POSITION_MAX)
    reached, start = set(), POSITION_MIN
    for each, end in zip(allocation.ranges, ends, strict=True):
        # Of four thousand million positions a range of no length has one, or none.
        if end > start:
            reached.add(each.bucket_value)
            start = end
    return reached
