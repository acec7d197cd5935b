"""The cost of functions and methods that can be slow, for `Scope.spend`.

The unit is one step of matching a pattern, which takes a few nanoseconds. Operations that run in C
on strings of at most `text.MAX_LENGTH` characters are so cheap that they are not counted.
"""

from __future__ import annotations

import functools

from proctor.core.exceptions import RuleError
from proctor.core.rules.regex import MAX_PATTERN, MAX_SUBJECT

__all__ = [
    "FINDING",
    "FOLDING",
    "LOOPING",
    "growth_work",
    "pattern_bound",
    "pattern_work",
    "repeat_work",
]

#: The cost of reading one character, in steps.
LOOPING = 40
#: The cost of changing the case of one character.
FOLDING = 300
#: The cost per character of replacing what a pattern matches.
FINDING = 1500


# A long string is counted once, when a rule creates it. This cost covers its later use.


def repeat_work(subject: str, count: int) -> int:
    """Return the cost of repeating *subject* *count* times."""
    return FOLDING * len(subject) * max(count, 0)


def growth_work(subject: str, before: str | None, after: str | None) -> int:
    """Return the cost of replacing *before* with *after*; 0 if the text does not become longer."""
    if before is None or after is None or len(after) <= len(before):
        return 0
    return FOLDING * subject.count(before) * (len(after) - len(before))


def pattern_bound(pattern: str | None, *, searching: bool = False) -> int:
    """Return the maximum number of steps for matching *pattern* against the longest string.

    Pass None for a pattern that depends on the visitor.
    """
    finding = FINDING * MAX_SUBJECT if searching else 0
    if pattern is None:
        from proctor.core.rules.regex.cost import MAX_STEPS  # noqa: PLC0415 - slow to import

        return finding + MAX_STEPS
    return finding + _steps(pattern, searching)


def pattern_work(pattern: str, subject: str, *, searching: bool = False) -> int:
    """Return the maximum number of steps for matching *pattern* against *subject*.

    The result is 0 if the pattern will be rejected when it is used.
    """
    # If the number of steps grows at least in proportion to the length, a shorter subject needs at
    # most a proportional share of the steps: for half the length, at most half of them.
    length = min(len(subject), MAX_SUBJECT) + 1
    return _steps(pattern, searching) * length // MAX_SUBJECT


@functools.lru_cache(maxsize=256)
def _steps(pattern: str, searching: bool) -> int:
    if len(pattern) > MAX_PATTERN:
        return 0
    # Imported only when needed: the import takes as long as the translation of a pattern.
    from proctor.core.rules.regex.cost import MAX_STEPS, Explosive, steps  # noqa: PLC0415
    from proctor.core.rules.regex.parser import parse  # noqa: PLC0415

    try:
        return min(steps(parse(pattern), MAX_SUBJECT, searching=searching), MAX_STEPS)
    except (RuleError, Explosive):
        return 0
