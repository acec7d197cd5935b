"""Print values in error messages as Java does, up to a maximum length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from proctor.core.java.values import JavaArray, MapValues, java_string

__all__ = ["shown_as_java"]

_LIMIT = 80


def shown_as_java(value: object) -> str:
    """Return *value* as text for a message, in at most 80 characters.

    Anything beyond that is never read, because a list that the site passes can be long or lazy, or
    can contain itself.
    """
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > _LIMIT:
            return text[: _LIMIT - 3] + "..."
    return text


def _pieces(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield str.__getitem__(value, slice(_LIMIT + 1))
    elif isinstance(value, Mapping):
        yield from _listed("{", (_entry(key, item) for key, item in value.items()), "}")
    elif isinstance(value, (Sequence, AbstractSet, MapValues)) and not isinstance(value, JavaArray):
        yield from _listed("[", map(_pieces, value), "]")
    elif isinstance(value, int) and value.bit_length() > 4 * _LIMIT:
        yield f"an integer of {value.bit_length()} bits"
    else:
        yield java_string(value)


def _listed(opening: str, items: Iterable[Iterator[str]], closing: str) -> Iterator[str]:
    yield opening
    for index, item in enumerate(items):
        if index:
            yield ", "
        yield from item
    yield closing


def _entry(key: object, item: object) -> Iterator[str]:
    yield from _pieces(key)
    yield "="
    yield from _pieces(item)
