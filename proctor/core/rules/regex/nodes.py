"""The tree of a pattern, and what can be said of a node by itself.

Flags and groups that capture nothing leave no node behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from proctor.core.rules.regex.charset import CharSet

Node: TypeAlias = "Chars | Edge | Sequence | Choice | Group | Look | Repeat"


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set."""

    chars: CharSet


@dataclass(frozen=True, slots=True)
class Edge:
    """A place between characters: an anchor or a word boundary."""

    #: What `re` calls it.
    text: str
    #: What may come next there, the end of the subject included; None: anything.
    ahead: CharSet | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """One node after the other; none: the empty match."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first branch that leads to a match."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group."""

    body: Node
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """A look ahead or behind."""

    body: Node
    behind: bool
    negative: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """A quantifier; *high* None is without bound."""

    body: Node
    low: int
    high: int | None
    lazy: bool
    #: Where the quantifier stands in the pattern, from 0.
    position: int


#: The beginning of the subject.
BEGIN = Edge(r"\A")


def width(node: Node) -> tuple[int, int | None]:
    """The fewest and the most characters that *node* matches; None: without bound."""
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
    """The characters that a match can consist of."""
    match node:
        case Chars(chars=chars):
            return chars
        case Repeat(body=body) | Group(body=body):
            return alphabet(body)
        case Sequence(items=nodes) | Choice(branches=nodes):
            return CharSet.of(part for item in nodes for part in alphabet(item).ranges)
    return CharSet()


def first(node: Node, ahead: CharSet) -> CharSet:
    """What *node* may begin with, where *ahead* is what may follow it."""
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
