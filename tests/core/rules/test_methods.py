"""Methods: `base.name(arguments)`."""

from __future__ import annotations

from decimal import Decimal

import pytest

from proctor.core.exceptions import RuleEvaluationError, RuleSyntaxError, UnknownMethod
from proctor.core.java.values import (
    BigInteger,
    Byte,
    Character,
    Float,
    Integer,
    MaybeBool,
    Short,
    StringArray,
    java_class,
)
from proctor.core.java.versions import ReleaseVersion
from proctor.core.rules import methods
from proctor.core.rules.scope import Scope
from tests.core.rules.strategies import Account, Colour, Hostile


def call_method(base, name, arguments):
    return methods.call_method(base, name, arguments, Scope())


INT, C = Integer, Character
NAN = float("nan")
WIDE = "a\U0001f600b"

STRINGS = [
    *(("abc", "length", (), 3), (WIDE, "length", (), 4), ("", "isEmpty", (), True)),
    *((" \t", "isBlank", (), True), ("\u00a0", "isBlank", (), False), ("abc", "charAt", (1,), "b")),
    *((WIDE, "codePointAt", (1,), 0x1F600), (WIDE, "codePointAt", (2,), 0xDE00)),
    *(
        ("abc", "compareTo", ("abd",), -1),
        ("abc", "compareTo", ("ab",), 1),
        ("b", "compareTo", ("a",), 1),
    ),
    *(("ABC", "compareToIgnoreCase", ("abd",), -1), ("ABC", "compareToIgnoreCase", ("abc",), 0)),
    *(("a", "concat", ("b",), "ab"), ("a", "concat", (None,), "a"), ("a", "concat", (1,), "a1")),
    *(("abc", "contains", ("bc",), True), ("abc", "contains", ("x",), False)),
    *(("abc", "contentEquals", ("abc",), True), ("abc", "contentEquals", ("ab",), False)),
    *(("abc", "endsWith", ("c",), True), ("abc", "endsWith", ("",), True)),
    *(("abc", "startsWith", ("ab",), True), ("abc", "startsWith", ("bc", 1), True)),
    *(("abc", "startsWith", ("", 3), True), ("abc", "startsWith", ("", 4), False)),
    *(("abc", "startsWith", ("a", -1), False), ("ABC", "equalsIgnoreCase", ("abc",), True)),
    *(("ABC", "equalsIgnoreCase", (None,), False), ("abc", "equals", ("abc",), True)),
    *(("abc", "equals", (None,), False), ("1", "equals", (1,), False)),
    *(
        ("abcb", "indexOf", ("b",), 1),
        ("abcb", "indexOf", (INT(98),), 1),
        ("abcb", "indexOf", ("b", 2), 3),
    ),
    *(("abcb", "indexOf", (INT(98), 2), 3), ("abc", "indexOf", (INT(-1),), -1)),
    *(("abc", "indexOf", (INT(0x110000),), -1), ("abcb", "lastIndexOf", ("b",), 3)),
    *(("abcb", "lastIndexOf", (INT(98),), 3), ("abcb", "lastIndexOf", ("b", 2), 1)),
    *(("abcb", "lastIndexOf", (INT(98), 2), 1), ("abc", "lastIndexOf", ("c", -1), -1)),
    *(
        ("abc", "intern", (), "abc"),
        ("abc", "matches", ("[a-c]+",), True),
        ("ab", "repeat", (2,), "abab"),
    ),
    *(
        ("ab", "repeat", (0,), ""),
        ("aba", "replace", ("a", "x"), "xbx"),
        ("ab", "replace", ("", "-"), "-a-b-"),
    ),
    *(("aba", "replace", (C("a"), C("x")), "xbx"), ("\u2003a ", "strip", (), "a")),
    *((" a ", "stripLeading", (), "a "), (" a ", "stripTrailing", (), " a")),
    *(
        ("abc", "subSequence", (1, 2), "b"),
        ("abc", "substring", (1,), "bc"),
        ("abc", "substring", (1, 3), "bc"),
    ),
    *(
        ("abc", "substring", (3,), ""),
        (WIDE, "substring", (3,), "b"),
        ("aB", "toLowerCase", (), "ab"),
    ),
    *(
        ("a\u00df", "toUpperCase", (), "ASS"),
        (" a\x00", "trim", (), "a"),
        ("a", "toString", (), "a"),
    ),
    *(("hello", "hashCode", (), 99162322), ("ab", "toCharArray", (), ("a", "b"))),
    *(("abc", "substring", ("1",), "bc"), ("abc", "charAt", (None,), "a")),
]
OTHERS = [
    *(
        (C("a"), "charValue", (), "a"),
        (C("a"), "compareTo", (C("c"),), -2),
        (C("a"), "hashCode", (), 97),
    ),
    *(
        (True, "booleanValue", (), True),
        (True, "compareTo", (False,), 1),
        (True, "hashCode", (), 1231),
    ),
    *((False, "hashCode", (), 1237), (5, "intValue", (), 5), (300, "byteValue", (), 44)),
    *((70000, "shortValue", (), 4464), (1.9, "longValue", (), 1), (1, "floatValue", (), 1.0)),
    *(
        (INT(1), "doubleValue", (), 1.0),
        (5, "compareTo", (6,), -1),
        (INT(5), "compareTo", (INT(5),), 0),
    ),
    *((Short(1), "compareTo", (Short(0),), 1), (Byte(1), "compareTo", (Byte(2),), -1)),
    *(
        (BigInteger(1), "compareTo", (BigInteger(2),), -1),
        (Decimal("1.0"), "compareTo", (Decimal(1),), 0),
    ),
    *(
        (1.5, "compareTo", (1.0,), 1),
        (Float(1), "compareTo", (Float(2),), -1),
        (NAN, "isNaN", (), True),
    ),
    *(
        (1.0, "isNaN", (), False),
        (float("inf"), "isInfinite", (), True),
        (2**32, "hashCode", (), 1),
    ),
    *((INT(-1), "hashCode", (), -1), (1, "equals", (INT(1),), False), (1.0, "toString", (), "1.0")),
    *(([1, 2], "size", (), 2), ([], "isEmpty", (), True), ([1, 2], "contains", (2,), True)),
    *(([1, 2], "contains", ("2",), False), ([1, 2], "containsAll", ([2, 1],), True)),
    *(
        ([1, 2], "containsAll", ([3],), False),
        ([1, 2], "get", (1,), 2),
        ([1, 2, 1], "indexOf", (1,), 0),
    ),
    *(
        ([1, 2, 1], "lastIndexOf", (1,), 2),
        ([1], "indexOf", ("1",), -1),
        ([1], "equals", ([1],), True),
    ),
    *(([1], "toString", (), "[1]"), ({1}, "contains", (1,), True), ({1, 2}, "size", (), 2)),
    *(({"a": 1}, "size", (), 1), ({}, "isEmpty", (), True), ({"a": 1}, "get", ("a",), 1)),
    *(({"a": 1}, "get", ("b",), None), ({"a": 1}, "getOrDefault", ("b", 5), 5)),
    *(({"a": None}, "getOrDefault", ("a", 5), None), ({"a": 1}, "containsKey", ("a",), True)),
    *(
        ({"a": 1}, "containsValue", (1,), True),
        ({"a": 1}, "keySet", (), {"a"}),
    ),
    *((ReleaseVersion("1.x"), "compareTo", (ReleaseVersion("2.x"),), -1),),
    *((ReleaseVersion("1.x"), "toString", (), "1.x"), (MaybeBool.FALSE, "name", (), "FALSE")),
    *((MaybeBool.FALSE, "ordinal", (), 1), (Colour.BLUE, "name", (), "BLUE")),
]


