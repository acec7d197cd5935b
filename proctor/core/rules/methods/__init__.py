"""Methods of values: `base.name(arguments)`  [java.lang.String and others].

Only the methods listed here can be called. None of them changes a value. Rules cannot call methods
of objects that the site puts into the context.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from proctor.core.exceptions import RuleError, RuleEvaluationError, RuleRuntimeError
from proctor.core.java.values import (
    BigInteger,
    Byte,
    Character,
    Float,
    Integer,
    JavaArray,
    MapValues,
    Short,
    java_class,
    java_string,
)
from proctor.core.java.versions import ReleaseVersion
from proctor.core.rules.methods import containers, numeric, texts
from proctor.core.rules.methods.choosing import Method, Methods, choose
from proctor.core.rules.methods.objects import OBJECT, comparable
from proctor.core.rules.signatures import RuleType, coerce

if TYPE_CHECKING:
    from proctor.core.rules.scope import Scope

__all__ = ["call_method"]


def call_method(base: object, name: object, arguments: Sequence[object], scope: Scope) -> object:
    """Call `base.name(arguments)`, with the overload that Java Proctor would choose.

    The cost is counted in *scope*. Raises UnknownMethod if there is no such method or no
    single best overload, and RuleEvaluationError if the method itself fails.
    """
    found = java_string(name)
    method = choose(base, found, _methods(base).get(found, ()), arguments)
    try:
        return _called(method, base, arguments, scope)
    except RuleRuntimeError as error:
        raise RuleEvaluationError(str(error)) from error
    except RuleError:
        raise
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise RuleEvaluationError(f"{name}() of {java_class(base)} failed: {error}") from error


def _called(method: Method, base: object, arguments: Sequence[object], scope: Scope) -> object:
    values = list(map(coerce, arguments, method.parameters))
    if method.work is not None:
        scope.spend(method.work(base, *values))
    if method.once:
        return scope.once(method.code, base, *values)
    return method.code(base, *values)


def _methods(base: object) -> Methods:
    for classes, methods in _BY_CLASS:
        if isinstance(base, classes):
            return methods
    return {}


#: The first class that matches is used. The order matters: in Python, a Character is also a str,
#: and a bool is also an int.
_BY_CLASS: tuple[tuple[type, Methods], ...] = (
    (Character, texts.CHARACTER),
    (str, texts.STRING),
    (bool, numeric.BOOLEAN),
    (Integer, numeric.INTEGER),
    (Short, numeric.SHORT),
    (Byte, numeric.BYTE),
    (BigInteger, numeric.BIG_INTEGER),
    (int, numeric.LONG),
    (Float, numeric.FLOAT),
    (float, numeric.DOUBLE),
    (Decimal, numeric.BIG_DECIMAL),
    (JavaArray, {}),
    (Mapping, containers.MAP),
    (Sequence, containers.LIST),
    (AbstractSet, containers.COLLECTION),
    (MapValues, containers.COLLECTION),
    (ReleaseVersion, OBJECT | comparable(RuleType.RELEASE_VERSION)),
    (Enum, containers.ENUM),
)
