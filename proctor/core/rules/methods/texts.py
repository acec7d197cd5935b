"""Methods of String and Character  [java.lang.String]."""

from __future__ import annotations

import sys

from proctor.core.java import text
from proctor.core.java.values import Character, CharArray, Integer
from proctor.core.rules.methods.choosing import Method, Methods, one
from proctor.core.rules.methods.objects import OBJECT, comparable
from proctor.core.rules.methods.patterns import replace_all, replace_first, split
from proctor.core.rules.regex import full_match
from proctor.core.rules.signatures import RuleType
from proctor.core.rules.work import (
    FINDING,
    FOLDING,
    LOOPING,
    growth_work,
    pattern_work,
    repeat_work,
)

__all__ = ["CHARACTER", "STRING"]


def _char_at(subject: str, index: int) -> Character:
    units = text.units(subject)
    if not 0 <= index < len(units):
        raise IndexError(f"index {index}, length {len(units)}")
    return Character(units[index])


def _code_point_at(subject: str, index: int) -> Integer:
    _char_at(subject, index)
    return Integer(ord(text.joined(text.units(subject)[index : index + 2])[0]))


def _code_point_before(subject: str, index: int) -> Integer:
    _char_at(subject, index - 1)
    return Integer(ord(text.joined(text.units(subject)[max(index - 2, 0) : index])[-1]))


def _code_point_count(subject: str, begin: int, end: int) -> Integer:
    return Integer(len(_substring(subject, begin, end)))


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


def _concat(subject: str, other: str) -> str:
    text.check_length(len(subject) + len(other))
    return subject + other


def _index_of(subject: str, code: int, begin: int = 0) -> Integer:
    return Integer(text.find(subject, chr(code), begin) if _is_code(code) else -1)


def _last_index_of(subject: str, code: int, begin: int | None = None) -> Integer:
    return Integer(text.rfind(subject, chr(code), begin) if _is_code(code) else -1)


def _is_code(code: int) -> bool:
    return 0 <= code <= sys.maxunicode


def _compare(left: str, right: str) -> Integer:
    """Compare as String.compareTo does.

    Return the difference between the first two UTF-16 units that are not equal. If there are no
    such units, return the difference between the lengths.
    """
    a, b = text.units(left), text.units(right)
    for x, y in zip(a, b, strict=False):
        if x != y:
            return Integer(ord(x) - ord(y))
    return Integer(len(a) - len(b))


def _shorter(left: str, right: str) -> int:
    return min(len(left), len(right))


def _not_null(value: str | None) -> str:
    if value is None:
        raise TypeError("null is not a string")
    return value


def _starts_at(subject: str, part: str, at: int) -> bool:
    return at >= 0 and text.units(subject).startswith(text.units(part), at)


def _region_matches(
    subject: str, begin: int, other: str, start: int, length: int, *, ignoring_case: bool = False
) -> bool:
    a, b = text.units(subject), text.units(other)
    if begin < 0 or start < 0 or begin + length > len(a) or start + length > len(b):
        return False
    length = max(length, 0)
    left, right = a[begin : begin + length], b[start : start + length]
    return left == right or (ignoring_case and text.equal_ignoring_case(left, right))


_S, _I, _CS, _C, _B = (
    RuleType.STRING,
    RuleType.INT,
    RuleType.CHAR_SEQUENCE,
    RuleType.CHAR,
    RuleType.BOOLEAN,
)

CHARACTER: Methods = (
    OBJECT | comparable(_C, Method((_C,), _compare)) | {"charValue": one(lambda c: c)}
)

_SEARCHES: Methods = {
    "contains": one(lambda s, part: _not_null(part) in s, _CS),
    "endsWith": one(str.endswith, _S),
    "startsWith": (Method((_S,), str.startswith), Method((_S, _I), _starts_at)),
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
}

_COMPARISONS: Methods = comparable(
    _S, Method((_S,), _compare, work=lambda s, other: LOOPING * _shorter(s, other))
) | {
    "compareToIgnoreCase": one(
        lambda s, other: _compare(text.fold(s), text.fold(other)),
        _S,
        work=lambda s, other: FOLDING * (len(s) + len(other)),
    ),
    "contentEquals": one(lambda s, other: s == _not_null(other), _CS),
    "equalsIgnoreCase": one(
        text.equal_ignoring_case, _S, work=lambda s, other: FOLDING * _shorter(s, other)
    ),
    "regionMatches": (
        Method((_I, _S, _I, _I), _region_matches),
        Method(
            (_B, _I, _S, _I, _I),
            lambda s, fold, *region: _region_matches(s, *region, ignoring_case=fold),
            work=lambda s, _fold, _begin, other, *_region: FOLDING * _shorter(s, other),
        ),
    ),
}


def _search_work(subject: str, pattern: str, *_more: object) -> int:
    return FINDING * len(subject) + pattern_work(pattern, subject, searching=True)


_PATTERNS: Methods = {
    "matches": one(
        lambda s, pattern: full_match(pattern, s),
        _S,
        work=lambda s, pattern: pattern_work(pattern, s),
        once=True,
    ),
    "replaceAll": one(replace_all, _S, _S, work=_search_work, once=True),
    "replaceFirst": one(replace_first, _S, _S, work=_search_work, once=True),
    "split": (
        Method((_S,), split, work=_search_work, once=True),
        Method((_S, _I), split, work=_search_work, once=True),
    ),
}

_PARTS: Methods = {
    "length": one(lambda s: Integer(text.utf16_length(s))),
    "isEmpty": one(lambda s: not s),
    "isBlank": one(lambda s: not text.strip(s)),
    "charAt": one(_char_at, _I),
    "codePointAt": one(_code_point_at, _I),
    "codePointBefore": one(_code_point_before, _I),
    "codePointCount": one(_code_point_count, _I, _I),
    "subSequence": one(_substring, _I, _I),
    "substring": (Method((_I,), _substring), Method((_I, _I), _substring)),
    "toCharArray": one(
        lambda s: CharArray(map(Character, text.units(s))), work=lambda s: LOOPING * len(s)
    ),
}

_CHANGES: Methods = {
    "concat": one(_concat, _S),
    "intern": one(lambda s: s),
    "repeat": one(_repeat, _I, work=repeat_work),
    "replace": (
        Method(
            (_CS, _CS),
            lambda s, a, b: text.replace(s, _not_null(a), _not_null(b)),
            work=growth_work,
        ),
        Method((_C, _C), lambda s, a, b: text.replace(s, str(a), str(b))),
    ),
    "strip": one(text.strip),
    "stripLeading": one(lambda s: text.strip(s, trailing=False)),
    "stripTrailing": one(lambda s: text.strip(s, leading=False)),
    "toLowerCase": one(text.lower),
    "toUpperCase": one(text.upper),
    "trim": one(text.trim),
}

STRING: Methods = OBJECT | _SEARCHES | _COMPARISONS | _PATTERNS | _PARTS | _CHANGES
