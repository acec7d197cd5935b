"""Choose the overload to call [javax.el.Util, ReflectionUtil.resolveAmbiguousMethod]."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proctor.core.exceptions import UnknownMethod
from proctor.core.java.coercion import is_number
from proctor.core.java.printing import shown_as_java
from proctor.core.java.values import java_class
from proctor.core.rules.signatures import RuleType, assignable, coercible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Method", "Methods", "choose", "one"]


class Method(NamedTuple):
    """One overload: its parameter types and its code. The code's first argument is the receiver."""

    parameters: tuple[RuleType, ...]
    code: Callable[..., object]
    #: True if Java's compiler generated the method, such as `compareTo(Object)` next to the
    #: `compareTo` in the source code. Such a method is chosen only if its parameters fit better.
    bridge: bool = False
    #: Computes the cost of a call from the arguments. None if the cost is negligible.
    work: Callable[..., int] | None = None
    #: True if equal arguments give equal results, so one call per visitor is enough.
    once: bool = False


#: Maps each method name of a receiver to that method's overloads.
Methods = dict[str, tuple[Method, ...]]


def one(
    code: Callable[..., object],
    *parameters: RuleType,
    work: Callable[..., int] | None = None,
    once: bool = False,
) -> tuple[Method, ...]:
    """Return a tuple with the only overload of a method."""
    return (Method(parameters, code, work=work, once=once),)


class _Fit(NamedTuple):
    """How well an overload fits: the numbers of exact, assignable and coercible arguments."""

    exact: int
    assignable: int
    coercible: int
    written: bool


def choose(
    base: object, name: str, overloads: Sequence[Method], arguments: Sequence[object]
) -> Method:
    """Return the overload that fits best.

    It is the one with the most exact matches, then the most assignable and then the most coercible
    arguments.

    Raises UnknownMethod if none fits, or if several fit equally well.
    """
    fits = [(_fit(each, arguments), each) for each in overloads]
    candidates = [(fit, method) for fit, method in fits if fit is not None]
    best = max((fit for fit, _ in candidates), default=None)
    winners = [method for fit, method in candidates if fit == best]
    if best is not None and len(winners) > 1 and best.exact == len(arguments) - 1:
        winners = _by_class([method for _, method in candidates], arguments) or winners
    if len(winners) != 1:
        types = ", ".join("null" if each is None else java_class(each) for each in arguments)
        why = "is ambiguous" if winners else "is not a method that a rule can call"
        raise UnknownMethod(f"{shown_as_java(name)}({types}) of {java_class(base)} {why}")
    return winners[0]


#: Argument classes that are also parameter classes. RuleType.INT and similar types are primitives,
#: and an argument's class is never a primitive.
_EXACT = {RuleType.STRING, RuleType.BIG_DECIMAL, RuleType.BIG_INTEGER}


def _exact(argument: object, declared: RuleType) -> bool:
    return argument is not None and declared in _EXACT and assignable(argument, declared)


def _fit(method: Method, arguments: Sequence[object]) -> _Fit | None:
    if len(method.parameters) != len(arguments):
        return None
    exact = belonging = converted = 0
    for argument, declared in zip(arguments, method.parameters, strict=True):
        if _exact(argument, declared):
            exact += 1
        elif assignable(argument, declared):
            belonging += 1
        elif coercible(argument, declared):
            converted += 1
        else:
            return None
    return _Fit(exact, belonging, converted, not method.bridge)


#: The parameter types to try for a number if no other criterion decides: the subclasses of Number,
#: and the primitives.
_NUMERIC = {
    *(
        RuleType.BOOLEAN,
        RuleType.BYTE,
        RuleType.SHORT,
        RuleType.INT,
        RuleType.LONG,
        RuleType.FLOAT,
        RuleType.DOUBLE,
    ),
    *(RuleType.CHAR, RuleType.BIG_DECIMAL, RuleType.BIG_INTEGER),
}


def _by_class(candidates: Sequence[Method], arguments: Sequence[object]) -> list[Method]:
    """Return the overload, if any, that fits the one argument that has no exact match.

    Java Proctor tries the superclasses of the argument; in this library, these can only be Number
    and Object. If the argument is a number, the overload is the only one that accepts numbers.
    """
    first = candidates[0].parameters
    index = next(i for i, each in enumerate(arguments) if not _exact(each, first[i]))
    argument = arguments[index]
    declared = [method.parameters[index] for method in candidates]
    if argument is None or any(_exact(argument, each) for each in declared):
        return []
    if RuleType.OBJECT in declared:
        return [candidates[declared.index(RuleType.OBJECT)]]
    wanted = [m for m in candidates if is_number(argument) and m.parameters[index] in _NUMERIC]
    return wanted if len(wanted) == 1 else []