D, N, F = Decimal, BigInteger, Float
REGION = [
    ("abcaXb", "regionMatches", (1, "xbcx", 1, 2), True),
    ("abcaXb", "regionMatches", (1, "xBcx", 1, 2), False),
    ("abcaXb", "regionMatches", (True, 1, "xBcx", 1, 2), True),
    ("abcaXb", "regionMatches", (True, -1, "xBcx", 1, 2), False),
    ("abcaXb", "regionMatches", (1, "xbcx", 1, 20), False),
    ("abcaXb", "regionMatches", (8, "xbcx", 1, -2), True),
    ("abcaXb", "regionMatches", (9, "xbcx", 1, -2), False),
]
CODE_POINTS = [
    (WIDE, "codePointCount", (0, 4), 3),
    (WIDE, "codePointCount", (0, 2), 2),
    (WIDE, "codePointBefore", (3,), 0x1F600),
    (WIDE, "codePointBefore", (2,), 0xD83D),
    (WIDE, "codePointBefore", (1,), 97),
]
BIG = [
    *((D("1.50"), "scale", (), 2), (D("1.50"), "precision", (), 3), (D("-1.5"), "signum", (), -1)),
    *((D("-1.5"), "abs", (), D("1.5")), (D("1.5"), "abs", (), D("1.5"))),
    *((D("1.5"), "negate", (), D("-1.5")), (D("1.5"), "add", (1,), D("2.5"))),
    *((D("1.5"), "add", ("2.25",), D("3.75")), (D("1.5"), "add", (None,), D("1.5"))),
    *((D("1.5"), "subtract", (N(2),), D("-0.5")), (D("1.5"), "multiply", (D(2),), D(3))),
    *((N(5), "signum", (), 1), (N(-5), "abs", (), 5), (N(5), "negate", (), -5)),
    *((N(5), "add", (2.9,), 7), (N(5), "add", (D("1.5"),), 6), (N(5), "subtract", ("5",), 0)),
    (N(2**70), "multiply", (N(2),), 2**71),
]
HASHES = [
    *((2.5, "hashCode", (), 1074003968), (-1e-320, "hashCode", (), -2147481624)),
    *((NAN, "hashCode", (), 2146959360), (F(1.5), "hashCode", (), 1069547520)),
    *((F(-0.0), "hashCode", (), -(2**31)), (F(NAN), "hashCode", (), 2143289344)),
    *((D("1.50"), "hashCode", (), 4652), (N(-5), "hashCode", (), -5), (N(0), "hashCode", (), 0)),
    *(([1, "a"], "hashCode", (), 1089), ({"a"}, "hashCode", (), 97), ([None], "hashCode", (), 31)),
    ({"k": INT(1)}, "hashCode", (), 106),
]
COLLECTIONS = [
    *(([1, 2, 3], "subList", (1, 3), [2, 3]), ([1], "subList", (1, 1), [])),
    (NAN, "equals", (NAN,), True),
]


