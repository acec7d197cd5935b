"""Build a syntax tree from tokens with precedence climbing  [ELParser.jjt, ExpressionBuilder]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.exceptions import RuleSyntaxError
from proctor.core.java.numerals import LONG_MAX
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
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from proctor.core.rules.nodes import Node

__all__ = ["MAX_DEPTH", "parse"]

#: More deeply nested rules are rejected, so that neither parsing nor evaluation can exhaust the
#: stack.
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
    """Return the tree of a whole rule: one `${…}`, or texts and expressions to concatenate.

    Raises RuleSyntaxError with the column if the text is not an expression, or if it exceeds a
    limit: `MAX_LENGTH` characters or `MAX_DEPTH` levels.
    """
    if len(text) > MAX_LENGTH:
        raise RuleSyntaxError(
            Sentence(
                gettext_noop(
                    "the rule that begins {rule!r} has {length} characters; at most {limit} "
                    "are allowed"
                ),
                rule=text[:40],
                length=len(text),
                limit=MAX_LENGTH,
            )
        )
    parts: list[Node] = []
    opening = ""
    position = 0
    while position < len(text):
        if text.startswith(("${", "#{"), position):
            if opening and opening != text[position]:
                raise syntax_error(
                    text, position, Sentence(gettext_noop("${{}} and #{{}} are mixed; use ${{}}"))
                )
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
    """Parses one `${…}`, and limits how deeply its nodes can be nested."""

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
        """The offset after the last token that was consumed."""
        return self.tokens[self.index - 1].end

    def peek(self, *kinds: str) -> bool:
        """Return True if the next tokens have these kinds."""
        following = self.tokens[self.index : self.index + len(kinds)]
        return [token.kind for token in following] == list(kinds)

    def take(self) -> Token:
        token = self.tokens[self.index]
        self.index += 1
        return token

    def expect(self, kind: str) -> Token:
        if self.token.kind != kind:
            text = gettext_noop("expected {symbol!r}")
            # Users of other languages may try the operator `in`, which rules do not have.
            if self.text[self.token.start : self.token.end] == "in":
                text = gettext_noop(
                    "expected {symbol!r} (to search a list, use proctor:contains(list, value))"
                )
            raise self.error(Sentence(text, symbol=kind))
        return self.take()

    def error(self, problem: str, token: Token | None = None) -> RuleSyntaxError:
        token = token or self.token
        found = self.text[token.start : token.end]
        text = gettext_noop("{problem}, found the end of the rule")
        if found:
            text = gettext_noop("{problem}, found {found!r}")
        return syntax_error(
            self.text, token.start, Sentence(text, problem=problem, found=found[:40])
        )

    def built(self, node: Node) -> Node:
        """Return *node*. Raises RuleSyntaxError if its nodes are nested too deeply."""
        depth = 1 + max((self.depths.get(id(child), 1) for child in node.children()), default=0)
        if depth > MAX_DEPTH:
            raise self.too_deep()
        # The tree keeps every node alive until parsing ends, so Python never reuses an id.
        self.depths[id(node)] = depth
        return node

    def deeper(self) -> None:
        """Count one more level of nesting. The caller must decrease `nesting` afterwards."""
        self.nesting += 1
        if self.nesting > MAX_DEPTH:
            raise self.too_deep()

    def too_deep(self) -> RuleSyntaxError:
        return syntax_error(
            self.text,
            self.token.start,
            Sentence(
                gettext_noop("the rule is nested more than {limit} levels deep; split it up"),
                limit=MAX_DEPTH,
            ),
        )

    def whole(self) -> Node:
        node = self.expression()
        self.expect("}")
        return node

    def expression(self) -> Node:
        """Parse `a ? b : c`, which is right-associative."""
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
        """Parse operators of level *lowest* and above, which are all left-associative."""
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
        """Return the operand to the right of an operator of *level*."""
        self.deeper()
        node = self.binary(level + 1)
        self.nesting -= 1
        return node

    def unary(self) -> Node:
        """Parse prefix operators, which apply to the next unary expression."""
        prefixes: list[Token] = []
        while self.token.kind in _PREFIXES:
            prefixes.append(self.take())
        node = self.value()
        for prefix in reversed(prefixes):
            node = self.built(_PREFIXES[prefix.kind](prefix.start, self.end, node))
        return node

    def value(self) -> Node:
        """Return a literal, name, call or parenthesized expression, with any accesses after it."""
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
            raise self.error(
                Sentence(
                    gettext_noop("a reserved word of Java; write ['{name}']"), name=name.value
                ),
                name,
            )
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
        raise self.error(Sentence(gettext_noop("expected a value")))

    def integer(self) -> Node:
        token = self.take()
        digits = str(token.value).lstrip("0") or "0"
        if len(digits) > 19 or int(digits) > LONG_MAX:
            return nodes.OverlongInteger(token.start, token.end, digits)
        return nodes.Literal(token.start, token.end, int(digits))

    def name_or_call(self) -> Node:
        # `b:c(` is a call even in `a ? b:c(1)`, which is therefore a syntax error.
        first = self.take()
        prefix, name = "", str(first.value)
        if self.peek(":", "name", "("):
            self.take()
            prefix, name = name, str(self.take().value)
        if self.token.kind == "(":
            arguments = self.arguments()
            return self.built(nodes.FunctionCall(first.start, self.end, prefix, name, arguments))
        if not is_java_identifier(name):
            raise self.error(
                Sentence(gettext_noop("a reserved word of Java cannot be the name of a variable")),
                first,
            )
        return nodes.Name(first.start, first.end, name)
