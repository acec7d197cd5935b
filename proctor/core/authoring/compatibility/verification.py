"""Check a matrix against a specification [ProctorUtils.verify, verifyAndConsolidate]."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proctor.core.authoring.compatibility.dynamic_filters import dynamic_flag, matches_any
from proctor.core.authoring.compatibility.payload_requirements import payload_problem
from proctor.core.authoring.refusals import Refusal, refuse
from proctor.core.authoring.trees.consistency import consistency_problems, dependency_problems
from proctor.core.java.frozen import FrozenDict
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.matrices.matrix import Allocation, Bucket, Matrix, Range, TestDefinition
from proctor.core.matrices.rule_check import RuleChecker
from proctor.core.problems import Problem, Severity
from proctor.core.rules.pool import RulePool
from proctor.core.sentences import Sentence, gettext_noop, listed, ngettext_lazy

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from proctor.core.authoring.compatibility.specifications import ExpectedTest, Specification
    from proctor.core.java.context_types import ContextType

__all__ = ["Verification", "consolidate", "verify"]


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of checking a matrix against a specification."""

    #: Required tests that are not in the matrix.
    missing: tuple[str, ...]
    #: Required tests that cannot be loaded, each with the reason.
    errors: Mapping[str, Problem]
    #: Tests that are selected only by a filter and cannot be loaded, each with the reason.
    dynamic_errors: Mapping[str, Problem]
    #: Tests selected only by a filter, including those that cannot be loaded.
    dynamic_tests: tuple[str, ...]
    #: True if rules were evaluated with sample values, not just parsed.
    verified_rules: bool

    @property
    def has_invalid_tests(self) -> bool:
        """True if a required test is missing or cannot be loaded."""
        return bool(self.missing or self.errors)


def verify(
    matrix: Matrix,
    specification: Specification,
    source: str,
    *,
    with_context: bool = True,
    test_types: Collection[str] = (),
) -> Verification:
    """Check *matrix* against a *specification*.

    *source* is the name of the matrix in Java Proctor's messages. If *with_context* is False, rules
    are only parsed. *test_types* are the known test types besides Proctor's own. Raises Refusal if
    the whole check fails in Java Proctor.
    """
    types = specification.context_types if with_context else None
    known = (*TEST_TYPES, *test_types)
    checks = _Checks(source, types, known)
    asked = {name: each for name, each in specification.tests.items() if name in matrix.tests}
    filters = specification.dynamic_filters
    dynamic = [
        name
        for name, test in matrix.tests.items()
        if name not in specification.tests and matches_any(filters, test)
    ]
    errors = checks.errors({name: (matrix.tests[name], each) for name, each in asked.items()})
    dynamic_errors = checks.errors({name: (matrix.tests[name], _NOTHING) for name in dynamic})
    failed = {**errors, **dynamic_errors}
    left = {name: matrix.tests[name] for name in (*asked, *dynamic) if name not in failed}
    for name, problem in dependency_problems(left).items():
        (errors if name in asked else dynamic_errors)[name] = problem
    return Verification(
        missing=tuple(name for name in specification.tests if name not in matrix.tests),
        errors=errors,
        dynamic_errors=dynamic_errors,
        dynamic_tests=tuple(dynamic),
        verified_rules=types is not None,
    )


class _Nothing:
    """Marker for a test that an application uses without stating requirements."""


_NOTHING = _Nothing()


class _Checks:
    """The checks of individual tests, and the data that these checks need."""

    def __init__(
        self,
        source: str,
        context_types: Mapping[str, ContextType] | None,
        test_types: Collection[str],
    ) -> None:
        self._source = source
        self._checker = RuleChecker(RulePool(), context_types)
        self._test_types = test_types

    def errors(
        self,
        tests: Mapping[str, tuple[TestDefinition, ExpectedTest | _Nothing | None]],
    ) -> dict[str, Problem]:
        """Return the first conflict between each test and the specification, by test name."""
        found = {name: self._first(name, *each) for name, each in tests.items()}
        return {name: problem for name, problem in found.items() if problem is not None}

    def _first(
        self, name: str, test: TestDefinition, expected: ExpectedTest | _Nothing | None
    ) -> Problem | None:
        if expected is None:
            raise refuse(
                "specification-null",
                Sentence(gettext_noop("the specification of the test is null; write {{}}")),
                test=name,
            )
        if isinstance(expected, _Nothing):
            return self._inconsistency(test)
        return (
            _duplicate_value(name, expected)
            or self._inconsistency(test)
            or _unknown_values(test, expected)
            or self._payload(test, expected)
        )

    def _payload(self, test: TestDefinition, expected: ExpectedTest) -> Problem | None:
        if expected.payload is None:
            return None
        return payload_problem(test, expected.payload, self._source)

    def _inconsistency(self, test: TestDefinition) -> Problem | None:
        found = consistency_problems(
            test,
            self._source,
            checker=self._checker,
            test_types=self._test_types,
        )
        if found and found[0].severity is Severity.FATAL:
            raise Refusal(found[0])
        return found[0] if found else None


