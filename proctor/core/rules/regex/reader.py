r"""Read a pattern from left to right, after resolving \Q…\E."""

from __future__ import annotations

from proctor.core.rules.regex.errors import bad_pattern, unsupported
from proctor.core.rules.regex.reasons import Reason

_ASCII_ALNUM = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HEX = frozenset("0123456789abcdefABCDEF")


def resolve_quotes(pattern: str) -> tuple[str, list[int]]:
    r"""Return the pattern with quoted characters escaped, and each character's original position.

    Java Proctor does this before parsing, so `\Qab\E*` repeats only the b.
    """
    text: list[str] = []
    where: list[int] = []
    at, quoted = 0, False
    while at < len(pattern):
        pair = pattern[at : at + 2]
        if pair == (r"\E" if quoted else r"\Q"):
            quoted = not quoted
            at += 2
            continue
        if quoted:
            # Write digits as \x3…, because a digit could become part of an escape before it. Do not
            # put a backslash before a letter, because the result would be an escape.
            digit = "\\x3" if pair[0].isascii() and pair[0].isdigit() else ""
            plain = pair[0] in _ASCII_ALNUM or not pair[0].isascii()
            piece = digit + pair[0] if plain else "\\" + pair[0]
        else:
            piece = pair if pair[0] == "\\" else pair[0]
        text.append(piece)
        where.extend([at] * len(piece))
        at += 1 if quoted else len(piece)
    where.append(len(pattern))
    return "".join(text), where


class Reader:
    """Reads a pattern from left to right. The base class of the parser."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._text, self._where = resolve_quotes(pattern)
        self._at = 0

    def peek(self, length: int = 1) -> str:
        """Return the next characters without moving past them. At the end, there may be fewer."""
        return self._text[self._at : self._at + length]

    def take(self) -> str:
        """Move past the next character and return it; return "" at the end."""
        char = self.peek()
        self._at += len(char)
        return char

    def accept(self, text: str) -> bool:
        """Move past *text* and return True if it comes next."""
        found = self._text.startswith(text, self._at)
        if found:
            self._at += len(text)
        return found

    def take_while(self, chars: frozenset[str], most: int | None = None) -> str:
        """Move past the next run of *chars*, at most *most* characters long, and return it."""
        start = self._at
        while self.peek() in chars and (most is None or self._at - start < most):
            self._at += 1
        return self._text[start : self._at]

    @property
    def position(self) -> int:
        """The position of the next character in the original pattern."""
        return self._where[min(self._at, len(self._text))]

    def bad(self, reason: str, position: int | None = None) -> Exception:
        """Return an error for a pattern that Java Proctor rejects.

        The error is at *position*; by default, at the next character.
        """
        return bad_pattern(self._pattern, self.position if position is None else position, reason)

    def unsupported(self, reason: str, position: int | None = None) -> Exception:
        """Return an error for a pattern that only this library rejects.

        The error is at *position*; by default, at the next character.
        """
        return unsupported(self._pattern, self.position if position is None else position, reason)

    def escaped_char(self, position: int) -> int:
        """Return the code point of an escape whose backslash has been read."""
        char = self.take()
        if char in _SIMPLE:
            return _SIMPLE[char]
        if char == "0":
            return self._octal(position)
        if char == "x":
            return self._hexadecimal(position)
        if char == "u":
            return self._unicode(position)
        if char == "c" and self.peek():
            return ord(self.take()) ^ 0x40
        if not char or char in _ASCII_ALNUM:
            raise self.bad(Reason.unknown_escape(char), position)
        return ord(char)

    def _octal(self, position: int) -> int:
        digits = self.take_while(_OCTAL, 3 if self.peek() in frozenset("0123") else 2)
        if not digits:
            raise self.bad(Reason.NO_OCTAL, position)
        return int(digits, 8)

    def _hexadecimal(self, position: int) -> int:
        braced = self.accept("{")
        digits = self.take_while(_HEX, None if braced else 2)
        complete = bool(digits) and self.accept("}") if braced else len(digits) == 2
        if not complete or int(digits, 16) > 0x10FFFF:
            raise self.bad(Reason.NO_HEXADECIMAL, position)
        return int(digits, 16)

    def _unicode(self, position: int) -> int:
        digits = self.take_while(_HEX, 4)
        if len(digits) < 4:
            raise self.bad(Reason.NO_UNIT, position)
        code, start = int(digits, 16), self._at
        if 0xD800 <= code < 0xDC00 and self.accept("\\u"):
            second = self.take_while(_HEX, 4)
            if len(second) == 4 and 0xDC00 <= int(second, 16) < 0xE000:
                return 0x10000 + ((code - 0xD800) << 10) + int(second, 16) - 0xDC00
            self._at = start
        return code


_SIMPLE = {"t": 9, "n": 10, "r": 13, "f": 12, "a": 7, "e": 27}
_OCTAL = frozenset("01234567")
