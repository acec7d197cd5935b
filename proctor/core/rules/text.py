"""Strings as the Java sees them: sequences of UTF-16 units.

Python counts code points. The two agree until a character beyond U+FFFF appears, so the
functions here take the short way when there is none.
"""

from __future__ import annotations

import re
from itertools import starmap

__all__ = ["find", "lower", "rfind", "units", "upper", "utf16_length", "utf16_slice"]

#: What a rule makes by repeating and replacing is no longer than this. A few nested calls
#: would otherwise fill the memory.
MAX_LENGTH = 10_000

_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_UP_TO_BLANK = "".join(map(chr, range(0x21)))
#: The blanks and separators of Unicode, but for those that do not break a line.
_WHITESPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)
#: Texts up to this length are looked for from the end as they are.
_SHORT = 8


def _wide(text: str) -> bool:
    return not text.isascii() and _BEYOND.search(text) is not None


def units(text: str) -> str:
    """*text* with every character beyond U+FFFF as its two surrogates."""
    if not _wide(text):
        return text
    return text.translate({ord(each): _pair(ord(each)) for each in set(text) if each > "\uffff"})


def _pair(code: int) -> str:
    return chr(0xD7C0 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


def joined(text: str) -> str:
    """The reverse of `units`: pairs of surrogates become one character."""
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


def utf16_length(text: str) -> int:
    """String.length."""
    return len(units(text))


def utf16_slice(text: str, begin: int, end: int) -> str:
    """String.substring within bounds."""
    if not _wide(text):
        return text[begin:end]
    return joined(units(text)[begin:end])


def find(text: str, part: str, begin: int = 0) -> int:
    """String.indexOf: -1 where *part* is not found at or after *begin*."""
    haystack, needle = units(text), units(part)
    begin = min(max(begin, 0), len(haystack))
    return haystack.find(needle, begin)


def rfind(text: str, part: str, begin: int | None = None) -> int:
    """String.lastIndexOf: the last place at or before *begin*, or -1."""
    haystack, needle = units(text), units(part)
    begin = len(haystack) if begin is None else begin
    if begin < 0:
        return -1
    end = min(begin + len(needle), len(haystack))
    if len(needle) <= _SHORT:
        return haystack.rfind(needle, 0, end)
    # Python is quick to find long texts only forwards.
    place = haystack[:end][::-1].find(needle[::-1])
    return -1 if place < 0 else end - place - len(needle)


def upper(text: str) -> str:
    """String.toUpperCase for an English locale, with the mappings to several characters."""
    return text.upper()


def lower(text: str) -> str:
    """String.toLowerCase for an English locale."""
    return text.lower()


def java_hash(text: str) -> int:
    """String.hashCode."""
    result = 0
    for unit in units(text):
        result = (result * 31 + ord(unit)) & 0xFFFFFFFF
    return result - (1 << 32) if result >= 1 << 31 else result


def equal_ignoring_case(left: str, right: str) -> bool:
    """String.equalsIgnoreCase: unit by unit, upper case first, then lower."""
    a, b = units(left), units(right)
    # Pairs that come again are looked at once: a long text has few.
    return len(a) == len(b) and (a == b or all(starmap(_same_letter, set(zip(a, b, strict=True)))))


def _fold(character: str) -> str:
    # Only mappings to one character count here, so that the German sharp s stays itself.
    raised = character.upper()
    character = raised if len(raised) == 1 else character
    lowered = character.lower()
    if len(lowered) == 1:
        return lowered
    # Of the dotted capital I the Java drops the dot where it maps to one character.
    return "i" if character == "\u0130" else character


def _same_letter(left: str, right: str) -> bool:
    return left == right or _fold(left) == _fold(right)


def fold(text: str) -> str:
    """*text* for comparisons that ignore case as String.compareToIgnoreCase does."""
    return "".join(map(_fold, units(text)))


def is_whitespace(character: str) -> bool:
    """Character.isWhitespace."""
    return character in _WHITESPACE


def trim(text: str) -> str:
    """String.trim: characters up to U+0020 go, at both ends."""
    return text.strip(_UP_TO_BLANK)


def replace(text: str, before: str, after: str) -> str:
    """String.replace; ValueError where the result would be longer than `MAX_LENGTH`."""
    if len(after) > len(before):
        check_length(len(text) + text.count(before) * (len(after) - len(before)))
    return text.replace(before, after)


def check_length(length: int) -> None:
    """Raise ValueError before a text of *length* characters is made, if that is too long."""
    if length > MAX_LENGTH:
        raise ValueError(f"the text would have {length} characters; {MAX_LENGTH} are the limit")


def strip(text: str, *, leading: bool = True, trailing: bool = True) -> str:
    """String.strip, stripLeading and stripTrailing."""
    text = text.lstrip(_WHITESPACE) if leading else text
    return text.rstrip(_WHITESPACE) if trailing else text
