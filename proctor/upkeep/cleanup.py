"""Find tests to clean up: undeclared tests, unused tests, and tests with one group for everyone.

    for finding in [*undeclared(registry, proctor), *decided(registry, proctor)]:
        print(finding)

The functions read no settings and no files: `manage.py proctor_audit` provides the inputs.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.core.evaluation.allocation import POSITION_MAX, POSITION_MIN, cutoffs
from proctor.core.matrices.limits import RANDOM
from proctor.core.rules.rule import RuleKind, classify
from proctor.upkeep.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.evaluation.engine import Proctor
    from proctor.core.matrices.matrix import Allocation, Bucket, TestDefinition

__all__ = ["CleanupFinding", "CleanupKind", "decided", "undeclared", "unused"]

_FOR_ALL = (RuleKind.EMPTY, RuleKind.TRUE)
_FOR_NOBODY = (RuleKind.FALSE, RuleKind.INVALID)


class CleanupKind(enum.Enum):
    """The kinds of findings."""

    #: The matrix contains the test, but PROCTOR_TESTS does not declare it.
    UNDECLARED = "undeclared"
    #: All visitors get the same group.
    DECIDED = "decided"
    #: The name of the test occurs only in its declaration in PROCTOR_TESTS.
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class CleanupFinding(Finding[CleanupKind]):
    """One test, or part of a test, that can be cleaned up."""

    #: The suggested action.
    way_out: str
    #: The group that all visitors get, if it is known.
    group: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The finding and the suggested action."""
        return (self.message, self.way_out)


def undeclared(registry: Collection[str], proctor: Proctor) -> Iterator[CleanupFinding]:
    """Return the tests in the matrix that the application does not declare, sorted by name."""
    for name in sorted(proctor.matrix.tests.keys() - {*registry}):
        yield CleanupFinding(
            CleanupKind.UNDECLARED,
            name,
            f"matrix: {name}",
            f"the matrix has the test {name!r}, but PROCTOR_TESTS does not declare it",
            "declare it, or remove it from the matrix unless another application uses it",
        )


def unused(registry: Collection[str], found: Collection[str]) -> Iterator[CleanupFinding]:
    """Return the declared tests that are not used in code or templates.

    *found* contains the names that are used there.
    """
    for name in registry:
        if name not in found:
            yield CleanupFinding(
                CleanupKind.UNUSED,
                name,
                "PROCTOR_TESTS",
                f"{name!r} occurs in no template, and in no .py file except its declaration",
                "remove it from PROCTOR_TESTS, unless code builds the name at run time",
            )


def decided(registry: Mapping[str, ProctorTest], proctor: Proctor) -> Iterator[CleanupFinding]:
    """Return the declared tests in which all visitors have the same group."""
    for test in registry.values():
        if test.name not in proctor.loaded_names:
            continue
        definition = proctor.definition(test.name)
        allocation, bucket = _only_bucket(definition)
        if allocation is None or bucket is None:
            continue
        # Visitors without a group get the default, which may be this group.
        if bucket.name == test.default or _is_for_all(definition):
            yield _decided(test, definition, allocation, bucket)


def _decided(
    test: ProctorTest, definition: TestDefinition, allocation: int, bucket: Bucket
) -> CleanupFinding:
    name, group = test.name, bucket.name
    found = definition.allocations[allocation]
    remove = f"remove {name!r} from PROCTOR_TESTS and then from the matrix"
    whose = "everyone"
    if definition.test_type != RANDOM and group != test.default:
        whose += f" with an identifier of type {definition.test_type}"
    is_off = bucket.value < 0 or group == test.default
    return CleanupFinding(
        CleanupKind.DECIDED,
        name,
        f"matrix: {name}, allocation {found.id or allocation + 1}",
        f"{name!r} gives {whose} the group {group!r} ({bucket.value})",
        f"if the test is over, keep only the code for {group!r}, and {remove}"
        if is_off
        else f"keep only the code for {group!r}, and {remove}",
        group,
    )


def _is_for_all(definition: TestDefinition) -> bool:
    """Return True if every visitor with an identifier gets a group."""
    return (
        definition.depends_on is None
        and classify(definition.rule) in _FOR_ALL
        and any(classify(each.rule) in _FOR_ALL for each in definition.allocations)
    )


def _only_bucket(definition: TestDefinition) -> tuple[int | None, Bucket | None]:
    """Return the index of the last allocation used, and the one bucket that visitors get.

    Both are None if visitors get no bucket, or several different ones.
    """
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
    """Return the values of the buckets that visitors in the allocation can get."""
    ends = (*cutoffs([each.length for each in allocation.ranges]), POSITION_MAX)
    reached, start = set(), POSITION_MIN
    for each, end in zip(allocation.ranges, ends, strict=True):
        # Ignore a range of length 0: it contains at most one of about four billion positions.
        if end > start:
            reached.add(each.bucket_value)
            start = end
    return reached
