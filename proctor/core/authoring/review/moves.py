"""Describe in sentences which visitors change groups, and rate the risk of each change."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from proctor.core.authoring.moves.audience import matched
from proctor.core.authoring.moves.emptying import emptied_groups, groups_of_allocation
from proctor.core.authoring.moves.findings import (
    ROUNDING,
    Finding,
    Risk,
    allocation_title,
    group_name,
    percent,
)
from proctor.core.authoring.moves.placement import pieces_of, shares
from proctor.core.authoring.moves.unknown import unknown_moves
from proctor.core.sentences import Sentence, gettext_noop, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proctor.core.authoring.moves.who_moves import PairMoves
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["appearing_findings", "emptied_findings", "move_findings"]

#: Shares of live groups count as equal if they differ by less than this, because thirds are often
#: written as .3334 and .3333.
_EQUAL = Fraction(2, 10**4)
_HALF = Fraction(1, 2)


def appearing_findings(old: TestDefinition | None, new: TestDefinition | None) -> Iterator[Finding]:
    """Yield findings about the shares in each allocation of a test that is created or deleted."""
    test = new or old
    if test is None:
        return
    risk = Risk.NONE if old is None else Risk.NOTICE
    for index, allocation in enumerate(test.allocations):
        spread = shares(pieces_of(allocation.ranges))
        live = sum((share for value, share in spread.items() if value >= 0), Fraction(0))
        groups = listed(_share_of(value, share, test) for value, share in sorted(spread.items()))
        text = gettext_noop("{allocation} had {groups}.")
        if old is None:
            text = gettext_noop("{allocation} has {groups}.")
            risk = Risk.NOTICE if live > _HALF else Risk.NONE
            yield from _unequal(index, test)
        elif not live:
            risk = Risk.NONE
        title = allocation_title(index, test)
        yield Finding(risk, Sentence(text, allocation=title, groups=groups))


def _share_of(value: int, share: Fraction, test: TestDefinition) -> Sentence:
    text = gettext_noop("{share} {group}")
    return Sentence(text, share=percent(share), group=group_name(value, test))


def move_findings(
    old: TestDefinition, new: TestDefinition, pairs: Sequence[PairMoves]
) -> Iterator[Finding]:
    """Yield findings about moves in a test that exists before and after the change."""
    for pair in pairs:
        if pair.old_allocation == pair.allocation and pair.allocation is not None:
            yield from _allocation(pair.allocation, old, new, pair)
    unknown = [pair for pair in pairs if pair.audience == "unknown"]
    if unknown:
        yield _unknown(unknown)
    # In a RANDOM test, several pairs can have the same new allocation. Report only the pair with
    # the largest share.
    seen = {
        pair.allocation: pair for pair in sorted(pairs, key=lambda pair: pair.sees_something_else)
    }
    for pair in pairs:
        if pair.audience == "same" or (pair.audience == "random" and pair is seen[pair.allocation]):
            yield from _seen(pair, new)


def _allocation(
    index: int, old: TestDefinition, new: TestDefinition, pair: PairMoves
) -> Iterator[Finding]:
    """Yield findings about the shares and the moves in an allocation whose rule is unchanged."""
    before, after = (shares(pieces_of(test.allocations[index].ranges)) for test in (old, new))
    changes = _share_changes(before, after, new)
    moving = pair.audience == "same" and pair.moves_anyone
    if changes or moving:
        risk = _risk(pair) if pair.audience == "same" else Risk.NONE
        yield Finding(risk, _happens(index, changes, pair, new))
    if changes:
        yield from _unequal(index, new)


def _happens(
    index: int, changes: Sequence[Sentence], pair: PairMoves, test: TestDefinition
) -> Sentence:
    """Return a sentence about an allocation's changed shares and, if known, about who moves."""
    values = {
        "allocation": allocation_title(index, test),
        "changes": listed(changes),
        "moves": listed(_who_moves(pair, changes, test)),
    }
    is_only_one = len(test.allocations) == 1
    if not changes:
        text = gettext_noop("{allocation}: the shares stay the same; {moves}.")
        if is_only_one:
            text = gettext_noop("The shares stay the same; {moves}.")
    elif pair.audience == "same":
        text = gettext_noop("{allocation}: {changes}; {moves}.")
        if is_only_one:
            text = gettext_noop("{changes}; {moves}.")
    else:
        text = gettext_noop("{allocation}: {changes}.")
        if is_only_one:
            text = gettext_noop("{changes}.")
    return Sentence(text, **values)


