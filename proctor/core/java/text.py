"""Strings as Java sees them: sequences of UTF-16 units.

Python's strings are sequences of code points. The two kinds of sequences differ only if the text
contains a character beyond U+FFFF, so the functions in this module take a shortcut for all
other texts.
"""

from __future__ import annotations

import re
from itertools import starmap

__all__ = ["find", "lower", "rfind", "units", "upper", "utf16_length", "utf16_slice"]

#: Maximum length of a string that a rule creates by repeating or replacing. Without a limit, a few
#: nested calls could exhaust memory.
MAX_LENGTH = 10_000

_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_UP_TO_BLANK = "".join(map(chr, range(0x21)))
#: Unicode's spaces and separators, except the non-breaking ones.
_WHITESPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)
#: Strings up to this length are searched directly from the end.
_SHORT = 8


def _wide(text: str) -> bool:
    return not text.isascii() and _BEYOND.search(text) is not None


def units(text: str) -> str:
    """Return *text* with every character beyond U+FFFF replaced by its two surrogates."""
    if not _wide(text):
        return text
    return text.translate({ord(each): _pair(ord(each)) for each in set(text) if each > "\uffff"})


def _pair(code: int) -> str:
    return chr(0xD7C0 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


def joined(text: str) -> str:
    """Undo `units`: combine pairs of surrogates into one character."""
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


def utf16_length(text: str) -> int:
    """Return the length of *text* in UTF-16 units, as String.length does."""
    return len(units(text))


def utf16_slice(text: str, begin: int, end: int) -> str:
    """Return a slice of *text* between two indices of UTF-16 units, which must be within bounds.

    [String.substring]
    """
    if not _wide(text):
        return text[begin:end]
    return joined(units(text)[begin:end])


def find(text: str, part: str, begin: int = 0) -> int:
    """Return the first index of *part* from *begin* on, or -1 if there is none.

    Indices count UTF-16 units. [String.indexOf]
    """
    haystack, needle = units(text), units(part)
    begin = min(max(begin, 0), len(haystack))
    return haystack.find(needle, begin)


def rfind(text: str, part: str, begin: int | None = None) -> int:
    """Return the last index of *part* up to *begin*, or -1 if there is none.

    Indices count UTF-16 units. [String.lastIndexOf]
    """
    haystack, needle = units(text), units(part)
    begin = len(haystack) if begin is None else begin
    if begin < 0:
        return -1
    end = min(begin + len(needle), len(haystack))
    if len(needle) <= _SHORT:
        return haystack.rfind(needle, 0, end)
    # For long texts, Python's search is fast only in the forward direction.
    place = haystack[:end][::-1].find(needle[::-1])
    return -1 if place < 0 else end - place - len(needle)


def upper(text: str) -> str:
    """Return *text* in upper case, as String.toUpperCase does in an English locale.

    One character may become several.
    """
    return text.upper()


def lower(text: str) -> str:
    """Return *text* in lower case, as String.toLowerCase does in an English locale."""
    return text.lower()


def java_hash(text: str) -> int:
    """Return the hash of *text*, as String.hashCode does."""
    result = 0
    for unit in units(text):
        result = (result * 31 + ord(unit)) & 0xFFFFFFFF
    return result - (1 << 32) if result >= 1 << 31 else result


def equal_ignoring_case(left: str, right: str) -> bool:
    """Compare as String.equalsIgnoreCase does: unit by unit, in upper case, then in lower case."""
    a, b = units(left), units(right)
    # Compare each pair of different characters only once. Even a long text has few such pairs.
    return len(a) == len(b) and (a == b or all(starmap(_same_letter, set(zip(a, b, strict=True)))))


def _fold(character: str) -> str:
    # Java uses only mappings to a single character, so the German sharp s does not change.
    raised = character.upper()
    character = raised if len(raised) == 1 else character
    lowered = character.lower()
    if len(lowered) == 1:
        return lowered
    # When Java maps the dotted capital I to a single character, the dot is dropped.
    return "i" if character == "\u0130" else character


def _same_letter(left: str, right: str) -> bool:
    return left == right or _fold(left) == _fold(right)


def fold(text: str) -> str:
    """Return *text* folded for comparisons as String.compareToIgnoreCase folds it."""
    return "".join(map(_fold, units(text)))


def is_whitespace(character: str) -> bool:
    """Return True for the characters that Character.isWhitespace accepts."""
    return character in _WHITESPACE


def trim(text: str) -> str:
    """Remove characters up to U+0020 at both ends, as String.trim does."""
    return text.strip(_UP_TO_BLANK)


def replace(text: str, before: str, after: str) -> str:
    """Replace *before* with *after*, as String.replace does.

    Raises ValueError if the result would be longer than `MAX_LENGTH` characters.
    """
    if len(after) > len(before):
        check_length(len(text) + text.count(before) * (len(after) - len(before)))
    return text.replace(before, after)


def check_length(length: int) -> None:
    """Raise ValueError if *length* is too long for a string that a rule creates."""
    if length > MAX_LENGTH:
        raise ValueError(
            f"the text would have {length} characters; at most {MAX_LENGTH} are allowed"
        )


def strip(text: str, *, leading: bool = True, trailing: bool = True) -> str:
    """Remove whitespace as String.strip, stripLeading and stripTrailing do."""
    text = text.lstrip(_WHITESPACE) if leading else text
    return text.rstrip(_WHITESPACE) if trailing else text
