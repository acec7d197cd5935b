"""Our own rules for edits, which catch mistakes that Java Proctor accepts.

They are applied after Java Proctor's rules (`edit_rules`), and are never more lenient. Each problem
has its own code, and none has a message from Java Proctor.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from proctor.core.authoring.compatibility.declared_buckets import (
    REMOVED,
    REVALUED,
    changed_buckets,
)
from proctor.core.authoring.compatibility.payload_requirements import payload_problem
from proctor.core.authoring.edits.rule_types import unlike_operands
from proctor.core.authoring.edits.value_rules import value_problems
from proctor.core.authoring.refusals import Refusal
from proctor.core.evaluation.hashing import salted_prefix
from proctor.core.matrices.dependencies import check_dependencies
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.matrices.validation import validate
from proctor.core.messages import nearest, shown
from proctor.core.problems import Problem, Severity
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from proctor.core.authoring.branches.applications import Application
    from proctor.core.authoring.compatibility.declared_buckets import ChangedBucket
    from proctor.core.authoring.compatibility.specifications import ExpectedTest
    from proctor.core.authoring.definitions.definition import Definition
    from proctor.core.java.context_types import ContextType
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["Surroundings", "is_running", "stricter_problems"]

#: Problems that are warnings when a matrix is loaded, but errors in an edit.
_DOUBTFUL = ("duplicate-bucket-value", "duplicate-bucket-name", "range-length")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything that an edit must be consistent with."""

    #: The definition that the edit replaces; None if the test is new.
    previous: Definition | None = None
    #: The other tests by name, in the form of a matrix.
    tests: Mapping[str, TestDefinition] = field(default_factory=dict)
    applications: tuple[Application, ...] = ()
    #: The variables that the site declares, with their types; None if it declares none.
    context_types: Mapping[str, ContextType] | None = None
    #: Known test types besides Proctor's own.
    test_types: tuple[str, ...] = ()


def stricter_problems(definition: Definition, around: Surroundings) -> list[Problem]:
    """Return the problems that our own rules find in *definition*, in a fixed order.

    A definition that Java Proctor rejects is not checked, because `edit_problems` reports the
    reasons.
    """
    try:
        test = definition.consumable()
        before = None if around.previous is None else around.previous.consumable()
    except Refusal:
        return []
    return [
        *_test_type(test, around),
        *_doubtful(test),
        *value_problems(definition),
        *_placement(test, before),
        *_declared_buckets(test, before, around.applications),
        *_dependencies(test, before, around.tests),
        *_rules(test, around),
        *_payloads(test, around.applications),
    ]


def _problem(test: TestDefinition, code: str, message: str) -> Problem:
    return Problem(Severity.FATAL, message, test.name, code=code)


def _test_type(test: TestDefinition, around: Surroundings) -> Iterator[Problem]:
    known = (*TEST_TYPES, *around.test_types)
    if test.test_type not in known:
        yield _problem(
            test,
            "unknown-test-type",
            Sentence(
                gettext_noop("unknown test type {test_type}: {known}"),
                test_type=shown(test.test_type),
                known=nearest(test.test_type, known),
            ),
        )


def _doubtful(test: TestDefinition) -> Iterator[Problem]:
    """Yield a problem for each duplicate bucket and each length below 0 or above 1."""
    for each in validate(_alone(test), test_types=(test.test_type or "",)):
        if each.code in _DOUBTFUL:
            yield replace(each, severity=Severity.FATAL)


def _alone(test: TestDefinition) -> Matrix:
    return Matrix(Audit(), {test.name: replace(test, depends_on=None)})


def is_running(test: TestDefinition) -> bool:
    """Return whether visitors can be in a live group (one whose value is 0 or more)."""
    return any(
        each.bucket_value >= 0 and each.length > 0
        for allocation in test.allocations
        for each in allocation.ranges
    )


def _placement(test: TestDefinition, before: TestDefinition | None) -> Iterator[Problem]:
    """Yield a problem for each change that would reassign every visitor."""
    if before is None or not is_running(before):
        return
    if salted_prefix(test.name, test.salt) != salted_prefix(before.name, before.salt):
        yield _problem(
            test,
            "salt-changed",
            Sentence(
                gettext_noop(
                    "the salt of a running test changed from {before} to {after}: every visitor "
                    "would be reassigned; keep the salt, or create a new test"
                ),
                before=shown(before.salt),
                after=shown(test.salt),
            ),
        )
    if test.test_type != before.test_type:
        yield _problem(
            test,
            "test-type-changed",
            Sentence(
                gettext_noop(
                    "the type of a running test changed from {before} to {after}: "
                    "every visitor would be reassigned; keep the type, or create a new test"
                ),
                before=before.test_type,
                after=test.test_type,
            ),
        )


def _expectations(
    test: str, applications: Iterable[Application]
) -> Iterator[tuple[str, ExpectedTest]]:
    """Yield what each application expects of the test, together with the application's label."""
    for application in applications:
        for specification in application.specifications:
            expected = specification.tests.get(test)
            if expected is not None:
                yield application.label, expected


