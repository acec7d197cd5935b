"""Expressions and contexts for hypothesis: the whole grammar, with all kinds of values."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from hypothesis import strategies as st

from proctor.core.java.values import (
    BigInteger,
    Byte,
    Character,
    Float,
    Integer,
    LongArray,
    MaybeBool,
    Short,
    StringArray,
)
from proctor.core.java.versions import ReleaseVersion
from proctor.core.rules.functions import LIBRARY


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Size(enum.IntEnum):
    SMALL = 1


class Point(NamedTuple):
    x: object
    y: object


@dataclasses.dataclass
class Account:
    plan: str = "gold"
    seats: int = 5


class Hostile:
    """An object that raises an exception in every operation in which it can."""

    def __eq__(self, other):
        raise ZeroDivisionError("compared")

    def __hash__(self):
        raise ZeroDivisionError("hashed")

    def __str__(self):
        raise ZeroDivisionError("printed")

    __repr__ = __str__

    @property
    def plan(self):
        raise ZeroDivisionError("read")


class Lazy:
    """A text that is computed when it is needed, like Django's lazy translations."""

    def __str__(self):
        return "lazy"


class Text(str):
    __slots__ = ()


def nested(depth):
    """Return a list in a list in a list, and so on."""
    found: list[object] = []
    for _ in range(depth):
        found = [found]
    return found


def cyclic():
    """Return a list that contains itself."""
    found: list[object] = []
    found.append(found)
    return found


class Context(dict):
    """A context that can be printed with any contents."""

    def __repr__(self):
        return "{" + ", ".join(f"{name!r}: {_shown(self[name])}" for name in self) + "}"


def _shown(value):
    try:
        return repr(value)[:200]
    except Exception as error:  # noqa: BLE001 - a value may raise anything here
        return f"<{type(value).__name__}: {type(error).__name__}>"


NAMES = list("abcdefgh")

texts = st.one_of(
    st.sampled_from(
        [
            "",
            "a",
            "1",
            "1.5",
            "1e999999999",
            "true",
            "TRUE",
            "x.y",
            "RED",
            "\u00df",
            "a" * 50,
            "\ud800",
            "\U0001f600",
            "NaN",
            "-0.0",
            "0x1p3",
            " 5 ",
            "[a-z]+",
            "(",
            "2.1.x",
        ]
    ),
    st.text(max_size=6),
)
integers = st.one_of(st.sampled_from([0, 1, -1, 2**31, -(2**63), 2**63 - 1]), st.integers(-9, 99))
doubles = st.one_of(st.floats(), st.sampled_from([1e308, -0.0, 5e-324, 1e7, 1e-3]))
decimals = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True),
    st.sampled_from(
        [
            Decimal("1.00"),
            Decimal("1e9999"),
            Decimal("1e999999999"),
            Decimal("-1e-999999999"),
            Decimal("sNaN"),
            Decimal("-0.0"),
            Decimal("7" * 9000),
        ]
    ),
)
java_values = st.one_of(
    st.none(),
    st.booleans(),
    texts,
    integers,
    doubles,
    decimals,
    integers.map(lambda n: Integer(n & 0x7FFFFFFF)),
    st.integers(-128, 127).map(Byte),
    st.integers(-128, 127).map(Short),
    st.integers().map(BigInteger),
    doubles.map(Float),
    st.characters(max_codepoint=0xFFFF).map(Character),
    st.sampled_from(
        [ReleaseVersion("1.2.3.4"), ReleaseVersion("2.x"), MaybeBool.TRUE, MaybeBool.UNKNOWN]
    ),
    st.lists(texts, max_size=3).map(StringArray),
    st.lists(integers, max_size=3).map(LongArray),
)
#: Created when they are drawn: hypothesis prints the values that it samples from, and these cannot
#: be printed.
ODD_VALUES = {
    "too long to print": lambda: 10**5000,
    "far too long to print": lambda: 10**30_000,
    "beyond 64 bits": lambda: -(2**64),
    "long BigInteger": lambda: BigInteger(10**4999),
    "fraction": lambda: Fraction(1, 3),
    "complex": lambda: 3j,
    "bytes": lambda: b"bytes",
    "bytearray": lambda: bytearray(b"ab"),
    "range": lambda: range(5),
    "map": lambda: {"plan": 1},
    "map with odd keys": lambda: {1: 2, None: 3, ("a", "b"): 4},
    "set": lambda: frozenset({1, "a"}),
    "date": lambda: dt.date(2026, 1, 2),
    "datetime": lambda: dt.datetime(2026, 1, 2),
    "enum": lambda: Colour.RED,
    "IntEnum": lambda: Size.SMALL,
    "namedtuple": lambda: Point(1, 2),
    "dataclass": Account,
    "hostile": Hostile,
    "list of hostile": lambda: [Hostile()],
    "map of hostile": lambda: {"plan": Hostile()},
    "lazy text": Lazy,
    "subclass of str": lambda: Text("t"),
    "object": object,
    "class": lambda: Account,
    "module": lambda: dataclasses,
    "function": lambda: len,
    "generator": lambda: (n for n in [1]),
    "NotImplemented": lambda: NotImplemented,
    "Ellipsis": lambda: ...,
    "nested 10,000 deep": lambda: nested(10_000),
    "nested 5,000 deep in a map": lambda: {"plan": nested(5_000)},
    "nested 50 deep": lambda: nested(50),
    "inside itself": cyclic,
}
python_values = st.sampled_from(sorted(ODD_VALUES)).map(lambda name: ODD_VALUES[name]())
values = st.recursive(
    java_values | python_values,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(texts, inner, max_size=3),
    ),
    max_leaves=6,
)
contexts = st.fixed_dictionaries(dict.fromkeys(NAMES[:-1], values)).map(Context)

