"""Check promotions and deletions more thoroughly than Java Proctor does.

Java Proctor does not check tests that are new at the destination, applications that select a test
only by a filter, missing payloads, or changes to declared buckets. It checks each test in
isolation, so a test with dependsOn always fails. It also deletes tests that other tests depend on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from proctor.core.authoring.compatibility.declared_buckets import bucket_problem, changed_buckets
from proctor.core.authoring.compatibility.verification import verify
from proctor.core.authoring.refusals import Refusal
from proctor.core.java.frozen import FrozenDict
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.problems import Problem, Severity
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proctor.core.authoring.branches.applications import Application
    from proctor.core.authoring.compatibility.specifications import Specification
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["careful_deletion_problems", "careful_promotion_problems", "missing_payload"]


def careful_promotion_problems(
    test: TestDefinition,
    destination: Mapping[str, TestDefinition],
    applications: Iterable[Application],
    source: str,
) -> list[Problem]:
    """Return the problems that *applications* would have if *test* were promoted.

    *destination* contains the tests of the branch. There is a problem if an application could not
    load *test*, if it could no longer load another test that it can load now, or if the promotion
    changes a bucket that the application declares. *source* names the matrix in messages.
    """
    before = Matrix(Audit(), FrozenDict(destination))
    after = Matrix(Audit(), FrozenDict({**destination, test.name: test}))
    found = []
    for application in applications:
        for specification in application.specifications:
            broken = _errors(before, specification, source)
            for name, problem in _errors(after, specification, source).items():
                if name == test.name or name not in broken:
                    found.append(_of_application(application, problem))
            missing = missing_payload(test, specification)
            if missing is not None:
                found.append(_of_application(application, missing))
            former, expected = destination.get(test.name), specification.tests.get(test.name)
            if former is not None and expected is not None:
                for changed in changed_buckets(former, test, expected):
                    problem = bucket_problem(test.name, changed)
                    text = gettext_noop("{label}: {message}")
                    sentence = Sentence(text, label=application.label, message=problem.message)
                    found.append(replace(problem, message=sentence))
    return found


def _errors(matrix: Matrix, specification: Specification, source: str) -> dict[str, Problem]:
    try:
        checked = verify(matrix, specification, source)
    except Refusal as refusal:
        return {refusal.problem.test or "": refusal.problem}
    return {**checked.errors, **checked.dynamic_errors}


def _of_application(application: Application, problem: Problem) -> Problem:
    return replace(
        problem,
        severity=Severity.FATAL,
        message=Sentence(
            gettext_noop("{label} could not load the test: {message}"),
            label=application.label,
            message=problem.message,
        ),
        java_message=None,
    )


def missing_payload(test: TestDefinition, specification: Specification) -> Problem | None:
    """Return a problem if a *specification* expects payloads but *test* has none."""
    expected = specification.tests.get(test.name)
    if expected is None or expected.payload is None:
        return None
    if any(each.payload is not None for each in test.buckets):
        return None
    return Problem(
        Severity.FATAL,
        Sentence(
            gettext_noop(
                "the application expects payloads of type {type}, but the test has none; "
                "add one to each bucket"
            ),
            type=expected.payload.type,
        ),
        test.name,
        code="declared-payload-missing",
    )


def careful_deletion_problems(
    name: str, destination: Mapping[str, TestDefinition], applications: Iterable[Application]
) -> list[Problem]:
    """Return the problems with deleting a test from the *destination* tests.

    There is one problem for each application that names the test, and one for each other test that
    depends on it. An application that only selects the test with a filter can run without it.
    """
    found = [
        Problem(
            Severity.FATAL,
            Sentence(
                gettext_noop(
                    "{label} names the test; remove the test from the application's "
                    "specification first"
                ),
                label=each.label,
            ),
            name,
            code="in-use",
        )
        for each in applications
        if each.names(name)
    ]
    for other, test in destination.items():
        if test.depends_on is not None and test.depends_on.test_name == name and other != name:
            found.append(
                Problem(
                    Severity.FATAL,
                    Sentence(
                        gettext_noop(
                            "test {other!r} depends on this test; remove that dependency first"
                        ),
                        other=other,
                    ),
                    name,
                    code="breaks-dependent",
                )
            )
    return found
