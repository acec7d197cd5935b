"""What one evaluation of a rule sees and remembers."""

from __future__ import annotations

from typing import Any

from proctor.core.exceptions import RuleEvaluationError, UndefinedName

__all__ = ["MAX_WORK", "Scope"]

#: What one evaluation of one rule may spend, in steps of matching a pattern: a few
#: nanoseconds each. Only what can be slow is counted (see `work`), so it is not an exact
#: measure of time but the same on every machine.
MAX_WORK = 50_000_000


class Scope(dict[str, Any]):
    """The variables that a rule sees, by name, and what one evaluation remembers.

    A name that is not there raises UndefinedName when it is read.
    """

    #: Whether a property or method was found in this evaluation. Tomcat keeps that in the
    #: context, and a null at the head of a chain reads as null after, as an error before.
    #: An attribute of the class until it is set, since a scope is made for every visitor.
    resolved: bool = False
    #: What this evaluation has spent.
    work: int = 0

    def spend(self, work: int) -> None:
        """Count *work*. Raises RuleEvaluationError where it is more than `MAX_WORK` in all."""
        self.work += work
        if self.work > MAX_WORK:
            raise RuleEvaluationError(
                f"the rule takes more than {MAX_WORK} steps for this visitor; "
                "match fewer patterns, or shorter texts"
            )

    def begin(self) -> None:
        """Forget what the rule before this one left."""
        self.resolved = False
        self.work = 0

    def __missing__(self, name: str) -> Any:
        raise UndefinedName(
            f"the variable {name!r} is not in the context; known are {self._known()}",
            variable=name,
        )

    def _known(self) -> str:
        listed = sorted(map(str, self))
        if not listed:
            return "no variables"
        return ", ".join(listed[:12]) + (", …" if len(listed) > 12 else "")
