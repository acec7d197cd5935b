"""Declared types, and values that fit them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from proctor.core.exceptions import RuleEvaluationError
from proctor.core.java.values import (
    BigInteger,
    Byte,
    ByteArray,
    Character,
    Float,
    Integer,
    LongArray,
    MaybeBool,
    Short,
    StringArray,
    java_class,
)
from proctor.core.java.versions import ReleaseVersion
from proctor.core.rules.signatures import RuleType, assignable, coerce, coercible

OWN = {
    RuleType.BOOLEAN: True,
    RuleType.BYTE: Byte(1),
    RuleType.SHORT: Short(1),
    RuleType.INT: Integer(1),
    RuleType.LONG: 1,
    RuleType.FLOAT: Float(1),
    RuleType.DOUBLE: 1.0,
    RuleType.CHAR: Character("a"),
    RuleType.STRING: "a",
    RuleType.OBJECT: object(),
    RuleType.CHAR_SEQUENCE: "a",
    RuleType.COMPARABLE: "a",
    RuleType.COLLECTION: [1],
    RuleType.LIST: [1],
    RuleType.MAP: {"a": 1},
    RuleType.STRING_ARRAY: StringArray("a"),
    RuleType.MAYBE_BOOL: MaybeBool.TRUE,
    RuleType.RELEASE_VERSION: ReleaseVersion("1.x"),
    RuleType.BIG_DECIMAL: Decimal(1),
    RuleType.BIG_INTEGER: BigInteger(1),
}


@pytest.mark.parametrize("declared", RuleType)
def test_a_value_of_the_type_passes_as_it_is(declared):
    assert assignable(OWN[declared], declared)
    assert coerce(OWN[declared], declared) is OWN[declared]


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        *(
            (RuleType.BOOLEAN, False),
            (RuleType.INT, 0),
            (RuleType.LONG, 0),
            (RuleType.DOUBLE, 0.0),
            (RuleType.STRING, ""),
        ),
        *(
            (RuleType.CHAR, "\0"),
            (RuleType.OBJECT, None),
            (RuleType.LIST, None),
            (RuleType.CHAR_SEQUENCE, None),
        ),
        *(
            (RuleType.MAYBE_BOOL, None),
            (RuleType.RELEASE_VERSION, None),
            (RuleType.STRING_ARRAY, None),
        ),
    ],
)
def test_null_becomes_what_the_type_has_for_it(declared, value):
    assert coerce(None, declared) == value


@pytest.mark.parametrize(
    "declared", [RuleType.COLLECTION, RuleType.MAP, RuleType.RELEASE_VERSION, RuleType.COMPARABLE]
)
def test_the_empty_text_is_null_to_other_classes(declared):
    found = coerce("", declared)
    assert found == ("" if declared is RuleType.COMPARABLE else None)


@pytest.mark.parametrize(
    ("value", "declared", "expected"),
    [
        *((1, RuleType.INT, "java.lang.Integer 1"), ("7", RuleType.LONG, "java.lang.Long 7")),
        *((1.9, RuleType.BYTE, "java.lang.Byte 1"), (1, RuleType.FLOAT, "java.lang.Float 1.0")),
        *(
            (1, RuleType.STRING, "java.lang.String 1"),
            ("abc", RuleType.CHAR, "java.lang.Character a"),
        ),
        *(
            (98, RuleType.CHAR, "java.lang.Character b"),
            ("true", RuleType.BOOLEAN, "java.lang.Boolean True"),
        ),
        *(("\U0001f600", RuleType.CHAR, "java.lang.Character \ud83d"),),
    ],
)
def test_a_value_is_converted(value, declared, expected):
    found = coerce(value, declared)
    assert f"{java_class(found)} {found}" == expected


@pytest.mark.parametrize("array", [LongArray([1, None]), ByteArray([Byte(1)])])
def test_an_array_becomes_an_array_of_texts(array):
    assert coerce(array, RuleType.STRING_ARRAY) == StringArray(
        "" if x is None else str(x) for x in array
    )


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        *(
            ("x", RuleType.INT),
            ("x", RuleType.LIST),
            ([1], RuleType.INT),
            ([1], RuleType.STRING_ARRAY),
        ),
        *(
            (True, RuleType.CHAR),
            (True, RuleType.DOUBLE),
            ("1.x", RuleType.RELEASE_VERSION),
            (1, RuleType.CHAR_SEQUENCE),
        ),
        *(
            (StringArray("a"), RuleType.COLLECTION),
            (Character("a"), RuleType.CHAR_SEQUENCE),
            (1, RuleType.MAP),
        ),
        *(
            ("maybe", RuleType.MAYBE_BOOL),
            ("x", RuleType.BIG_DECIMAL),
            (object(), RuleType.COMPARABLE),
        ),
    ],
)
def test_what_does_not_fit_is_refused(value, declared):
    with pytest.raises(RuleEvaluationError, match="cannot convert"):
        coerce(value, declared)
    assert not coercible(value, declared)


def test_coercible_says_whether_a_value_converts():
    assert coercible("5", RuleType.INT)
