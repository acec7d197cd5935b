"""The libraries `fn:`, `proctor:` and `indeed:`, and functions of one's own.

[LibraryFunctionMapper, LegacyTaglibFunctions, ProctorRuleFunctions]
"""

from __future__ import annotations

import inspect
import time
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from proctor.core.exceptions import (
    ConfigurationError,
    RuleError,
    RuleEvaluationError,
    RuleRuntimeError,
    RuleSyntaxError,
)
from proctor.core.rules import text
from proctor.core.rules.coercion import is_text, to_long
from proctor.core.rules.comparison import compare_same, java_equals
from proctor.core.rules.lexer import tokens
from proctor.core.rules.printing import shown
from proctor.core.rules.regex import full_match
from proctor.core.rules.signatures import Type, coerce
from proctor.core.rules.values import Integer, MapValues, MaybeBool, StringArray, java_class
from proctor.core.rules.versions import MatchPrecision, ReleaseVersion
from proctor.core.rules.work import growth_work, pattern_work

__all__ = ["LIBRARY", "Function", "call", "extended"]


@dataclass(frozen=True, slots=True)
class Function:
    """A function that rules may call: what it takes, what it returns, and the code.

    Arguments are converted to the declared types before the call, as the Java does. An
    exception of the code becomes a RuleEvaluationError.
    """

    parameters: tuple[Type, ...]
    returns: Type
    code: Callable[..., Any]
    #: What a call costs, of the converted arguments (see `work`); None: not worth counting.
    work: Callable[..., int] | None = None

    @classmethod
    def of(cls, code: Callable[..., Any]) -> Function:
        """A function from a Python one, its types from the annotations.

        Known are bool, int (long), float (double), str, list, dict and object; no
        annotation means object. Raises ConfigurationError for any other.
        """
        try:
            hints = typing.get_type_hints(code)
            parameters = inspect.signature(code).parameters.values()
        except Exception as error:  # annotations may be any code, as text
            raise ConfigurationError(f"{code!r} cannot be a rule function: {error}") from error
        positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for parameter in parameters:
            if parameter.kind not in positional:
                raise ConfigurationError(
                    f"{code!r} cannot be a rule function: {parameter} is not positional"
                )
        types = tuple(_declared(hints.get(each.name, object), code) for each in parameters)
        return cls(types, _declared(hints.get("return", object), code), code)


_ANNOTATIONS: dict[object, Type] = {
    bool: Type.BOOLEAN,
    int: Type.LONG,
    float: Type.DOUBLE,
    str: Type.STRING,
    list: Type.LIST,
    dict: Type.MAP,
    object: Type.OBJECT,
    Any: Type.OBJECT,
}


def _declared(annotation: object, code: object) -> Type:
    try:
        return _ANNOTATIONS[typing.get_origin(annotation) or annotation]
    except (KeyError, TypeError):
        raise ConfigurationError(
            f"{code!r} cannot be a rule function: {annotation!r} is not one of "
            "bool, int, float, str, list, dict and object"
        ) from None


def extended(
    library: Mapping[str, Function], functions: Mapping[str, Function | Callable[..., Any]]
) -> Mapping[str, Function]:
    """*library* and *functions*, by `prefix:name`.

    Raises ConfigurationError for a name that no rule could write.
    """
    merged = dict(library)
    for name, function in functions.items():
        if not _is_callable_name(name):
            raise ConfigurationError(
                f"{name!r} cannot name a rule function; write 'prefix:name', both of letters and "
                "digits and neither a keyword of rules"
            )
        merged[name] = function if isinstance(function, Function) else Function.of(function)
    return MappingProxyType(merged)


def _is_callable_name(name: str) -> bool:
    try:
        found = tokens(name, 0)
    except RuleSyntaxError:
        return False
    kinds = [token.kind for token in found]
    # Blanks around the colon are fine in a rule, but they are no part of the name.
    return kinds == ["name", ":", "name", "end"] and "".join(name.split()) == name


