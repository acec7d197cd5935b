"""Write JSON as Java Proctor does, byte for byte (Java: Serializers.lenient, Jackson).

The indentation is two spaces, keys are followed by ` : `, empty values are `{ }` and `[ ]`, lists
are on one line, and there is no newline at the end. Doubles are rounded half-even to at most ten
decimal places, except inside `ExactDoubles`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from proctor.core.authoring.refusals import refuse
from proctor.core.java.frozen import MAX_DEPTH
from proctor.core.java.text import units
from proctor.core.java.values import java_string
from proctor.core.sentences import Sentence, gettext_noop

__all__ = ["ExactDoubles", "double_text", "java_json"]

_DIGITS = 10
_STEP = Decimal("1e-10")
#: The only double that is slightly above a tie but that the JDK rounds down. The JDK rounds up the
#: others, because their last digit is 5. For this one, it computes the digits "50", so the last
#: digit is not 5 (Java: FloatingDecimal, DigitList).
_HALF_STEP = 5e-11
#: Enough digits for any double: the largest one has 309 digits before the decimal point.
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_EVEN)
_SCALARS = frozenset((int, float, bool, type(None)))
_ESCAPED = re.compile('["\\\\\x00-\x1f\ud800-\udfff]')
_BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")
_SHORT_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}


@dataclass(frozen=True, slots=True)
class ExactDoubles:
    """A JSON value whose doubles are written in Java's notation, for example 1.0E-12."""

    value: Any


def java_json(value: Any, *, escape_pairs: bool = False) -> str:
    """Return the text of a JSON *value* made of mappings, lists, tuples and scalars.

    If *escape_pairs* is True, characters beyond U+FFFF are written as two escapes, as Jackson does
    when it writes bytes. Lone surrogates are always escaped, because a file cannot contain them.
    Raises Refusal for an infinity or NaN, which JSON cannot express, and for a value that is nested
    too deeply.
    """
    parts: list[str] = []
    _write(value, 0, parts, exact=False)
    text = "".join(parts)
    return _BEYOND_BMP.sub(_escaped_pair, text) if escape_pairs else text


def double_text(value: float) -> str:
    """Return a double with one to ten decimal places and no exponent: 1/3 becomes 0.3333333333.

    Raises Refusal for an infinity or NaN.
    """
    if not math.isfinite(value):
        raise refuse(
            "not-finite",
            Sentence(
                gettext_noop("{value} cannot be written as JSON; write a finite number"),
                value=value,
            ),
        )
    plain = repr(value)
    if "e" not in plain and len(plain) - plain.index(".") <= _DIGITS + 1:
        return plain
    if abs(value) == _HALF_STEP:
        value *= 0.0
    shortest = Decimal(repr(value))
    exponent = shortest.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_DIGITS:
        # Round the exact value, because the shortest digits may already be rounded.
        shortest = Decimal(value).quantize(_STEP, context=_CONTEXT)
    whole, _, fraction = format(shortest, "f").partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def _write(value: Any, level: int, parts: list[str], *, exact: bool) -> None:
    if level > MAX_DEPTH * 2:
        raise refuse(
            "json-syntax",
            Sentence(
                gettext_noop("the value is nested more than {limit} levels deep; flatten it"),
                limit=MAX_DEPTH,
            ),
        )
    # The fast path: most values are plain strings and other scalars.
    if type(value) is str:
        parts.append(_string(value))
    elif type(value) in _SCALARS:
        parts.append(_scalar(value, exact=exact))
    elif isinstance(value, str):
        parts.append(_string(value))
    elif isinstance(value, (dict, Mapping)):
        _write_object(value, level, parts, exact=exact)
    elif isinstance(value, (list, tuple)):
        _write_list(value, level, parts, exact=exact)
    elif isinstance(value, ExactDoubles):
        _write(value.value, level, parts, exact=True)
    else:
        parts.append(_scalar(value, exact=exact))


def _write_object(value: Mapping[str, Any], level: int, parts: list[str], *, exact: bool) -> None:
    if not value:
        parts.append("{ }")
        return
    separator = "{"
    indentation = "\n" + "  " * (level + 1)
    for key, item in value.items():
        parts.append(f"{separator}{indentation}{_string(key)} : ")
        _write(item, level + 1, parts, exact=exact)
        separator = ","
    parts.append("\n" + "  " * level + "}")


def _write_list(value: Any, level: int, parts: list[str], *, exact: bool) -> None:
    if not value:
        parts.append("[ ]")
        return
    separator = "[ "
    for item in value:
        parts.append(separator)
        # A list adds no indentation: objects in it are indented like the object that contains the
        # list.
        _write(item, level, parts, exact=exact)
        separator = ", "
    parts.append(" ]")


def _scalar(value: Any, *, exact: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = double_text(value)
        return java_string(float(value)) if exact else text
    return int.__repr__(value)


def _string(text: str) -> str:
    # Most strings have nothing to escape. This check is faster than the pattern.
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return _SHORT_ESCAPES.get(character) or f"\\u{ord(character):04X}"


def _escaped_pair(found: re.Match[str]) -> str:
    return "".join(f"\\u{ord(each):04X}" for each in units(found[0]))
