"""Load the values that hooks returned, at a time when database queries are still allowed.

A hook may return lazy objects, querysets and model instances. If these were not loaded here,
reading a group would load them later, perhaps on an event loop, where Django forbids queries.
"""

from __future__ import annotations

import datetime as dt
import enum
import inspect
import sys
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.functional import LazyObject, Promise

from proctor.django_internals import loaded_value

__all__ = ["HookAnswerError", "is_data", "is_yes", "load", "load_answer"]

#: Types whose values need no loading.
_PLAIN = frozenset(
    (
        *(str, int, float, bool, bytes, type(None), complex, Decimal, uuid.UUID),
        *(dt.date, dt.datetime, dt.time, dt.timedelta),
    )
)
#: Instances of subclasses of these need no loading either, even if `__str__` is overridden.
_PLAIN_BASES = (str, int, float, bytes, enum.Enum)
_SEQUENCES = (list, tuple, set, frozenset)

#: Number of nesting levels to examine. Deeper values are left unchanged, as are values that contain
#: themselves.
_DEPTH = 8


class HookAnswerError(TypeError):
    """A hook returned a value of the wrong type. The message contains no data about a visitor."""


def is_yes(hook: str, answer: Any, *, takes_text: bool = True) -> bool:
    """Return *answer*, the value that *hook* returned, as a bool.

    Raises HookAnswerError for an awaitable, because every awaitable counts as true. Unless
    *takes_text* is true, the error is also raised for a str, because even the text "no" counts as
    true.
    """
    if inspect.isawaitable(answer) or (isinstance(answer, str) and not takes_text):
        if inspect.iscoroutine(answer):
            answer.close()  # prevents Python's warning that the coroutine was never awaited
        raise HookAnswerError(f"{hook} returned a {type(answer).__qualname__}; return a bool")
    return bool(answer)


def is_data(value: Any, depth: int = _DEPTH) -> bool:
    """Return True if *value* consists only of plain values. Nothing is loaded."""
    cls = type(value)
    if cls in _PLAIN:
        return True
    if cls is not dict and cls not in _SEQUENCES:
        return issubclass(cls, _PLAIN_BASES)
    # This runs for each request, and loops are faster than generators.
    for each in value.values() if cls is dict else value:
        if type(each) not in _PLAIN and (depth == 0 or not is_data(each, depth - 1)):
            return False
    return True


def load(value: Any, depth: int = _DEPTH) -> Any:
    """Return *value* with all lazy parts loaded.

    A lazy object becomes the object that it wraps, a lazy string a str, and a queryset a list. A
    value that cannot be loaded stays unchanged, so that only the variable with this value is lost.
    Other objects, such as model instances, stay unchanged too: see `is_data`.
    """
    if is_data(value) or depth == 0:
        return value
    cls = type(value)
    try:
        if issubclass(cls, LazyObject):
            return load(loaded_value(value), depth - 1)
        if issubclass(cls, Promise):
            return str(value)
        if isinstance(value, Mapping):
            return {key: load(value[key], depth - 1) for key in value}
        if cls in _SEQUENCES:
            return cls(load(each, depth - 1) for each in value)
        if _is_queryset(value):
            return [load(each, depth - 1) for each in value]
    except Exception:  # noqa: BLE001 - the site's code; trying again gives the same error
        return value
    return value


def load_answer(answer: Any) -> Any:
    """Return *answer*, which a hook returned, with its values loaded by `load`.

    Raises any exception that occurs while loading the mapping itself. An answer that is not a
    mapping is returned unchanged.
    """
    if issubclass(type(answer), LazyObject):
        answer = loaded_value(answer)
    if is_data(answer) or not isinstance(answer, Mapping):
        return answer
    return {key: load(answer[key]) for key in answer}


def _is_queryset(value: Any) -> bool:
    # If Django's module for querysets has not been imported, no value can be a queryset.
    query = sys.modules.get("django.db.models.query")
    return query is not None and isinstance(value, (query.QuerySet, query.RawQuerySet))