@pytest.mark.parametrize(
    ("base", "name", "arguments", "expected"),
    STRINGS + OTHERS + REGION + CODE_POINTS + BIG + HASHES + COLLECTIONS,
)
def test_a_method_gives_what_it_gives_in_java(base, name, arguments, expected):
    assert call_method(base, name, arguments) == expected


@pytest.mark.parametrize(
    ("base", "name", "arguments", "cls"),
    [
        ("a", "length", (), "Integer"),
        ("a", "charAt", (0,), "Character"),
        ([], "size", (), "Integer"),
        (1, "doubleValue", (), "Double"),
        (1, "byteValue", (), "Byte"),
        ("a", "compareTo", ("b",), "Integer"),
    ],
)
def test_a_result_has_its_java_class(base, name, arguments, cls):
    assert java_class(call_method(base, name, arguments)) == f"java.lang.{cls}"


@pytest.mark.parametrize(
    ("base", "name", "arguments"),
    [
        *(("abc", "charAt", (3,)), ("abc", "charAt", (-1,)), ("abc", "substring", (4,))),
        *(("abc", "substring", (2, 1)), ("abc", "codePointAt", (3,)), ("a", "repeat", (-1,))),
        *(("a", "repeat", (2**31 - 1,)), ("a" * 1000, "replace", ("a", "b" * 1000))),
        *(
            ("abc", "contains", (None,)),
            ("abc", "contentEquals", (None,)),
            ("a", "replace", ("a", None)),
        ),
        *(([1], "get", (1,)), ([1], "get", (-1,)), (ReleaseVersion("1.x"), "compareTo", (None,))),
        *((Colour.RED, "hashCode", ()), ([1], "containsAll", (None,))),
        *((5, "compareTo", ("x",)), (INT(5), "compareTo", (5,)), ("a", "compareTo", (5,))),
        *((C("a"), "compareTo", ("a",)), (Decimal(1), "compareTo", (1,))),
        *((ReleaseVersion("1.x"), "compareTo", ("1.x",)), (5, "compareTo", (INT(5),))),
        *(([1], "subList", (0, 2)), ([1], "subList", (1, 0)), ([1], "subList", (-1, 0))),
        *(([Colour.RED], "hashCode", ()), ("ab", "codePointBefore", (0,))),
        *(("ab", "codePointBefore", (3,)), ("ab", "codePointCount", (1, 0))),
        *((Decimal("1e1500"), "multiply", (Decimal("1e1500"),)), ("a" * 9999, "concat", ("bb",))),
    ],
)
def test_a_method_that_fails_is_an_evaluation_error(base, name, arguments):
    with pytest.raises(RuleEvaluationError):
        call_method(base, name, arguments)


