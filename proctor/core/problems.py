"""A problem of a matrix: what it concerns, how bad it is, and where it is."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Problem", "Severity"]


class Severity(enum.Enum):
    """What comes of a problem."""

    #: The Java refuses the whole matrix.
    FATAL = "fatal"
    #: The Java leaves the test out, and all others work.
    DROPPED = "dropped"
    #: The test works, and hardly as it was meant.
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a matrix."""

    severity: Severity
    #: What is wrong, with the value and the way out.
    message: str
    #: The test's name; None where it is about the whole matrix.
    test: str | None = None
    #: The allocation, from 0; None where it is about the whole test.
    allocation: int | None = None
    #: The text of the rule, where it is about one.
    rule: str | None = None
    #: 1-based column in the rule's text, where the message names one.
    column: int | None = None
    #: What the Java says of it, where that is known word for word.
    java_message: str | None = None

    @property
    def place(self) -> str:
        """Where it is: `buttoncolortst, allocation 1, rule`."""
        parts = [self.test or "the matrix"]
        if self.allocation is not None:
            parts.append(f"allocation {self.allocation}")
        if self.rule is not None:
            parts.append("rule")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"
