"""Split the text of a rule into tokens  [ELParser.jjt of Tomcat 7]."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from proctor.core.exceptions import RuleSyntaxError
from proctor.core.sentences import Sentence, gettext_noop

__all__ = [
    "MAX_LENGTH",
    "Token",
    "is_java_identifier",
    "literal_end",
    "literal_text",
    "syntax_error",
    "tokens",
]

#: Longer rules are rejected. Java Proctor has no limit, but real rules are much shorter.
MAX_LENGTH = 10_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEYWORDS = _words("true false null gt lt ge le eq ne not and or empty instanceof div mod")

#: Reserved words of Java, which cannot name a variable, or a property after a dot.
RESERVED = _words(
    """
    abstract assert boolean break byte case catch char class const continue default do double
    else enum extends final finally float for goto if implements import int interface long
    native new package private protected public return short static strictfp super switch
    synchronized this throw throws transient try void volatile while
    """
)

_SPELLINGS = {
    "gt": ">",
    "lt": "<",
    "ge": ">=",
    "le": "<=",
    "eq": "==",
    "ne": "!=",
    "not": "!",
    "and": "&&",
    "or": "||",
    "div": "/",
    "mod": "%",
}

_LETTERS = (
    "$A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u3040-\u318f\u3300-\u337f\u3400-\u3d2d"
    "\u4e00-\u9fff\uf900-\ufaff"
)
_DIGITS = (
    "0-9\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0a66-\u0a6f\u0ae6-\u0aef"
    "\u0b66-\u0b6f\u0be7-\u0bef\u0c66-\u0c6f\u0ce6-\u0cef\u0d66-\u0d6f\u0e50-\u0e59"
    "\u0ed0-\u0ed9\u1040-\u1049"
)
_TOKEN = re.compile(
    rf"""[ \t\r\n]*(?:
      (?P<float>[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?
               |[0-9]+[eE][+-]?[0-9]+)
    | (?P<integer>[0-9]+)
    | (?P<string>"(?:[^"\\]|\\[\\"'])*"|'(?:[^'\\]|\\[\\"'])*')
    | (?P<word>[{_LETTERS}][{_LETTERS}{_DIGITS}]*)
    | (?P<symbol>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]}}])
    | (?P<end>\Z)
    | (?P<illegal>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"""\\([\\"'])""")

# The Unicode categories of the characters that Character.isJavaIdentifierStart and
# isJavaIdentifierPart accept.
_START_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Sc", "Pc"})
_PART_CATEGORIES = _START_CATEGORIES | {"Nd", "Mc", "Mn", "Cf"}


class Token(NamedTuple):
    """A token, with its kind, its value and its position in the rule's text.

    Its kind is "integer" (the value is the digits), "float", "string", "name" or "end". For symbols
    and keywords, the kind is the symbol itself; `and` is written `&&`, and so on.
    """

    kind: str
    value: str | float
    start: int
    end: int


def is_java_identifier(word: str) -> bool:
    """Return True if *word* can name a variable, or a property after a dot  [Validation]."""
    if word.isascii():
        return word not in RESERVED
    categories = [unicodedata.category(character) for character in word]
    return categories[0] in _START_CATEGORIES and all(
        category in _PART_CATEGORIES for category in categories
    )


def syntax_error(text: str, start: int, problem: str) -> RuleSyntaxError:
    """Return an error for a *problem* at offset *start*. The error shows the surrounding text."""
    begin = max(0, start - 40) if len(text) > 80 else 0
    part = text[begin : begin + 80]
    shown = f"{'…' if begin else ''}{part}{'…' if begin + 80 < len(text) else ''}"
    return RuleSyntaxError(
        Sentence(
            gettext_noop("column {column} of {rule!r}: {problem}"),
            column=start + 1,
            rule=shown,
            problem=problem,
        ),
        column=start + 1,
    )


def tokens(text: str, position: int) -> list[Token]:
    """Return the tokens of the expression that begins at *position*, up to the closing brace.

    The last token is `}`, or "end" if the text ends without a closing brace. Raises RuleSyntaxError
    for a character that cannot begin a token.
    """
    found: list[Token] = []
    while True:
        match = _TOKEN.match(text, position)
        assert match is not None
        kind, start, position = match.lastgroup, match.start(match.lastgroup or 0), match.end()
        value: str | float = text[start:position]
        if kind == "illegal":
            raise syntax_error(text, start, _illegal(str(value)))
        if kind == "word":
            kind = _SPELLINGS.get(str(value), str(value)) if value in KEYWORDS else "name"
        elif kind == "symbol":
            kind = str(value)
        elif kind == "float":
            value = float(value)
        elif kind == "string":
            value = _ESCAPED.sub(r"\1", str(value)[1:-1])
        found.append(Token(kind or "", value, start, position))
        if kind in ("}", "end"):
            return found


def _illegal(character: str) -> Sentence:
    if character in "'\"":
        return Sentence(
            gettext_noop(
                "the string that begins here is not closed, or contains an escape other than \\\\, "
                "\\\" or \\'"
            )
        )
    text = gettext_noop("{character!r} has no meaning in a rule")
    if character == "=":
        text = gettext_noop("{character!r} has no meaning in a rule; write == to compare")
    elif character in "&|":
        text = gettext_noop("{character!r} has no meaning in a rule; write {doubled}")
    return Sentence(text, character=character, doubled=character * 2)


def literal_end(text: str, position: int) -> int:
    """Return the offset where the literal text at *position* ends.

    It ends at `${`, at `#{` or at the end of the rule.
    """
    while position < len(text):
        character = text[position]
        following = text[position + 1 : position + 2]
        if character == "\\" and following in ("$", "#"):
            position += 2
        elif character in "$#" and following == "{":
            return position
        elif character in "$#" and following and following not in "$#":
            position += 2
        else:
            position += 1
    return min(position, len(text))


def literal_text(text: str) -> str:
    r"""Return literal text as Java Proctor reads it, without the backslashes in `\${` and `\#{`."""
    return re.sub(r"\\([$#](?=\{))", r"\1", text)
