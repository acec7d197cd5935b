"""Convert the syntax tree of a pattern to an equivalent pattern for `re` that needs no flags."""

from __future__ import annotations

from proctor.core.rules.regex.charset import EVERYTHING, CharSet
from proctor.core.rules.regex.nodes import (
    Chars,
    Choice,
    Edge,
    Group,
    Look,
    Node,
    Repeat,
    Sequence,
)


def emit(node: Node) -> str:
    """Return *node* as a pattern for `re`. A `Choice` at the top level gets no parentheses."""
    match node:
        case Chars(chars=chars):
            return emit_set(chars)
        case Edge(text=text):
            return text
        case Sequence(items=items):
            return "".join(
                _closed(item) if isinstance(item, Choice) else emit(item) for item in items
            )
        case Choice(branches=branches):
            return "|".join(
                _closed(branch) if isinstance(branch, Choice) else emit(branch)
                for branch in branches
            )
        case Group(body=body, name=None):
            return f"({emit(body)})"
        case Group(body=body, name=name):
            return f"(?P<{name}>{emit(body)})"
        case Look(body=body, behind=behind, negative=negative):
            return f"(?{'<' if behind else ''}{'!' if negative else '='}{emit(body)})"
        case Repeat(body=body, lazy=lazy):
            atom = emit(body) if isinstance(body, (Chars, Group)) else _closed(body)
            return atom + _quantifier(node) + ("?" if lazy else "")


def emit_set(chars: CharSet) -> str:
    """Return a pattern that matches one character of *chars*."""
    if not chars.ranges:
        return "(?!)"
    if chars == EVERYTHING:
        return r"[\s\S]"
    low, high = chars.ranges[0]
    if len(chars.ranges) == 1 and low == high:
        return _escaped(low)
    others = ~chars
    # A set that contains the last code point was most likely written as a complement.
    if chars.ranges[-1][1] == EVERYTHING.ranges[-1][1]:
        return f"[^{_ranges(others)}]"
    return f"[{_ranges(chars)}]"


def _ranges(chars: CharSet) -> str:
    return "".join(
        _escaped(low) + ("-" if high > low + 1 else "") + (_escaped(high) if high > low else "")
        for low, high in chars.ranges
    )


def _escaped(code: int) -> str:
    char = chr(code)
    if code < 0x80 and (char.isalnum() or char == "_"):
        return char
    if 0x20 <= code < 0x7F:
        return "\\" + char
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _closed(node: Node) -> str:
    return f"(?:{emit(node)})"


def _quantifier(node: Repeat) -> str:
    bounds = (node.low, node.high)
    short = {(0, 1): "?", (0, None): "*", (1, None): "+"}.get(bounds)
    if short is not None:
        return short
    if node.high is None:
        return f"{{{node.low},}}"
    return f"{{{node.low}}}" if node.low == node.high else f"{{{node.low},{node.high}}}"
