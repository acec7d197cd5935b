"""Compute a bound on the number of steps that a backtracking matcher may need for a pattern.

The bound is computed from the tree, and holds for all subjects up to a given length. It follows
from the answers to two questions: in how many ways can a node match at one position (the rest of
the pattern is tried again for each way), and what does it cost to find all of these ways?

Both answers are polynomials. A repetition that competes with what follows it, such as the `.*` of
`.*a`, can stop at every position: the rest is tried on all remaining characters, then on one
character fewer, and so on. If f(r) is the cost of the rest on r characters, the total cost is
f(0) + … + f(r). If f is written in terms of the binomials C(r + d, d), the sum only raises d by
one. Therefore the polynomial's variable, which this module calls z, means "summed over all
positions".

If one character decides whether to continue or to stop, there is only one way, and trying the rest
costs no more than finding out that its first character is wrong (`miss`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, zip_longest
from typing import TYPE_CHECKING, TypeAlias

from proctor.core.rules.regex.charset import END, EVERYTHING, CharSet
from proctor.core.rules.regex.nodes import (
    BEGIN,
    Chars,
    Choice,
    Edge,
    Group,
    Look,
    Node,
    Repeat,
    Sequence,
    first,
    width,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Patterns that could need more steps are rejected. CPython takes 3 to 10 ns per step.
MAX_STEPS = 5_000_000

#: Coefficients of C(r + d, d) for d = 0, 1, …
Polynomial: TypeAlias = tuple[float, ...]

_NONE: Polynomial = ()
_ONE: Polynomial = (1,)
_PLACES: Polynomial = (0, 1)
#: The upper limit for computed costs, to keep the numbers small. Anything above is too slow anyway.
_CAP = 10**12
_DEGREES = 6
#: The cost of one iteration of a loop in `re`, without its body. The first number applies if the
#: body is a set of characters.
_SET_TURN, _TURN = 1, 8
#: The cost of an anchor, which is a small lookaround in `re`.
_EDGE = 4
#: Number of leading characters that are compared to distinguish branches.
_PREFIX = 16


class Explosive(Exception):  # noqa: N818 - says what the repetition is
    """Raised for an unbounded repetition of a part that can match a text in several ways."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


@dataclass(frozen=True, slots=True)
class _Rest:
    """The part of the pattern after a node."""

    #: The characters with which the rest may begin. END is included if the rest may be empty.
    ahead: CharSet
    #: The maximum number of steps until the rest fails if the next character is not in `ahead`.
    miss: int
    #: True at the end of the pattern, or if only anchors that hold at the end follow.
    last: bool = False


@dataclass(frozen=True, slots=True)
class _Cost:
    #: The number of steps to find all ways in which the node can match, without trying the rest.
    own: Polynomial
    #: The number of ways in which the node can match. The rest is tried once for each of them.
    ways: Polynomial = _ONE


def steps(tree: Node, length: int, *, searching: bool = False, sure: CharSet | None = None) -> int:
    """Return an upper bound on the number of steps to match *tree*.

    The bound holds for every subject of *length* characters. If *searching*, a match is tried at
    every position. If *sure* is given, the subject contains only these characters, so a final `.*`
    cannot fail. Raises `Explosive` if the bound would be too large to be useful.
    """
    if searching:
        # Searching for a pattern is the same as matching it after a `.*?`, which skips the
        # characters before it.
        items = tree.items if isinstance(tree, Sequence) else (tree,)
        tree = Sequence((Repeat(Chars(EVERYTHING), 0, None, lazy=True, position=0), *items))
    cost = _Estimate(length, sure).cost(tree, _Rest(END, 1, last=True))
    total = _sum(cost.own, cost.ways)
    if sure is not None:
        total = _sum(total, _PLACES)
    return _value(total, length)


def competitors(node: Node) -> list[int]:
    """Return the positions, in order, of the repetitions that can match more than one length.

    A matcher may backtrack into each of them.
    """
    match node:
        case Repeat(body=body, low=low, high=high, position=position):
            return [*competitors(body), *([position] if low != high else [])]
        case Group(body=body) | Look(body=body):
            return competitors(body)
        case Sequence(items=nodes) | Choice(branches=nodes):
            return [position for item in nodes for position in competitors(item)]
    return []


