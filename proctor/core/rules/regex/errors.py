"""How a pattern is refused: by the Java too, or by us alone."""

from __future__ import annotations

from proctor.core.exceptions import RuleSyntaxError

#: So much of a pattern is shown in a message.
_SHOWN = 80


class UnsupportedPattern(RuleSyntaxError):  # noqa: N818 - says what the pattern is
    """A pattern that java.util.regex takes and this library does not.

    Either Python's `re` cannot say it exactly, or some subject could make it slow.
    """


def bad_pattern(pattern: str, position: int, reason: str) -> RuleSyntaxError:
    """The error for a pattern that the Java refuses; *position* counts from 0."""
    return RuleSyntaxError(
        f"{_place(pattern, position)}: {reason}",
        java_class="java.util.regex.PatternSyntaxException",
    )


def unsupported(pattern: str, position: int, reason: str) -> UnsupportedPattern:
    """The error for a pattern that only we refuse; *position* counts from 0."""
    return UnsupportedPattern(f"{_place(pattern, position)}: {reason}")


def _place(pattern: str, position: int) -> str:
    shown = repr(pattern[:_SHOWN]) + ("…" if len(pattern) > _SHOWN else "")
    return f"pattern {shown}, position {position}"
