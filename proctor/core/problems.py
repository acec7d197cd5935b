"""A problem found in a matrix: its severity, its message and its place."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.core.sentences import Sentence, gettext_noop, listed

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

__all__ = ["NEVER_TRUE", "Problem", "Severity", "rules_never_true"]

#: The code of this problem: a test is loaded, but one of its rules is never true or always fails.
NEVER_TRUE = "rule-never-true"


class Severity(enum.Enum):
    """The severity of a problem: what Java Proctor does with the matrix or the test."""

    #: Java Proctor rejects the whole matrix.
    FATAL = "fatal"
    #: Java Proctor leaves this test out. All other tests work.
    DROPPED = "dropped"
    #: The test works, but probably not as intended.
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in a matrix."""

    severity: Severity
    #: The message: what is wrong, the bad value, and how to fix it.
    message: str
    #: The name of the test; None if the problem is about the whole matrix.
    test: str | None = None
    #: The index of the allocation, starting at 0; None if the problem is about the whole test.
    #: Messages number allocations from 1.
    allocation: int | None = None
    #: The text of the rule, if the problem is in one.
    rule: str | None = None
    #: The column in the rule's text, starting at 1, if the message contains it.
    column: int | None = None
    #: Java Proctor's exact message, if it is known.
    java_message: str | None = None
    #: A stable name that programs can use for this kind of problem, such as `range-sum`.
    code: str = ""

    @property
    def place(self) -> str:
        """The place of the problem, for example `buttoncolortst, allocation 1, rule`."""
        parts = [self.test or Sentence(gettext_noop("the matrix"))]
        if self.allocation is not None:
            number = self.allocation + 1
            parts.append(Sentence(gettext_noop("allocation {number}"), number=number))
        if self.rule is not None:
            parts.append(Sentence(gettext_noop("rule")))
        return Sentence(gettext_noop("{place}"), place=listed(parts))

    @property
    def text(self) -> str:
        """The message, preceded by the place."""
        text = gettext_noop("{place}: {message}")
        return Sentence(text, place=self.place, message=self.message)

    def __str__(self) -> str:
        return str(self.text)


def rules_never_true(
    problems: Iterable[Problem], dropped: Container[str | None]
) -> tuple[Problem, ...]:
    """Return the problems with rules that are never true, except in *dropped* tests."""
    return tuple(each for each in problems if each.code == NEVER_TRUE and each.test not in dropped)
