"""Check and convert raw values of declared types, for the function that `selection` compiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import ConversionError
from proctor.core.java.values import Character, Float

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.java.context_types import ContextType

__all__ = ["CLASSES", "has_only_text", "is_convertible", "plain_converter", "usual_class"]

#: The Python class for each kind of variable.
CLASSES: dict[str, type] = {
    "boolean": bool,
    "int": int,
    "double": float,
    "string": str,
    "list": list,
}


def has_only_text(members: list[Any]) -> bool:
    """Return True if all items are plain strings, which need no conversion."""
    return all(type(each) is str for each in members)


def plain_converter(declared: ContextType) -> Callable[[Any, Callable[[], object]], Any]:
    """Return a function that converts a raw value to a plain one, or returns None.

    None means that there is no such plain value, so the rule must be evaluated by its closure. The
    function calls its second argument if the raw value cannot be converted to the declared type.
    """
    kind = declared.kind
    plain = CLASSES[kind or ""]

    def convert(raw: Any, refuse: Callable[[], object]) -> Any:
        if raw is None:
            return None
        try:
            value = declared.convert(raw)
        except ConversionError:
            refuse()
            return None
        if kind == "double":
            return value if isinstance(value, float) and value - value == 0 else None
        if kind == "list":
            return value if isinstance(value, list) and has_only_text(value) else None
        return plain(value)

    return convert


def is_convertible(declared: ContextType) -> Callable[[Any], bool]:
    """Return a function that returns True if a raw value can be converted.

    Values of common classes are not converted: only their class, and their range or length, is
    checked.
    """
    cls, low, high = declared.python_type, declared.low, declared.high

    def convertible(raw: Any) -> bool:
        kind = type(raw)
        if kind is int:
            if declared.kind == "int":
                return bool(low <= raw <= high)
            if cls is not None and issubclass(cls, float):
                return True
        elif kind is str and cls is Character:
            return len(raw) == 1 and raw <= "\uffff"
        elif (kind is cls and kind in (str, bool, float)) or (kind is float and cls is Float):
            return True
        try:
            declared.convert(raw)
        except ConversionError:
            return False
        return True

    return convertible


def usual_class(declared: ContextType) -> type | None:
    """Return the class whose values always have the declared type; None if there is none."""
    cls = declared.python_type
    return cls if cls in (str, bool, float) else None
