"""Which overload a call means  [javax.el.Util, ReflectionUtil.resolveAmbiguousMethod]."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proctor.core.exceptions import UnknownMethod
from proctor.core.rules.coercion import is_number
from proctor.core.rules.printing import shown
from proctor.core.rules.signatures import Type, assignable, coercible
from proctor.core.rules.values import java_class

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Method", "Methods", "choose", "one"]


class Method(NamedTuple):
    """One overload: its parameter types, and the code, which takes the receiver first."""

    parameters: tuple[Type, ...]
    code: Callable[..., object]
    #: Whether the Java's compiler made it, for `compareTo(Object)` beside the one that is
    #: written. It is taken only where its parameters fit better.
    bridge: bool = False
    #: What a call costs, of the same arguments as the code; None where that is little.
    work: Callable[..., int] | None = None


#: The overloads of a receiver's methods, by name.
Methods = dict[str, tuple[Method, ...]]


def one(
    code: Callable[..., object], *parameters: Type, work: Callable[..., int] | None = None
) -> tuple[Method, ...]:
    """The only overload of a method."""
    return (Method(parameters, code, work=work),)


class _Fit(NamedTuple):
    """How many arguments have a parameter's class, may stand for it, or convert to it."""

    exact: int
    assignable: int
    coercible: int
    written: bool


def choose(
    base: object, name: str, overloads: Sequence[Method], arguments: Sequence[object]
) -> Method:
    """The one of *overloads* that fits best: most exact, most assignable, then coercible.

    Raises UnknownMethod where none fits, or no single best one.
    """
    fits = [(_fit(each, arguments), each) for each in overloads]
    candidates = [(fit, method) for fit, method in fits if fit is not None]
    best = max((fit for fit, _ in candidates), default=None)
    winners = [method for fit, method in candidates if fit == best]
    if best is not None and len(winners) > 1 and best.exact == len(arguments) - 1:
        winners = _by_class([method for _, method in candidates], arguments) or winners
    if len(winners) != 1:
        types = ", ".join("null" if each is None else java_class(each) for each in arguments)
        why = "is ambiguous" if winners else "is no method that a rule may call"
        raise UnknownMethod(f"{shown(name)}({types}) of {java_class(base)} {why}")
    return winners[0]


#: The classes of arguments that are also the class of a parameter; those of Type.INT and
#: the like are primitives, to which the class of an argument is never equal.
_EXACT = {Type.STRING, Type.BIG_DECIMAL, Type.BIG_INTEGER}


def _exact(argument: object, declared: Type) -> bool:
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


#: What a number is tried for when nothing else decides: Number's classes, and primitives.
_NUMERIC = {
    *(Type.BOOLEAN, Type.BYTE, Type.SHORT, Type.INT, Type.LONG, Type.FLOAT, Type.DOUBLE),
    *(Type.CHAR, Type.BIG_DECIMAL, Type.BIG_INTEGER),
}


def _by_class(candidates: Sequence[Method], arguments: Sequence[object]) -> list[Method]:
    """The overload for the one argument that is no exact match, or nothing.

    The Java tries the super classes of the argument, of which there are only Number and
    Object here; then, for a number, the only parameter that takes numbers.
    """
    first = candidates[0].parameters
    index = next(i for i, each in enumerate(arguments) if not _exact(each, first[i]))
    argument = arguments[index]
    declared = [method.parameters[index] for method in candidates]
    if argument is None or any(_exact(argument, each) for each in declared):
        return []
    if Type.OBJECT in declared:
        return [candidates[declared.index(Type.OBJECT)]]
    wanted = [m for m in candidates if is_number(argument) and m.parameters[index] in _NUMERIC]
    return wanted if len(wanted) == 1 else []
