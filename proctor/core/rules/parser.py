"""From tokens to a tree, by precedence climbing  [ELParser.jjt, ExpressionBuilder]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.exceptions import RuleSyntaxError
from proctor.core.rules import nodes
from proctor.core.rules.lexer import (
    MAX_LENGTH,
    Token,
    is_java_identifier,
    literal_end,
    literal_text,
    syntax_error,
    tokens,
)
from proctor.core.rules.numerals import LONG_MAX

if TYPE_CHECKING:
    from proctor.core.rules.nodes import Node

__all__ = ["MAX_DEPTH", "parse"]

#: Deeper rules are refused, so that neither parser nor evaluation can exhaust the stack.
MAX_DEPTH = 100

_LEVELS = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
_CHAINS: dict[str, type[nodes.Chain]] = {"||": nodes.Or, "&&": nodes.And}
_PREFIXES: dict[str, type[nodes.Unary]] = {
    "-": nodes.Negate,
    "!": nodes.Not,
    "empty": nodes.Empty,
}


def parse(text: str) -> Node:
    """The tree of a whole rule: one `${…}`, or text and expressions that are joined.

    Raises RuleSyntaxError where it is no expression, with the column, or is over a limit:
    `MAX_LENGTH` characters, or `MAX_DEPTH` levels.
    """
    if len(text) > MAX_LENGTH:
        raise RuleSyntaxError(
            f"the rule that begins {text[:40]!r} has {len(text)} characters; "
            f"{MAX_LENGTH} are the limit"
        )
    parts: list[Node] = []
    opening = ""
    position = 0
    while position < len(text):
        if text.startswith(("${", "#{"), position):
            if opening and opening != text[position]:
                raise syntax_error(text, position, "${} and #{} are mixed; use ${}")
            opening = text[position]
            parser = _Parser(text, tokens(text, position + 2))
            parts.append(parser.whole())
            position = parser.end
        else:
            end = literal_end(text, position)
            parts.append(nodes.Literal(position, end, literal_text(text[position:end])))
            position = end
    if not parts:
        return nodes.Literal(0, 0, "")
    return parts[0] if len(parts) == 1 else nodes.Composite(0, len(text), tuple(parts))


class _Parser:
    """Parses one `${…}`. `depth` of every node built is known, and bounded."""

    def __init__(self, text: str, found: list[Token]) -> None:
        self.text = text
        self.tokens = found
        self.index = 0
        self.nesting = 0
        self.depths: dict[int, int] = {}

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    @property
    def end(self) -> int:
        """Offset after the token taken last."""
        return self.tokens[self.index - 1].end

    def peek(self, *kinds: str) -> bool:
        """Whether the next tokens are of these kinds."""
        following = self.tokens[self.index : self.index + len(kinds)]
        return [token.kind for token in following] == list(kinds)

    def take(self) -> Token:
        token = self.tokens[self.index]
        self.index += 1
        return token

    def expect(self, kind: str) -> Token:
        if self.token.kind != kind:
            raise self.error(f"{kind!r} was expected")
        return self.take()

    def error(self, problem: str, token: Token | None = None) -> RuleSyntaxError:
        token = token or self.token
        found = self.text[token.start : token.end]
        place = f"found {found[:40]!r}" if found else "found the end of the rule"
        return syntax_error(self.text, token.start, f"{problem}, {place}")

    def built(self, node: Node) -> Node:
        """*node*, once it is sure that it is not too deep."""
        depth = 1 + max((self.depths.get(id(child), 1) for child in node.children()), default=0)
        if depth > MAX_DEPTH:
            raise self.too_deep()
        # The tree holds every node until the parser is gone, so no id is used twice.
        self.depths[id(node)] = depth
        return node

    def deeper(self) -> None:
        """Begin what is one level further down; `nesting` falls where it ends."""
        self.nesting += 1
        if self.nesting > MAX_DEPTH:
            raise self.too_deep()

    def too_deep(self) -> RuleSyntaxError:
        return self.error(f"the rule is nested more than {MAX_DEPTH} levels deep; split it up")

    def whole(self) -> Node:
        node = self.expression()
        self.expect("}")
        return node

    def expression(self) -> Node:
        """`a ? b : c`, which nests to the right."""
        self.deeper()
        start = self.token.start
        node = self.binary(1)
        while self.token.kind == "?":
            self.take()
            yes = self.expression()
            self.expect(":")
            no = self.expression()
            node = self.built(nodes.Choice(start, self.end, node, yes, no))
        self.nesting -= 1
        return node

    def binary(self, lowest: int) -> Node:
        """Operators of level *lowest* and above, all of which group to the left."""
        start = self.token.start
        left = self.unary()
        while (level := _LEVELS.get(self.token.kind, 0)) >= lowest:
            operator = self.token.kind
            if operator in _CHAINS:
                operands = [left]
                while self.token.kind == operator:
                    self.take()
                    operands.append(self.right(level))
                left = self.built(_CHAINS[operator](start, self.end, tuple(operands)))
            else:
                self.take()
                right = self.right(level)
                left = self.built(nodes.Binary(start, self.end, operator, left, right))
        return left

    def right(self, level: int) -> Node:
        """The right operand of an operator of *level*."""
        self.deeper()
        node = self.binary(level + 1)
        self.nesting -= 1
        return node

    def unary(self) -> Node:
        """Prefix operators, which bind to the next unary expression."""
        prefixes: list[Token] = []
        while self.token.kind in _PREFIXES:
            prefixes.append(self.take())
        node = self.value()
        for prefix in reversed(prefixes):
            node = self.built(_PREFIXES[prefix.kind](prefix.start, self.end, node))
        return node

    def value(self) -> Node:
        """A literal, name, call or parenthesis, with the steps that follow it."""
        start = self.token.start
        base = self.primary()
        suffixes: list[nodes.Suffix] = []
        while self.token.kind in (".", "["):
            key = self.dot() if self.token.kind == "." else self.bracket()
            arguments = self.arguments() if self.token.kind == "(" else None
            suffixes.append(nodes.Suffix(key, arguments))
        if not suffixes:
            return base
        return self.built(nodes.Access(start, self.end, base, tuple(suffixes)))

    def dot(self) -> Node:
        self.take()
        name = self.expect("name")
        if not is_java_identifier(str(name.value)):
            raise self.error(f"a reserved word of Java's; write ['{name.value}']", name)
        return nodes.Literal(name.start, name.end, str(name.value))

    def bracket(self) -> Node:
        self.take()
        node = self.expression()
        self.expect("]")
        return node

    def arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        found: list[Node] = []
        if self.token.kind != ")":
            found.append(self.expression())
            while self.token.kind == ",":
                self.take()
                found.append(self.expression())
        self.expect(")")
        return tuple(found)

    def primary(self) -> Node:
        token = self.token
        if token.kind == "(":
            self.take()
            node = self.expression()
            self.expect(")")
            return node
        if token.kind == "name":
            return self.name_or_call()
        if token.kind in ("true", "false", "null"):
            self.take()
            value = None if token.kind == "null" else token.kind == "true"
            return nodes.Literal(token.start, token.end, value)
        if token.kind in ("string", "float"):
            self.take()
            return nodes.Literal(token.start, token.end, token.value)
        if token.kind == "integer":
            return self.integer()
        raise self.error("a value was expected")

    def integer(self) -> Node:
        token = self.take()
        digits = str(token.value).lstrip("0") or "0"
        if len(digits) > 19 or int(digits) > LONG_MAX:
            return nodes.OverlongInteger(token.start, token.end, digits)
        return nodes.Literal(token.start, token.end, int(digits))

    def name_or_call(self) -> Node:
        # `b:c(` is a call even in `a ? b:c(1)`, which therefore is no rule.
        first = self.take()
        prefix, name = "", str(first.value)
        if self.peek(":", "name", "("):
            self.take()
            prefix, name = name, str(self.take().value)
        if self.token.kind == "(":
            arguments = self.arguments()
            return self.built(nodes.Call(first.start, self.end, prefix, name, arguments))
        if not is_java_identifier(name):
            raise self.error("a reserved word of Java's cannot name a variable", first)
        return nodes.Name(first.start, first.end, name)
