"""Values of JSON that nobody can change: a matrix is shared between threads.

Arrays become tuples and objects become `FrozenDict`s, which `json.dumps` writes like
lists and dicts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn

from proctor.core.exceptions import ConversionError
from proctor.core.jackson import MAX_DIGITS, shown

__all__ = ["EMPTY", "MAX_DEPTH", "FrozenDict", "freeze", "thaw"]

#: Deeper JSON is refused, so that whoever walks a value later need not fear for the stack.
MAX_DEPTH = 200


class FrozenDict(dict[str, Any]):
    """A dict that refuses to change; hashable if its values are.

    A subclass of dict, and not a proxy, so that `json.dumps`, templates and `==` treat
    it as one. `dict(value)` gives a changeable copy.
    """

    __slots__ = ()

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("this mapping cannot be changed; change a copy, dict(mapping)")

    __setitem__ = __delitem__ = _refuse
    __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]  # dict says None; this one is constant
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[FrozenDict], tuple[dict[str, Any]]]:
        # Unpickling a dict goes through __setitem__ otherwise.
        return FrozenDict, (dict(self),)

    def __repr__(self) -> str:
        return super().__repr__()


#: The mapping without entries.
EMPTY = FrozenDict()


def freeze(value: Any, depth: int = 0) -> Any:
    """A deep, unchangeable copy of a JSON value made of Python objects.

    Subclasses of str, int and float become the plain kind. Raises ConversionError for
    what JSON cannot hold: another type, a key that is no string, NaN, too deep a nesting.
    """
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return _freeze_int(value)
    if isinstance(value, float):
        return _freeze_float(value)
    if depth >= MAX_DEPTH:
        raise ConversionError(f"nested deeper than {MAX_DEPTH} levels; flatten it")
    if isinstance(value, Mapping):
        return FrozenDict({_key(key): freeze(item, depth + 1) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple([freeze(item, depth + 1) for item in value])
    raise ConversionError(
        f"{shown(value)} is of type {type(value).__name__}, which JSON does not have; "
        "convert it to a string, a number, a list or a dict"
    )


def _freeze_int(value: int) -> int:
    # 10 to the power of 3 has 10 bits: near enough, and without writing out the digits.
    if value.bit_length() > MAX_DIGITS * 10 // 3:
        raise ConversionError("the number has too many digits; write it as a string")
    return int.__int__(value)


def _freeze_float(value: float) -> float:
    # JSON's 1e999 is an infinity to the Java too; only the words NaN and Infinity are no JSON.
    if type(value) is float and not math.isfinite(value):
        raise ConversionError(f"{value!r} is no JSON; write a number, or leave it out")
    return float.__float__(value)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ConversionError(f"the key {shown(key)} is no string; JSON has no other keys")
    return str.__str__(key)


def thaw(value: Any) -> Any:
    """A frozen value as lists and dicts that belong to the caller.

    An infinity becomes a string, as the Java writes it, because JSON has no word for it.
    """
    if isinstance(value, dict):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [thaw(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
