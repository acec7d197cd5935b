"""Describe how visitors move between groups if a change affects who is in a test or an allocation.

The number of affected visitors is unknown, because rules are not evaluated. But the share that is
affected is known, separately for the newly admitted visitors, for the visitors who are no longer
admitted, and for all other visitors.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from proctor.core.authoring.moves.findings import ROUNDING, percent
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from proctor.core.authoring.moves.who_moves import PairMoves

__all__ = ["unknown_moves"]

#: Both dicts map an attribute of `PairMoves` to the clause that describes it. `_EXACT` is used if
#: the share is the same for all pairs of allocations, and `_AT_MOST` if the shares differ.
_EXACT = {
    "enter": gettext_noop("{share} of {whom} enter"),
    "leave": gettext_noop("{share} of {whom} leave"),
    "jump": gettext_noop("{share} of {whom} change groups"),
    "sees_something_else": gettext_noop("{share} of {whom} see something else"),
}
_AT_MOST = {
    "enter": gettext_noop("at most {share} of {whom} enter"),
    "leave": gettext_noop("at most {share} of {whom} leave"),
    "jump": gettext_noop("at most {share} of {whom} change groups"),
    "sees_something_else": gettext_noop("at most {share} of {whom} see something else"),
}


def unknown_moves(pairs: Sequence[PairMoves]) -> Iterator[Sentence]:
    """Yield clauses with the shares of visitors who enter, leave, change groups or see a change."""
    admitted = [pair for pair in pairs if pair.old_allocation is None]
    dismissed = [pair for pair in pairs if pair.allocation is None]
    others = [pair for pair in pairs if None not in (pair.old_allocation, pair.allocation)]
    yield from _clauses(admitted, Sentence(gettext_noop("the newly admitted visitors")))
    yield from _clauses(
        dismissed, Sentence(gettext_noop("the visitors who are no longer admitted"))
    )
    text = gettext_noop("visitors")
    if admitted or dismissed:
        text = gettext_noop("the other visitors")
    yield from _clauses(others, Sentence(text))


def _clauses(pairs: Iterable[PairMoves], whom: Sentence) -> Iterator[Sentence]:
    for name, exact in _EXACT.items():
        shares: set[Fraction] = {getattr(pair, name) for pair in pairs}
        most = max(shares, default=Fraction(0))
        if most > ROUNDING and len(shares) == 1:
            yield Sentence(exact, share=percent(most), whom=whom)
        elif most > ROUNDING:
            yield Sentence(_AT_MOST[name], share=percent(most), whom=whom)