def _declared_buckets(
    test: TestDefinition, before: TestDefinition | None, applications: Iterable[Application]
) -> Iterator[Problem]:
    """Yield a problem for each declared bucket that is removed or has a new name or value."""
    if before is None:
        return
    for label, expected in _expectations(test.name, applications):
        for changed in changed_buckets(before, test, expected):
            yield _problem(test, changed.code, _bucket_message(changed, label))


def _bucket_message(changed: ChangedBucket, label: str) -> Sentence:
    if changed.code == REVALUED:
        return Sentence(
            gettext_noop(
                "the value of bucket {name!r} changed from {before} to {after}, but {label} "
                "declares the bucket; keep the value, or add a bucket"
            ),
            name=changed.name,
            before=changed.value,
            after=changed.after,
            label=label,
        )
    if changed.code == REMOVED:
        return Sentence(
            gettext_noop(
                "bucket {name!r} ({value}) was removed, but {label} declares it; keep the bucket "
                "and give its ranges to a different one"
            ),
            name=changed.name,
            value=changed.value,
            label=label,
        )
    return Sentence(
        gettext_noop(
            "the name of bucket {value} changed from {before!r} to {after!r}, but {label} "
            "declares the bucket; keep the name, or add a bucket"
        ),
        value=changed.value,
        before=changed.name,
        after=changed.after,
        label=label,
    )


def _dependencies(
    test: TestDefinition, before: TestDefinition | None, others: Mapping[str, TestDefinition]
) -> Iterator[Problem]:
    """Yield a problem for an invalid dependsOn, and for each dependent test that would break."""
    former = {name: each for name, each in others.items() if name != test.name}
    now = check_dependencies({**former, test.name: test})
    if test.name in now:
        yield replace(now[test.name], severity=Severity.FATAL)
    if before is None:
        return
    already = check_dependencies({**former, before.name: before})
    for name, problem in now.items():
        if name != test.name and name not in already:
            yield _problem(
                test,
                "breaks-dependent",
                Sentence(
                    gettext_noop(
                        "test {name!r} would be dropped: {problem}; change that test first"
                    ),
                    name=name,
                    problem=problem.message,
                ),
            )


def _rules(test: TestDefinition, around: Surroundings) -> Iterator[Problem]:
    """Yield a problem for each rule that cannot be evaluated.

    The check covers the applications that use the test, or all applications if none does.
    """
    contexts = {
        each.label: specification.context_types
        for each in around.applications
        for specification in each.specifications
        if each.takes(test)
    }
    required = {label: types for label, types in contexts.items() if types is not None}
    if around.context_types is not None:
        required[Sentence(gettext_noop("this site"))] = dict(around.context_types)
    if required:
        for label, types in required.items():
            for problem in _rule_problems(test, types):
                yield replace(
                    problem,
                    message=Sentence(
                        gettext_noop("{label} cannot evaluate the rule: {message}"),
                        label=label,
                        message=problem.message,
                    ),
                )
        return
    found = [
        _rule_problems(test, specification.context_types or {})
        for each in around.applications
        for specification in each.specifications
    ]
    if found and all(found):
        for problem in min(found, key=len):
            yield replace(
                problem,
                message=Sentence(
                    gettext_noop("no application can evaluate the rule: {message}"),
                    message=problem.message,
                ),
            )


def _rule_problems(test: TestDefinition, types: Mapping[str, ContextType]) -> list[Problem]:
    problems = validate(_alone(test), context_types=types, test_types=(test.test_type or "",))
    undeclared = [
        replace(each, severity=Severity.FATAL, code="rule-context", java_message=None)
        for each in problems
        if each.code == "rule" or each.code.startswith("rule-fails")
    ]
    return undeclared or list(_unlike(test, types))


def _unlike(test: TestDefinition, types: Mapping[str, ContextType]) -> Iterator[Problem]:
    """Yield a problem for each rule that can be loaded but compares values of different types."""
    rules = [(None, test.rule), *((i, each.rule) for i, each in enumerate(test.allocations))]
    for index, rule in rules:
        for column, message in unlike_operands(rule, types, test.constants):
            yield Problem(
                Severity.FATAL, message, test.name, index, rule, column, code="rule-context"
            )


def _payloads(test: TestDefinition, applications: Iterable[Application]) -> Iterator[Problem]:
    """Yield a problem for each missing payload and each payload of an undeclared type."""
    for label, expected in _expectations(test.name, applications):
        if expected.payload is None:
            continue
        if all(each.payload is None for each in test.buckets):
            yield _problem(
                test,
                "declared-payload-missing",
                Sentence(
                    gettext_noop(
                        "{label} expects payloads of type {type}, but the test has none; add one "
                        "to each bucket"
                    ),
                    label=label,
                    type=expected.payload.type,
                ),
            )
            continue
        try:
            problem = payload_problem(test, expected.payload, label)
        except Refusal as refusal:
            problem = refusal.problem
        if problem is not None:
            yield _problem(
                test,
                "declared-payload",
                Sentence(gettext_noop("{label}: {message}"), label=label, message=problem.message),
            )
