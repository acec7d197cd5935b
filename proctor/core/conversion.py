"""From raw values to the values that rules see (Java: ValueConverters, and Jackson).

Raw values come as text, as Pipet reads them from a request, or as Python objects from an
application. Text is read as Java's `valueOf` does. An object gives what Pipet would give
for its `str()`, wherever Pipet would give anything at all: so True for a boolean is what
"True" is, 1.0 for a boolean is false, and 5.0 for an int is an error. Infinities and NaN
of Python, which Pipet cannot be sent, are taken as they are.

None of these functions takes None. They raise `Refused` or RuleRuntimeError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sized
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from proctor.core.rules.numerals import LONG_MAX, LONG_MIN, parse_double, parse_integer
from proctor.core.rules.values import BigInteger, Byte, Character, Float, Integer, JavaArray, Short

if TYPE_CHECKING:
    from fractions import Fraction


class Refused(Exception):  # noqa: N818 - says what happened to the value
    """A converter has no answer; the text is the reason."""


def plain_text(value: Any) -> str:
    """*value* as the text that a request would bring.

    Subclasses of str, int and float count as what they hold, whatever their `__str__`
    says: members of an enumeration give their values, and a marked-safe string is a str.
    """
    # The class is asked and not the object: a lazy object pretends to be what it wraps.
    cls = type(value)
    if issubclass(cls, str):
        return str.__str__(value)
    if issubclass(cls, int) and cls is not bool:
        return int.__repr__(value)
    if issubclass(cls, float):
        return float.__repr__(value)
    return str.__str__(str(value))


to_string = plain_text


def to_whole(value: Any, *, cls: type[int], low: int, high: int) -> int:
    """Java's Integer.valueOf and its kin, for a Byte, Short, Integer or Long."""
    kind = type(value)
    if issubclass(kind, int) and kind is not bool:
        if not low <= value <= high:
            raise Refused("NumberFormatException")
        return cls(int.__index__(value))
    return cls(parse_integer(plain_text(value), low, high))


def to_double(value: Any) -> float:
    """Java's Double.valueOf."""
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
    """The exact value of a text that `parse_double` takes for a finite number."""
    from fractions import Fraction  # noqa: PLC0415 - few need it, and it is slow to import

    number = text.strip("".join(map(chr, range(0x21)))).lower()
    if "0x" not in number:
        return Fraction(Decimal(number.rstrip("fd")))
    mantissa, _, exponent = number.rstrip("fd").partition("p")
    whole, _, fraction = mantissa.replace("0x", "", 1).partition(".")
    value = Fraction(int(whole + fraction, 16), 16 ** len(fraction))
    return value * Fraction(2) ** int(exponent)


def to_float(value: Any) -> Float:
    """Java's Float.valueOf: the text rounded once, straight to single precision."""
    kind = type(value)
    if issubclass(kind, (int, float)) and kind is not bool and not math.isfinite(to_double(value)):
        return Float(to_double(value))
    text = plain_text(value)
    double = parse_double(text)
    if double and math.isfinite(double):
        # A double that is not exact is moved to the neighbour whose last bit is set, on
        # the side of the exact value; so the second rounding cannot meet a false tie.
        exact = _exact(text)
        if exact != double and double.hex().partition("p")[0][-1] in "02468ace":
            double = math.nextafter(double, math.inf if exact > double else -math.inf)
    return Float(double)


def to_boolean(value: Any) -> bool:
    """True for True, "1" and "true" in any case; all else is false and no error."""
    return value if type(value) is bool else plain_text(value).lower() in ("1", "true")


def to_character(value: Any) -> Character:
    """A text of exactly one UTF-16 unit."""
    text = plain_text(value)
    units = len(text) + sum(char > "\uffff" for char in text)
    if units != 1:
        raise Refused(f"Parameter was length {units} but expecting length 1.")
    return Character(text)


def to_user_agent(value: Any, *, parse: Callable[[str], object]) -> object:
    """What *parse* makes of the header's text."""
    return parse(plain_text(value))


def _members(value: Any, wanted: str) -> Iterable[Any]:
    # Sized and iterable: also a query set or an array, but not a generator without an end.
    is_text = isinstance(value, (str, bytes, bytearray))
    if is_text or not (isinstance(value, Sized) and isinstance(value, Iterable)):
        raise Refused(f"a {wanted} is expected, not a {type(value).__qualname__}")
    return value


def to_list(value: Any) -> list[object]:
    """A list of the members, each as `to_json` has it."""
    if isinstance(value, Mapping):
        raise Refused(f"a list is expected, not a {type(value).__qualname__}")
    return [to_json(member) for member in _members(value, "list")]


def to_set(value: Any) -> set[object]:
    """A set of the members, each as `to_json` has it."""
    if isinstance(value, Mapping):
        raise Refused(f"a set is expected, not a {type(value).__qualname__}")
    return {to_json(member) for member in _members(value, "set")}


def to_map(value: Any) -> dict[str, object]:
    """A dict with keys of text, as JSON has them, and values as `to_json` has them."""
    if not isinstance(value, Mapping):
        raise Refused(f"a map is expected, not a {type(value).__qualname__}")
    return {plain_text(key): to_json(item) for key, item in value.items()}


_JAVA_KINDS = (Integer, Short, Byte, BigInteger, Float, Character, JavaArray)


def to_json(value: Any) -> object:
    """*value* as Jackson reads it from JSON (Java: Object.class, default settings).

    Whole numbers are Integer, Long or BigInteger by size, decimals Double, sequences and
    sets lists. Values that already are of Java's kinds stay, and objects that JSON does
    not have are passed on as they are; a lazy text becomes a str.
    """
    if value is None or isinstance(value, (bool, *_JAVA_KINDS)):
        return value
    if isinstance(value, int):
        return _whole_by_size(int.__index__(value))
    if isinstance(value, float):
        return float.__float__(value)
    # What has the methods of a str without being one is a lazy text (Django's Promise).
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