def _prefix(node: Node) -> tuple[list[CharSet], bool]:
    """Return the character sets with which a match begins, and True if nothing follows them."""
    match node:
        case Chars(chars=chars):
            return [chars], True
        case Edge() | Look():
            return [], True
        case Group(body=body):
            return _prefix(body)
        case Choice(branches=branches):
            heads = [_prefix(branch) for branch in branches]
            joined = [
                CharSet.of(part for chars in column for part in chars.ranges)
                for column in zip(*(head for head, _ in heads), strict=False)
            ]
            return joined, all(done and len(head) == len(joined) for head, done in heads)
        case Sequence(items=items):
            whole: list[CharSet] = []
            for item in items:
                head, done = _prefix(item)
                whole += head
                if not done or len(whole) > _PREFIX:
                    return whole[:_PREFIX], False
            return whole, True
        case Repeat(body=body, low=low, high=high):
            head, done = _prefix(body)
            if not done:
                return (head if low else []), False
            copies = min(low, _PREFIX)
            return (head * copies)[:_PREFIX], low == high and len(head) * low <= _PREFIX


class _Estimate:
    def __init__(self, length: int, sure: CharSet | None) -> None:
        self._length = length
        self._sure = sure

    def cost(self, node: Node, rest: _Rest) -> _Cost:
        match node:
            case Chars():
                return _Cost(_ONE)
            case Edge():
                return _Cost((_EDGE,))
            case Group(body=body):
                inner = self.cost(body, rest)
                return _Cost(_sum(inner.own, (2,)), inner.ways)
            case Look():
                return _Cost(self._look(node))
            case Sequence(items=items):
                return self._sequence(items, rest)
            case Choice(branches=branches):
                return self._choice(branches, rest)
            case Repeat():
                return self._repeat(node, rest)

    def _look(self, node: Look) -> Polynomial:
        inner = self.cost(node.body, _Rest(END, 1))
        return _sum((_EDGE,), inner.own, inner.ways)

    def _sequence(self, items: tuple[Node, ...], rest: _Rest) -> _Cost:
        # `tails[n]` is the cost of the last n items.
        tails = [_Cost(_NONE)]
        for at in range(len(items) - 1, -1, -1):
            item = items[at]
            cost = self.cost(item, rest)
            taken = 0
            if cost.ways == _PLACES:
                sparse, taken = _sparse(items[at + 1 :])
                cost = _Cost(_sum(cost.own, sparse.own), sparse.ways)
            tail = tails[-1 - taken]
            own = _sum(cost.own, _times(cost.ways, tail.own))
            tails.append(_Cost(own, _times(cost.ways, tail.ways)))
            holds = isinstance(item, Edge) and item.ahead is not None and item.ahead.overlaps(END)
            rest = _Rest(first(item, rest.ahead), self._miss(item, rest.miss), rest.last and holds)
        return tails[-1]

    def _choice(self, branches: tuple[Node, ...], rest: _Rest) -> _Cost:
        costs = [self.cost(branch, rest) for branch in branches]
        heads = []
        for branch in branches:
            head, done = _prefix(branch)
            heads.append((*head, rest.ahead) if done else tuple(head))
        own = _sum((1 + len(branches) * (1 + rest.miss),), *(cost.own for cost in costs))
        # If several branches can match the same text, their numbers of ways add up. Any two such
        # branches are alike (see `_alike`). It is therefore enough to compute, for each branch, the
        # sum over this branch and all branches that are like it.
        together: dict[tuple[CharSet, ...], Polynomial] = {}
        for key, cost in zip(heads, costs, strict=True):
            together[key] = _sum(together.get(key, _NONE), cost.ways)
        ways = dict(together)
        for one, other in combinations(together, 2):
            if _alike(one, other):
                ways[one] = _sum(ways[one], together[other])
                ways[other] = _sum(ways[other], together[one])
        return _Cost(own, _greatest(ways.values()))

    def _repeat(self, node: Repeat, rest: _Rest) -> _Cost:
        body, low, high = node.body, node.low, node.high
        if high == 0:
            return _Cost(_ONE)
        if high == 1:
            return self.cost(body, rest) if low else self._choice((body, Sequence(())), rest)
        if self._takes_all(node, rest):
            return _Cost((low + 1,))
        begins = first(body, END)
        competing = begins.overlaps(rest.ahead)
        turn = _SET_TURN if isinstance(body, Chars) else _TURN
        stop = self._miss(body, 0) + rest.miss
        inner = self.cost(body, _Rest(begins | rest.ahead, turn + stop))
        if inner.ways != _ONE:
            return self._ambiguous(node, inner, turn + stop)
        # If the loop and the rest can begin with the same character, the number of ways already
        # accounts for the cost of trying the rest after each iteration.
        own = self._turns(node, inner.own, turn if competing else turn + rest.miss, stop)
        return _Cost(own, _stops(node) if competing else _ONE)

    def _takes_all(self, node: Repeat, rest: _Rest) -> bool:
        """Return True if *node* matches the whole remaining text, unless the text is too short."""
        return (
            rest.last
            and self._sure is not None
            and node.high is None
            and isinstance(node.body, Chars)
            and not (self._sure & ~node.body.chars).ranges
        )

    def _turns(self, node: Repeat, body: Polynomial, turn: int, stop: int) -> Polynomial:
        """Return the cost of all iterations of a loop whose body can match in only one way."""
        if len(body) > 2 or _looks(node.body):
            return _sum(_times(_sum(body, (turn,)), (1, 1)), (stop,))
        # All iterations together match each position of the subject at most once, so the cost for
        # each character counts once.
        fixed, run = (*body, 0, 0)[:2]
        each = fixed + run + turn
        least = width(node.body)[0]
        if node.high is not None and node.high <= self._length // least:
            return (each * (node.high + 1) + stop, run)
        return (each + stop, each / least + run)

    def _ambiguous(self, node: Repeat, body: _Cost, turn: int) -> _Cost:
        if node.high is None:
            raise Explosive(node.position)
        power, before, ways = _ONE, _NONE, _NONE
        for count in range(node.high + 1):
            if count >= node.low:
                ways = _sum(ways, power)
            if count < node.high:
                before = _sum(before, power)
            if max(before) >= _CAP:
                raise Explosive(node.position)
            power = _times(power, body.ways)
        return _Cost(_times(before, _sum(body.own, (turn,))), ways)

    def _miss(self, node: Node, rest: int) -> int:
        """Return the maximum number of steps until a match fails on a wrong first character."""
        match node:
            case Chars():
                return 1
            case Edge():
                return _EDGE + rest
            case Look():
                return _value(self._look(node), self._length) + rest
            case Group(body=body):
                return 2 + self._miss(body, rest)
            case Sequence(items=items):
                for item in reversed(items):
                    rest = self._miss(item, rest)
                return rest
            case Choice(branches=branches):
                return 1 + sum(1 + self._miss(branch, rest) for branch in branches)
            case Repeat(body=body, low=low):
                return _TURN + self._miss(body, rest) + (0 if low else rest)


