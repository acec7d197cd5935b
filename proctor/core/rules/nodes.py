"""The syntax tree of a rule. Nodes are values; `start` and `end` are offsets in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Access",
    "And",
    "Binary",
    "Call",
    "Choice",
    "Composite",
    "Empty",
    "Literal",
    "Name",
    "Negate",
    "Node",
    "Not",
    "Or",
    "OverlongInteger",
    "Suffix",
    "leaves",
    "names",
    "walk",
]


@dataclass(frozen=True, slots=True)
class Node:
    """Base of all nodes."""

    start: int
    end: int

    def children(self) -> tuple[Node, ...]:
        """The operands, left to right."""
        return ()


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value written in the rule: None, a bool, an int (Long), a float (Double), a str."""

    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class OverlongInteger(Node):
    """An integer literal beyond 64 bits: it parses, and fails when it is read."""

    text: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable or a constant."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """Base of the operators with one operand."""

    operand: Node

    def children(self) -> tuple[Node, ...]:
        """The one operand."""
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Negate(Unary):
    """`-x`."""


@dataclass(frozen=True, slots=True)
class Not(Unary):
    """`!x`, `not x`."""


@dataclass(frozen=True, slots=True)
class Empty(Unary):
    """`empty x`."""


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An arithmetic operator (`+ - * / %`) or a comparison (`== != < <= > >=`)."""

    operator: str
    left: Node
    right: Node

    def children(self) -> tuple[Node, ...]:
        """Left and right."""
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Base of `&&` and `||`: a chain of one operator is one flat node."""

    operands: tuple[Node, ...]

    def children(self) -> tuple[Node, ...]:
        """All operands, left to right."""
        return self.operands


@dataclass(frozen=True, slots=True)
class And(Chain):
    """`a && b && c`."""


@dataclass(frozen=True, slots=True)
class Or(Chain):
    """`a || b || c`."""


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """`test ? yes : no`."""

    test: Node
    yes: Node
    no: Node

    def children(self) -> tuple[Node, ...]:
        """Test, yes and no."""
        return (self.test, self.yes, self.no)


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A library function: `fn:trim(x)`. The prefix is empty where none was written."""

    prefix: str
    name: str
    arguments: tuple[Node, ...]

    def children(self) -> tuple[Node, ...]:
        """The arguments."""
        return self.arguments


@dataclass(frozen=True, slots=True)
class Suffix:
    """One step of an access: `.name`, `[key]`, and with arguments a method call."""

    key: Node
    arguments: tuple[Node, ...] | None


@dataclass(frozen=True, slots=True)
class Access(Node):
    """`base.a['b'].c(1)`: a base and its steps."""

    base: Node
    suffixes: tuple[Suffix, ...]

    def children(self) -> tuple[Node, ...]:
        """The base, then key and arguments of each step."""
        nodes = [self.base]
        for suffix in self.suffixes:
            nodes.append(suffix.key)
            nodes.extend(suffix.arguments or ())
        return tuple(nodes)


@dataclass(frozen=True, slots=True)
class Composite(Node):
    """Several parts, text and expressions, whose string forms are joined."""

    parts: tuple[Node, ...]

    def children(self) -> tuple[Node, ...]:
        """The parts."""
        return self.parts


def walk(node: Node) -> Iterator[Node]:
    """*node* and all that is below it, in the order of the text."""
    yield node
    for child in node.children():
        yield from walk(child)


def names(node: Node) -> frozenset[str]:
    """The variables and constants that *node* mentions, in branches never taken too."""
    return frozenset(each.name for each in walk(node) if isinstance(each, Name))


def leaves(node: Node) -> Iterator[Node]:
    """The nodes without operands."""
    return (each for each in walk(node) if not each.children())
