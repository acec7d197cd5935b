"""Read JSON objects field by field, so that every error says where in the document it is.

A `Fields` represents one JSON object and its position in the document. It converts fields as
Jackson does, and remembers which ones were read, so that `unknown()` can return the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NoReturn, TypeVar

from proctor.core.exceptions import ConversionError, MatrixLoadError
from proctor.core.java.frozen import EMPTY, freeze
from proctor.core.java.jackson import (
    RepeatedKeys,
    shown_json,
    to_boolean,
    to_double,
    to_integer,
    to_text,
)
from proctor.core.sentences import Sentence, gettext_noop, listed, sentence_of

__all__ = ["Fields", "written"]

T = TypeVar("T")


class Fields:
    """One JSON object in the document.

    Every method raises MatrixLoadError if Java Proctor would fail to load a value. The error says
    where in the document the value is.
    """

    __slots__ = ("_asked", "_consume", "_owner", "_pairs", "_path", "_values")

    def __init__(
        self, value: Any, path: str = "", owner: str = "", *, consume: bool = False
    ) -> None:
        """Wrap the JSON object *value*, found at *path* inside *owner* (a test).

        If *consume* is true, `entries` removes each item after reading it, so that the original of
        a large document does not stay in memory.
        """
        self._consume = consume
        self._path = path
        self._owner = owner
        self._asked: set[str] = set()
        # Checking for dict first is faster, because nearly all objects are dicts.
        if type(value) is not dict and not isinstance(value, Mapping):
            self.fail(
                None,
                Sentence(
                    gettext_noop("{value} is not a JSON object: expected {{...}}"),
                    value=shown_json(value),
                ),
            )
        self._values = value
        #: All fields and values as they were written, if a field is repeated; otherwise empty.
        self._pairs = value.pairs if isinstance(value, RepeatedKeys) else ()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def inside(self, name: str, value: Any) -> Fields:
        """Return *value*, the JSON object in the field *name*, as a `Fields`."""
        return Fields(value, f"{self._path}.{name}" if self._path else name, self._owner)

    def fail(self, name: str | None, message: str) -> NoReturn:
        """Raise MatrixLoadError for the field *name*, or for the object itself."""
        places = listed(filter(None, (self._owner, self._join(name))))
        place = places if places.texts else Sentence(gettext_noop("the document"))
        raise MatrixLoadError(
            Sentence(gettext_noop("{place}: {message}"), place=place, message=message)
        )

    def _join(self, name: str | None) -> str:
        return ".".join(filter(None, (self._path, name)))

    def pairs(self) -> Iterable[tuple[str, Any]]:
        """Return all fields and values as they were written, including repeated fields."""
        return self._pairs or self._values.items()

    def convert(self, name: str, reader: Callable[[Any], T], *, kind: str = "") -> T:
        """Return the field converted by *reader*, which gets None for a missing field.

        If the field is repeated, its last value is used, but *reader* must be able to read all its
        values. *kind* describes the converted value, for `proctor.core.schemas`.
        """
        del kind
        self._asked.add(name)
        if self._pairs:
            for value in self._replaced(name):
                self._convert(name, value, reader)
        return self._convert(name, self._values.get(name), reader)

    def convert_value(self, name: str, value: Any, reader: Callable[[Any], T]) -> T:
        """Return *value*, the value of the field *name*, converted by *reader*."""
        self._asked.add(name)
        return self._convert(name, value, reader)

    def text(self, name: str) -> str | None:
        """Return a String field."""
        return self.convert(name, to_text)

    def integer(self, name: str) -> int:
        """Return an int field, or 0 if it is null or missing."""
        return self.convert(name, to_integer) or 0

    def long(self, name: str) -> int | None:
        """Return a long field."""
        return self.convert(name, lambda value: to_integer(value, 64))

    def double(self, name: str) -> float:
        """Return a double field, or 0 if it is null or missing."""
        return self.convert(name, to_double) or 0.0

    def boolean(self, name: str) -> bool:
        """Return a boolean field, or False if it is null or missing."""
        return self.convert(name, to_boolean) or False

    def texts(self, name: str) -> tuple[str | None, ...]:
        """Return a list of Strings. It is empty if the field is null or missing."""
        return self.convert(
            name,
            lambda items: tuple(
                self._convert(f"{name}[{index}]", item, to_text)
                for index, item in enumerate(self._list(name, items))
            ),
        )

    def entries(self, name: str, read: Callable[[str, Any], T]) -> dict[str, T]:
        """Return a map whose items are converted by *read*. Nulls are left out.

        A missing map counts as empty. A null in place of the map makes the load fail.
        """
        self._asked.add(name)
        found: dict[str, T] = {}
        for value in (*self._replaced(name), self._values.get(name, {})):
            found.clear()
            for key, item in _pairs_of(self._map(name, value), consume=self._consume):
                if item is None:
                    found.pop(key, None)
                else:
                    found[key] = read(key, item)
        return found

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Return a map with values of any type, deeply frozen.

        A missing map counts as empty. Null is an error.
        """
        self._asked.add(name)
        for value in self._replaced(name):
            if value is not None:
                self._frozen_mapping(name, self._map(name, value))
        return self._frozen_mapping(name, self._map(name, self._values.get(name, {})))

    def objects(
        self, name: str, read: Callable[[Fields], T], *, nullable: bool = False
    ) -> tuple[T, ...]:
        """Return a list of JSON objects, each converted by *read*.

        A missing list counts as empty. A null in place of the list counts as empty if *nullable*;
        otherwise, it makes the load fail.
        """
        found = self.convert(
            name,
            lambda items: tuple(
                [
                    read(self.inside(f"{name}[{index}]", item))
                    for index, item in enumerate(self._list(name, items))
                ]
            ),
        )
        if not nullable and self._values.get(name, ()) is None:
            self.fail(name, Sentence(gettext_noop("null is not a list; write [], or leave it out")))
        return found

    def object(self, name: str, read: Callable[[Fields], T]) -> T | None:
        """Return a nested JSON object, converted by *read*, or None if it is null or missing."""
        return self.convert(
            name, lambda value: None if value is None else read(self.inside(name, value))
        )

    def required(self, name: str, read: Callable[[Fields], T], example: str) -> T:
        """Return a required nested JSON object. *example* shows how to write it."""
        if name not in self:
            self.fail(name, Sentence(gettext_noop("missing; write {example}"), example=example))
        return self.convert(name, lambda value: read(self.inside(name, value)))

    def unknown(self) -> Mapping[str, Any]:
        """Return the fields that have not been read, deeply frozen."""
        if self._asked.issuperset(self._values):
            return EMPTY
        rest = {name: self._values[name] for name in self._values if name not in self._asked}
        return self._frozen_mapping(None, rest)

    def given(self) -> frozenset[str]:
        """Return the names of the fields that have been read and are not missing."""
        return _shared(frozenset(self._asked.intersection(self._values)))

    def _replaced(self, name: str) -> list[Any]:
        """Return all values of a repeated field except the last one."""
        return [value for key, value in self._pairs if key == name][:-1]

    def _map(self, name: str, value: Any) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self.fail(
                name,
                Sentence(
                    gettext_noop("{value} is not a JSON object; write {{...}}, or leave it out"),
                    value=shown_json(value),
                ),
            )
        for key in value:
            if not isinstance(key, str):
                self.fail(
                    name,
                    Sentence(
                        gettext_noop("the key {key} is not a string: JSON keys must be strings"),
                        key=shown_json(key),
                    ),
                )
        return value

    def _list(self, name: str, items: Any) -> list[Any] | tuple[Any, ...]:
        if items is None:
            return ()
        if not isinstance(items, (list, tuple)):
            self.fail(
                name,
                Sentence(
                    gettext_noop("{value} is not a list: expected [...]"), value=shown_json(items)
                ),
            )
        return items

    def _frozen_mapping(self, name: str | None, value: Mapping[str, Any]) -> Mapping[str, Any]:
        frozen: Mapping[str, Any] = self._convert(name, value, freeze)
        return frozen

    def _convert(self, name: str | None, value: Any, convert: Callable[[Any], T]) -> T:
        try:
            return convert(value)
        except ConversionError as error:
            self.fail(name, sentence_of(error))


@lru_cache(maxsize=256)
def _shared(names: frozenset[str]) -> frozenset[str]:
    """Return one shared object for equal sets. A matrix contains only a few different sets."""
    return names


def _pairs_of(value: Mapping[str, Any], *, consume: bool) -> Iterable[tuple[str, Any]]:
    if isinstance(value, RepeatedKeys):
        return ((str(key), item) for key, item in value.pairs)
    if consume and isinstance(value, dict):
        return ((str(key), value.pop(key)) for key in list(value))
    return ((str(key), item) for key, item in value.items())


def written(
    fields: Mapping[str, Any], given: frozenset[str] | None, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a JSON object with *fields* and *extra*, without defaults that the original omitted.

    *given* contains the names of the fields in the original. If it is None, there was no original,
    and every field is written. All defaults in a matrix are false, empty, 0 or null.
    """
    document = {
        name: value for name, value in fields.items() if value or given is None or name in given
    }
    document.update(extra)
    return document