def _share_changes(
    before: dict[int, Fraction], after: dict[int, Fraction], test: TestDefinition
) -> list[Sentence]:
    """Return a clause for each live group that grows or shrinks.

    The negative groups are named only if no live group changes.
    """
    live: list[Sentence] = []
    negative: list[Sentence] = []
    for value in sorted({*before, *after}):
        old, new = before.get(value, Fraction(0)), after.get(value, Fraction(0))
        if abs(new - old) > ROUNDING:
            text = gettext_noop("{group} shrinks from {before} to {after}")
            if new > old:
                text = gettext_noop("{group} grows from {before} to {after}")
            group = group_name(value, test)
            clause = Sentence(text, group=group, before=percent(old), after=percent(new))
            (live if value >= 0 else negative).append(clause)
    return live or negative


def _who_moves(
    pair: PairMoves, changes: Sequence[Sentence], test: TestDefinition
) -> Iterator[Sentence]:
    """Yield clauses about visitors who enter or leave live groups, or jump between them.

    Only the first clause contains the word "visitors".
    """
    is_first = True
    if pair.enter > ROUNDING:
        is_first = False
        text = gettext_noop("{share} of visitors enter")
        if len(changes) == 1:
            text = gettext_noop("{share} of visitors enter it")
        yield Sentence(text, share=percent(pair.enter))
    if pair.leave > ROUNDING:
        text = gettext_noop("{share} leave")
        if is_first:
            text = gettext_noop("{share} of visitors leave")
        is_first = False
        yield Sentence(text, share=percent(pair.leave))
    for row in pair.table:
        if row.jumps and row.share > ROUNDING:
            text = gettext_noop("{share} jump from {source} to {target}")
            if is_first:
                text = gettext_noop("{share} of visitors jump from {source} to {target}")
            is_first = False
            source, target = group_name(row.source, test), group_name(row.target, test)
            yield Sentence(text, share=percent(row.share), source=source, target=target)
    if pair.jump <= ROUNDING:
        yield Sentence(gettext_noop("nobody jumps"))


def _risk(pair: PairMoves) -> Risk:
    if pair.jump > ROUNDING:
        return Risk.DANGER
    return Risk.NOTICE if pair.leave > ROUNDING else Risk.NONE


def _seen(pair: PairMoves, test: TestDefinition) -> Iterator[Finding]:
    if pair.sees_something_else > ROUNDING and pair.allocation is not None:
        text = gettext_noop(
            "{allocation}: {share} of visitors stay in a group whose name or payload changed, so "
            "they see something else."
        )
        if pair.audience == "random":
            text = gettext_noop(
                "{allocation}: {share} of visits draw a group whose name or payload changed, so "
                "these visitors see something else."
            )
        title, share = allocation_title(pair.allocation, test), percent(pair.sees_something_else)
        yield Finding(Risk.DANGER, Sentence(text, allocation=title, share=share))


def _unknown(pairs: Sequence[PairMoves]) -> Finding:
    """Return the headline for visitors whose allocation may have changed."""
    parts = list(unknown_moves(pairs))
    jump = max(pair.jump for pair in pairs)
    if jump <= ROUNDING:
        parts.append(Sentence(gettext_noop("nobody jumps")))
    seen = max(pair.sees_something_else for pair in pairs)
    grave = max(jump, seen) > ROUNDING
    text = gettext_noop("The visitors in the test or in its allocations may change: {moves}.")
    return Finding(Risk.DANGER if grave else Risk.NOTICE, Sentence(text, moves=listed(parts)))


def emptied_findings(old: TestDefinition, new: TestDefinition) -> Iterator[Finding]:
    """Yield findings about live groups that lose all visitors in an allocation or in the test."""
    by_ranges = set()
    for index, before in sorted(matched(old, new).items()):
        groups = groups_of_allocation(old.allocations[before])
        for value in sorted(groups - groups_of_allocation(new.allocations[index])):
            if value >= 0:
                by_ranges.add(value)
                text = gettext_noop("{allocation} leaves {group} without visitors.")
                title, group = allocation_title(index, new), group_name(value, old)
                yield Finding(Risk.DANGER, Sentence(text, allocation=title, group=group))
    for value in emptied_groups(old, new):
        if value >= 0 and value not in by_ranges:
            text = gettext_noop("No visitor can be in {group} any more.")
            yield Finding(Risk.DANGER, Sentence(text, group=group_name(value, old)))


def _unequal(index: int, test: TestDefinition) -> Iterator[Finding]:
    spread = shares(pieces_of(test.allocations[index].ranges))
    live = [share for value, share in spread.items() if value >= 0 and share > ROUNDING]
    if live and max(live) - min(live) > _EQUAL:
        text = gettext_noop("{allocation} has live groups with unequal shares.")
        sentence = Sentence(text, allocation=allocation_title(index, test))
        yield Finding(Risk.NOTICE, sentence)