def call(
    name: str, function: Function, arguments: Sequence[Callable[[Any], Any]], scope: Any
) -> Any:
    """Evaluate and convert *arguments*, and call, at the cost of *scope*  [AstFunction.getValue].

    An ELException on the way becomes one that names the function, other runtime exceptions
    of the Java pass as they are.
    """
    try:
        values = [
            coerce(argument(scope), declared)
            for argument, declared in zip(arguments, function.parameters, strict=True)
        ]
    except RuleRuntimeError:
        raise
    except RuleError as error:
        raise RuleEvaluationError(f"problem calling {name}: {error}") from error
    if function.work is not None:
        scope.spend(function.work(*values))
    try:
        return function.code(*values)
    except _NullPointer:
        raise RuleRuntimeError(
            f"{name} is a method of every Java object and no function",
            java_class="java.lang.NullPointerException",
        ) from None
    except Exception as error:
        detail = error if isinstance(error, RuleError) else f"{type(error).__name__}: {error}"
        raise RuleEvaluationError(f"problem calling {name}: {detail}") from error


class _NullPointer(Exception):  # noqa: N818 - never leaves this module
    """An inherited method of java.lang.Object was called as if it were a function."""


# -- fn: ----------------------------------------------------------------------------------


def _contains_ignoring_case(subject: str, part: str) -> bool:
    return text.upper(part) in text.upper(subject)


def _substring(subject: str, begin: int, end: int) -> str:
    length = text.utf16_length(subject)
    if begin >= length:
        return ""
    begin = max(begin, 0)
    if end < 0 or end > length:
        end = length
    return "" if end < begin else text.utf16_slice(subject, begin, end)


def _substring_after(subject: str, part: str) -> str:
    _, found, after = subject.partition(part) if part else ("", "x", subject)
    return after if found else ""


def _substring_before(subject: str, part: str) -> str:
    before, found, _ = subject.partition(part) if part else ("", "", "")
    return before if found else ""


def _replace(subject: str, before: str, after: str) -> str:
    return text.replace(subject, before, after) if before else subject


def _split(subject: str, delimiters: str) -> StringArray:
    if not subject:
        return StringArray([""])
    if not delimiters:
        return StringArray([subject])
    # One delimiter for all, so that each piece between two of them is found by str.split.
    first = delimiters[0]
    same = subject.translate(dict.fromkeys(map(ord, delimiters), first))
    return StringArray(piece for piece in same.split(first) if piece)


def _length(value: object) -> Integer:
    if value is None:
        return Integer(0)
    if is_text(value):
        return Integer(text.utf16_length(str(value)))
    if isinstance(value, (Sequence, Mapping, AbstractSet, MapValues)) and not isinstance(
        value, str
    ):
        return Integer(len(value))
    raise TypeError(f"{shown(value)!r} of type {java_class(value)} has no length")


def _join(pieces: Sequence[str] | None, separator: str) -> str:
    pieces = pieces or ()
    text.check_length(sum(map(len, pieces)) + len(pieces) * len(separator))
    return separator.join(pieces)


# -- proctor: -----------------------------------------------------------------------------


def _is_whole(value: object) -> bool:
    """ProctorRuleFunctions.isIntegerNumber: every Number that is no Float and no Double."""
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _contains(members: Collection[Any] | None, element: Any) -> bool:
    if members is None:
        raise TypeError("the collection is null")
    if _is_whole(element):
        # A constant [1, 2] holds Integers; a context variable may well be a Long.
        wanted = to_long(element)
        return any(_is_whole(each) and to_long(each) == wanted for each in members)
    if type(element) is str and element not in members:
        return False
    return any(java_equals(element, each) for each in members)


def _in_range(value: object, low: object, high: object) -> bool:
    if value is None or low is None:
        raise TypeError("null is in no range")
    if compare_same(value, low) < 0:
        return False
    if high is None:
        raise TypeError("null ends no range")
    return compare_same(high, value) > 0


def _version_in_range(version: ReleaseVersion | None, start: str, end: str) -> bool:
    first, after = ReleaseVersion(start), ReleaseVersion(end)
    if after.match_precision is not MatchPrecision.BUILD:
        raise ValueError(f"the end {end!r} cannot be a wildcard")
    return _in_range(version, first, after)


