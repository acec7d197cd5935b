"""The libraries `fn:`, `proctor:` and `indeed:`, and custom functions.

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
from proctor.core.java import text
from proctor.core.java.coercion import is_text, to_long
from proctor.core.java.comparison import compare_same, java_equals
from proctor.core.java.printing import shown_as_java
from proctor.core.java.values import Integer, MapValues, MaybeBool, StringArray, java_class
from proctor.core.java.versions import MatchPrecision, ReleaseVersion
from proctor.core.rules.lexer import tokens
from proctor.core.rules.regex import full_match
from proctor.core.rules.signatures import RuleType, coerce
from proctor.core.rules.work import growth_work, pattern_work
from proctor.core.sentences import Sentence, gettext_noop, sentence_of

__all__ = ["LIBRARY", "Function", "call", "extended"]


@dataclass(frozen=True, slots=True)
class Function:
    """A function that rules can call: its parameter types, its result type, and the code.

    Arguments are converted to the declared types before the call, as in Java Proctor. An exception
    in the code becomes a RuleEvaluationError.
    """

    parameters: tuple[RuleType, ...]
    returns: RuleType
    code: Callable[..., Any]
    #: Computes the cost of a call from the converted arguments (see `proctor.core.rules.work`).
    #: None if the cost is negligible.
    work: Callable[..., int] | None = None
    #: True if equal arguments give equal results, so one call per visitor is enough.
    once: bool = False

    @classmethod
    def of(cls, code: Callable[..., Any]) -> Function:
        """Create a rule function from a Python function.

        The annotations of the Python function define the types. Allowed types are bool, int (long),
        float (double), str, list, dict and object. A missing annotation means object. Raises
        ConfigurationError for any other annotation.
        """
        try:
            hints = typing.get_type_hints(code)
            parameters = inspect.signature(code).parameters.values()
        except Exception as error:  # annotations can be arbitrary code in a string
            raise ConfigurationError(f"{code!r} cannot be a rule function: {error}") from error
        positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for parameter in parameters:
            if parameter.kind not in positional:
                raise ConfigurationError(
                    f"{code!r} cannot be a rule function: {parameter} is not positional"
                )
        types = tuple(_declared(hints.get(each.name, object), code) for each in parameters)
        return cls(types, _declared(hints.get("return", object), code), code)


_ANNOTATIONS: dict[object, RuleType] = {
    bool: RuleType.BOOLEAN,
    int: RuleType.LONG,
    float: RuleType.DOUBLE,
    str: RuleType.STRING,
    list: RuleType.LIST,
    dict: RuleType.MAP,
    object: RuleType.OBJECT,
    Any: RuleType.OBJECT,
}


def _declared(annotation: object, code: object) -> RuleType:
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
    """Return *library* plus *functions*, whose keys have the form `prefix:name`.

    Raises ConfigurationError for a name that cannot appear in a rule.
    """
    merged = dict(library)
    for name, function in functions.items():
        if not _is_callable_name(name):
            raise ConfigurationError(
                f"{name!r} cannot be the name of a rule function; write 'prefix:name', where "
                "both parts consist of letters and digits and neither is a reserved word"
            )
        merged[name] = function if isinstance(function, Function) else Function.of(function)
    return MappingProxyType(merged)


def _is_callable_name(name: str) -> bool:
    try:
        found = tokens(name, 0)
    except RuleSyntaxError:
        return False
    kinds = [token.kind for token in found]
    # Rules can have spaces around the colon. They are not part of the name.
    return kinds == ["name", ":", "name", "end"] and "".join(name.split()) == name


def call(
    name: str, function: Function, arguments: Sequence[Callable[[Any], Any]], scope: Any
) -> Any:
    """Evaluate and convert *arguments*, and call the function  [AstFunction.getValue].

    The cost is counted in *scope*. An ELException is replaced by one that names the function. Java
    Proctor's other runtime exceptions are passed on.
    """
    try:
        values = [
            coerce(argument(scope), declared)
            for argument, declared in zip(arguments, function.parameters, strict=True)
        ]
    except RuleRuntimeError:
        raise
    except RuleError as error:
        raise RuleEvaluationError(
            Sentence(
                gettext_noop("problem calling {name}: {error}"), name=name, error=sentence_of(error)
            )
        ) from error
    if function.work is not None:
        scope.spend(function.work(*values))
    try:
        return scope.once(function.code, *values) if function.once else function.code(*values)
    except _NullPointer:
        raise RuleRuntimeError(
            Sentence(
                gettext_noop("{name} is a method of every Java object, not a function"), name=name
            ),
            java_class="java.lang.NullPointerException",
        ) from None
    except Exception as error:
        detail = error if isinstance(error, RuleError) else f"{type(error).__name__}: {error}"
        raise RuleEvaluationError(
            Sentence(gettext_noop("problem calling {name}: {error}"), name=name, error=detail)
        ) from error


class _NullPointer(Exception):  # noqa: N818 - never leaves this module
    """Raised if a method inherited from java.lang.Object is called as a function."""


# -- functions with the prefix fn: --------------------------------------------------------


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
    # Replace all delimiters with the same one, so that str.split can be used.
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
    raise TypeError(f"{shown_as_java(value)!r} of type {java_class(value)} has no length")


def _join(pieces: Sequence[str] | None, separator: str) -> str:
    pieces = pieces or ()
    text.check_length(sum(map(len, pieces)) + len(pieces) * len(separator))
    return separator.join(pieces)


# -- functions with the prefix proctor: ---------------------------------------------------


def _is_whole(value: object) -> bool:
    """Return True for a Number, except a Float or Double (ProctorRuleFunctions.isIntegerNumber)."""
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _contains(members: Collection[Any] | None, element: Any) -> bool:
    if members is None:
        raise TypeError("the collection is null")
    if _is_whole(element):
        # A constant [1, 2] contains Integers, but a context variable can be a Long.
        wanted = to_long(element)
        return any(_is_whole(each) and to_long(each) == wanted for each in members)
    if type(element) is str and element not in members:
        return False
    return any(java_equals(element, each) for each in members)


def _in_range(value: object, low: object, high: object) -> bool:
    if value is None or low is None:
        raise TypeError("null cannot be in a range")
    if compare_same(value, low) < 0:
        return False
    if high is None:
        raise TypeError("null cannot be the end of a range")
    return compare_same(high, value) > 0


def _version_in_range(version: ReleaseVersion | None, start: str, end: str) -> bool:
    first, after = ReleaseVersion(start), ReleaseVersion(end)
    if after.match_precision is not MatchPrecision.BUILD:
        raise ValueError(f"the range cannot end with the wildcard {end!r}")
    return _in_range(version, first, after)


def maybe_and(left: MaybeBool | None, right: MaybeBool | None) -> MaybeBool:
    """Return the three-valued `and`. null counts as unknown."""
    if MaybeBool.FALSE in (left, right):
        return MaybeBool.FALSE
    return MaybeBool.TRUE if left is right is MaybeBool.TRUE else MaybeBool.UNKNOWN


def maybe_or(left: MaybeBool | None, right: MaybeBool | None) -> MaybeBool:
    """Return the three-valued `or`. null counts as unknown."""
    if MaybeBool.TRUE in (left, right):
        return MaybeBool.TRUE
    return MaybeBool.FALSE if left is right is MaybeBool.FALSE else MaybeBool.UNKNOWN


def maybe_not(value: MaybeBool | None) -> MaybeBool:
    """Return the three-valued `not`. null counts as unknown."""
    opposites = {MaybeBool.TRUE: MaybeBool.FALSE, MaybeBool.FALSE: MaybeBool.TRUE}
    return opposites.get(value or MaybeBool.UNKNOWN, MaybeBool.UNKNOWN)


def to_maybe_bool(value: bool) -> MaybeBool:
    """Return TRUE or FALSE for a boolean."""
    return MaybeBool.TRUE if value else MaybeBool.FALSE


def _now() -> int:
    return int(time.time() * 1000)


def _inherited(*_arguments: object) -> Any:
    raise _NullPointer


_S, _I, _B, _O = RuleType.STRING, RuleType.INT, RuleType.BOOLEAN, RuleType.OBJECT

#: The library mapper also finds the public methods of java.lang.Object.
_INHERITED = {
    "equals": Function((_O,), _B, _inherited),
    "hashCode": Function((), _I, _inherited),
    "toString": Function((), _S, _inherited),
    "getClass": Function((), _O, _inherited),
    "notify": Function((), _O, _inherited),
    "notifyAll": Function((), _O, _inherited),
    "wait": Function((RuleType.LONG,), _O, _inherited),
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
    "split": Function((_S, _S), RuleType.STRING_ARRAY, _split),
    "length": Function((_O,), _I, _length),
    "join": Function((RuleType.STRING_ARRAY, _S), _S, _join),
}

_M = RuleType.MAYBE_BOOL
_PROCTOR = {
    "contains": Function((RuleType.COLLECTION, _O), _B, _contains),
    "matches": Function(
        (_S, _S),
        _B,
        lambda subject, pattern: full_match(pattern, subject),
        lambda subject, pattern: pattern_work(pattern, subject),
        once=True,
    ),
    "now": Function((), RuleType.LONG, _now),
    "version": Function((_S,), RuleType.RELEASE_VERSION, ReleaseVersion),
    "inRange": Function((RuleType.COMPARABLE,) * 3, _B, _in_range),
    "versionInRange": Function((RuleType.RELEASE_VERSION, _S, _S), _B, _version_in_range),
    "maybeAnd": Function((_M, _M), _M, maybe_and),
    "maybeOr": Function((_M, _M), _M, maybe_or),
    "maybeNot": Function((_M,), _M, maybe_not),
    "toMaybeBool": Function((_B,), _M, to_maybe_bool),
}

#: All built-in functions. Keys have the form `prefix:name`.
LIBRARY: Mapping[str, Function] = MappingProxyType(
    {
        f"{prefix}:{name}": function
        for prefix, functions in (("fn", _FN), ("proctor", _PROCTOR), ("indeed", _PROCTOR))
        for name, function in (_INHERITED | functions).items()
    }
)