literals = st.one_of(
    st.sampled_from(["true", "false", "null", "99999999999999999999", "1e400", "''", '"q"']),
    integers.map(lambda n: str(abs(n))),
    st.floats(0, allow_nan=False, allow_infinity=False).map(repr),
    texts.map(lambda t: "'" + t.replace("\\", "\\\\").replace("'", "\\'") + "'"),
)
PROPERTIES = [
    *("plan", "x", "bytes", "empty", "blank", "naN", "matchPrecision", "year", "value", "gi_frame"),
    *("__class__", "_private", "hex", "name"),
]
METHODS = [
    *("equals", "toString", "hashCode", "length", "isEmpty", "isBlank", "charAt", "codePointAt"),
    *("compareTo", "compareToIgnoreCase", "concat", "contains", "contentEquals", "endsWith"),
    *("startsWith", "equalsIgnoreCase", "indexOf", "lastIndexOf", "intern", "matches", "repeat"),
    *("replace", "strip", "subSequence", "substring", "toCharArray", "toLowerCase", "trim"),
    *("byteValue", "intValue", "floatValue", "isNaN", "size", "containsAll", "get", "keySet"),
    *("getOrDefault", "containsKey", "containsValue", "values", "name", "ordinal", "upper", "as"),
]
OPERATORS = [
    *("+", "-", "*", "/", "%", "div", "mod", "==", "!=", "<", "<=", ">", ">=", "eq", "ne", "lt"),
    *("le", "gt", "ge", "&&", "||", "and", "or"),
]


def _compound(inner):
    arguments = st.lists(inner, max_size=3).map(", ".join)
    return st.one_of(
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(" ".join),
        st.tuples(st.sampled_from(["!", "-", "not ", "empty "]), inner).map("".join),
        inner.map("({})".format),
        st.tuples(inner, inner, inner).map(lambda t: "({} ? {} : {})".format(*t)),
        st.tuples(inner, st.sampled_from(PROPERTIES)).map(lambda t: "{}['{}']".format(*t)),
        st.tuples(inner, inner).map(lambda t: "{}[{}]".format(*t)),
        st.tuples(inner, st.sampled_from(METHODS), arguments).map(lambda t: "{}.{}({})".format(*t)),
        st.sampled_from(sorted(LIBRARY)).flatmap(
            lambda name: st.lists(
                inner,
                min_size=len(LIBRARY[name].parameters),
                max_size=len(LIBRARY[name].parameters),
            ).map(lambda found: f"{name}({', '.join(found)})")
        ),
    )


expressions = st.recursive(st.sampled_from(NAMES) | literals, _compound, max_leaves=12)
