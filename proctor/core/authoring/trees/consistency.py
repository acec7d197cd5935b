"""Check whether one test is valid by itself, and add Java Proctor's message to each problem.

The checks are the same as for loading a matrix (`matrices.validation`), but each problem also has
Java Proctor's message [ProctorUtils.verifyInternallyConsistentDefinition].
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from proctor.core.authoring.definitions.java_values import bucket_string, payload_string
from proctor.core.authoring.refusals import Refusal
from proctor.core.java.values import java_string
from proctor.core.matrices.dependencies import check_dependencies
from proctor.core.matrices.inspection import Inspection
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.matrices.rule_check import RuleChecker
from proctor.core.problems import Problem, Severity
from proctor.core.rules.pool import RulePool

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from proctor.core.matrices.matrix import TestDefinition

__all__ = [
    "consistency_problems",
    "dependency_problems",
    "first_inconsistency",
    "syntax_checker",
]


def syntax_checker() -> RuleChecker:
    """Return a checker that only parses rules.

    Share one checker among all tests, so that equal rules are parsed only once.
    """
    return RuleChecker(RulePool(), context_types=None)


def consistency_problems(
    test: TestDefinition,
    source: str,
    *,
    checker: RuleChecker | None = None,
    test_types: Collection[str] | None = None,
) -> list[Problem]:
    """Return all reasons why Java Proctor rejects *test*, in the order of its checks.

    *source* names the matrix in Java Proctor's messages. Without a *checker*, rules are only
    parsed. Without *test_types*, any type is accepted, as in an editor.
    """
    if checker is None:
        checker = syntax_checker()
    inspection = Inspection(test, checker, {*TEST_TYPES, *(test_types or ())}, warns=False)
    return [
        replace(each, java_message=_java_text(each, test, source))
        for each in inspection.problems()
        if each.severity is not Severity.WARNING
        and not (each.code == "test-type" and test_types is None)
    ]


def first_inconsistency(
    test: TestDefinition, source: str, checker: RuleChecker | None = None
) -> Refusal | None:
    """Return the first reason why Java Proctor rejects *test*, or None."""
    found = consistency_problems(test, source, checker=checker)
    return Refusal(found[0]) if found else None


def dependency_problems(tests: Mapping[str, TestDefinition]) -> dict[str, Problem]:
    """Return the problems of tests that are dropped because of dependencies.

    Apart from their dependencies, all *tests* must be valid.
    """
    return {
        name: replace(each, java_message=_dependency_text(each, tests))
        for name, each in check_dependencies(tests).items()
    }


def _java_text(problem: Problem, test: TestDefinition, source: str) -> str | None:
    """Return Java Proctor's message for a *problem* of *test*."""
    index = problem.allocation
    if problem.code == "rule":
        kind = "rule" if index is None else "allocation rule"
        return f"Invalid {kind} in {test.name}: {problem.java_message}"
    if problem.code == "test-type":
        return (
            f"Test '{test.name}' is included in the application specification but refers to "
            f"unknown id type '{java_string(test.test_type)}'."
        )
    if problem.code == "no-allocations":
        return f"No allocations specified in test {test.name}"
    if problem.code.startswith("payload-"):
        return _payload_text(problem, test, source)
    if index is not None:
        return _allocation_text(problem, test, index, source)
    return problem.java_message


def _allocation_text(problem: Problem, test: TestDefinition, index: int, source: str) -> str | None:
    allocation = test.allocations[index]
    if problem.code == "no-ranges":
        return "Allocation range has no buckets, needs to add up to 1."
    if problem.code == "unitless-ranges":
        return 'Allocation with "missingExperimentalUnit" in rule must have one bucket set to 100%'
    if problem.code == "unknown-bucket":
        known = {bucket.value for bucket in test.buckets}
        value = next(
            each.bucket_value for each in allocation.ranges if each.bucket_value not in known
        )
        return (
            f"Allocation range in {test.name} from {source} refers to unknown bucket value {value}"
        )
    if problem.code == "empty-rule":
        return (
            f"Allocation[{index}] for test {test.name} from {source} has empty rule: "
            f"{java_string(allocation.rule)}"
        )
    if problem.code == "range-sum":
        total = 0.0
        for each in allocation.ranges:
            total += each.length
        lengths = " + ".join(java_string(each.length) for each in allocation.ranges)
        return (
            f"{test.name} range with rule {java_string(allocation.rule)} does not add up to 1 : "
            f"{lengths} = {java_string(total)}"
        )
    return problem.java_message


def _payload_text(problem: Problem, test: TestDefinition, source: str) -> str:
    if problem.code == "payload-missing":
        without = ", ".join(bucket_string(each) for each in test.buckets if each.payload is None)
        return f"Test {test.name} from {source} has some test buckets without payloads: [{without}]"
    payloads = [(each, each.payload) for each in test.buckets if each.payload is not None]
    first = payloads[0][1]
    other = next(bucket for bucket, payload in payloads if payload.type != first.type)
    return (
        f"Test {test.name} from {source} has test bucket: {bucket_string(other)} incompatible "
        f"with type of payload: {payload_string(first)}"
    )


def _dependency_text(problem: Problem, tests: Mapping[str, TestDefinition]) -> str:
    name = problem.test or ""
    test = tests[name]
    parent = test.depends_on.test_name if test.depends_on is not None else None
    value = test.depends_on.bucket_value if test.depends_on is not None else 0
    parent_type = tests[parent].test_type if parent is not None and parent in tests else None
    texts = {
        "self": "depends on a test with circular dependency",
        "circle": "depends on a test with circular dependency",
        "dropped": "directly or indirectly depends on an invalid test",
        "unknown": f"depends on an unknown or incompatible test {java_string(parent)}",
        "type": f"depends on {parent} with different test type: expected {test.test_type} "
        f"but {parent_type}",
        "salt": f"depends on {parent} with the same salt: {java_string(test.salt)}",
        "negative": f"depends on negative bucket value {value} of {parent}",
        "bucket": f"depends on an undefined bucket {value}",
    }
    kind = problem.code.removeprefix("dependency-")
    return f"Invalid dependency field is detected: A test {name} {texts[kind]}"
