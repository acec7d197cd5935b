"""Strategies for random rules, values, tests and visitors, with many edge cases.

Most rules are well typed, like the rules that people write, so that the fast paths are taken. Most
values do not have the declared type.
"""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from proctor.core.java.context_types import ContextType, pipet_type, specification_type


class OddText(str):
    """A str whose `__str__` returns something else, like a member of an enumeration."""

    __slots__ = ()

    def __str__(self) -> str:
        return "odd"


class OddInteger(int):
    """An int whose `__str__` returns something else."""

    def __repr__(self) -> str:
        return "odd"


class OddFloat(float):
    """A float whose `__str__` returns something else."""

    def __repr__(self) -> str:
        return "odd"


class LazyText:
    """An object with the methods of a text that is not a str, like a lazy translation."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def casefold(self) -> str:
        return self._text.casefold()


class Pretender:
    """An object that claims the class of the object it wraps, like a lazy object."""

    def __init__(self, wrapped: object) -> None:
        self._wrapped = wrapped

    @property
    def __class__(self) -> Any:
        return type(self._wrapped)

    def __str__(self) -> str:
        return str(self._wrapped)

    def __eq__(self, other: object) -> bool:
        return self._wrapped == other

    def __hash__(self) -> int:
        return hash(self._wrapped)


@dataclasses.dataclass(frozen=True)
class Pretending:
    """A placeholder that `real` turns into a `Pretender`, which no tool can print."""

    wrapped: Any


def real(context: dict[str, Any]) -> dict[str, Any]:
    """Return the context with its placeholders replaced by pretenders."""
    return {
        name: Pretender(value.wrapped) if type(value) is Pretending else value
        for name, value in context.items()
    }


class Anything:
    """An object that is equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class Hostile:
    """An object that raises whenever it is used."""

    def _refuse(self, *_arguments: object) -> Any:
        raise RuntimeError("do not touch")

    __eq__ = __hash__ = __str__ = _refuse  # type: ignore[assignment]
    __lt__ = __le__ = __bool__ = __len__ = _refuse


#: Variables by name, as Pipet's configuration declares them.
TYPE_NAMES = {
    "country": "String",
    "lang": "string",
    "tiny": "byte",
    "small": "short",
    "age": "int",
    "account": "long",
    "ratio": "double",
    "rate": "float",
    "beta": "boolean",
    "loggedIn": "Boolean",
    "grade": "char",
    "tags": "list",
    "profile": "map",
    "data": "json",
}

CONSTANTS: dict[str, Any] = {
    "COUNTRIES": ["US", "GB", "", "été", "😀"],
    "NUMBERS": [0, 1, 42, 2**53 + 1, -128],
    "MIXED": ["US", 1, None, 1.5],
    "NOTHING_IN": [],
    "LIMIT": 42,
    "WIDE": 2**53 + 1,
    "BEYOND": 2**63,
    "NAME": "US",
    "SHARE": 1.5,
    "ON": True,
    "NULL": None,
    # These names hide variables.
    "lang": "en",
    "small": 7,
}

TEXTS = [
    "",
    "US",
    "us",
    "GB",
    "U",
    "S",
    "été",
    "ÉTÉ",
    "straße",
    "İ",
    "😀",
    "\ud83d",
    "\ude00",
    "a😀",
    "true",
    "42",
    "1.5",
    "O'Neil",
    "back\\slash",
]

WHOLE = [0, 1, 2, 7, 41, 42, 43, 100]
WHOLE += [end + step for end in (2**7, 2**15, 2**31, 2**53, 2**63) for step in (-2, -1, 0, 1)]
WHOLE += [-each for each in WHOLE]
LITERALS = [each for each in WHOLE if 0 <= each < 2**63]
FRACTIONS = [0.0, 0.5, 1.0, 1.5, 42.0, 2.0**53, 1e300, 5e-324, 1.1, 2.0**63]

ODD_VALUES: list[Any] = [
    None,
    True,
    False,
    math.nan,
    math.inf,
    -math.inf,
    -0.0,
    " 7",
    "1e3",
    "0x1p3",
    "-1",
    "+5",
    "٤٢",
    "TRUE",
    "1",
    "NaN",
    "abc",
    OddText("US"),
    OddText("42"),
    OddInteger(42),
    OddInteger(2**40),
    OddFloat(1.5),
    LazyText("US"),
    LazyText("42"),
    Pretending("US"),
    Pretending(42),
    Pretending(1.5),
    Pretending(True),
    Pretending(["US"]),
    [],
    ["US"],
    ["été", "😀", "US"],
    ["US", 1, None],
    [LazyText("US")],
    [OddText("US")],
    [Anything()],
    [Hostile()],
    [["US"], {"a": 1}],
    ("US",),
    {"US"},
    {},
    {"a": 1, "b": None},
    {"US": {"a": "US"}},
    {1: LazyText("US")},
    Decimal("1.5"),
    b"US",
    object(),
    Hostile(),
]

