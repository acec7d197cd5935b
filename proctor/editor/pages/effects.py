"""Show how a change affects visitors: a headline, bars before and after, and a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from proctor.core.authoring.moves.emptying import emptied_parents
from proctor.core.authoring.moves.findings import ROUNDING
from proctor.core.authoring.moves.unknown import unknown_moves
from proctor.core.authoring.moves.who_moves import moves_between
from proctor.editor.pages.shown import Bar, bar_of, name_of, percent
from proctor.editor.pages.translating import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proctor.core.authoring.moves.emptying import EmptiedParent
    from proctor.core.authoring.moves.who_moves import Move, PairMoves
    from proctor.core.matrices.matrix import Allocation, TestDefinition

__all__ = ["Effect", "Flow", "Headline", "PairEffect", "effect_of", "headline_of"]

GOOD, NOTICE, DANGER = "good", "notice", "danger"


@dataclass(frozen=True, slots=True)
class Headline:
    """How a change affects visitors, in one sentence."""

    #: CSS class: good, notice or danger.
    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A table row: the visitors who move from one group to another."""

    source: str
    target: str
    share: str
    #: One of stay, enter, leave, jump and shift (from one negative group to another).
    kind: str


@dataclass(frozen=True, slots=True)
class PairEffect:
    """How a change affects the visitors in one allocation."""

    title: str
    headline: Headline
    before: Bar | None
    after: Bar | None
    flows: tuple[Flow, ...]
    allocation_id: str
    old_id: str


@dataclass(frozen=True, slots=True)
class Effect:
    """How a change affects the visitors of a test and of the tests that depend on it."""

    headline: Headline
    pairs: tuple[PairEffect, ...]
    #: The name of each dependent test, with the headline for that test.
    others: tuple[tuple[str, Headline], ...] = ()


def effect_of(
    test: str, before: Mapping[str, TestDefinition], after: Mapping[str, TestDefinition]
) -> Effect:
    """Return how a change affects the visitors of *test* and of related tests."""
    moves = moves_between(before, after)
    old, new = before.get(test), after.get(test)
    own = moves.get(test, ())
    losing = {
        name: _losing(parent, after[parent.test])
        for name, parent in emptied_parents(before, after).items()
    }
    others = tuple(
        (name, losing.get(name) or headline_of(pairs, before.get(name), after.get(name)))
        for name, pairs in moves.items()
        if name != test and (name in losing or any(pair.moves_anyone for pair in pairs))
    )
    moving = [pair for pair in own if pair.moves_anyone or pair.sees_something_else > ROUNDING]
    # If no visitors move, the bars show the current shares.
    shown = moving or [pair for pair in own if pair.old_allocation == pair.allocation]
    pairs = tuple(_pair(pair, old, new) for pair in shown)
    return Effect(losing.get(test) or headline_of(own, old, new), pairs, others)


def _losing(parent: EmptiedParent, test: TestDefinition) -> Headline:
    """Return the headline for a test that depends on a group which will have no visitors."""
    text = _("All its visitors leave, because nobody is in %(group)s of %(test)s any more.")
    return Headline(DANGER, text % {"group": name_of(parent.value, test), "test": parent.test})


def headline_of(
    pairs: Sequence[PairMoves], old: TestDefinition | None, new: TestDefinition | None
) -> Headline:
    """Return a one-sentence summary of how visitors are affected."""
    if any(pair.audience == "random" for pair in pairs):
        seen = max(pair.sees_something_else for pair in pairs)
        if seen > ROUNDING:
            text = _(
                "In at most %(share)s of visits, the visitor gets the same group but sees "
                "something different."
            )
            return Headline(DANGER, text % {"share": percent(seen)})
        return Headline(
            NOTICE, _("Each visit gets a random group, so visitors do not keep the same group.")
        )
    moving = [pair for pair in pairs if pair.moves_anyone or pair.sees_something_else > ROUNDING]
    if not moving:
        return Headline(GOOD, _("Nobody moves."))
    if any(pair.audience == "unknown" for pair in moving):
        return _unknown(pairs)
    if len(moving) == 1 and len(pairs) == 1:
        return _exact(moving[0], old, new, _admitted(new or old))
    tones = [_exact(pair, old, new, _("its visitors")) for pair in moving]
    texts = [
        _("Allocation %(number)s: %(text)s")
        % {"number": _number(pair), "text": headline.text[:1].lower() + headline.text[1:]}
        for pair, headline in zip(moving, tones, strict=True)
    ]
    return Headline(_worst(headline.tone for headline in tones), " ".join(texts))


