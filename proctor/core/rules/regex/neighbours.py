"""Find adjacent unbounded repetitions that can divide a text between them in several ways.

In `a*a*`, nothing decides where the first one ends and the second one begins, so a matcher tries
every position. The same is true if the part between them may be empty, as in `a*b?a*`, if one of
them is in a group, or if an outer loop repeats one of them directly after itself, as in `(a*)*`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from proctor.core.rules.regex.charset import CharSet
from proctor.core.rules.regex.nodes import (
    Chars,
    Choice,
    Group,
    Look,
    Node,
    Repeat,
    Sequence,
    alphabet,
    first,
    width,
)

__all__ = ["SideBySide", "refuse_neighbours"]


class SideBySide(Exception):  # noqa: N818 - says how the repetitions stand
    """Two adjacent unbounded repetitions, given by the positions of their quantifiers."""

    def __init__(self, position: int, other: int) -> None:
        super().__init__(position, other)
        self.position = position
        self.other = other


@dataclass(frozen=True, slots=True)
class _Loop:
    """An unbounded repetition."""

    body: Node
    position: int
    #: The characters with which an iteration may begin, and those that it may contain.
    begins: CharSet
    letters: CharSet

    def shares_with(self, other: _Loop) -> bool:
        """Return True if *other*, a later loop, can match the text of one iteration of this one."""
        return self.begins.overlaps(other.begins) and _spells(self.body, other.letters)


@dataclass(frozen=True, slots=True)
class _Ends:
    """The unbounded repetitions with which a match may begin, and with which it may end."""

    leading: tuple[_Loop, ...] = ()
    trailing: tuple[_Loop, ...] = ()
    #: True if a match can be empty.
    empty: bool = True


def refuse_neighbours(tree: Node) -> None:
    """Raise `SideBySide` if two repetitions can divide a text between them in several ways.

    The error describes the first two such repetitions.
    """
    _ends(tree)


def _ends(node: Node) -> _Ends:
    match node:
        case Group(body=body):
            return _ends(body)
        case Look(body=body):
            # The matcher never backtracks into a lookaround that has matched.
            refuse_neighbours(body)
            return _Ends()
        case Sequence(items=items):
            return reduce(_joined, map(_ends, items), _Ends())
        case Choice(branches=branches):
            ends = [_ends(branch) for branch in branches]
            return _Ends(
                tuple(loop for each in ends for loop in each.leading),
                tuple(loop for each in ends for loop in each.trailing),
                any(each.empty for each in ends),
            )
        case Repeat():
            return _repeated(node)
    return _Ends(empty=width(node)[0] == 0)


def _joined(left: _Ends, right: _Ends) -> _Ends:
    """Return the `_Ends` of *left* followed by *right*."""
    for one in left.trailing:
        for other in right.leading:
            if one.shares_with(other):
                raise SideBySide(one.position, other.position)
    return _Ends(
        left.leading + right.leading if left.empty else left.leading,
        left.trailing + right.trailing if right.empty else right.trailing,
        left.empty and right.empty,
    )


def _repeated(node: Repeat) -> _Ends:
    if node.high == 0:
        return _Ends()
    inner = _ends(node.body)
    if node.high != 1:
        # The end of one iteration is followed by the beginning of the next one.
        _joined(inner, inner)
    own: tuple[_Loop, ...] = ()
    if node.high is None:
        begins, letters = first(node.body, CharSet()), alphabet(node.body)
        own = (_Loop(node.body, node.position, begins, letters),)
    return _Ends(own + inner.leading, inner.trailing + own, node.low == 0 or inner.empty)


def _spells(node: Node, letters: CharSet) -> bool:
    """Return True if *node* can match a text that consists only of these characters."""
    match node:
        case Chars(chars=chars):
            return chars.overlaps(letters)
        case Group(body=body):
            return _spells(body, letters)
        case Sequence(items=items):
            return all(_spells(item, letters) for item in items)
        case Choice(branches=branches):
            return any(_spells(branch, letters) for branch in branches)
        case Repeat(body=body, low=low):
            return low == 0 or _spells(body, letters)
    return True