_texts = st.sampled_from(TEXTS) | st.text(alphabet="USus é😀\ud83d", max_size=3)
_whole = st.sampled_from(WHOLE) | st.integers(-(2**64), 2**64)
_floats = st.sampled_from(FRACTIONS) | st.floats()
_flags = st.booleans()
_tags = st.lists(_texts, max_size=3)

#: Raw values that roughly fit the type of a variable.
_FITTING: dict[str, st.SearchStrategy[Any]] = {
    "String": _texts,
    "string": _texts,
    "byte": _whole,
    "short": _whole,
    "int": _whole,
    "long": _whole,
    "double": _floats,
    "float": _floats,
    "boolean": _flags,
    "Boolean": _flags,
    "char": st.sampled_from("aU1é"),
    "list": _tags,
    "map": st.dictionaries(_texts, _whole, max_size=2),
    "json": _tags | _whole | _texts,
}


# By number, because some of them cannot be hashed.
_odd = st.integers(0, len(ODD_VALUES) - 1).map(lambda number: ODD_VALUES[number])

#: Raw values for a variable, by type name: valid, convertible, or invalid.
RAW_VALUES = {
    type_name: st.one_of(fitting, fitting, fitting, _odd, _whole, _texts)
    for type_name, fitting in _FITTING.items()
}


@st.composite
def contexts(draw: st.DrawFn) -> dict[str, Any]:
    """Draw raw values by name; some variables are missing, and some are undeclared."""
    missing = draw(st.sets(st.sampled_from(sorted(TYPE_NAMES)), max_size=2))
    context = {
        name: draw(RAW_VALUES[type_name])
        for name, type_name in TYPE_NAMES.items()
        if name not in missing
    }
    if draw(st.integers(0, 5)) == 0:
        extra = ["undeclared", "missingExperimentalUnit", "isIncognitoUser"]
        name = draw(st.sampled_from(extra))
        values = [True, False, "true", "TRUE", None, 1, LazyText("true"), Pretending(True)]
        context[name] = draw(st.sampled_from(values))
    return context


# -- rules --------------------------------------------------------------------------------


