"""Everything that is wrong with a matrix, each problem with its place.

[ProctorUtils.verifyInternallyConsistentDefinition, AbsentProctorSpecification]

The Java stops at the first thing that it finds wrong with a test. `Examination` keeps that:
the first problem of a test that is no warning says what becomes of it. The others are
found all the same, so that an author can mend them in one go.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from proctor.core.allocation import SUM_MAX, SUM_MIN
from proctor.core.context_types import nearest
from proctor.core.conversion import to_json
from proctor.core.definitions import is_unitless
from proctor.core.dependencies import check_dependencies
from proctor.core.problems import Problem, Severity
from proctor.core.rule_check import RuleChecker
from proctor.core.rules.pool import RulePool
from proctor.core.rules.rule import Kind, classify
from proctor.core.source_keys import TEST_TYPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any

    from proctor.core.context_types import ContextType
    from proctor.core.matrix import Allocation, Matrix, TestDefinition

__all__ = ["Examination", "Problem", "Severity", "examine", "validate"]


@dataclass(frozen=True, slots=True)
class Examination:
    """What becomes of the tests of a matrix."""

    #: The tests that are loaded.
    loaded: Mapping[str, TestDefinition]
    #: The problem for which each of the others is dropped.
    dropped: Mapping[str, Problem]
    #: Problems for which the Java refuses the whole matrix.
    fatal: tuple[Problem, ...]
    #: Everything that is wrong, in the order of the tests.
    problems: tuple[Problem, ...]


def validate(
    matrix: Matrix,
    *,
    context_types: Mapping[str, ContextType] | None = None,
    test_types: Collection[str] = (),
) -> list[Problem]:
    """Everything wrong with *matrix*, in the order of its tests; empty if nothing is.

    *context_types* are the variables that rules may use, by name; None checks no more than
    that rules can be parsed. *test_types* are those known besides Proctor's own.
    """
    return list(examine(matrix, RulePool(), context_types, test_types).problems)


def examine(
    matrix: Matrix,
    pool: RulePool,
    context_types: Mapping[str, ContextType] | None = None,
    test_types: Collection[str] = (),
) -> Examination:
    """Check all tests, and say which are loaded. Rules are made in *pool*."""
    checker = RuleChecker(pool, context_types)
    known_types = {*TEST_TYPES, *test_types}
    found = {
        name: list(_Inspection(test, checker, known_types).problems())
        for name, test in matrix.tests.items()
    }
    verdicts = {name: _verdict(problems) for name, problems in found.items()}
    sound = {name: matrix.tests[name] for name, verdict in verdicts.items() if verdict is None}
    unconnected = check_dependencies(sound)
    for name, problem in unconnected.items():
        found[name].append(problem)
        verdicts[name] = problem
    return Examination(
        loaded=MappingProxyType({n: t for n, t in sound.items() if n not in unconnected}),
        dropped=MappingProxyType({n: v for n, v in verdicts.items() if v is not None}),
        fatal=tuple(v for v in verdicts.values() if v and v.severity is Severity.FATAL),
        problems=tuple(problem for problems in found.values() for problem in problems),
    )


def _verdict(problems: list[Problem]) -> Problem | None:
    return next((each for each in problems if each.severity is not Severity.WARNING), None)


class _Inspection:
    """The checks of one test, in the order of the Java's."""

    def __init__(
        self, test: TestDefinition, checker: RuleChecker, test_types: Collection[str]
    ) -> None:
        self._test = test
        self._checker = checker
        self._test_types = test_types
        self._constants: Mapping[str, Any] = {
            name: to_json(value) for name, value in test.constants.items()
        }
        self._values = {bucket.value for bucket in test.buckets}

    def problems(self) -> Iterator[Problem]:
        """All problems but those of dependencies, which need the other tests."""
        yield from self._type()
        yield from self._rule(self._test.rule)
        if not self._test.allocations:
            yield self._problem("there are no allocations; write at least one")
        for index, allocation in enumerate(self._test.allocations):
            yield from self._allocation(index, allocation)
        yield from self._payloads()
        yield from self._doubtful()

    def _problem(
        self,
        message: str,
        *,
        severity: Severity = Severity.DROPPED,
        allocation: int | None = None,
        rule: str | None = None,
        column: int | None = None,
        java_message: str | None = None,
    ) -> Problem:
        name = self._test.name
        return Problem(severity, message, name, allocation, rule, column, java_message)

    def _type(self) -> Iterator[Problem]:
        if self._test.test_type not in self._test_types:
            shown = self._test.test_type
            yield self._problem(
                f"the test type {shown!r} is unknown: {nearest(shown or '', self._test_types)}"
            )

    def _rule(self, rule: str | None, allocation: int | None = None) -> Iterator[Problem]:
        found = self._checker.check(rule, self._constants)
        if found is not None:
            severity, error = found
            yield self._problem(
                str(error),
                severity=severity,
                allocation=allocation,
                rule=rule,
                column=error.column,
                java_message=error.java_message,
            )
        kind = classify(rule)
        if kind is Kind.INVALID:
            yield self._problem(
                f"{rule!r} is not of the form ${{…}}, and so it is never true",
                severity=Severity.WARNING,
                allocation=allocation,
                rule=rule,
            )
        elif kind in (Kind.TRUE, Kind.FALSE) and classify(rule, whole_words=True) is not kind:
            yield self._problem(
                f"{rule!r} begins with {kind.value!r}: what follows is never looked at",
                severity=Severity.WARNING,
                allocation=allocation,
                rule=rule,
            )

    def _allocation(self, index: int, allocation: Allocation) -> Iterator[Problem]:
        ranges = allocation.ranges
        if not ranges:
            yield self._problem("there are no ranges; they need to add up to 1", allocation=index)
        if (
            self._test.enable_unitless_allocations
            and is_unitless(allocation.rule)
            and all(each.length <= 0.9999 for each in ranges)
        ):
            yield self._problem(
                "it is for visitors without an identifier, who all get the same bucket; "
                "give one range the length 1",
                allocation=index,
                rule=allocation.rule,
            )
        for each in ranges:
            if each.bucket_value not in self._values:
                known = ", ".join(map(str, sorted(self._values))) or "no buckets"
                yield self._problem(
                    f"a range leads to bucket {each.bucket_value}, which is not there; "
                    f"there are {known}",
                    allocation=index,
                )
        if ranges:
            yield from self._lengths(index, allocation)
        last = index == len(self._test.allocations) - 1
        if classify(allocation.rule) is Kind.EMPTY and not last:
            yield self._problem(
                "it has no rule, so that no later allocation is ever reached; "
                "only the last one may have none",
                allocation=index,
            )
        yield from self._rule(allocation.rule, index)

    def _lengths(self, index: int, allocation: Allocation) -> Iterator[Problem]:
        total = 0.0
        for each in allocation.ranges:
            total += each.length
        # NaN, which Jackson makes of the text "NaN", passes both, as in the Java.
        if total < SUM_MIN or total > SUM_MAX:
            shown = " + ".join(str(each.length) for each in allocation.ranges[:20])
            yield self._problem(
                f"the lengths of the ranges add up to {total}, not to 1: {shown}",
                allocation=index,
            )
        for each in allocation.ranges:
            if not 0 <= each.length <= 1:
                yield self._problem(
                    f"a range has the length {each.length}, which is no share of 1",
                    severity=Severity.WARNING,
                    allocation=index,
                )

    def _payloads(self) -> Iterator[Problem]:
        """ProctorUtils: all buckets have a payload of one type, or none has."""
        buckets = self._test.buckets
        first = next((each for each in buckets if each.payload is not None), None)
        if first is None or first.payload is None:
            return
        without = [each.name for each in buckets if each.payload is None]
        if without:
            yield self._problem(
                f"bucket {first.name!r} has a payload and {', '.join(map(repr, without))} "
                "have none; give one to all or to none"
            )
        for each in buckets:
            if each.payload is not None and each.payload.type != first.payload.type:
                yield self._problem(
                    f"the payload of bucket {each.name!r} is {each.payload.type or 'empty'} and "
                    f"that of {first.name!r} is {first.payload.type or 'empty'}; "
                    "one test has one type"
                )

    def _doubtful(self) -> Iterator[Problem]:
        """What works as the Java does it, and is hardly what anyone wants."""
        counts = Counter(bucket.value for bucket in self._test.buckets)
        for value, count in counts.items():
            if count > 1:
                yield self._problem(
                    f"{count} buckets have the value {value}: the last is assigned, "
                    "and the first where it is forced",
                    severity=Severity.WARNING,
                )
        names = Counter(bucket.name for bucket in self._test.buckets)
        for name, count in names.items():
            if count > 1:
                yield self._problem(
                    f"{count} buckets have the name {name!r}", severity=Severity.WARNING
                )
        stem = self._test.name.rstrip("0123456789")
        if stem != self._test.name:
            digits = self._test.name[len(stem) :]
            yield self._problem(
                f"the name ends in a digit: {self._test.name}1 in a log or among force groups "
                f"reads as bucket {digits}1 of {stem!r}",
                severity=Severity.WARNING,
            )
