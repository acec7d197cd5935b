"""The variables of one evaluation of a rule, and its state."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import ConversionError, RuleEvaluationError, UndefinedName
from proctor.core.java.numerals import LONG_MAX, LONG_MIN
from proctor.core.java.values import BigInteger, MapValues, unwrapped
from proctor.core.messages import error_text
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_WORK", "Scope", "as_rules_see", "plain_scope"]

#: The limit for one evaluation of a rule, in steps of matching a pattern. A step takes a few
#: nanoseconds. Only operations that can be slow are counted (see `work`), so this does not measure
#: time exactly, but it is the same on every machine.
MAX_WORK = 50_000_000


class Scope(dict[str, Any]):
    """The variables that a rule sees, by name, and the state of one evaluation.

    Reading a missing name raises UndefinedName.
    """

    #: True if a property or method was found in this evaluation. Tomcat keeps this flag in the
    #: context: if it is set, a null at the head of a chain is read as null, otherwise it is an
    #: error. A class attribute is the default, because a scope is created for every visitor.
    resolved: bool = False
    #: The work done so far in this evaluation.
    work: int = 0
    #: Results of `once` for this visitor, shared by all rules.
    _results: dict[tuple[object, ...], Any] | None = None

    def spend(self, work: int) -> None:
        """Count *work*. Raises RuleEvaluationError if the total exceeds `MAX_WORK`."""
        self.work += work
        if self.work > MAX_WORK:
            raise RuleEvaluationError(
                Sentence(
                    gettext_noop(
                        "the rule takes more than {limit} steps for this visitor; match fewer "
                        "patterns, or shorter texts"
                    ),
                    limit=MAX_WORK,
                )
            )

    def once(self, code: Callable[..., Any], *values: Any) -> Any:
        """Return `code(*values)`, computed once per scope: many rules match the same pattern.

        *code* must always give the same result, so that no rule affects another rule's result. The
        cost is counted for every call, even if the result is known.
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
        """Forget the state of the previous rule, before a new one."""
        self.resolved = False
        self.work = 0

    def __missing__(self, name: str) -> Any:
        # A plain str, not a Sentence, because it is faster and is needed for each visitor without
        # the variable.
        raise UndefinedName(
            f"the variable {name!r} is not in the context; known are {self._known()}",
            variable=name,
        )

    def _known(self) -> str:
        listed = sorted(map(str, self))
        if not listed:
            return "no variables"
        return ", ".join(listed[:12]) + (", …" if len(listed) > 12 else "")


def plain_scope(context: Mapping[str, Any]) -> tuple[Scope, dict[str, str]]:
    """Return the scope of a context without declared types, and why variables are missing."""
    scope = Scope(context)
    refused: dict[str, str] = {}
    for name, value in context.items():
        if type(value) is int:
            if not LONG_MIN <= value <= LONG_MAX:
                scope[name] = BigInteger(value)
        elif type(value) not in _PLAIN:
            try:
                scope[name] = as_rules_see(value)
            except ConversionError as error:
                del scope[name]
                refused[name] = str(error)
    return scope, refused


#: Rules see values of these classes unchanged.
_PLAIN = frozenset({str, bool, float, list, tuple, dict, set, frozenset, type(None)})


def as_rules_see(value: Any) -> object:
    """Return a value of an undeclared variable as rules see it. Raises ConversionError.

    Members of str and int enumerations become their values. Objects that have a length and can be
    indexed, such as a query set, become lists.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, enum.Enum):
        return unwrapped(value)
    # A query set is not a Collection, because it has no __contains__. The type of a lazy object
    # always has a length and items, but its `__class__` is that of the object that it wraps.
    cls = value.__class__
    if issubclass(cls, Sized) and issubclass(cls, Iterable):
        # A lazy string has the methods of a str but is not a str.
        if issubclass(cls, _UNLISTED) or hasattr(cls, "casefold"):
            return value
        if hasattr(cls, "__getitem__"):
            return _listed(value)
    return value


_UNLISTED = (str, bytes, bytearray, Mapping, Sequence, AbstractSet, MapValues)


def _listed(value: Iterable[Any]) -> list[Any]:
    try:
        return list(value)
    except Exception as error:
        reason = f"it cannot be converted to a list: {error_text(error)}"
        raise ConversionError(f"{type(value).__qualname__}: {reason}", reason=reason) from error
