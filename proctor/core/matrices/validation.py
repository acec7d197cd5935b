"""Find all problems in a matrix, and report where each of them is.

[ProctorUtils.verifyInternallyConsistentDefinition, AbsentProctorSpecification]

Java Proctor stops at the first problem of a test. `Examination` also uses the first problem that is
not a warning to decide whether the test is dropped, but it still reports the others, so that an
author can fix them all at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from proctor.core.matrices.dependencies import check_dependencies
from proctor.core.matrices.inspection import Inspection
from proctor.core.matrices.limits import TEST_TYPES
from proctor.core.matrices.rule_check import RuleChecker
from proctor.core.problems import Problem, Severity
from proctor.core.rules.pool import RulePool
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from proctor.core.java.context_types import ContextType
    from proctor.core.matrices.matrix import Matrix, TestDefinition

__all__ = ["Examination", "Problem", "Severity", "examine", "validate"]


#: The time for one step of matching a pattern, in seconds (measured: 3 to 10 ns).
STEP_SECONDS = 5e-9

#: Warn if all patterns in the matrix together can take more than this many seconds for one visitor.
MAX_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Examination:
    """The result of checking a matrix: the tests that are loaded, and all problems."""

    #: The tests that were loaded.
    loaded: Mapping[str, TestDefinition]
    #: For each dropped test, the problem that caused it to be dropped.
    dropped: Mapping[str, Problem]
    #: Problems that cause Java Proctor to reject the whole matrix.
    fatal: tuple[Problem, ...]
    #: All problems, in the order of the tests.
    problems: tuple[Problem, ...]
    #: The definition of each test that was checked, together with the test's own problems.
    alone: Mapping[str, tuple[TestDefinition, tuple[Problem, ...]]]
    #: The patterns of all rules with their maximum number of steps; see `RuleChecker.patterns`.
    patterns: Mapping[tuple[str, bool, object], int]


def validate(
    matrix: Matrix,
    *,
    context_types: Mapping[str, ContextType] | None = None,
    test_types: Collection[str] = (),
) -> list[Problem]:
    """Return all problems in *matrix*, in the order of its tests; [] if there are none.

    *context_types* are the variables that rules can use, by name; if None, rules are only parsed.
    *test_types* are the known test types in addition to Proctor's own.
    """
    return list(examine(matrix, RulePool(), context_types, test_types).problems)


def examine(
    matrix: Matrix,
    pool: RulePool,
    context_types: Mapping[str, ContextType] | None = None,
    test_types: Collection[str] = (),
    previous: Examination | None = None,
) -> Examination:
    """Check all tests and decide which are loaded. Rules are created in *pool*.

    Definitions that were already checked in *previous* are not checked again if they are the same
    objects. *previous* must have used the same variables and test types.
    """
    checker = RuleChecker(pool, context_types, None if previous is None else previous.patterns)
    known_types = {*TEST_TYPES, *test_types}
    alone: dict[str, tuple[TestDefinition, tuple[Problem, ...]]] = {}
    for name, test in matrix.tests.items():
        known = None if previous is None else previous.alone.get(name)
        if known is None or known[0] is not test:
            known = test, tuple(Inspection(test, checker, known_types).problems())
        alone[name] = known
    found = {name: list(problems) for name, (_, problems) in alone.items()}
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
        problems=(
            *(problem for problems in found.values() for problem in problems),
            *_slow_rules(checker.steps),
        ),
        alone=MappingProxyType(alone),
        patterns=checker.patterns,
    )


def _slow_rules(steps: int) -> Iterator[Problem]:
    """Warn if all patterns in the rules together can take more than a second for one visitor."""
    seconds = steps * STEP_SECONDS
    if seconds > MAX_SECONDS:
        yield Problem(
            Severity.WARNING,
            Sentence(
                gettext_noop(
                    "matching the patterns of all rules may take {seconds} seconds for one "
                    "visitor with long values, but should take at most {limit}; use fewer "
                    "patterns that contain .* more than once, or match only a part of the "
                    "value with fn:substring"
                ),
                seconds=Decimal(f"{seconds:.1f}"),
                limit=Decimal(f"{MAX_SECONDS:g}"),
            ),
        )


def _verdict(problems: list[Problem]) -> Problem | None:
    return next((each for each in problems if each.severity is not Severity.WARNING), None)
