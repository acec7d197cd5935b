"""How a change on a branch affects each application that uses the branch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proctor.conf import settings
from proctor.core.authoring.branches.breaking import IN_USE, breakage, takes
from proctor.core.authoring.branches.breaking import faults as faults_of
from proctor.core.authoring.compatibility.declared_buckets import BUCKET_CODES
from proctor.core.matrices.matrix import Audit, Matrix
from proctor.core.matrices.validation import examine
from proctor.core.problems import Problem, Severity
from proctor.core.rules.pool import RulePool
from proctor.core.sentences import Sentence, gettext_noop
from proctor.resolving.site_setup import current_setup, current_variables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from proctor.core.matrices.matrix import TestDefinition
    from proctor.editor.specifications.known import Known

__all__ = ["BREAKS", "OLDER", "Verdict", "application_problems", "faults", "verdicts"]

#: Codes of problems: the change breaks an application, or the application was already broken.
BREAKS, OLDER = "breaks-application", "application-broken"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a change affects one application."""

    application: Known
    #: True if the application's specification names a changed test, or selects one with a filter.
    is_concerned: bool
    #: The tests that the change breaks, each mapped to the reason. Either the application could
    #: load the test before the change but not after it, or the change removes a bucket that the
    #: application declares.
    breaks: Mapping[str, Problem]
    #: The tests that the application could not load before the change either, each mapped to the
    #: reason.
    older: Mapping[str, Problem]

    @property
    def state(self) -> str:
        """The effect of the change in one word: `ok`, `breaks`, `older` or `undeclared`."""
        if self.breaks:
            return "breaks"
        if self.older:
            return "older"
        return "ok" if self.is_concerned else "undeclared"

    @property
    def reasons(self) -> list[str]:
        """The problems as sentences that name the test."""
        text = gettext_noop("{test}: {problem}")
        found = {**self.breaks, **self.older}
        return [Sentence(text, test=name, problem=each.message) for name, each in found.items()]


def verdicts(
    applications: Iterable[Known],
    before: Mapping[str, TestDefinition],
    after: Mapping[str, TestDefinition],
    changed: Collection[str],
) -> list[Verdict]:
    """Return how the change from *before* to *after* affects each of the *applications*.

    *before* and *after* contain the *changed* tests and all their relatives, in the matrix's
    format.
    """
    return [_verdict(each, before, after, changed) for each in applications]


def _verdict(
    application: Known,
    before: Mapping[str, TestDefinition],
    after: Mapping[str, TestDefinition],
    changed: Collection[str],
) -> Verdict:
    found = breakage(
        before,
        after,
        application.specification,
        application.label,
        whole_matrix=application.whole_matrix,
        test_types=settings.PROCTOR_TEST_TYPES,
    )
    new, older = dict(found.new), dict(found.older)
    if application.is_own:
        for name, problem in new.items():
            if problem.code == IN_USE:
                text = gettext_noop(
                    "PROCTOR_TESTS declares the test; first remove it there and deploy"
                )
                new[name] = replace(problem, message=Sentence(text))
        known = _own_faults(before)
        # Prefer the messages of `_own_faults`, because they name the setting to change.
        for name, problem in _own_faults(after).items():
            was_broken = name in older or (name in known and name not in new)
            (older if was_broken else new)[name] = problem
    concerned = any(
        application.declares(name)
        or any(takes(application.specification, side[name]) for side in _sides(before, after, name))
        for name in changed
    )
    return Verdict(application, concerned, new, older)


def _sides(
    before: Mapping[str, TestDefinition], after: Mapping[str, TestDefinition], name: str
) -> list[Mapping[str, TestDefinition]]:
    return [side for side in (before, after) if name in side]


def faults(application: Known, tests: Mapping[str, TestDefinition]) -> dict[str, Problem]:
    """Return the *tests* that an application uses but cannot load, each with the reason."""
    found = faults_of(
        tests,
        application.specification,
        application.label,
        whole_matrix=application.whole_matrix,
        test_types=settings.PROCTOR_TEST_TYPES,
    )
    return {**found, **_own_faults(tests)} if application.is_own else found


def _own_faults(tests: Mapping[str, TestDefinition]) -> dict[str, Problem]:
    """Return the declared tests that this site cannot load, or that have undeclared groups."""
    registry = current_setup().registry
    declared = {name: registry[name] for name in tests if name in registry}
    if not declared:
        return {}
    types = current_variables().context_types
    dropped = examine(
        Matrix(Audit(), tests), RulePool(), types, settings.PROCTOR_TEST_TYPES
    ).dropped
    found = {name: dropped[name] for name in declared if name in dropped}
    for name, test in declared.items():
        names = {bucket.value: bucket.name for bucket in tests[name].buckets}
        used = {
            part.bucket_value
            for allocation in tests[name].allocations
            for part in allocation.ranges
            if part.length > 0
        }
        for value in sorted(used):
            if name not in found and not test.declares(names.get(value), value):
                message = Sentence(
                    gettext_noop(
                        "PROCTOR_TESTS does not declare the group {name!r} ({value}), which "
                        "visitors would get; add it there first"
                    ),
                    name=names.get(value),
                    value=value,
                )
                found[name] = Problem(Severity.DROPPED, message, name, code="undeclared-group")
    return found


def application_problems(found: Iterable[Verdict], test: str | None) -> list[Problem]:
    """Return the problems with a change, each with the application that is affected.

    A problem is fatal if the change breaks the application, and a warning if the application was
    already broken. *test* is the changed test, or None if there are several.
    """
    problems = []
    for verdict in found:
        who = verdict.application.label
        for name, problem in verdict.breaks.items():
            sentence = Sentence(
                _broken(problem.code, is_it=name == test),
                application=who,
                test=name,
                problem=problem.message,
            )
            problems.append(_of(problem, sentence, Severity.FATAL, BREAKS))
        for name, problem in verdict.older.items():
            text = gettext_noop(
                "{application} cannot load {test!r}; this change did not cause the problem: "
                "{problem}"
            )
            sentence = Sentence(text, application=who, test=name, problem=problem.message)
            problems.append(_of(problem, sentence, Severity.WARNING, OLDER))
    return problems


def _broken(code: str, *, is_it: bool) -> str:
    """Return the template for the message about an application that a change breaks."""
    if code in BUCKET_CODES:
        if is_it:
            return gettext_noop("{application}: {problem}")
        return gettext_noop("{application}, test {test!r}: {problem}")
    if code == IN_USE:
        if is_it:
            return gettext_noop("{application} needs it: {problem}")
        return gettext_noop("{application} needs {test!r}: {problem}")
    if is_it:
        return gettext_noop("{application} could not load it: {problem}")
    return gettext_noop("{application} could not load {test!r}: {problem}")


def _of(problem: Problem, message: str, severity: Severity, code: str) -> Problem:
    return replace(problem, message=message, severity=severity, code=code, java_message=None)
