"""Convert undeclared variables and properties, whose type is unknown, to values for rules."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from typing import Any

from proctor.core.exceptions import ConversionError
from proctor.core.java.values import MapValues, unwrapped
from proctor.core.messages import error_text

__all__ = ["UNCHANGED", "as_rules_see"]

#: Rules see values of these classes unchanged.
UNCHANGED = frozenset({str, bool, float, list, tuple, dict, set, frozenset, type(None)})


def as_rules_see(value: Any) -> object:
    """Convert a value without a declared type to the value that rules see.

    Members of str and int enumerations become their values. Objects that have a length and can be
    indexed, such as a query set, become lists. Raises ConversionError if such an object cannot be
    converted to a list.
    """
    if type(value) in UNCHANGED:
        return value
    if isinstance(value, enum.Enum):
        return unwrapped(value)
    # Do not test for Collection, because a query set has no __contains__. Use `__class__` and not
    # the type: the type of a lazy object always has a length and items, but its `__class__` is the
    # class of the object that it wraps.
    cls = value.__class__
    if issubclass(cls, Sized) and issubclass(cls, Iterable):
        # A lazy string has the methods of a str but is not a str.
        if issubclass(cls, _UNLISTED) or hasattr(cls, "casefold"):
            return value
        if hasattr(cls, "__getitem__"):
            return _listed(value)
    return value


_UNLISTED = (str, bytes, bytearray, Mapping, Sequence, AbstractSet, MapValues)


def _listed(value: Iterable[Any]) -> list[Any]:
    try:
        return list(value)
    except Exception as error:
        reason = f"the value cannot be converted to a list: {error_text(error)}"
        raise ConversionError(f"{type(value).__qualname__}: {reason}", reason=reason) from error
