"""The variables and the state of one evaluation of a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import ConversionError, RuleEvaluationError, UndefinedName
from proctor.core.java.numerals import LONG_MAX, LONG_MIN
from proctor.core.java.undeclared import UNCHANGED, as_rules_see
from proctor.core.java.values import BigInteger
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MAX_WORK", "Scope", "plain_scope"]

#: The limit for one evaluation of a rule, in steps of matching a pattern. A step takes a few
#: nanoseconds. Only operations that can be slow are counted (see `work`), so this does not measure
#: time exactly, but it is the same on every machine.
MAX_WORK = 50_000_000


class Scope(dict[str, Any]):
    """The variables that a rule sees, by name, and the state of one evaluation.

    Reading a missing name raises UndefinedName.
    """

    #: True if a property or method was found in this evaluation. Tomcat keeps this flag in the
    #: context. If it is set, an access such as `a.b` is null if `a` is null; otherwise it is an
    #: error. The default is a class attribute, because a scope is created for every visitor.
    resolved: bool = False
    #: The work done so far in this evaluation.
    work: int = 0
    #: The results of `once` for this visitor, shared by all rules.
    _results: dict[tuple[object, ...], Any] | None = None

    def spend(self, work: int) -> None:
        """Add *work* to the work done so far. Raises RuleEvaluationError above `MAX_WORK`."""
        self.work += work
        if self.work > MAX_WORK:
            raise RuleEvaluationError(
                Sentence(
                    gettext_noop(
                        "the rule takes more than {limit} steps for this visitor; match fewer "
                        "patterns, or shorter strings"
                    ),
                    limit=MAX_WORK,
                )
            )

    def once(self, code: Callable[..., Any], *values: Any) -> Any:
        """Return `code(*values)`, computed once per scope.

        The result is cached because many rules match the same pattern. *code* must always give the
        same result, so that no rule affects another rule's result. The cost is counted for every
        call, even if the result is known.
        """
        if self._results is None:
            self._results = {}
        key = (code, *values)
        try:
            return self._results[key]
        except KeyError:
            result = self._results[key] = code(*values)
            return result

    def begin(self) -> None:
        """Clear the state that the previous rule left behind."""
        self.resolved = False
        self.work = 0

    def __missing__(self, name: str) -> Any:
        # A plain str is faster than a Sentence. The speed matters because the message is created
        # for each visitor without the variable.
        raise UndefinedName(
            f"the variable {name!r} is not in the context, which contains {self._known()}",
            variable=name,
        )

    def _known(self) -> str:
        listed = sorted(map(str, self))
        if not listed:
            return "no variables"
        return ", ".join(listed[:12]) + (", …" if len(listed) > 12 else "")


def plain_scope(context: Mapping[str, Any]) -> tuple[Scope, dict[str, str]]:
    """Return the scope for a context without declared types.

    Also return the reasons why variables are missing.
    """
    scope = Scope(context)
    refused: dict[str, str] = {}
    for name, value in context.items():
        if type(value) is int:
            if not LONG_MIN <= value <= LONG_MAX:
                scope[name] = BigInteger(value)
        elif type(value) not in UNCHANGED:
            try:
                scope[name] = as_rules_see(value)
            except ConversionError as error:
                del scope[name]
                refused[name] = str(error)
    return scope, refused
