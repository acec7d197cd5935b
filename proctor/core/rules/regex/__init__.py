r"""Implement java.util.regex with Python's `re`, for `proctor:matches` and String's methods.

A pattern is parsed as Java Proctor parses it, checked, and rewritten for `re`. Some differences
remain: back-references, possessive quantifiers, atomic groups, `\\G`, `\\X`, `\\N`, the Unicode
properties and flags, and variable-width lookbehinds are rejected. Patterns that could be slow for
some subject are also rejected (see `neighbours` and `cost`). The length of subjects is limited.
Beyond ASCII, `\\b` uses Python's definition of letters and digits, which includes numerals such as
½, but not combining marks.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from proctor.core.exceptions import RuleEvaluationError
from proctor.core.rules.regex.errors import UnsupportedPattern, unsupported
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = [
    "MAX_PATTERN",
    "MAX_SUBJECT",
    "UnsupportedPattern",
    "check_subject",
    "compile_regex",
    "find_all",
    "full_match",
    "translate",
]

#: Longer subjects are rejected, because the maximum number of steps is computed for this length.
MAX_SUBJECT = 1024
#: Longer patterns are rejected before they are parsed.
MAX_PATTERN = 500

#: Number of cached patterns. Most patterns are literals in the rules of one matrix.
_CACHE_SIZE = 256


def translate(pattern: str, *, searching: bool = False) -> str:
    """Return an equivalent pattern for Python's `re`. Compile it without flags.

    Use it with `fullmatch`, like `String.matches`. If *searching* is true, use it with `search`,
    `sub` and `split`. In this case more patterns are rejected, because a search tries every
    position.

    Raises RuleSyntaxError for a pattern that Java Proctor rejects (its `java_class` is
    java.util.regex.PatternSyntaxException), and UnsupportedPattern for one that only this library
    rejects. Subjects must have at most `MAX_SUBJECT` characters.
    """
    if len(pattern) > MAX_PATTERN:
        raise unsupported(
            pattern,
            MAX_PATTERN,
            Sentence(
                gettext_noop(
                    "a pattern can have at most {limit} characters; split it into several rules"
                ),
                limit=MAX_PATTERN,
            ),
        )
    # Imported here because it is slow to import, and many matrices have no pattern.
    from proctor.core.rules.regex.translation import translated  # noqa: PLC0415

    return translated(pattern, MAX_SUBJECT, searching=searching)


@functools.lru_cache(maxsize=_CACHE_SIZE)
def compile_regex(pattern: str, *, searching: bool = False) -> re.Pattern[str]:
    """Return the compiled result of `translate`, cached. Raises the same errors as `translate`."""
    return re.compile(translate(pattern, searching=searching))


def full_match(pattern: str, subject: str) -> bool:
    """Return True if *pattern* matches the whole *subject* (Java: Pattern.matches).

    Raises the same errors as `translate`, and RuleEvaluationError if *subject* is longer than
    `MAX_SUBJECT`.
    """
    compiled = compile_regex(pattern)
    check_subject(subject)
    return compiled.fullmatch(subject) is not None


def find_all(pattern: str, subject: str) -> Iterator[re.Match[str]]:
    """Return the successive matches in *subject*, as Java's Matcher.find does.

    This differs from `re.finditer`: after an empty match, Java Proctor continues one character
    further, while Python may find a longer match at the same position. Used by replaceAll,
    replaceFirst and split. Raises the same errors as `translate`, and RuleEvaluationError if the
    subject is too long. Both are raised before the first match is returned.
    """
    compiled = compile_regex(pattern, searching=True)
    check_subject(subject)
    return _finds(compiled, subject)


def _finds(compiled: re.Pattern[str], subject: str) -> Iterator[re.Match[str]]:
    start = 0
    while start <= len(subject) and (match := compiled.search(subject, start)):
        yield match
        start = match.end() + (match.start() == match.end())


def check_subject(subject: str) -> None:
    """Raise RuleEvaluationError if *subject* is longer than `MAX_SUBJECT`."""
    if len(subject) > MAX_SUBJECT:
        raise RuleEvaluationError(
            Sentence(
                gettext_noop(
                    "a string of {length} characters, {text!r}…, is too long to match; "
                    "pass at most {limit}, for instance with fn:substring"
                ),
                length=len(subject),
                text=subject[:40],
                limit=MAX_SUBJECT,
            )
        )