def quoted(text: str) -> str:
    """Return *text* as a string literal of a rule."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _one_of(*choices: str) -> st.SearchStrategy[str]:
    return st.sampled_from(choices)


def _form(template: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(template.format, **parts)


_string_literals = st.sampled_from(TEXTS).map(quoted)
_string_names = _one_of("country", "lang", "NAME")
_strings: st.SearchStrategy[str] = (
    _string_names
    | _string_literals
    | _form("fn:toLowerCase({a})", a=_string_names)
    | _form("fn:toUpperCase({a})", a=_string_names | _string_literals)
)
_int_names = _one_of("tiny", "small", "age", "account", "LIMIT", "WIDE")
_int_literals = st.sampled_from(LITERALS).map(str)
_ints: st.SearchStrategy[str] = st.recursive(
    _int_names | _int_literals | _int_names,
    lambda inner: (
        _form("({a} {o} {b})", a=inner, b=inner, o=_one_of("+", "-", "*"))
        | _form("({a} % {b})", a=inner, b=_one_of("1", "3", "10", "9007199254740993"))
        | _form("-{a}", a=inner)
    ),
    max_leaves=3,
)
_double_literals = st.sampled_from(FRACTIONS).map(repr)
_doubles = (
    st.just("ratio")
    | _double_literals
    | st.just("SHARE")
    | _form(
        "({a} {o} {b})",
        a=_one_of("ratio", "2", "0", "1.5"),
        b=_one_of("ratio", "3", "0.0", "1e300"),
        o=_one_of("+", "-", "*"),
    )
)
_numbers = _ints | _doubles | st.just("rate")
_lists = _one_of("tags", "COUNTRIES", "NUMBERS", "MIXED", "NOTHING_IN")
_anything = (
    _strings
    | _numbers
    | _lists
    | _one_of("beta", "loggedIn", "grade", "profile", "data", "null", "NULL", "BEYOND", "ON")
    | _one_of("profile.a", "profile['US']", "tags[0]", "data.a", "missingExperimentalUnit")
)
_order = _one_of("<", "<=", ">", ">=", "==", "!=")
_equality = _one_of("==", "!=")

_simple_conditions = (
    _one_of("beta", "loggedIn", "ON", "missingExperimentalUnit", "!missingExperimentalUnit")
    | _form("{a} {o} {b}", a=_ints, o=_order, b=_ints)
    | _form("{a} {o} {b}", a=_ints, o=_order, b=_ints)
    | _form("{a} {o} {b}", a=_numbers, o=_order, b=_numbers)
    | _form("{a} {o} {b}", a=_strings, o=_equality, b=_strings)
    | _form("{a} {o} {b}", a=_strings, o=_order, b=_strings)
    | _form("{a} {o} {b}", a=_one_of("beta", "ON", "true"), o=_equality, b=_one_of("loggedIn"))
    | _form("empty {a}", a=_strings | _lists)
    | _form("proctor:contains({a}, {b})", a=_lists, b=_strings | _ints)
    | _form(
        "fn:{f}({a}, {b})",
        f=_one_of("startsWith", "endsWith", "contains", "containsIgnoreCase"),
        a=_strings,
        b=_strings,
    )
    | _form("{a} {o} {b}", a=_anything, o=_order, b=_anything)
    | _form("indeed:contains({a}, {b})", a=_lists, b=_anything)
    | _form("empty {a}", a=_anything)
)

#: Expressions that return a boolean, or fail.
conditions: st.SearchStrategy[str] = st.recursive(
    _simple_conditions,
    lambda inner: (
        _form("({a} && {b})", a=inner, b=inner)
        | _form("({a} || {b})", a=inner, b=inner)
        | _form("!({a})", a=inner)
        | _form("({a} ? {b} : {c})", a=inner, b=inner, c=inner)
    ),
    max_leaves=4,
)

_special_rules = st.sampled_from(
    [None, "", "${}", "${ }", "${true}", "${false}", "${TRUE && age > 1}", "country == 'US'"]
)


def rules() -> st.SearchStrategy[str | None]:
    """Draw rules with their braces; a few cannot be evaluated."""
    expressions = conditions.map("${{{}}}".format)
    return expressions | expressions | expressions | _special_rules


# -- tests --------------------------------------------------------------------------------

_LENGTHS = [[1.0], [0.5, 0.5], [0.25, 0.0, 0.75], [1 / 3, 1 / 3, 1 / 3], [0.00001, 0.99999]]


@st.composite
def _allocations(draw: st.DrawFn, pool: st.SearchStrategy[str | None]) -> list[dict[str, Any]]:
    count = draw(st.integers(1, 4))
    made = []
    for index in range(count):
        rule = draw(pool)
        if index < count - 1 and not (rule or "").strip("${ }"):
            rule = "${false}"
        lengths = draw(st.sampled_from(_LENGTHS))
        ranges = [{"bucketValue": draw(st.integers(-1, 1)), "length": length} for length in lengths]
        made.append({"id": f"#{index}", "rule": rule, "ranges": ranges})
    return made


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a matrix, as JSON, of one to six tests that share some of their rules."""
    pool = st.sampled_from(draw(st.lists(rules(), min_size=1, max_size=5)))
    tests: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 6))):
        name = f"test{number}x"
        tests[name] = {
            "salt": draw(st.sampled_from([None, "&shared", f"s{number}"])),
            "testType": draw(st.sampled_from(["USER", "USER", "USER", "ACCOUNT", "RANDOM"])),
            "rule": draw(st.none() | pool),
            "constants": draw(st.sampled_from([CONSTANTS, CONSTANTS, _others()])),
            "buckets": [{"name": f"b{value}", "value": value} for value in (-1, 0, 1)],
            "allocations": draw(_allocations(pool)),
            "evaluateForIncognitoUsers": draw(st.booleans()),
            "enableUnitlessAllocations": draw(st.sampled_from([False, False, False, True])),
            "containsUnitlessAllocation": draw(st.sampled_from([False, False, True])),
        }
        if number and draw(st.integers(0, 4)) == 0:
            parent = f"test{draw(st.integers(0, number - 1))}x"
            tests[name]["dependsOn"] = {"testName": parent, "bucketValue": draw(st.integers(0, 1))}
    return {"audit": {"version": "1", "updated": 1, "updatedBy": "x"}, "tests": tests}


def _others() -> dict[str, Any]:
    """Return the same names with different values, so that equal texts are different rules."""
    return {**CONSTANTS, "LIMIT": True, "NAME": 1, "COUNTRIES": [1, 2], "ON": 1, "SHARE": -0.0}


def declared(style: str) -> dict[str, ContextType] | None:
    """Return the types of the variables in a style, or None for "none"."""
    if style == "none":
        return None
    make = specification_type if style == "raw" else pipet_type
    names = dict(TYPE_NAMES)
    if style == "unit":
        names["missingExperimentalUnit"] = names["isIncognitoUser"] = "boolean"
    return {name: make(type_name) for name, type_name in names.items()}


styles = st.sampled_from(["pipet", "pipet", "pipet", "raw", "unit", "none"])

_identifiers = st.sampled_from([None, "", "a", "b", "7c", "é", "\ud83d", OddText("a"), 42])


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the arguments of one call of `determine_groups`."""
    call: dict[str, Any] = {
        "identifiers": draw(
            st.fixed_dictionaries({"USER": _identifiers}, optional={"ACCOUNT": _identifiers})
        ),
        "context": draw(contexts()),
    }
    if draw(st.integers(0, 7)) == 0:
        forced = ["test0x1", "test1x0,test2x-1", "default_to_min_live", "default_to_fallback", "?"]
        call["force_groups"] = draw(st.sampled_from(forced))
    if draw(st.integers(0, 4)) == 0:
        names = st.sampled_from([*(f"test{number}x" for number in range(6)), "unknown"])
        call["tests"] = draw(st.lists(names, max_size=4))
    call["random_enabled"] = draw(st.integers(0, 7)) == 0
    return call
