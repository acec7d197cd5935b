"""Compare a source's assignments with PROCTOR_TESTS, and remember the result."""

from __future__ import annotations

import logging
from operator import eq
from typing import TYPE_CHECKING, NamedTuple

from proctor.core.evaluation.groups import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from proctor.core.declarations.proctor_test import ProctorTest
    from proctor.core.declarations.registry import Registry
    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.resolving.once_log import OnceLog

__all__ = ["FittedAnswers"]

logger = logging.getLogger("proctor.groups")


class _Known(NamedTuple):
    """The results for assignments that were already checked; the keys are their `id`s."""

    #: The names of the declared tests whose assignments match the declaration.
    unchanged: dict[int, str]
    #: Each value contains a name, an assignment and its replacement. Storing the assignment keeps
    #: it alive, so no other object can get the same id.
    fitted: dict[int, tuple[str, GroupAssignment, GroupAssignment]]


class FittedAnswers:
    """Renames a source's groups to the declared names, and rejects undeclared groups and payloads.

    All visitors share the assignments of a matrix, so each assignment is checked only once.
    Assignments are looked up by identity, because comparing them would take longer than checking
    them again.
    """

    __slots__ = ("_default_of", "_known", "_log", "_registry")

    #: Maximum number of remembered assignments. A limit is needed because each new matrix brings
    #: new assignments, and a Pipet sends new ones for each visitor.
    LIMIT = 10_000

    def __init__(
        self,
        registry: Registry,
        default_of: Callable[[ProctorTest, Reason], GroupAssignment],
        log: OnceLog,
    ) -> None:
        self._registry = registry
        self._default_of = default_of
        self._log = log
        self._known = _Known({}, {})

    def are_complete(self, answers: Mapping[str, GroupAssignment]) -> bool:
        """Return True if *answers* are known to match the declarations of all tests."""
        if len(answers) != len(self._registry):
            return False
        # This runs for every request, so it must be fast.
        return all(map(eq, map(self._known.unchanged.get, map(id, answers.values())), answers))

    def fit(
        self, answers: Mapping[str, GroupAssignment], found: dict[str, GroupAssignment]
    ) -> None:
        """Store *answers* in *found*, changed to match the declarations of their tests."""
        known = self._known.fitted
        for name, test in self._registry.items():
            assignment = answers.get(name)
            if assignment is None:
                continue
            entry = known.get(id(assignment))
            if entry is not None and entry[0] == name:
                found[name] = entry[2]
                continue
            fitted = self._fitted(test, assignment)
            if fitted is None:
                found[name] = self._unfit(test, assignment)
            else:
                found[name] = fitted
                self._remember(name, assignment, fitted)

    def _remember(self, name: str, assignment: GroupAssignment, fitted: GroupAssignment) -> None:
        known = self._known
        if len(known.fitted) >= self.LIMIT:
            # Replace the whole object, because another thread may be writing to the old one.
            known = self._known = _Known({}, {})
        known.fitted[id(assignment)] = (name, assignment, fitted)
        if fitted is assignment:
            known.unchanged[id(assignment)] = name

    @staticmethod
    def _fitted(test: ProctorTest, assignment: GroupAssignment) -> GroupAssignment | None:
        if test.takes_all:
            return assignment
        fitted = test.fitted(assignment)
        return fitted if fitted is not None and test.accepts_payload(fitted) else None

    def _unfit(self, test: ProctorTest, assignment: GroupAssignment) -> GroupAssignment:
        """Return the default if the group is undeclared; otherwise the group without a payload."""
        fitted = test.fitted(assignment)
        if fitted is not None:
            self._log.log(
                logger,
                logging.WARNING,
                "The test %s has a payload of type %s, but PROCTOR_TESTS declares the type %s",
                test.name,
                assignment.payload_type,
                test.payload_type,
            )
            return fitted.without_payload()
        if test.knows(assignment.group):
            self._log.log(
                logger,
                logging.WARNING,
                "The test %s assigns the group %s with the value %s, but PROCTOR_TESTS declares a "
                "different value, so visitors get the default. Run manage.py proctor_check",
                test.name,
                assignment.group,
                assignment.value,
            )
        else:
            self._log.log(
                logger,
                logging.WARNING,
                "The test %s assigns the group %s, which PROCTOR_TESTS does not declare",
                test.name,
                assignment.group,
            )
        return self._default_of(test, Reason.UNEXPECTED_GROUP)
