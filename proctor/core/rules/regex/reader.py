r"""The text of a pattern with its \Q…\E resolved, read from left to right."""

from __future__ import annotations

from proctor.core.rules.regex.errors import bad_pattern, unsupported

_ASCII_ALNUM = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HEX = frozenset("0123456789abcdefABCDEF")


def resolve_quotes(pattern: str) -> tuple[str, list[int]]:
    r"""The pattern with every quoted character escaped, and where each came from.

    The Java does this before it parses, so that `\Qab\E*` repeats the b alone.
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
            # A digit could join an escape before it, and a letter would become one.
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
    """A place in a pattern that moves forward; what both parts of the parser share."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._text, self._where = resolve_quotes(pattern)
        self._at = 0

    def peek(self, length: int = 1) -> str:
        """The next characters without moving; shorter, or "", at the end."""
        return self._text[self._at : self._at + length]

    def take(self) -> str:
        """The next character, "" at the end."""
        char = self.peek()
        self._at += len(char)
        return char

    def accept(self, text: str) -> bool:
        """Move over *text* if it is what comes next."""
        found = self._text.startswith(text, self._at)
        if found:
            self._at += len(text)
        return found

    def take_while(self, chars: frozenset[str], most: int | None = None) -> str:
        """The longest run of *chars* from here, of *most* characters at most."""
        start = self._at
        while self.peek() in chars and (most is None or self._at - start < most):
            self._at += 1
        return self._text[start : self._at]

    @property
    def position(self) -> int:
        """Where in the pattern, as it was written, the next character stands."""
        return self._where[min(self._at, len(self._text))]

    def bad(self, reason: str, position: int | None = None) -> Exception:
        """The error for what the Java refuses here, or at *position*."""
        return bad_pattern(self._pattern, self.position if position is None else position, reason)

    def unsupported(self, reason: str, position: int | None = None) -> Exception:
        """The error for what only we refuse here, or at *position*."""
        return unsupported(self._pattern, self.position if position is None else position, reason)

    def escaped_char(self, position: int) -> int:
        """The code point of an escape whose backslash is behind us."""
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
            raise self.bad(
                f"\\{char} is no escape; write \\\\ for a backslash, or {char!r} alone", position
            )
        return ord(char)

    def _octal(self, position: int) -> int:
        digits = self.take_while(_OCTAL, 3 if self.peek() in frozenset("0123") else 2)
        if not digits:
            raise self.bad(r"\0 needs octal digits; write \x00 for the null character", position)
        return int(digits, 8)

    def _hexadecimal(self, position: int) -> int:
        braced = self.accept("{")
        digits = self.take_while(_HEX, None if braced else 2)
        complete = bool(digits) and self.accept("}") if braced else len(digits) == 2
        if not complete or int(digits, 16) > 0x10FFFF:
            raise self.bad(r"\x needs two digits, or a code point as in \x{1F600}", position)
        return int(digits, 16)

    def _unicode(self, position: int) -> int:
        digits = self.take_while(_HEX, 4)
        if len(digits) < 4:
            raise self.bad(r"\u needs four hexadecimal digits", position)
        code, start = int(digits, 16), self._at
        if 0xD800 <= code < 0xDC00 and self.accept("\\u"):
            second = self.take_while(_HEX, 4)
            if len(second) == 4 and 0xDC00 <= int(second, 16) < 0xE000:
                return 0x10000 + ((code - 0xD800) << 10) + int(second, 16) - 0xDC00
            self._at = start
        return code


_SIMPLE = {"t": 9, "n": 10, "r": 13, "f": 12, "a": 7, "e": 27}
_OCTAL = frozenset("01234567")
