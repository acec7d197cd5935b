"""The methods of numbers and Booleans that rules can call [java.lang.Number and others]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.java import arithmetic
from proctor.core.java.coercion import to_boolean, to_double, to_narrow
from proctor.core.java.numerals import bounded_decimal, decimal_scale
from proctor.core.java.properties import FLOAT_GETTERS
from proctor.core.java.values import BigInteger, Float, Integer
from proctor.core.rules.methods.choosing import Methods, one
from proctor.core.rules.methods.objects import OBJECT, comparable
from proctor.core.rules.signatures import RuleType

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = [
    "BIG_DECIMAL",
    "BIG_INTEGER",
    "BOOLEAN",
    "BYTE",
    "DOUBLE",
    "FLOAT",
    "INTEGER",
    "LONG",
    "SHORT",
]

_NUMBER: Methods = OBJECT | {
    "byteValue": one(lambda n: to_narrow(n, "byte")),
    "shortValue": one(lambda n: to_narrow(n, "short")),
    "intValue": one(lambda n: to_narrow(n, "int")),
    "longValue": one(lambda n: to_narrow(n, "long")),
    "floatValue": one(lambda n: Float(to_double(n))),
    "doubleValue": one(to_double),
}

_FLOATING: Methods = {
    "isNaN": one(FLOAT_GETTERS["naN"]),
    "isInfinite": one(FLOAT_GETTERS["infinite"]),
}


def _signum(number: Decimal | BigInteger) -> Integer:
    return Integer((number > 0) - (number < 0))


def _abs(number: Decimal | BigInteger) -> object:
    return arithmetic.negate(number) if number < 0 else number


def _big(same: RuleType) -> Methods:
    return (
        _NUMBER
        | comparable(same)
        | {
            "signum": one(_signum),
            "abs": one(_abs),
            "negate": one(arithmetic.negate),
            "add": one(arithmetic.add, same),
            "subtract": one(arithmetic.subtract, same),
            "multiply": one(arithmetic.multiply, same),
        }
    )


def _precision(number: Decimal) -> Integer:
    return Integer(len(bounded_decimal(number).as_tuple().digits))


BOOLEAN = OBJECT | comparable(RuleType.BOOLEAN) | {"booleanValue": one(to_boolean)}
INTEGER = _NUMBER | comparable(RuleType.INT)
SHORT = _NUMBER | comparable(RuleType.SHORT)
BYTE = _NUMBER | comparable(RuleType.BYTE)
LONG = _NUMBER | comparable(RuleType.LONG)
FLOAT = _NUMBER | comparable(RuleType.FLOAT) | _FLOATING
DOUBLE = _NUMBER | comparable(RuleType.DOUBLE) | _FLOATING
BIG_INTEGER = _big(RuleType.BIG_INTEGER)
BIG_DECIMAL = _big(RuleType.BIG_DECIMAL) | {
    "scale": one(lambda n: Integer(decimal_scale(bounded_decimal(n)))),
    "precision": one(_precision),
}
