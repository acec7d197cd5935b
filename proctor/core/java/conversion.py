"""Convert raw values to the values that rules see (Java: ValueConverters, and Jackson).

Raw values are text, as in a request to Pipet, or Python objects from an application. Text is parsed
as Java's `valueOf` parses it. A Python object is converted as Pipet would convert its `str()`: for
a boolean, True is true and 1.0 is false; for an int, 5.0 is an error. Python's infinities and NaN,
which cannot be sent to Pipet, are accepted unchanged.

The functions do not accept None. If they fail, they raise `Refused` or RuleRuntimeError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sized
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from proctor.core.java.numerals import LONG_MAX, LONG_MIN, parse_double, parse_integer
from proctor.core.java.values import BigInteger, Byte, Character, Float, Integer, JavaArray, Short

if TYPE_CHECKING:
    from fractions import Fraction


class Refused(Exception):  # noqa: N818 - says what happened to the value
    """Raised if a converter cannot convert a value; its message is the reason."""


def plain_text(value: Any) -> str:
    """Return *value* as the text that a request would contain.

    For subclasses of str, int and float, the plain value is used and `__str__` is ignored. Members
    of an enumeration become their values, and a marked-safe string becomes a str.
    """
    # Compare the type. isinstance is not enough, because a lazy object pretends to be an instance
    # of the class of the object that it wraps.
    cls = type(value)
    if issubclass(cls, str):
        return str.__str__(value)
    if issubclass(cls, int) and cls is not bool:
        return int.__repr__(value)
    if issubclass(cls, float):
        return float.__repr__(value)
    return str.__str__(str(value))


to_string = plain_text


def sent_text(value: Any) -> str:
    """Return *value* as the text that version 1 of this library sent to a Pipet.

    Bytes are decoded as UTF-8. Anything else is converted by `plain_text`.
    """
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "replace")
    return plain_text(value)


def to_whole(value: Any, *, cls: type[int], low: int, high: int) -> int:
    """Convert *value* to a Byte, Short, Integer or Long, as Integer.valueOf and its siblings do."""
    kind = type(value)
    if issubclass(kind, int) and kind is not bool:
        if not low <= value <= high:
            raise Refused("NumberFormatException")
        return cls(int.__index__(value))
    return cls(parse_integer(plain_text(value), low, high))


def to_double(value: Any) -> float:
    """Convert *value* to a double, as Double.valueOf does."""
    kind = type(value)
    if issubclass(kind, float):
        return float.__float__(value)
    if issubclass(kind, int) and kind is not bool:
        try:
            return float(int.__index__(value))
        except OverflowError:
            return -math.inf if value < 0 else math.inf
    return parse_double(plain_text(value))


def _exact(text: str) -> Fraction:
    """Return the exact value of *text*, which `parse_double` must read as a finite number."""
    from fractions import Fraction  # noqa: PLC0415 - few need it, and it is slow to import

    number = text.strip("".join(map(chr, range(0x21)))).lower()
    if "0x" not in number:
        return Fraction(Decimal(number.rstrip("fd")))
    mantissa, _, exponent = number.rstrip("fd").partition("p")
    whole, _, fraction = mantissa.replace("0x", "", 1).partition(".")
    value = Fraction(int(whole + fraction, 16), 16 ** len(fraction))
    return value * Fraction(2) ** int(exponent)


def to_float(value: Any) -> Float:
    """Convert *value* as Float.valueOf does: text is rounded once, directly to single precision."""
    kind = type(value)
    if issubclass(kind, (int, float)) and kind is not bool and not math.isfinite(to_double(value)):
        return Float(to_double(value))
    text = plain_text(value)
    double = parse_double(text)
    if double and math.isfinite(double):
        # If the double is inexact, take whichever of the two doubles around the exact value has its
        # last bit set. Then the second rounding, to single precision, cannot mistake the value for
        # a tie.
        exact = _exact(text)
        if exact != double and double.hex().partition("p")[0][-1] in "02468ace":
            double = math.nextafter(double, math.inf if exact > double else -math.inf)
    return Float(double)


def to_boolean(value: Any) -> bool:
    """Return True for True, "1" and "true" (ignoring case), and False for anything else."""
    return value if type(value) is bool else plain_text(value).lower() in ("1", "true")


def to_character(value: Any) -> Character:
    """Return a string of exactly one UTF-16 unit. Raises Refused for any other length."""
    text = plain_text(value)
    units = len(text) + sum(char > "\uffff" for char in text)
    if units != 1:
        raise Refused(f"Parameter was length {units} but expecting length 1.")
    return Character(text)


def to_user_agent(value: Any, *, parse: Callable[[str], object]) -> object:
    """Return the result of calling *parse* with the header's text."""
    return parse(plain_text(value))


def _members(value: Any, wanted: str) -> Iterable[Any]:
    # Require a length, too: this accepts a query set or an array, but not an endless generator.
    is_text = isinstance(value, (str, bytes, bytearray))
    if is_text or not (isinstance(value, Sized) and isinstance(value, Iterable)):
        raise Refused(f"expected a {wanted}, got {type(value).__qualname__}")
    return value


def to_list(value: Any) -> list[object]:
    """Return a list of the items, each converted by `to_json`."""
    if isinstance(value, Mapping):
        raise Refused(f"expected a list, got {type(value).__qualname__}")
    return [to_json(member) for member in _members(value, "list")]


def to_set(value: Any) -> set[object]:
    """Return a set of the items, each converted by `to_json`."""
    if isinstance(value, Mapping):
        raise Refused(f"expected a set, got {type(value).__qualname__}")
    return {to_json(member) for member in _members(value, "set")}


def to_map(value: Any) -> dict[str, object]:
    """Return a dict with string keys, as in JSON, and values converted by `to_json`."""
    if not isinstance(value, Mapping):
        raise Refused(f"expected a map, got {type(value).__qualname__}")
    return {plain_text(key): to_json(item) for key, item in value.items()}


_JAVA_KINDS = (Integer, Short, Byte, BigInteger, Float, Character, JavaArray)


def to_json(value: Any) -> object:
    """Return *value* as Jackson reads it from JSON (Java: Object.class, default settings).

    Whole numbers become Integer, Long or BigInteger depending on their size. Decimals become
    Double, sequences and sets become lists, and a lazy string becomes a str. Values of Java's
    types, and objects with no JSON equivalent, are returned unchanged.
    """
    if value is None or isinstance(value, (bool, *_JAVA_KINDS)):
        return value
    if isinstance(value, int):
        return _whole_by_size(int.__index__(value))
    if isinstance(value, float):
        return float.__float__(value)
    # An object that has the methods of str but is not a str is a lazy string (Django's Promise).
    if isinstance(value, str) or hasattr(type(value), "casefold"):
        return plain_text(value)
    if isinstance(value, Mapping):
        return to_map(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(member) for member in value]
    return value


def _whole_by_size(value: int) -> int:
    if -(2**31) <= value < 2**31:
        return Integer(value)
    return value if LONG_MIN <= value <= LONG_MAX else BigInteger(value)