def _number(pair: PairMoves) -> int:
    index = pair.old_allocation if pair.allocation is None else pair.allocation
    return 0 if index is None else index + 1


def _worst(tones: object) -> str:
    found = set(tones)  # type: ignore[call-overload]  # an iterable of texts
    return next((tone for tone in (DANGER, NOTICE) if tone in found), GOOD)


def _admitted(test: TestDefinition | None) -> str:
    """Return the phrase that follows "10 % of", such as "the visitors that the rule admits"."""
    if test is not None and (test.rule or any(each.rule for each in test.allocations)):
        return _("the visitors that the rule admits")
    if test is not None and test.depends_on is not None:
        return _("the visitors that the test admits")
    return _("visitors")


def _exact(
    pair: PairMoves, old: TestDefinition | None, new: TestDefinition | None, whom: str
) -> Headline:
    """Return the headline for visitors who stay in the same allocation."""
    parts = []
    if pair.enter > ROUNDING:
        values = {"share": percent(pair.enter), "whom": whom}
        parts.append(_("%(share)s of %(whom)s enter") % values)
    if pair.leave > ROUNDING:
        values = {"share": percent(pair.leave), "whom": whom}
        parts.append(_("%(share)s of %(whom)s leave") % values)
    for row in pair.table:
        if row.jumps and row.share > ROUNDING:
            values = {
                "share": percent(row.share),
                "whom": whom,
                "source": name_of(row.source, old),
                "target": name_of(row.target, new),
            }
            parts.append(_("%(share)s of %(whom)s jump from %(source)s to %(target)s") % values)
    if pair.sees_something_else > ROUNDING:
        values = {"share": percent(pair.sees_something_else), "whom": whom}
        parts.append(
            _("%(share)s of %(whom)s stay in the same group but see something different") % values
        )
    tone = NOTICE if pair.leave > ROUNDING else GOOD
    if pair.jump > ROUNDING or pair.sees_something_else > ROUNDING:
        tone = DANGER
    if old is None and not parts:
        return Headline(GOOD, _("Nobody is in the test yet."))
    if pair.jump <= ROUNDING:
        parts.append(_("nobody changes groups"))
    text = ", ".join(parts)
    return Headline(tone, f"{text[:1].upper()}{text[1:]}.")


def _unknown(pairs: Sequence[PairMoves]) -> Headline:
    """Return the headline for visitors whose allocation may have changed."""
    parts = [translated(each) for each in unknown_moves(pairs)]
    jump = max(pair.jump for pair in pairs)
    if jump <= ROUNDING:
        parts.append(_("nobody changes groups"))
    seen = max(pair.sees_something_else for pair in pairs)
    tone = DANGER if max(jump, seen) > ROUNDING else NOTICE
    text = _("Different visitors may be in the test: %(parts)s.")
    return Headline(tone, text % {"parts": ", ".join(parts)})


def _pair(pair: PairMoves, old: TestDefinition | None, new: TestDefinition | None) -> PairEffect:
    before = _allocation(old, pair.old_allocation)
    after = _allocation(new, pair.allocation)
    return PairEffect(
        _title(pair),
        headline_of((pair,), old, new),
        None if before is None or old is None else bar_of(before.ranges, old),
        None if after is None or new is None else bar_of(after.ranges, new),
        tuple(_flow(row, old, new) for row in pair.table),
        "" if after is None else after.id,
        "" if before is None else before.id,
    )


def _allocation(test: TestDefinition | None, index: int | None) -> Allocation | None:
    return None if test is None or index is None else test.allocations[index]


def _title(pair: PairMoves) -> str:
    number = _number(pair)
    if pair.allocation is None:
        return _("Out of allocation %(number)s") % {"number": number}
    if pair.old_allocation is None:
        return _("New in allocation %(number)s") % {"number": number}
    if pair.old_allocation == pair.allocation:
        return _("Allocation %(number)s") % {"number": number}
    return _("From allocation %(old)s to %(new)s") % {
        "old": pair.old_allocation + 1,
        "new": pair.allocation + 1,
    }


def _flow(row: Move, old: TestDefinition | None, new: TestDefinition | None) -> Flow:
    kind = "stay" if row.source == row.target else "shift"
    for name, holds in (("enter", row.enters), ("leave", row.leaves), ("jump", row.jumps)):
        if holds:
            kind = name
    return Flow(name_of(row.source, old), name_of(row.target, new), percent(row.share), kind)
