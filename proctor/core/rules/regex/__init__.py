r"""java.util.regex on Python's `re`: what `proctor:matches` and String's methods need.

A pattern is parsed as the Java parses it, checked, and written anew for `re`. The
differences that remain: back-references, possessive quantifiers, atomic groups, `\\G`,
`\\X`, `\\N`, the Unicode properties and flags, and look-behinds of varying width are
refused; so is what some subject could make slow (see `neighbours` and `cost`). Subjects
are capped.
`\\b` asks Python which characters beyond ASCII are letters or digits: it takes numerals
such as ½ for one, and combining marks for none.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from proctor.core.exceptions import RuleEvaluationError
from proctor.core.rules.regex.errors import UnsupportedPattern, unsupported

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

#: Longer subjects are refused: the bound on a pattern's steps holds for these.
MAX_SUBJECT = 1024
#: Longer patterns are refused before they are read.
MAX_PATTERN = 500

#: Compiled patterns that are kept; most come from literals in the rules of one matrix.
_CACHE_SIZE = 256


def translate(pattern: str, *, searching: bool = False) -> str:
    """The text of an equal pattern for Python's `re`, to be compiled without flags.

    It is for `fullmatch`, as `String.matches` is; with *searching* for `search`, `sub`
    and `split`, where more patterns are refused, since a search tries every place.

    Raises RuleSyntaxError for a pattern that the Java refuses (its `java_class` is
    java.util.regex.PatternSyntaxException) and UnsupportedPattern for one that only
    this library refuses. Its subjects must have at most `MAX_SUBJECT` characters.
    """
    if len(pattern) > MAX_PATTERN:
        raise unsupported(
            pattern,
            MAX_PATTERN,
            f"patterns have at most {MAX_PATTERN} characters; split it into several rules",
        )
    # Slow to import, and many a matrix has no pattern.
    from proctor.core.rules.regex.translation import translated  # noqa: PLC0415

    return translated(pattern, MAX_SUBJECT, searching=searching)


@functools.lru_cache(maxsize=_CACHE_SIZE)
def compile_regex(pattern: str, *, searching: bool = False) -> re.Pattern[str]:
    """`translate` and compile; the patterns used last are kept. Raises what it raises."""
    return re.compile(translate(pattern, searching=searching))


def full_match(pattern: str, subject: str) -> bool:
    """Java's Pattern.matches: whether *pattern* matches the whole of *subject*.

    Raises what `translate` raises, and RuleEvaluationError where *subject* is longer
    than `MAX_SUBJECT`.
    """
    compiled = compile_regex(pattern)
    check_subject(subject)
    return compiled.fullmatch(subject) is not None


def find_all(pattern: str, subject: str) -> Iterator[re.Match[str]]:
    """The matches in *subject* one after another, as Java's Matcher.find has them.

    What `re.finditer` does differently: after an empty match the Java goes on one
    character further, where Python may find a longer match at the same place. It is
    what replaceAll, replaceFirst and split are made of. Raises, before the first match,
    what `translate` raises and RuleEvaluationError for a subject that is too long.
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
    """Raise RuleEvaluationError where *subject* is longer than `MAX_SUBJECT`."""
    if len(subject) > MAX_SUBJECT:
        raise RuleEvaluationError(
            f"a text of {len(subject)} characters, {subject[:40]!r}…, is too long to match; "
            f"pass at most {MAX_SUBJECT}, for instance with fn:substring"
        )
