"""Declared types, and what fits them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from proctor.core.exceptions import RuleEvaluationError
from proctor.core.rules.signatures import Type, assignable, coerce, coercible
from proctor.core.rules.values import (
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
from proctor.core.rules.versions import ReleaseVersion

OWN = {
    Type.BOOLEAN: True,
    Type.BYTE: Byte(1),
    Type.SHORT: Short(1),
    Type.INT: Integer(1),
    Type.LONG: 1,
    Type.FLOAT: Float(1),
    Type.DOUBLE: 1.0,
    Type.CHAR: Character("a"),
    Type.STRING: "a",
    Type.OBJECT: object(),
    Type.CHAR_SEQUENCE: "a",
    Type.COMPARABLE: "a",
    Type.COLLECTION: [1],
    Type.LIST: [1],
    Type.MAP: {"a": 1},
    Type.STRING_ARRAY: StringArray("a"),
    Type.MAYBE_BOOL: MaybeBool.TRUE,
    Type.RELEASE_VERSION: ReleaseVersion("1.x"),
    Type.BIG_DECIMAL: Decimal(1),
    Type.BIG_INTEGER: BigInteger(1),
}


@pytest.mark.parametrize("declared", Type)
def test_a_value_of_the_type_passes_as_it_is(declared):
    assert assignable(OWN[declared], declared)
    assert coerce(OWN[declared], declared) is OWN[declared]


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        *(
            (Type.BOOLEAN, False),
            (Type.INT, 0),
            (Type.LONG, 0),
            (Type.DOUBLE, 0.0),
            (Type.STRING, ""),
        ),
        *((Type.CHAR, "\0"), (Type.OBJECT, None), (Type.LIST, None), (Type.CHAR_SEQUENCE, None)),
        *((Type.MAYBE_BOOL, None), (Type.RELEASE_VERSION, None), (Type.STRING_ARRAY, None)),
    ],
)
def test_null_becomes_what_the_type_has_for_it(declared, value):
    assert coerce(None, declared) == value


@pytest.mark.parametrize(
    "declared", [Type.COLLECTION, Type.MAP, Type.RELEASE_VERSION, Type.COMPARABLE]
)
def test_the_empty_text_is_null_to_other_classes(declared):
    found = coerce("", declared)
    assert found == ("" if declared is Type.COMPARABLE else None)


@pytest.mark.parametrize(
    ("value", "declared", "expected"),
    [
        *((1, Type.INT, "java.lang.Integer 1"), ("7", Type.LONG, "java.lang.Long 7")),
        *((1.9, Type.BYTE, "java.lang.Byte 1"), (1, Type.FLOAT, "java.lang.Float 1.0")),
        *((1, Type.STRING, "java.lang.String 1"), ("abc", Type.CHAR, "java.lang.Character a")),
        *(
            (98, Type.CHAR, "java.lang.Character b"),
            ("true", Type.BOOLEAN, "java.lang.Boolean True"),
        ),
        *(("\U0001f600", Type.CHAR, "java.lang.Character \ud83d"),),
    ],
)
def test_a_value_is_converted(value, declared, expected):
    found = coerce(value, declared)
    assert f"{java_class(found)} {found}" == expected


@pytest.mark.parametrize("array", [LongArray([1, None]), ByteArray([Byte(1)])])
def test_an_array_becomes_an_array_of_texts(array):
    assert coerce(array, Type.STRING_ARRAY) == StringArray(
        "" if x is None else str(x) for x in array
    )


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        *(("x", Type.INT), ("x", Type.LIST), ([1], Type.INT), ([1], Type.STRING_ARRAY)),
        *(
            (True, Type.CHAR),
            (True, Type.DOUBLE),
            ("1.x", Type.RELEASE_VERSION),
            (1, Type.CHAR_SEQUENCE),
        ),
        *((StringArray("a"), Type.COLLECTION), (Character("a"), Type.CHAR_SEQUENCE), (1, Type.MAP)),
        *(("maybe", Type.MAYBE_BOOL), ("x", Type.BIG_DECIMAL), (object(), Type.COMPARABLE)),
    ],
)
def test_what_does_not_fit_is_refused(value, declared):
    with pytest.raises(RuleEvaluationError, match="cannot convert"):
        coerce(value, declared)
    assert not coercible(value, declared)


def test_coercible_says_whether_a_value_converts():
    assert coercible("5", Type.INT)
