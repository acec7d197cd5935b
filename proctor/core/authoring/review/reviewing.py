"""Review a change to definitions, trees or matrices: the differences and their risks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from proctor.core.authoring.moves.emptying import emptied_parents
from proctor.core.authoring.moves.findings import (
    Finding,
    Risk,
    allocation_name,
    group_name,
    highest,
)
from proctor.core.authoring.moves.who_moves import moves_between
from proctor.core.authoring.review.fields import field_findings
from proctor.core.authoring.review.moved_ids import IdChange, id_changes, ids_not_moved_on
from proctor.core.authoring.review.moves import (
    appearing_findings,
    emptied_findings,
    move_findings,
)
from proctor.core.authoring.review.sides import Side, differ
from proctor.core.messages import printable
from proctor.core.problems import Problem, Severity
from proctor.core.rules.pool import RulePool
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from proctor.core.authoring.moves.emptying import EmptiedParent
    from proctor.core.authoring.moves.who_moves import PairMoves
    from proctor.core.authoring.review.sides import Reviewed
    from proctor.core.java.context_types import ContextType
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["Change", "Review", "ReviewedTest", "review"]

#: How the test changed.
Change = Literal["created", "changed", "deleted"]


@dataclass(frozen=True, slots=True)
class ReviewedTest:
    """The review of one test."""

    test: str
    change: Change
    findings: tuple[Finding, ...]
    allocation_ids: tuple[IdChange, ...]
    moves: tuple[PairMoves, ...]
    #: The problems that the test or its ids have after the change.
    problems: tuple[Problem, ...]

    @property
    def risk(self) -> Risk:
        """The highest risk of the findings."""
        return highest(finding.risk for finding in self.findings)

    @property
    def sentences(self) -> list[str]:
        """The sentences of the findings, the most serious first."""
        ordered = sorted(self.findings, key=lambda finding: -finding.risk.rank)
        return [finding.sentence for finding in ordered]

    def to_dict(self) -> dict[str, Any]:
        """Return the review of the test as JSON."""
        return {
            "test": self.test,
            "change": self.change,
            "risk": self.risk.value,
            "sentences": self.sentences,
            "allocation_ids": [each.to_dict() for each in self.allocation_ids],
            "moves": [each.to_dict() for each in self.moves],
            "problems": [_problem_document(each) for each in self.problems],
        }


@dataclass(frozen=True, slots=True)
class Review:
    """The tests that changed, sorted by name. Empty if none changed."""

    tests: tuple[ReviewedTest, ...]

    @property
    def risk(self) -> Risk:
        """The highest risk of the tests."""
        return highest(test.risk for test in self.tests)

    def to_dict(self) -> dict[str, Any]:
        """Return the review as JSON, with the shape that `python -m proctor review` prints."""
        return {"risk": self.risk.value, "tests": [test.to_dict() for test in self.tests]}


def _problem_document(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity.value,
        "message": problem.message,
        "test": problem.test,
        "allocation": None if problem.allocation is None else problem.allocation + 1,
        "rule": problem.rule,
        "column": problem.column,
    }


def _rewritten() -> Finding:
    text = gettext_noop("The definition was rewritten; no visitor changes groups.")
    return Finding(Risk.NONE, Sentence(text))


def _id_sentence(change: IdChange) -> Sentence:
    before, after = (
        printable(each, 40) if each else Sentence(gettext_noop("none"))
        for each in (change.old, change.new)
    )
    if change.allocation is None:
        text = gettext_noop("The allocation id {before} is no longer used.")
        return Sentence(text, before=before)
    text = gettext_noop("The id of allocation {number} changed from {before} to {after}.")
    return Sentence(text, number=change.allocation + 1, before=before, after=after)


def review(
    old: Reviewed,
    new: Reviewed,
    *,
    declared: Collection[str] | None = None,
    context_types: Mapping[str, ContextType] | None = None,
    test_types: Collection[str] = (),
) -> Review:
    """Return the changes from *old* to *new*, and their risks.

    *declared* contains the tests that applications declare; None if they are unknown.
    *context_types* and *test_types* are the same as for `Proctor`. A test that `Proctor` would drop
    counts as a test without visitors. The dependencies of a single definition are not checked.

    Raises MatrixLoadError if a definition in the editor's format cannot be read.
    """
    pool = RulePool()
    before, after = (Side(each, pool, context_types, test_types) for each in (old, new))
    relevant = _relevant(before, after)
    loaded = before.only(relevant), after.only(relevant)
    sides = _Sides(before, after, moves_between(*loaded), emptied_parents(*loaded))
    found = []
    for name in sorted(before.tests.keys() | after.tests.keys()):
        each = _Comparison(name, sides, declared)
        if each.is_different():
            found.append(each.review())
    return Review(tuple(found))


def _relevant(before: Side, after: Side) -> set[str]:
    """Return the changed tests, all tests with a dependency, and the tests that these depend on."""
    relevant = set()
    for name in {*before.loaded, *after.loaded}:
        old, new = before.loaded.get(name), after.loaded.get(name)
        if old is None or new is None or differ(old, new):
            relevant.add(name)
        for test in (old, new):
            if test is not None and test.depends_on is not None:
                relevant.update((name, test.depends_on.test_name or ""))
    return relevant


class _Sides(NamedTuple):
    """All tests before and after the change, and the effects on the relevant ones."""

    before: Side
    after: Side
    moved: Mapping[str, tuple[PairMoves, ...]]
    emptied: Mapping[str, EmptiedParent]


class _Comparison:
    """The two versions of one test."""

    def __init__(self, name: str, sides: _Sides, declared: Collection[str] | None) -> None:
        before, after, moved, emptied = sides
        self.name, self.moves, self.declared = name, moved.get(name, ()), declared
        self.old, self.new = before.tests.get(name), after.tests.get(name)
        self.was_loaded, self.is_loaded = name in before.loaded, name in after.loaded
        self.dropped = after.dropped.get(name)
        self.problems = after.problems.get(name, [])
        parent = self.new and self.new.depends_on and self.new.depends_on.test_name
        #: The test that this test depends on, if visitors move between that test's groups.
        self.moving_parent = None
        if parent and any(pair.moves_anyone for pair in moved.get(parent, ())):
            self.moving_parent = parent
        #: The names of the group and the test that this test depends on, if the group loses all its
        #: visitors.
        self.emptied_parent = None
        if name in emptied:
            test = after.tests[emptied[name].test]
            self.emptied_parent = group_name(emptied[name].value, test), printable(test.name, 60)

    def is_different(self) -> bool:
        """Return whether the definition or its visitors' groups changed."""
        if self.old is None or self.new is None or self.was_loaded != self.is_loaded:
            return True
        if self.emptied_parent is not None:
            return True
        return differ(self.old, self.new) or any(
            pair.audience == "unknown" or pair.moves_anyone for pair in self.moves
        )

    def review(self) -> ReviewedTest:
        """Return the review of the test."""
        change: Change = "changed"
        if self.old is None or self.new is None:
            change = "created" if self.old is None else "deleted"
        problems = [*self.problems, *self._id_problems()]
        return ReviewedTest(
            self.name,
            change,
            tuple(self._findings()) or (_rewritten(),),
            tuple(id_changes(self.old, self.new)),
            self.moves,
            tuple(problems),
        )

    def _findings(self) -> Iterator[Finding]:
        if self.new is None:
            yield from self._deleted()
            return
        if self.dropped is not None:
            message = printable(self.dropped.message, 400)
            text = gettext_noop("The engine drops the test: {problem}.")
            yield Finding(Risk.DANGER, Sentence(text, problem=message))
        elif self.old is not None and not self.was_loaded:
            text = gettext_noop("The engine now loads the test, which it previously dropped.")
            yield Finding(Risk.NONE, Sentence(text))
        if self.old is None:
            yield Finding(Risk.NONE, Sentence(gettext_noop("The test was created.")))
        else:
            yield from self._changed(self.old, self.new)
        yield from self._visitors()
        for problem in self._id_problems():
            yield Finding(Risk.DANGER, problem.message)
        if self.old is not None:
            for each in id_changes(self.old, self.new):
                yield Finding(Risk.NONE, _id_sentence(each))

    def _changed(self, old: TestDefinition, new: TestDefinition) -> Iterator[Finding]:
        yield from field_findings(old, new)
        yield from emptied_findings(old, new)
        if self.emptied_parent is not None:
            group, name = self.emptied_parent
            text = gettext_noop(
                "This test depends on {group} of {test}, which has no visitors after the change, "
                "so this test loses all its visitors."
            )
            yield Finding(Risk.DANGER, Sentence(text, group=group, test=name))
        elif self.moving_parent is not None:
            parent = printable(self.moving_parent, 60)
            text = gettext_noop("This test depends on {test}, where visitors move between groups.")
            yield Finding(Risk.NOTICE, Sentence(text, test=parent))

    def _deleted(self) -> Iterator[Finding]:
        if self.declared is not None and self.name in self.declared:
            text = gettext_noop("The test was deleted, but applications declare it.")
            yield Finding(Risk.DANGER, Sentence(text))
        else:
            yield Finding(Risk.NONE, Sentence(gettext_noop("The test was deleted.")))
        for finding in self._visitors():
            undeclared = self.declared is not None and self.name not in self.declared
            yield Finding(Risk.NONE, finding.sentence) if undeclared else finding

    def _visitors(self) -> Iterator[Finding]:
        """Yield findings about visitors who move, if the engine loads the test."""
        old = self.old if self.was_loaded else None
        new = self.new if self.is_loaded else None
        if old is None or new is None:
            yield from appearing_findings(old, new)
        else:
            yield from move_findings(old, new, self.moves)

    def _id_problems(self) -> list[Problem]:
        if self.old is None or self.new is None or not (self.was_loaded and self.is_loaded):
            return []
        return [
            Problem(
                Severity.WARNING,
                Sentence(
                    gettext_noop(
                        "The id of {allocation} should have been incremented, because results "
                        "from before and after the change must not be pooled."
                    ),
                    allocation=allocation_name(index, self.new),
                ),
                test=self.name,
                allocation=index,
            )
            for index in ids_not_moved_on(self.old, self.new, self.moves)
        ]
