"""Branches and their revisions: the saved states of definitions, as immutable values.

A branch is trunk, qa or production. Java Proctor keeps revisions in git. In this module, a branch
is a tuple of revisions, and a commit returns a new branch. A Refusal's Java message is that of Java
Proctor's in-memory store. In some cases, Java Proctor's file-based stores use a different message.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proctor.core.authoring.definitions.sameness import same_definition
from proctor.core.authoring.refusals import Refusal, refuse
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from proctor.core.authoring.definitions.definition import Definition

__all__ = ["BRANCHES", "UNKNOWN_REVISION", "Branch", "Revision"]

#: In the order of promotion: tests are edited on trunk, and visitors see those on production.
BRANCHES = ("trunk", "qa", "production")
#: Used for a revision or version that does not exist.
UNKNOWN_REVISION = "-1"


@dataclass(frozen=True, slots=True)
class Revision:
    """One saved state of a test on a branch."""

    id: str
    test: str
    #: None if the test was deleted.
    definition: Definition | None
    author: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """The revisions of all tests on one branch, oldest first."""

    name: str
    revisions: tuple[Revision, ...] = ()

    def history(self, test: str) -> list[Revision]:
        """Return the revisions of a test, newest first."""
        return [each for each in reversed(self.revisions) if each.test == test]

    def history_from(self, test: str, revision: str) -> list[Revision]:
        """Return the revisions of a test up to *revision*, newest first.

        Raises Refusal if the branch has no such revision.
        """
        ids = [each.id for each in self.revisions]
        if revision not in ids:
            raise refuse(
                "unknown-revision",
                Sentence(
                    gettext_noop(
                        "{name} has no revision {revision!r}; use one from the branch's history"
                    ),
                    name=self.name,
                    revision=revision,
                ),
                f"Unknown revision {revision}",
                test=test,
            )
        return Branch(self.name, self.revisions[: ids.index(revision) + 1]).history(test)

    def current(self, test: str) -> Definition | None:
        """Return the current definition of a test, or None if it does not exist."""
        return next((each.definition for each in self.history(test)), None)

    def at(self, test: str, revision: str) -> Definition | None:
        """Return the definition of a test at *revision*. Raises Refusal for an unknown revision."""
        return next((each.definition for each in self.history_from(test, revision)), None)

    def tests(self) -> dict[str, Definition]:
        """Return a mapping from the names of all existing tests to their definitions."""
        latest = {each.test: each.definition for each in self.revisions}
        return {name: each for name, each in latest.items() if each is not None}

    def with_added(self, revision: Revision) -> Branch:
        """Return the branch with a new test. Raises Refusal if the name is or was in use there."""
        if self.history(revision.test):
            raise refuse(
                "already-added",
                Sentence(
                    gettext_noop(
                        "a test with this name exists or has existed on {name}; edit that test, "
                        "or choose a different name"
                    ),
                    name=self.name,
                ),
                f"{revision.test} has been added before",
                test=revision.test,
            )
        return self._with(revision)

    def with_updated(self, revision: Revision) -> Branch:
        """Return the branch with a changed test. Raises Refusal if nothing changed."""
        current = self.current(revision.test)
        if current is None or revision.definition is None:
            raise self._unknown(revision.test, "update")
        if same_definition(current, revision.definition):
            raise refuse(
                "unchanged",
                Sentence(gettext_noop("nothing changed, so there is nothing to save")),
                f"Attempting to save test definition without changes for test: {revision.test}",
                test=revision.test,
            )
        return self._with(revision)

    def with_deleted(self, revision: Revision) -> Branch:
        """Return the branch with one test deleted. Raises Refusal if the test does not exist."""
        if self.current(revision.test) is None:
            raise self._unknown(revision.test, "delete")
        return self._with(replace(revision, definition=None))

    def next_id(self) -> str:
        """Return the id of the next revision. Ids start at 1."""
        return str(len(self.revisions) + 1)

    def _with(self, revision: Revision) -> Branch:
        return replace(self, revisions=(*self.revisions, revision))

    def _unknown(self, test: str, what: str) -> Refusal:
        return refuse(
            "unknown-test",
            Sentence(
                gettext_noop("{name} has no such test to {what}; create the test first"),
                name=self.name,
                what=what,
            ),
            f"Unable to {what} non-existent test {test}",
            test=test,
        )