def _stops(node: Repeat) -> Polynomial:
    """Return the number of positions at which a loop can stop, if its body matches in one way."""
    if node.high is not None and node.high - node.low < 64:
        return (node.high - node.low + 1,)
    least = width(node.body)[0]
    return _PLACES if least == 1 else (1, 1 / least)


def _sparse(items: tuple[Node, ...]) -> tuple[_Cost, int]:
    """Return the cost of trying *items* at every position, and how many items the cost includes.

    In two cases, the cost is below the general bound. If the first character of a word does not
    occur again in the word, two partial matches never overlap, so the word is found at no more than
    one in len(word) positions. An anchor at the beginning of the subject matches only once.
    """
    if items and items[0] == BEGIN:
        return _Cost((0, _EDGE)), 1
    word: list[CharSet] = []
    for item in items:
        if not isinstance(item, Chars) or (word and item.chars.overlaps(word[0])):
            break
        word.append(item.chars)
    if len(word) < 2:
        return _Cost(_NONE, _PLACES), 0
    return _Cost((0, 2), (1, 1 / len(word))), len(word)


def _alike(left: tuple[CharSet, ...], right: tuple[CharSet, ...]) -> bool:
    """Return True if a text can begin with both a match of *left* and a match of *right*."""
    return all(one.overlaps(other) for one, other in zip(left, right, strict=False))


def _looks(node: Node) -> bool:
    match node:
        case Look():
            return True
        case Group(body=body) | Repeat(body=body):
            return _looks(body)
        case Sequence(items=nodes) | Choice(branches=nodes):
            return any(map(_looks, nodes))
    return False


def _sum(*terms: Polynomial) -> Polynomial:
    return tuple(min(sum(column), _CAP) for column in zip_longest(*terms, fillvalue=0))


def _greatest(terms: Iterable[Polynomial]) -> Polynomial:
    return tuple(map(max, zip_longest(*terms, fillvalue=0)))


def _times(left: Polynomial, right: Polynomial) -> Polynomial:
    product = [0.0] * min(len(left) + len(right) - 1, _DEGREES) if left and right else []
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            if one and other:
                # A polynomial of such a high degree exceeds the limit, whatever the length is.
                high = i + j >= _DEGREES
                at = min(i + j, _DEGREES - 1)
                product[at] = _CAP if high else min(product[at] + one * other, _CAP)
    return tuple(product)


def _value(polynomial: Polynomial, length: int) -> int:
    total = sum(
        factor * math.comb(length + degree, degree) for degree, factor in enumerate(polynomial)
    )
    return math.ceil(total)
