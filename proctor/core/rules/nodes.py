"""The syntax tree of a rule. Nodes are immutable; `start` and `end` are offsets in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Access",
    "And",
    "Binary",
    "Choice",
    "Composite",
    "Empty",
    "FunctionCall",
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
    """The base class of all nodes."""

    start: int
    end: int

    def children(self) -> tuple[Node, ...]:
        """Return the operands from left to right."""
        return ()


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value written in the rule: None, a bool, an int (Long), a float (Double) or a str."""

    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class OverlongInteger(Node):
    """An integer literal beyond 64 bits. It can be parsed, but fails when it is evaluated."""

    text: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A reference to a variable or a constant."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """The base class of operators with one operand."""

    operand: Node

    def children(self) -> tuple[Node, ...]:
        """Return the operand."""
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Negate(Unary):
    """The operator `-x`."""


@dataclass(frozen=True, slots=True)
class Not(Unary):
    """The operator `!x` or `not x`."""


@dataclass(frozen=True, slots=True)
class Empty(Unary):
    """The operator `empty x`."""


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An arithmetic operator (`+ - * / %`) or a comparison (`== != < <= > >=`)."""

    operator: str
    left: Node
    right: Node

    def children(self) -> tuple[Node, ...]:
        """Return the left and the right operand."""
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """The base class of `&&` and `||`. `a && b && c` is one node."""

    operands: tuple[Node, ...]

    def children(self) -> tuple[Node, ...]:
        """Return all operands from left to right."""
        return self.operands


@dataclass(frozen=True, slots=True)
class And(Chain):
    """The operator `a && b && c`."""


@dataclass(frozen=True, slots=True)
class Or(Chain):
    """The operator `a || b || c`."""


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """The conditional operator `test ? yes : no`."""

    test: Node
    yes: Node
    no: Node

    def children(self) -> tuple[Node, ...]:
        """Return the test and the two alternatives."""
        return (self.test, self.yes, self.no)


@dataclass(frozen=True, slots=True)
class FunctionCall(Node):
    """A call to a library function: `fn:trim(x)`. The prefix can be empty."""

    prefix: str
    name: str
    arguments: tuple[Node, ...]

    def children(self) -> tuple[Node, ...]:
        """Return the arguments."""
        return self.arguments


@dataclass(frozen=True, slots=True)
class Suffix:
    """One step of an access: `.name` or `[key]`. With arguments, it is a method call."""

    key: Node
    arguments: tuple[Node, ...] | None


@dataclass(frozen=True, slots=True)
class Access(Node):
    """An access such as `base.a['b'].c(1)`: a base and its steps."""

    base: Node
    suffixes: tuple[Suffix, ...]

    def children(self) -> tuple[Node, ...]:
        """Return the base, followed by the key and arguments of each step."""
        nodes = [self.base]
        for suffix in self.suffixes:
            nodes.append(suffix.key)
            nodes.extend(suffix.arguments or ())
        return tuple(nodes)


@dataclass(frozen=True, slots=True)
class Composite(Node):
    """A sequence of text and expressions whose string forms are concatenated."""

    parts: tuple[Node, ...]

    def children(self) -> tuple[Node, ...]:
        """Return the parts of the text."""
        return self.parts


def walk(node: Node) -> Iterator[Node]:
    """Yield *node* and all nodes below it, in the order in which they appear in the text."""
    # Not recursive, because each level would have to pass on every node.
    waiting = [node]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(reversed(each.children()))


def names(node: Node) -> frozenset[str]:
    """Return the variables and constants in *node*, even in branches that are never evaluated."""
    return frozenset(each.name for each in walk(node) if isinstance(each, Name))


def leaves(node: Node) -> Iterator[Node]:
    """Return the nodes without operands."""
    return (each for each in walk(node) if not each.children())
