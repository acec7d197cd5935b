"""Find the problems, old and new, that an application has after a few tests change.

The check is the same as in `verify`. Unlike Java Proctor's promotion check, it also covers new
tests, tests selected only by a filter, dependencies, missing payloads, changes of declared buckets,
and deletions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proctor.core.authoring.branches.careful_promotion import missing_payload
from proctor.core.authoring.compatibility.declared_buckets import bucket_problem, changed_buckets
from proctor.core.authoring.compatibility.dynamic_filters import matches_any
from proctor.core.authoring.compatibility.specifications import ExpectedTest
from proctor.core.authoring.compatibility.verification import verify
from proctor.core.authoring.refusals import Refusal
from proctor.core.java.frozen import FrozenDict
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.problems import Problem, Severity
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from proctor.core.authoring.compatibility.specifications import Specification
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["IN_USE", "Breakage", "breakage", "faults", "takes"]

#: The code of the problem if an application names a test that is to be deleted.
IN_USE = "in-use"


@dataclass(frozen=True, slots=True)
class Breakage:
    """For each test, the problem that one application has after a change."""

    #: Problems caused by the change: either the test is new, or the application was able to load it
    #: before the change, or the change affects a bucket that the application declares.
    new: Mapping[str, Problem]
    #: Older problems: the application could not load the test before the change either.
    older: Mapping[str, Problem]


def takes(specification: Specification, test: TestDefinition) -> bool:
    """Return whether a specification names *test* or selects it with a filter."""
    return test.name in specification.tests or matches_any(specification.dynamic_filters, test)


def breakage(
    before: Mapping[str, TestDefinition],
    after: Mapping[str, TestDefinition],
    specification: Specification,
    source: str,
    *,
    whole_matrix: bool = False,
    test_types: Collection[str] = (),
) -> Breakage:
    """Return the problems in one application if the tests in *before* become those in *after*.

    *before* and *after* contain the changed tests and all related tests. If *whole_matrix* is
    true, the application also loads tests that its specification does not name, so the tests that
    it names can depend on them. *source* names the matrix in messages. Never raises.
    """

    def checked(tests: Mapping[str, TestDefinition]) -> dict[str, Problem]:
        return faults(
            tests, specification, source, whole_matrix=whole_matrix, test_types=test_types
        )

    known, now = checked(before), checked(after)
    for name in before:
        if name not in after and name in specification.tests:
            now[name] = Problem(
                Severity.FATAL,
                Sentence(
                    gettext_noop("its specification names the test; remove the test from it first")
                ),
                name,
                code=IN_USE,
            )
    new = {name: problem for name, problem in now.items() if name not in known}
    for name in before:
        expected = specification.tests.get(name)
        if expected is not None and name in after and name not in now:
            for changed in changed_buckets(before[name], after[name], expected):
                new.setdefault(name, bucket_problem(name, changed))
    return Breakage(
        new,
        {name: problem for name, problem in now.items() if name in known},
    )


def faults(
    tests: Mapping[str, TestDefinition],
    specification: Specification,
    source: str,
    *,
    whole_matrix: bool = False,
    test_types: Collection[str] = (),
) -> dict[str, Problem]:
    """Return the *tests* that an application names or selects but cannot load, with the reason.

    Missing tests are not included. If the check as a whole fails, for example because of an
    unreadable validator, the failure is reported for the test that causes it.
    """
    named = {name: each for name, each in specification.tests.items() if name in tests}
    asked = dict(named)
    if whole_matrix:
        for name in _ancestors(named, tests):
            asked.setdefault(name, ExpectedTest())
    left, found = dict(tests), dict[str, Problem]()
    while True:
        narrowed = replace(specification, tests=FrozenDict(asked))
        matrix = Matrix(Audit(), FrozenDict(left))
        try:
            checked = verify(matrix, narrowed, source, test_types=test_types)
            break
        except Refusal as refusal:
            failed = refusal.problem.test
            if failed is None or failed not in left:
                return {**found, **dict.fromkeys(named, refusal.problem)}
            found[failed] = refusal.problem
            del left[failed]
            asked.pop(failed, None)
    found.update({**checked.errors, **checked.dynamic_errors})
    for name in named:
        problem = None if name in found else missing_payload(tests[name], specification)
        if problem is not None:
            found[name] = problem
    return {
        name: each
        for name, each in found.items()
        if name in named or matches_any(specification.dynamic_filters, tests[name])
    }


def _ancestors(names: Collection[str], tests: Mapping[str, TestDefinition]) -> set[str]:
    found: set[str] = set()
    queue = [*names]
    while queue:
        parent = tests[queue.pop()].depends_on
        name = None if parent is None else parent.test_name
        if name is not None and name in tests and name not in found:
            found.add(name)
            queue.append(name)
    return found