def _duplicate_value(name: str, expected: ExpectedTest) -> Problem | None:
    seen: set[int] = set()
    for bucket, value in expected.buckets.items():
        if value is None:
            raise refuse(
                "specification-null",
                Sentence(
                    gettext_noop("bucket {bucket!r} has no value in the specification; add one"),
                    bucket=bucket,
                ),
                test=name,
            )
        if value in seen:
            return _problem(
                name,
                "specification-duplicate-value",
                Sentence(
                    gettext_noop(
                        "two buckets in the specification have the value {value}; remove one"
                    ),
                    value=value,
                ),
                f"Test specification of {name} has duplicated buckets for value {value}",
            )
        seen.add(value)
    return None


def _unknown_values(test: TestDefinition, expected: ExpectedTest) -> Problem | None:
    if not expected.buckets:
        return None
    known = set(expected.buckets.values())
    used = {
        each.bucket_value
        for allocation in test.allocations
        for each in allocation.ranges
        if each.length > 0
    }
    unknown = sorted(used - known)
    if not unknown:
        return None
    plural = "s" if len(unknown) > 1 else ""
    values = ",".join(map(str, unknown))
    names = {each.value: each.name for each in test.buckets}
    return _problem(
        test.name,
        "specification-lacks-bucket",
        Sentence(
            *ngettext_lazy(
                "visitors can get the bucket {names}, which the application does not know; add "
                "the bucket to the application's specification first",
                "visitors can get the buckets {names}, which the application does not know; add "
                "the buckets to the application's specification first",
            ),
            count=len(unknown),
            names=listed(f"{names.get(value, '?')} ({value})" for value in unknown),
        ),
        f"Proctor specification in your application does not contain bucket value{plural}: "
        f"{values}. Please update the proctor specification first",
    )


def _problem(name: str, code: str, message: str, java_message: str) -> Problem:
    return Problem(Severity.DROPPED, message, name, java_message=java_message, code=code)


def consolidate(
    matrix: Matrix, specification: Specification, verification: Verification
) -> dict[str, TestDefinition]:
    """Return the tests that an application will use, by name, given the result of the check.

    A required test that is missing is replaced by one in which everyone gets the fallback value.
    Buckets that exist only in the specification are added to its tests, so that they can be forced.
    """
    loaded: dict[str, TestDefinition] = {}
    for name, test in matrix.tests.items():
        if name in verification.dynamic_tests and name not in verification.dynamic_errors:
            flag = dynamic_flag(specification.dynamic_filters, test)
            loaded[name] = replace(test, dynamic=flag)
        elif name in specification.tests and name not in verification.errors:
            loaded[name] = test
    for name, expected in specification.tests.items():
        if expected is None:
            raise refuse(
                "specification-null",
                Sentence(gettext_noop("the specification of the test is null; write {{}}")),
                test=name,
            )
        loaded[name] = _as_expected(loaded.get(name) or _default(name, expected), expected)
    return loaded


def _default(name: str, expected: ExpectedTest) -> TestDefinition:
    """Return a test in which everyone gets the fallback value."""
    value = expected.fallback_value
    return TestDefinition(
        name,
        version="default",
        salt=name,
        test_type="RANDOM",
        buckets=(Bucket("inactive", value, "Inactive"),),
        allocations=(Allocation(None, (Range(value, 1.0),)),),
        constants=FrozenDict(),
    )


def _as_expected(test: TestDefinition, expected: ExpectedTest) -> TestDefinition:
    buckets = test.buckets
    if expected.payload is None:
        buckets = tuple(replace(each, payload=None) for each in buckets)
    values = {each.value for each in buckets}
    added = tuple(
        Bucket(name, value)
        for name, value in expected.buckets.items()
        if value is not None and value not in values
    )
    return replace(test, buckets=buckets + added)