@pytest.mark.parametrize(
    ("base", "name", "arguments"),
    [
        *(
            ("abc", "upper", ()),
            ("abc", "format", ("x",)),
            ("abc", "length", (1,)),
            ("abc", "__len__", ()),
        ),
        *(
            ("abc", "split", (",", 1, 2)),
            ([], "append", (1,)),
            ([], "clear", ()),
            ({}, "put", (1, 2)),
        ),
        *(
            ({}, "remove", (1,)),
            ({1}, "add", (1,)),
            (StringArray(), "length", ()),
            (1, "bit_length", ()),
        ),
        *((True, "intValue", ()), (object(), "toString", ()), (Account(), "__init__", ())),
        *((Hostile(), "plan", ()), (len, "__call__", ("a",)), ("abc", "charAt", ("x",))),
        *(("a", "getClass", ()), ({}, "entrySet", ()), ({"a": 1}.keys(), "get", (0,))),
        *((Decimal(1), "add", ("x",)), (BigInteger(1), "add", ("1.5",))),
    ],
)
def test_a_method_that_is_not_listed_is_unknown(base, name, arguments):
    with pytest.raises(UnknownMethod, match="is not a method that a rule can call") as caught:
        call_method(base, name, arguments)
    assert caught.value.java_class == "javax.el.MethodNotFoundException"


def test_a_method_without_a_best_overload_is_ambiguous():
    with pytest.raises(UnknownMethod, match="is ambiguous"):
        call_method("abc", "indexOf", (98, 0))


def test_the_exact_overload_is_taken_before_one_that_converts():
    assert call_method("a1", "indexOf", ("1",)) == 1


@pytest.mark.parametrize("name", ["indexOf", "lastIndexOf"])
@pytest.mark.parametrize("number", [98, 98.0, Decimal(98), BigInteger(98), Short(98)])
def test_a_number_takes_the_only_overload_for_numbers(name, number):
    assert call_method("abc", name, (number,)) == 1


def test_null_stays_ambiguous():
    with pytest.raises(UnknownMethod, match="is ambiguous"):
        call_method("abc", "indexOf", (None,))


def test_compare_to_takes_null_for_the_value_it_converts_to():
    assert call_method(INT(5), "compareTo", (None,)) == 1


def test_an_unknown_method_is_named_with_the_classes_of_its_arguments():
    with pytest.raises(
        UnknownMethod, match=r"nope\(java\.lang\.Long, null\) of java\.lang\.String"
    ):
        call_method("a", "nope", (1, None))


def test_a_number_that_the_java_has_not_fails_inside_the_method():
    with pytest.raises(RuleEvaluationError, match="NaN has no decimal form"):
        call_method(Decimal("NaN"), "longValue", ())


def test_a_pattern_that_java_refuses_is_refused_when_it_is_used():
    with pytest.raises(RuleSyntaxError, match="not closed"):
        call_method("a", "matches", ("(",))


@pytest.mark.parametrize("items", [[1], {1}, {"a": 1}])
def test_no_method_changes_a_value(items):
    before = repr(items)
    for name in (
        "add",
        "remove",
        "clear",
        "put",
        "set",
        "addAll",
        "putAll",
        "sort",
        "pop",
        "update",
    ):
        with pytest.raises(UnknownMethod):
            call_method(items, name, (1,))
    assert repr(items) == before