def maybe_and(left: MaybeBool | None, right: MaybeBool | None) -> MaybeBool:
    """Three-valued and; null counts as unknown."""
    if MaybeBool.FALSE in (left, right):
        return MaybeBool.FALSE
    return MaybeBool.TRUE if left is right is MaybeBool.TRUE else MaybeBool.UNKNOWN


def maybe_or(left: MaybeBool | None, right: MaybeBool | None) -> MaybeBool:
    """Three-valued or; null counts as unknown."""
    if MaybeBool.TRUE in (left, right):
        return MaybeBool.TRUE
    return MaybeBool.FALSE if left is right is MaybeBool.FALSE else MaybeBool.UNKNOWN


def maybe_not(value: MaybeBool | None) -> MaybeBool:
    """Three-valued not; null counts as unknown."""
    opposites = {MaybeBool.TRUE: MaybeBool.FALSE, MaybeBool.FALSE: MaybeBool.TRUE}
    return opposites.get(value or MaybeBool.UNKNOWN, MaybeBool.UNKNOWN)


def to_maybe_bool(value: bool) -> MaybeBool:
    """TRUE or FALSE."""
    return MaybeBool.TRUE if value else MaybeBool.FALSE


def _now() -> int:
    return int(time.time() * 1000)


def _inherited(*_arguments: object) -> Any:
    raise _NullPointer


_S, _I, _B, _O = Type.STRING, Type.INT, Type.BOOLEAN, Type.OBJECT

#: The library mapper finds the public methods of java.lang.Object too.
_INHERITED = {
    "equals": Function((_O,), _B, _inherited),
    "hashCode": Function((), _I, _inherited),
    "toString": Function((), _S, _inherited),
    "getClass": Function((), _O, _inherited),
    "notify": Function((), _O, _inherited),
    "notifyAll": Function((), _O, _inherited),
    "wait": Function((Type.LONG,), _O, _inherited),
}

_FN = {
    "toUpperCase": Function((_S,), _S, text.upper),
    "toLowerCase": Function((_S,), _S, text.lower),
    "indexOf": Function((_S, _S), _I, lambda s, part: Integer(text.find(s, part))),
    "contains": Function((_S, _S), _B, lambda s, part: part in s),
    "containsIgnoreCase": Function((_S, _S), _B, _contains_ignoring_case),
    "startsWith": Function((_S, _S), _B, str.startswith),
    "endsWith": Function((_S, _S), _B, str.endswith),
    "substring": Function((_S, _I, _I), _S, _substring),
    "substringAfter": Function((_S, _S), _S, _substring_after),
    "substringBefore": Function((_S, _S), _S, _substring_before),
    "trim": Function((_S,), _S, text.trim),
    "replace": Function((_S, _S, _S), _S, _replace, growth_work),
    "split": Function((_S, _S), Type.STRING_ARRAY, _split),
    "length": Function((_O,), _I, _length),
    "join": Function((Type.STRING_ARRAY, _S), _S, _join),
}

_M = Type.MAYBE_BOOL
_PROCTOR = {
    "contains": Function((Type.COLLECTION, _O), _B, _contains),
    "matches": Function(
        (_S, _S),
        _B,
        lambda subject, pattern: full_match(pattern, subject),
        lambda subject, pattern: pattern_work(pattern, subject),
    ),
    "now": Function((), Type.LONG, _now),
    "version": Function((_S,), Type.RELEASE_VERSION, ReleaseVersion),
    "inRange": Function((Type.COMPARABLE,) * 3, _B, _in_range),
    "versionInRange": Function((Type.RELEASE_VERSION, _S, _S), _B, _version_in_range),
    "maybeAnd": Function((_M, _M), _M, maybe_and),
    "maybeOr": Function((_M, _M), _M, maybe_or),
    "maybeNot": Function((_M,), _M, maybe_not),
    "toMaybeBool": Function((_B,), _M, to_maybe_bool),
}

#: All built-in functions, by `prefix:name`.
LIBRARY: Mapping[str, Function] = MappingProxyType(
    {
        f"{prefix}:{name}": function
        for prefix, functions in (("fn", _FN), ("proctor", _PROCTOR), ("indeed", _PROCTOR))
        for name, function in (_INHERITED | functions).items()
    }
)
