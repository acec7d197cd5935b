"""The tree of a pattern, and the properties of single nodes.

Flags and non-capturing groups have no nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from proctor.core.rules.regex.charset import CharSet

Node: TypeAlias = "Chars | Edge | Sequence | Choice | Group | Look | Repeat"


@dataclass(frozen=True, slots=True)
class Chars:
    """One character from a set of characters."""

    chars: CharSet


@dataclass(frozen=True, slots=True)
class Edge:
    """A position between characters: an anchor or a word boundary."""

    #: The equivalent pattern for `re`.
    text: str
    #: The characters that may follow, including the end of the subject; None if any may follow.
    ahead: CharSet | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence of nodes. Without nodes, it matches the empty text."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Alternatives. The first branch that leads to a match is used."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group."""

    body: Node
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A lookahead or lookbehind."""

    body: Node
    behind: bool
    negative: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """A quantifier. *high* is None if there is no upper bound."""

    body: Node
    low: int
    high: int | None
    lazy: bool
    #: The position of the quantifier in the pattern, from 0.
    position: int


#: The beginning of the subject.
BEGIN = Edge(r"\A")


def width(node: Node) -> tuple[int, int | None]:
    """Return the minimum and maximum number of characters that *node* matches (None: no limit)."""
    match node:
        case Chars():
            return 1, 1
        case Edge() | Look():
            return 0, 0
        case Group(body=body):
            return width(body)
        case Sequence(items=items):
            widths = [width(item) for item in items]
            highs = [high for _, high in widths if high is not None]
            return sum(low for low, _ in widths), sum(highs) if len(highs) == len(items) else None
        case Choice(branches=branches):
            widths = [width(branch) for branch in branches]
            highs = [high for _, high in widths if high is not None]
            return (
                min(low for low, _ in widths),
                max(highs) if len(highs) == len(branches) else None,
            )
        case Repeat(body=body, low=low, high=high):
            least, most = width(body)
            return least * low, None if most is None or high is None else most * high


def alphabet(node: Node) -> CharSet:
    """Return the characters that a match can contain."""
    match node:
        case Chars(chars=chars):
            return chars
        case Repeat(body=body) | Group(body=body):
            return alphabet(body)
        case Sequence(items=nodes) | Choice(branches=nodes):
            return CharSet.of(part for item in nodes for part in alphabet(item).ranges)
    return CharSet()


def first(node: Node, ahead: CharSet) -> CharSet:
    """Return the characters with which *node* may begin, if it is followed by *ahead*."""
    match node:
        case Chars(chars=chars):
            return chars
        case Edge(ahead=edge):
            return ahead if edge is None else edge & ahead
        case Look():
            return ahead
        case Group(body=body):
            return first(body, ahead)
        case Sequence(items=items):
            for item in reversed(items):
                ahead = first(item, ahead)
            return ahead
        case Choice(branches=branches):
            return CharSet.of(part for branch in branches for part in first(branch, ahead).ranges)
        case Repeat(body=body, low=low):
            begins = first(body, ahead)
            return begins if low else begins | ahead
