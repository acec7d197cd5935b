"""How the Java reads JSON: Jackson 2.13's grammar, and its coercions between kinds of scalars.

A version may be the number 5, a flag the string "true", a bucket's value 1.9: Jackson
converts them, and so does this module. What Jackson refuses is a ConversionError here.
None stands for null, and a caller whose Java field is primitive says `or 0`.
"""

from __future__ import annotations

import json
import math
from typing import Any

from proctor.core.exceptions import ConversionError, RuleRuntimeError
from proctor.core.rules.numerals import parse_double, parse_integer

__all__ = [
    "DecimalText",
    "RepeatedKeys",
    "parse",
    "parse_document",
    "shown",
    "to_boolean",
    "to_double",
    "to_integer",
    "to_text",
]

#: Longer integers are refused: reading one takes time that grows with its square.
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
    """A JSON number with a point or an exponent, which remembers how it was written.

    Jackson gives a string field the number's own text: a version 1.10 is "1.10".
    """

    __slots__ = ("text",)
    text: str

    def __init__(self, text: str) -> None:
        """Read *text*; what is too large becomes an infinity."""
        self.text = text


class RepeatedKeys(dict[str, Any]):
    """A JSON object with a key more than once; as a dict it has the last value of each.

    Jackson reads an object as a stream, and what it refuses it refuses at any place.
    """

    __slots__ = ("pairs",)
    #: All keys and values, in the order of the text.
    pairs: list[tuple[str, Any]]

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        """Keep *pairs*."""
        super().__init__(pairs)
        self.pairs = pairs


def parse(text: str) -> Any:
    """The first JSON value of *text*; what follows it is not looked at, as in the Java.

    Numbers with a point come as `DecimalText`, objects as dicts, those in which a key
    stands more than once as `RepeatedKeys`. Raises ConversionError for what is no JSON,
    which a byte-order mark, a comment, NaN and a trailing comma are not.
    """
    if text.startswith("\ufeff"):
        raise ConversionError("begins with a byte-order mark; save it without one")
    decoder = json.JSONDecoder(
        parse_float=DecimalText,
        parse_int=_parse_int,
        parse_constant=_refuse_constant,
        object_pairs_hook=_object,
    )
    try:
        value, _end = decoder.raw_decode(text, len(text) - len(text.lstrip(" \t\r\n")))
    except json.JSONDecodeError as error:
        raise ConversionError(
            f"no JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    except RecursionError:
        raise ConversionError("nested too deeply; flatten it") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else RepeatedKeys(pairs)


def parse_document(content: str | bytes) -> Any:
    """`parse` of a text, or of bytes in UTF-8: ConversionError too where these are none.

    Behind the value there may be any bytes.
    """
    if isinstance(content, str):
        return parse(content)
    try:
        text = bytes(content).decode()
    except UnicodeDecodeError as error:
        try:
            return parse(bytes(content[: error.start]).decode())
        except ConversionError:
            raise ConversionError(f"no UTF-8: {error}; save the file as UTF-8") from None
    return parse(text)


def _parse_int(text: str) -> int:
    if len(text) <= MAX_DIGITS:
        try:
            return int(text)
        except ValueError:  # Python's own limit on digits, set lower
            pass
    raise ConversionError(f"{text[:20]}... has {len(text)} digits; write it as a string")


def _refuse_constant(text: str) -> Any:
    raise ConversionError(f"{text} is no JSON; write a number, or leave it out")


def shown(value: object) -> str:
    """The repr of *value* for a message, cut to a sane length."""
    if value is None:
        return "null"
    if isinstance(value, DecimalText):
        value = float(value)
    if isinstance(value, (dict, list, tuple)):
        value = value if len(value) <= 10 else type(value).__name__
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # too deep, or an integer of too many digits
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else text[:77] + "..."


def to_text(value: Any) -> str | None:
    """A String field: numbers and booleans become their text."""
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
    raise ConversionError(f"{shown(value)} is no string; write one in quotes")


def _digits(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError:  # Python's own limit on digits
        raise ConversionError("the number has too many digits; write it as a string") from None


def to_integer(value: Any, bits: int = 32) -> int | None:
    """An int or (with 64 bits) long field: decimals lose their fraction, digits are read."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    if value is None:
        return None
    if isinstance(value, float) and low <= value <= float(high):
        # float(2**63 - 1) is 2**63, which the Java's cast brings back into the range.
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
        f"{shown(value)} is no whole number of {bits} bits; write one from {low} to {high}"
    )


def to_double(value: Any) -> float | None:
    """A double field: integers are widened, digits are read, "NaN" and "Infinity" too."""
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
    raise ConversionError(f"{shown(value)} is no number; write digits, as in 0.5")


def to_boolean(value: Any) -> bool | None:
    """A boolean field: whole numbers are true but for 0; "true" in three spellings is read."""
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
    raise ConversionError(f"{shown(value)} is no boolean; write true or false")
