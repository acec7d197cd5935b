"""What functions and methods cost that can be slow, for `Scope.spend`.

The unit is a step of matching a pattern, a few nanoseconds. What runs in C over texts of at
most `text.MAX_LENGTH` costs so little that it is not counted.
"""

from __future__ import annotations

import functools

from proctor.core.exceptions import RuleError
from proctor.core.rules.regex import MAX_PATTERN, MAX_SUBJECT

__all__ = ["FINDING", "FOLDING", "LOOPING", "growth_work", "pattern_work", "repeat_work"]

#: A character that is looked at one by one.
LOOPING = 40
#: A character whose case is looked up.
FOLDING = 300
#: A character at which a pattern may be found, and something be done about it.
FINDING = 1500


# A long text is counted where a rule makes it, dear enough for all that is done with it.


def repeat_work(subject: str, count: int) -> int:
    """What repeating *subject* costs."""
    return FOLDING * len(subject) * max(count, 0)


def growth_work(subject: str, before: str | None, after: str | None) -> int:
    """What replacing *before* costs, where that makes the text longer."""
    if before is None or after is None or len(after) <= len(before):
        return 0
    return FOLDING * subject.count(before) * (len(after) - len(before))


def pattern_work(pattern: str, subject: str, *, searching: bool = False) -> int:
    """The bound on the steps of matching *pattern*, for the length of *subject*.

    0 where the pattern is refused when it is used.
    """
    # A bound that grows faster than its length is, at most, its share of the whole.
    length = min(len(subject), MAX_SUBJECT) + 1
    return _steps(pattern, searching) * length // MAX_SUBJECT


@functools.lru_cache(maxsize=256)
def _steps(pattern: str, searching: bool) -> int:
    if len(pattern) > MAX_PATTERN:
        return 0
    # As slow to import as the translation itself, which is put off for that reason.
    from proctor.core.rules.regex.cost import MAX_STEPS, Explosive, steps  # noqa: PLC0415
    from proctor.core.rules.regex.parser import parse  # noqa: PLC0415

    try:
        return min(steps(parse(pattern), MAX_SUBJECT, searching=searching), MAX_STEPS)
    except (RuleError, Explosive):
        return 0
