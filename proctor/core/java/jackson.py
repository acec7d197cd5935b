"""Read JSON as Java Proctor does: Jackson 2.13's grammar and its coercions between scalars.

For example, a version can be the number 5, a flag the string "true", and a bucket's value 1.9.
Jackson converts them, and so does this module. It raises ConversionError for values that Jackson
rejects. null becomes None; for fields that are primitives in Java, callers add `or 0`.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from proctor.core.exceptions import ConversionError, RuleRuntimeError
from proctor.core.java.numerals import parse_double, parse_integer
from proctor.core.messages import shown
from proctor.core.sentences import Sentence, gettext_noop, sentence_of

__all__ = [
    "DecimalText",
    "RepeatedKeys",
    "parse",
    "parse_document",
    "shown_json",
    "to_boolean",
    "to_double",
    "to_integer",
    "to_text",
]

#: Longer integers are rejected, because the time to read one grows with the square of its length.
MAX_DIGITS = 4000

_BLANKS = "".join(map(chr, range(0x21)))
_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")
_SPECIAL_DOUBLES = {
    "NaN": math.nan,
    "Infinity": math.inf,
    "INF": math.inf,
    "-Infinity": -math.inf,
    "-INF": -math.inf,
}


class DecimalText(float):
    """A JSON number with a decimal point or an exponent, together with its original text.

    Jackson reads the original text into a string field: the version 1.10 becomes "1.10".
    """

    __slots__ = ("text",)
    text: str

    def __init__(self, text: str) -> None:
        """Read *text*. A number that is too large becomes an infinity."""
        self.text = text


class RepeatedKeys(dict[str, Any]):
    """A JSON object that repeats a key. As a dict, it contains the last value of each key.

    Jackson reads an object as a stream, so it rejects an invalid value even if the key is repeated
    later with a valid one.
    """

    __slots__ = ("pairs",)
    #: All keys and values, in the order in which they were written.
    pairs: list[tuple[str, Any]]

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        """Store *pairs*."""
        super().__init__(pairs)
        self.pairs = pairs


def parse(text: str) -> Any:
    """Return the first JSON value in *text*. Anything after it is ignored, as in Java Proctor.

    Numbers with a point are returned as `DecimalText`, objects as dicts, and objects that repeat a
    key as `RepeatedKeys`. Raises ConversionError for text that is not JSON, including text with a
    byte-order mark, a comment, NaN or a trailing comma.
    """
    if text.startswith("\ufeff"):
        raise ConversionError(
            Sentence(gettext_noop("begins with a byte-order mark; save it without one"))
        )
    try:
        value, _end = _DECODER.raw_decode(text, len(text) - len(text.lstrip(" \t\r\n")))
    except json.JSONDecodeError as error:
        raise ConversionError(
            Sentence(gettext_noop("not valid JSON: {error}"), error=_json_fault(error)),
            position=error.pos,
        ) from None
    except RecursionError:
        raise ConversionError(Sentence(gettext_noop("nested too deeply; flatten it"))) from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else RepeatedKeys(pairs)


def parse_document(content: str | bytes) -> Any:
    """Parse text, or bytes in UTF-8. Raises ConversionError for invalid JSON or UTF-8.

    Anything may follow the value.
    """
    if isinstance(content, str):
        return parse(content)
    try:
        text = bytes(content).decode()
    except UnicodeDecodeError as error:
        try:
            return parse(bytes(content[: error.start]).decode())
        except ConversionError:
            raise ConversionError(
                Sentence(
                    gettext_noop("not UTF-8: {error}; save the file as UTF-8"),
                    error=sentence_of(error),
                )
            ) from None
    return parse(text)


#: A comma before a closing bracket, which JSON does not allow.
_TRAILING_COMMA = re.compile(r",[ \t\r\n]*(?=[\]}])")


def _json_fault(error: json.JSONDecodeError) -> str:
    """Return a message with the error and its position. Trailing commas have their own message."""
    text, comma = error.doc, None
    # Search only just before the error. Elsewhere, the same characters can be part of a valid
    # string.
    for found in _TRAILING_COMMA.finditer(text, max(0, text.rfind(",", 0, error.pos + 1))):
        # Python 3.13 points to the comma and names it; older versions point to the bracket.
        names_it = "trailing comma" in error.msg
        if (found.start() < error.pos or names_it) and error.pos <= found.end():
            comma = found.start()
        break
    if comma is None:
        # Python's own messages are not translated.
        text = gettext_noop("{problem} at line {line}, column {column}")
        return Sentence(text, problem=error.msg, line=error.lineno, column=error.colno)
    line = text.count("\n", 0, comma) + 1
    column = comma - text.rfind("\n", 0, comma)
    return Sentence(
        gettext_noop("trailing comma at line {line}, column {column}"), line=line, column=column
    )


def _parse_int(text: str) -> int:
    if len(text) <= MAX_DIGITS:
        try:
            return int(text)
        except ValueError:  # Python's own limit on the number of digits may be lower
            pass
    raise ConversionError(
        Sentence(
            gettext_noop("{text}... has {digits} digits; write it as a string"),
            text=text[:20],
            digits=len(text),
        )
    )


def _refuse_constant(text: str) -> Any:
    raise ConversionError(
        Sentence(
            gettext_noop("{text} is not valid JSON; write a number, or leave it out"), text=text
        )
    )


#: Created once, because creating it takes a fifth as long as reading a small definition.
_DECODER = json.JSONDecoder(
    parse_float=DecimalText,
    parse_int=_parse_int,
    parse_constant=_refuse_constant,
    object_pairs_hook=_object,
)


def shown_json(value: object) -> str:
    """Return the repr of *value* for a message, cut to a reasonable length."""
    if value is None:
        return "null"
    if isinstance(value, DecimalText):
        value = float(value)
    if isinstance(value, (dict, list, tuple)):
        value = value if len(value) <= 10 else type(value).__name__
    return shown(value)


def to_text(value: Any) -> str | None:
    """Read a String field. Numbers and booleans become text."""
    if value is None:
        return None
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, DecimalText):
        return value.text
    if isinstance(value, int):
        return _digits(value)
    if isinstance(value, float):
        return float.__repr__(value)
    raise ConversionError(
        Sentence(
            gettext_noop("{value} is not a string; write it in quotes"), value=shown_json(value)
        )
    )


def _digits(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError:  # Python limits the number of digits
        raise ConversionError(
            Sentence(gettext_noop("the number has too many digits; write it as a string"))
        ) from None


def to_integer(value: Any, bits: int = 32) -> int | None:
    """Read an int field or, with 64 bits, a long field.

    Decimals are truncated, and strings of digits are accepted.
    """
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    if value is None:
        return None
    if isinstance(value, float) and low <= value <= float(high):
        # float(2**63 - 1) is 2**63, which Java's cast clamps back into range.
        return min(int(value), high)
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return int.__int__(value)
    if isinstance(value, str):
        text = value.strip(_BLANKS)
        if text in ("", "null"):
            return None
        try:
            return parse_integer(text, low, high)
        except RuleRuntimeError:
            pass
    raise ConversionError(
        Sentence(
            gettext_noop("{value} is not a {bits}-bit integer; write one from {low} to {high}"),
            value=shown_json(value),
            bits=bits,
            low=low,
            high=high,
        )
    )


def to_double(value: Any) -> float | None:
    """Read a double field. Integers, strings of digits, "NaN" and "Infinity" are accepted."""
    if value is None:
        return None
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, str):
        if value in _SPECIAL_DOUBLES:
            return _SPECIAL_DOUBLES[value]
        text = value.strip(_BLANKS)
        if text in ("", "null"):
            return None
        try:
            return parse_double(text)
        except RuleRuntimeError:
            pass
    raise ConversionError(
        Sentence(
            gettext_noop("{value} is not a number; write digits, as in 0.5"),
            value=shown_json(value),
        )
    )


def to_boolean(value: Any) -> bool | None:
    """Read a boolean field: true or false, a number (true unless 0), or one of a few strings."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    if isinstance(value, str):
        text = value.strip(_BLANKS)
        if text in ("", "null"):
            return None
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
    raise ConversionError(
        Sentence(
            gettext_noop("{value} is not a boolean; write true or false"),
            value=shown_json(value),
        )
    )
