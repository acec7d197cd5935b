"""The methods of String that take a pattern  [String.split, Matcher.replaceAll]."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from proctor.core.exceptions import RuleEvaluationError
from proctor.core.java import text
from proctor.core.java.values import StringArray
from proctor.core.rules.regex import find_all

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["replace_all", "replace_first", "split"]


def split(subject: str, pattern: str, limit: int = 0) -> StringArray:
    """Split as String.split does, into at most *limit* pieces.

    0 means no limit, and drops empty pieces at the end.
    """
    pieces: list[str] = []
    start = 0
    for match in _finds(pattern, subject):
        if len(pieces) == limit - 1:
            break
        # An empty match at the very beginning creates no empty piece.
        if match.end() > 0:
            pieces.append(subject[start : match.start()])
            start = match.end()
    if start == 0:
        return StringArray([subject])
    pieces.append(subject[start:])
    while limit == 0 and pieces and not pieces[-1]:
        pieces.pop()
    return StringArray(pieces)


def replace_all(subject: str, pattern: str, replacement: str) -> str:
    """Replace as String.replaceAll does.

    In the replacement, `$1` and `${name}` refer to groups, and a backslash escapes a character.
    """
    return _replaced(subject, _finds(pattern, subject), replacement)


def replace_first(subject: str, pattern: str, replacement: str) -> str:
    """Replace as String.replaceFirst does, with the same replacement syntax as `replace_all`."""
    first = (match for match, _ in zip(_finds(pattern, subject), range(1), strict=False))
    return _replaced(subject, first, replacement)


def _finds(pattern: str, subject: str) -> Iterator[re.Match[str]]:
    for match in find_all(pattern, subject):
        if match.start() == match.end() and subject[match.end() :][:1] > "\uffff":
            raise RuleEvaluationError(
                f"{pattern[:80]!r} matches the empty string before a character beyond U+FFFF, "
                "which Java would split in two; write a pattern that does not match the empty "
                "string"
            )
        yield match


def _replaced(subject: str, matches: Iterator[re.Match[str]], replacement: str) -> str:
    pieces: list[str] = []
    start = length = 0
    for match in matches:
        expanded = [subject[start : match.start()], *_expanded(match, replacement)]
        length += sum(map(len, expanded))
        text.check_length(length)
        pieces += expanded
        start = match.end()
    return "".join([*pieces, subject[start:]])


_PART = re.compile(
    r"\\(?P<taken>.)|\$\{(?P<name>[A-Za-z][A-Za-z0-9]*)\}|\$(?P<digits>[0-9]+)", re.S
)


def _expanded(match: re.Match[str], replacement: str) -> Iterator[str]:
    """Expand a replacement (Matcher.appendReplacement). Raises ValueError if it is malformed."""
    start = 0
    while (at := _special(replacement, start)) >= 0:
        part = _PART.match(replacement, at)
        if part is None:
            raise ValueError(
                f"the replacement {replacement[:80]!r} has an unescaped {replacement[at]!r} at "
                f"{at}; write '\\\\{replacement[at]}' for the character itself"
            )
        yield replacement[start:at]
        start = part.end()
        if part["taken"] is not None:
            yield part["taken"]
        elif part["name"] is not None:
            yield _group(match, part["name"])
        else:
            number, start = _number(part["digits"], match.re.groups, part.start() + 1)
            yield _group(match, number)
    yield replacement[start:]


def _special(replacement: str, start: int) -> int:
    places = [at for at in (replacement.find(c, start) for c in "\\$") if at >= 0]
    return min(places, default=-1)


def _number(digits: str, groups: int, begin: int) -> tuple[int, int]:
    """Return the longest group number at the start of *digits*, and the offset after it.

    The first digit always belongs to the number. A further digit belongs to it only if a group with
    the resulting number exists.
    """
    number, used = int(digits[0]), 1
    while used < len(digits) and (longer := number * 10 + int(digits[used])) <= groups:
        number, used = longer, used + 1
    return number, begin + used


def _group(match: re.Match[str], group: int | str) -> str:
    known = group in match.re.groupindex if isinstance(group, str) else group <= match.re.groups
    if not known:
        raise ValueError(f"the pattern has no group {group!r}")
    return match[group] or ""
