"""Methods of values: `base.name(arguments)`  [java.lang.String and others, ReflectionUtil].

What is not listed here cannot be called: no method that would change a value, and none of
an object that the site puts into the context.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from proctor.core.exceptions import (
    RuleError,
    RuleEvaluationError,
    RuleRuntimeError,
    UnknownMethod,
)
from proctor.core.rules import text
from proctor.core.rules.coercion import (
    shown,
    to_boolean,
    to_double,
    to_narrow,
)
from proctor.core.rules.comparison import compare_same, java_equals
from proctor.core.rules.properties import FLOAT_GETTERS, has_key, map_get
from proctor.core.rules.regex import full_match
from proctor.core.rules.signatures import Type, assignable, coerce, coercible
from proctor.core.rules.values import (
    BigInteger,
    Byte,
    Character,
    CharArray,
    Float,
    Integer,
    JavaArray,
    ReleaseVersion,
    Short,
    java_class,
    java_string,
    wrap,
)

__all__ = ["call_method"]


class Method(NamedTuple):
    """One overload: its parameter types, and the code, which takes the receiver first."""

    parameters: tuple[Type, ...]
    code: Callable[..., object]


def call_method(base: object, name: object, arguments: Sequence[object]) -> object:
    """`base.name(arguments)` by the overload that the Java would choose.

    Raises UnknownMethod where there is none or no single best one, and
    RuleEvaluationError where the method itself fails.
    """
    method = _choose(base, java_string(name), arguments)
    try:
        values = map(coerce, arguments, method.parameters)
        return method.code(base, *values)
    except RuleRuntimeError as error:
        raise RuleEvaluationError(str(error)) from error
    except RuleError:
        raise
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise RuleEvaluationError(f"{name}() of {java_class(base)} failed: {error}") from error


def _choose(base: object, name: str, arguments: Sequence[object]) -> Method:
    """ReflectionUtil.getMethod: most exact, then most assignable, then coercible."""
    candidates: list[tuple[tuple[int, int, int], Method]] = []
    for method in _methods(base).get(name, ()):
        if len(method.parameters) == len(arguments):
            fit = _fit(method, arguments)
            if fit is not None:
                candidates.append((fit, method))
    best = max((fit for fit, _ in candidates), default=None)
    winners = [method for fit, method in candidates if fit == best]
    if len(winners) != 1:
        types = ", ".join("null" if each is None else java_class(each) for each in arguments)
        why = "is ambiguous" if winners else "is no method that a rule may call"
        raise UnknownMethod(f"{shown(name)}({types}) of {java_class(base)} {why}")
    return winners[0]


_EXACT = {Type.STRING, Type.BIG_DECIMAL, Type.BIG_INTEGER}


def _fit(method: Method, arguments: Sequence[object]) -> tuple[int, int, int] | None:
    counts = [0, 0, 0]
    for argument, declared in zip(arguments, method.parameters, strict=True):
        if argument is not None and declared in _EXACT and assignable(argument, declared):
            counts[0] += 1
        elif assignable(argument, declared):
            counts[1] += 1
        elif coercible(argument, declared):
            counts[2] += 1
        else:
            return None
    return (counts[0], counts[1], counts[2])


def _methods(base: object) -> Mapping[str, tuple[Method, ...]]:
    for classes, methods in _BY_CLASS:
        if isinstance(base, classes):
            return methods
    return {}


def _string_at(subject: str, index: int) -> Character:
    units = text.units(subject)
    if not 0 <= index < len(units):
        raise IndexError(f"index {index}, length {len(units)}")
    return Character(units[index])


def _code_point_at(subject: str, index: int) -> Integer:
    _string_at(subject, index)
    return Integer(ord(text.joined(text.units(subject)[index : index + 2])[0]))


def _substring(subject: str, begin: int, end: int | None = None) -> str:
    length = text.utf16_length(subject)
    end = length if end is None else end
    if not 0 <= begin <= end <= length:
        raise IndexError(f"begin {begin}, end {end}, length {length}")
    return text.utf16_slice(subject, begin, end)


def _repeat(subject: str, count: int) -> str:
    if count < 0:
        raise ValueError(f"count {count} is negative")
    text.check_length(count * len(subject))
    return subject * count


def _index_of(subject: str, code: int, begin: int = 0) -> Integer:
    return Integer(text.find(subject, chr(code), begin) if _is_code(code) else -1)


def _last_index_of(subject: str, code: int, begin: int | None = None) -> Integer:
    return Integer(text.rfind(subject, chr(code), begin) if _is_code(code) else -1)


def _is_code(code: int) -> bool:
    return 0 <= code <= sys.maxunicode


def _compare_text(left: str, right: str) -> Integer:
    """String.compareTo, with its result: a difference of units, or of lengths."""
    a, b = text.units(left), text.units(right)
    for x, y in zip(a, b, strict=False):
        if x != y:
            return Integer(ord(x) - ord(y))
    return Integer(len(a) - len(b))


def _compare(left: object, right: object) -> Integer:
    if right is None:
        raise TypeError("null cannot be compared")
    return Integer(compare_same(left, right))


def _not_null(value: str | None) -> str:
    if value is None:
        raise TypeError("null is no text")
    return value


def _hash(value: object) -> Integer:
    if isinstance(value, bool):
        return Integer(1231 if value else 1237)
    if isinstance(value, str):
        return Integer(ord(value) if isinstance(value, Character) else text.java_hash(value))
    if isinstance(value, int) and not isinstance(value, BigInteger):
        number = int(value)
        narrow = isinstance(value, (Integer, Short, Byte))
        return Integer(number if narrow else wrap(number ^ (number >> 32), 32))
    raise TypeError(f"the hash of {java_class(value)} is not defined")


_S, _I, _O, _CS, _C = Type.STRING, Type.INT, Type.OBJECT, Type.CHAR_SEQUENCE, Type.CHAR
_L, _D = Type.LONG, Type.DOUBLE


def _one(code: Callable[..., object], *parameters: Type) -> tuple[Method, ...]:
    return (Method(parameters, code),)


_OBJECT = {
    "equals": _one(java_equals, _O),
    "toString": _one(java_string),
    "hashCode": _one(_hash),
}

_STRING: dict[str, tuple[Method, ...]] = _OBJECT | {
    "length": _one(lambda s: Integer(text.utf16_length(s))),
    "isEmpty": _one(lambda s: not s),
    "isBlank": _one(lambda s: not text.strip(s)),
    "charAt": _one(_string_at, _I),
    "codePointAt": _one(_code_point_at, _I),
    "compareTo": _one(_compare_text, _S),
    "compareToIgnoreCase": _one(lambda s, o: _compare_text(text.fold(s), text.fold(o)), _S),
    "concat": _one(lambda s, other: s + _not_null(other), _S),
    "contains": _one(lambda s, part: _not_null(part) in s, _CS),
    "contentEquals": _one(lambda s, other: s == _not_null(other), _CS),
    "endsWith": _one(str.endswith, _S),
    "startsWith": (
        Method((_S,), str.startswith),
        Method((_S, _I), lambda s, p, at: at >= 0 and text.units(s).startswith(text.units(p), at)),
    ),
    "equalsIgnoreCase": _one(text.equal_ignoring_case, _S),
    "indexOf": (
        Method((_S,), lambda s, part: Integer(text.find(s, part))),
        Method((_I,), _index_of),
        Method((_S, _I), lambda s, part, at: Integer(text.find(s, part, at))),
        Method((_I, _I), _index_of),
    ),
    "lastIndexOf": (
        Method((_S,), lambda s, part: Integer(text.rfind(s, part))),
        Method((_I,), _last_index_of),
        Method((_S, _I), lambda s, part, at: Integer(text.rfind(s, part, at))),
        Method((_I, _I), _last_index_of),
    ),
    "intern": _one(lambda s: s),
    "matches": _one(lambda s, pattern: full_match(pattern, s), _S),
    "repeat": _one(_repeat, _I),
    "replace": (
        Method((_CS, _CS), lambda s, a, b: text.replace(s, _not_null(a), _not_null(b))),
        Method((_C, _C), lambda s, a, b: text.replace(s, str(a), str(b))),
    ),
    "strip": _one(text.strip),
    "stripLeading": _one(lambda s: text.strip(s, trailing=False)),
    "stripTrailing": _one(lambda s: text.strip(s, leading=False)),
    "subSequence": _one(_substring, _I, _I),
    "substring": (Method((_I,), _substring), Method((_I, _I), _substring)),
    "toCharArray": _one(lambda s: CharArray(map(Character, text.units(s)))),
    "toLowerCase": _one(text.lower),
    "toUpperCase": _one(text.upper),
    "trim": _one(text.trim),
}

_NUMBER: dict[str, tuple[Method, ...]] = _OBJECT | {
    "byteValue": _one(lambda n: to_narrow(n, "byte")),
    "shortValue": _one(lambda n: to_narrow(n, "short")),
    "intValue": _one(lambda n: to_narrow(n, "int")),
    "longValue": _one(lambda n: to_narrow(n, "long")),
    "floatValue": _one(lambda n: Float(to_double(n))),
    "doubleValue": _one(to_double),
}


def _number(same: Type, **more: tuple[Method, ...]) -> dict[str, tuple[Method, ...]]:
    return _NUMBER | {"compareTo": _one(_compare, same)} | more


_FLOATING: dict[str, tuple[Method, ...]] = {
    "isNaN": _one(FLOAT_GETTERS["naN"]),
    "isInfinite": _one(FLOAT_GETTERS["infinite"]),
}

_COLLECTION = _OBJECT | {
    "size": _one(lambda c: Integer(len(c))),
    "isEmpty": _one(lambda c: not c),
    "contains": _one(lambda c, item: any(java_equals(item, each) for each in c), _O),
    "containsAll": _one(
        lambda c, items: all(any(java_equals(item, each) for each in c) for item in items),
        Type.COLLECTION,
    ),
}


def _list_get(items: Sequence[object], index: int) -> object:
    if not 0 <= index < len(items):
        raise IndexError(f"index {index}, size {len(items)}")
    return items[index]


def _positions(items: Sequence[object], wanted: object) -> list[int]:
    return [index for index, item in enumerate(items) if java_equals(wanted, item)] or [-1]


_LIST = _COLLECTION | {
    "get": _one(_list_get, _I),
    "indexOf": _one(lambda items, wanted: Integer(_positions(items, wanted)[0]), _O),
    "lastIndexOf": _one(lambda items, wanted: Integer(_positions(items, wanted)[-1]), _O),
}

_MAP = _OBJECT | {
    "size": _one(lambda m: Integer(len(m))),
    "isEmpty": _one(lambda m: not m),
    "get": _one(map_get, _O),
    "getOrDefault": _one(
        lambda m, key, other: map_get(m, key) if has_key(m, key) else other, _O, _O
    ),
    "containsKey": _one(has_key, _O),
    "containsValue": _one(lambda m, item: any(java_equals(item, each) for each in m.values()), _O),
    "keySet": _one(list),
    "values": _one(lambda m: list(m.values())),
}

_ENUM = _OBJECT | {
    "name": _one(lambda member: member.name),
    "ordinal": _one(lambda member: Integer(list(type(member).__members__).index(member.name))),
}

_BY_CLASS: tuple[tuple[type | tuple[type, ...], Mapping[str, tuple[Method, ...]]], ...] = (
    (Character, _OBJECT | {"charValue": _one(lambda c: c), "compareTo": _one(_compare_text, _C)}),
    (str, _STRING),
    (bool, _OBJECT | {"booleanValue": _one(to_boolean), "compareTo": _one(_compare, Type.BOOLEAN)}),
    (Integer, _number(_I)),
    (Short, _number(Type.SHORT)),
    (Byte, _number(Type.BYTE)),
    (BigInteger, _number(Type.BIG_INTEGER)),
    (int, _number(_L)),
    (Float, _number(Type.FLOAT, **_FLOATING)),
    (float, _number(_D, **_FLOATING)),
    (Decimal, _number(Type.BIG_DECIMAL)),
    (JavaArray, {}),
    (Mapping, _MAP),
    (Sequence, _LIST),
    (AbstractSet, _COLLECTION),
    (ReleaseVersion, _OBJECT | {"compareTo": _one(_compare, Type.RELEASE_VERSION)}),
    (Enum, _ENUM),
)
