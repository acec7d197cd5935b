"""Errors for patterns that are rejected, either by Java Proctor or only by this library."""

from __future__ import annotations

from proctor.core.exceptions import RuleSyntaxError
from proctor.core.sentences import Sentence, gettext_noop

#: Maximum number of characters of a pattern that a message shows.
_SHOWN = 80


class UnsupportedPattern(RuleSyntaxError):  # noqa: N818 - says what the pattern is
    """A pattern that java.util.regex accepts but this library does not.

    Either Python's `re` cannot express it exactly, or matching could be slow for some texts.
    """


def bad_pattern(pattern: str, position: int, reason: str) -> RuleSyntaxError:
    """Return an error for a pattern that Java Proctor rejects. *position* counts from 0."""
    return RuleSyntaxError(
        _sentence(pattern, position, reason), java_class="java.util.regex.PatternSyntaxException"
    )


def unsupported(pattern: str, position: int, reason: str) -> UnsupportedPattern:
    """Return an error for a pattern that only this library rejects. *position* counts from 0."""
    return UnsupportedPattern(_sentence(pattern, position, reason))


def _sentence(pattern: str, position: int, reason: str) -> Sentence:
    shown = repr(pattern[:_SHOWN]) + ("…" if len(pattern) > _SHOWN else "")
    text = gettext_noop("pattern {pattern}, position {position}: {problem}")
    return Sentence(text, pattern=shown, position=position, problem=reason)
