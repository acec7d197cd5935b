"""Immutable JSON values, which threads can share.

Arrays become tuples and objects become `FrozenDict`s. `json.dumps` writes them like lists and
dicts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn

from proctor.core.exceptions import ConversionError
from proctor.core.java.jackson import MAX_DIGITS, shown_json
from proctor.core.sentences import Sentence, gettext_noop

__all__ = ["EMPTY", "MAX_DEPTH", "FrozenDict", "freeze", "is_too_deep", "thaw"]

#: Maximum depth of JSON, so that recursive code cannot exhaust the stack.
MAX_DEPTH = 200


class FrozenDict(dict[str, Any]):
    """A dict that cannot be changed. It is hashable if its values are.

    It is a subclass of dict, not a proxy, so that `json.dumps`, templates and `==` treat it as a
    dict. `dict(value)` gives a mutable copy.
    """

    __slots__ = ()

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("this mapping cannot be changed; change a copy made with dict(mapping)")

    __setitem__ = __delitem__ = _refuse
    __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]  # dict says None; this one is constant
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[FrozenDict], tuple[dict[str, Any]]]:
        # Without this, unpickling a dict would call __setitem__.
        return FrozenDict, (dict(self),)

    def __repr__(self) -> str:
        return super().__repr__()


#: A shared empty mapping.
EMPTY = FrozenDict()


def freeze(value: Any, depth: int = 0) -> Any:
    """Return a deep, immutable copy of a JSON value made of Python objects.

    Subclasses of str, int and float are converted to the plain type. Raises ConversionError for a
    value that is nested too deeply and for anything that JSON cannot represent: NaN, other types,
    or keys that are not strings.
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
        raise ConversionError(
            Sentence(gettext_noop("nested deeper than {limit} levels; flatten it"), limit=MAX_DEPTH)
        )
    if isinstance(value, Mapping):
        return FrozenDict({_key(key): freeze(item, depth + 1) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple([freeze(item, depth + 1) for item in value])
    raise ConversionError(
        Sentence(
            gettext_noop(
                "{value} is of type {type}, which does not exist in JSON; convert the value "
                "to a string, a number, a list or a dict"
            ),
            value=shown_json(value),
            type=type(value).__name__,
        )
    )


def is_too_deep(value: Any) -> bool:
    """Return True if a JSON value has more than `MAX_DEPTH` levels of objects and arrays."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [item for each in level for item in _items(each)]
        if not level:
            return False
    return any(isinstance(each, (dict, list)) for each in level)


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _freeze_int(value: int) -> int:
    # 10 bits are about 3 decimal digits. This estimate avoids converting the number to text.
    if value.bit_length() > MAX_DIGITS * 10 // 3:
        raise ConversionError(
            Sentence(gettext_noop("the number has too many digits; write it as a string"))
        )
    return int.__int__(value)


def _freeze_float(value: float) -> float:
    # As in Java Proctor, a JSON number such as 1e999 is accepted and becomes an infinity. Only the
    # words NaN and Infinity are rejected.
    if type(value) is float and not math.isfinite(value):
        raise ConversionError(
            Sentence(
                gettext_noop("{value!r} is not valid JSON; write a finite number, or leave it out"),
                value=value,
            )
        )
    return float.__float__(value)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ConversionError(
            Sentence(
                gettext_noop("the key {key} is not a string, but keys in JSON must be strings"),
                key=shown_json(key),
            )
        )
    return str.__str__(key)


def thaw(value: Any) -> Any:
    """Return a frozen value as new lists and dicts.

    An infinity becomes a string, as Java Proctor writes it, because JSON has no infinity.
    """
    if isinstance(value, dict):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [thaw(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
