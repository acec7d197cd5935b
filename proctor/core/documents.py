"""Reading JSON objects field by field, so that every complaint says where it stands.

A `Fields` is one JSON object and its place in the document. It hands out fields by
Jackson's coercions and remembers which ones were asked for: the rest is `unknown()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

from proctor.core.exceptions import ConversionError, MatrixLoadError
from proctor.core.frozen import EMPTY, freeze
from proctor.core.jackson import (
    RepeatedKeys,
    shown,
    to_boolean,
    to_double,
    to_integer,
    to_text,
)

__all__ = ["Fields", "written"]

T = TypeVar("T")


class Fields:
    """One JSON object of a document being read.

    Every method raises MatrixLoadError, with the place, where the Java's load fails.
    """

    __slots__ = ("_asked", "_owner", "_pairs", "_path", "_values")

    def __init__(self, value: Any, path: str = "", owner: str = "") -> None:
        """Take the JSON object *value*, which stands at *path* inside *owner* (a test)."""
        self._path = path
        self._owner = owner
        self._asked: set[str] = set()
        # Of ten thousand objects all are dicts, and to ask an abstract class takes its time.
        if type(value) is not dict and not isinstance(value, Mapping):
            self.fail(None, f"{shown(value)} is no JSON object; write {{...}}")
        self._values = value
        #: Empty where no field is given twice.
        self._pairs = value.pairs if isinstance(value, RepeatedKeys) else ()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def inside(self, name: str, value: Any) -> Fields:
        """The JSON object *value*, which stands in the field *name*."""
        return Fields(value, f"{self._path}.{name}" if self._path else name, self._owner)

    def fail(self, name: str | None, message: str) -> NoReturn:
        """Raise MatrixLoadError about the field *name*, or about the object itself."""
        place = ", ".join(filter(None, (self._owner, self._join(name))))
        raise MatrixLoadError(f"{place or 'the document'}: {message}")

    def _join(self, name: str | None) -> str:
        return ".".join(filter(None, (self._path, name)))

    def pairs(self) -> Iterable[tuple[str, Any]]:
        """The fields and their values as they were read, each time that one was given."""
        return self._pairs or self._values.items()

    def convert(self, name: str, reader: Callable[[Any], T]) -> T:
        """The field as *reader* makes it of what was read, which is None where it is missing.

        Where the field was given more than once, the last one counts, and *reader* has to
        be able to read each.
        """
        self._asked.add(name)
        if self._pairs:
            for value in self._replaced(name):
                self._convert(name, value, reader)
        return self._convert(name, self._values.get(name), reader)

    def convert_value(self, name: str, value: Any, reader: Callable[[Any], T]) -> T:
        """What *reader* makes of *value*, which was read in the field *name*."""
        self._asked.add(name)
        return self._convert(name, value, reader)

    def text(self, name: str) -> str | None:
        """A String field."""
        return self.convert(name, to_text)

    def integer(self, name: str) -> int:
        """An int field; null and missing are 0."""
        return self.convert(name, to_integer) or 0

    def long(self, name: str) -> int | None:
        """A long field."""
        return self.convert(name, lambda value: to_integer(value, 64))

    def double(self, name: str) -> float:
        """A double field; null and missing are 0."""
        return self.convert(name, to_double) or 0.0

    def boolean(self, name: str) -> bool:
        """A boolean field; null and missing are false."""
        return self.convert(name, to_boolean) or False

    def texts(self, name: str) -> tuple[str | None, ...]:
        """A list of Strings; null and missing are empty."""
        return self.convert(
            name,
            lambda items: tuple(
                self._convert(f"{name}[{index}]", item, to_text)
                for index, item in enumerate(self._list(name, items))
            ),
        )

    def entries(self, name: str, read: Callable[[str, Any], T]) -> dict[str, T]:
        """A Map, its values as *read* makes them of key and value, those that are null left out.

        Missing is empty, null fails the load, wherever it stands.
        """
        self._asked.add(name)
        found: dict[str, T] = {}
        for value in (*self._replaced(name), self._values.get(name, {})):
            found.clear()
            for key, item in _pairs_of(self._map(name, value)):
                if item is None:
                    found.pop(key, None)
                else:
                    found[key] = read(key, item)
        return found

    def mapping(self, name: str) -> Mapping[str, Any]:
        """A Map of any values, deeply frozen; missing is empty, null fails the load."""
        self._asked.add(name)
        for value in self._replaced(name):
            if value is not None:
                self._frozen_mapping(name, self._map(name, value))
        return self._frozen_mapping(name, self._map(name, self._values.get(name, {})))

    def objects(
        self, name: str, read: Callable[[Fields], T], *, nullable: bool = False
    ) -> tuple[T, ...]:
        """A list of JSON objects, each as *read* makes it.

        Missing is empty, null is so only where *nullable*.
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
            self.fail(name, "null is no list; write [], or leave it out")
        return found

    def object(self, name: str, read: Callable[[Fields], T]) -> T | None:
        """A nested JSON object as *read* makes it; None where it is null or missing."""
        return self.convert(
            name, lambda value: None if value is None else read(self.inside(name, value))
        )

    def unknown(self) -> Mapping[str, Any]:
        """The fields that nobody asked for, deeply frozen."""
        if self._asked.issuperset(self._values):
            return EMPTY
        rest = {name: self._values[name] for name in self._values if name not in self._asked}
        return self._frozen_mapping(None, rest)

    def given(self) -> frozenset[str]:
        """The names of the fields that were asked for and are there."""
        return frozenset(self._asked.intersection(self._values))

    def _replaced(self, name: str) -> list[Any]:
        """What was read in the field before its last value."""
        return [value for key, value in self._pairs if key == name][:-1]

    def _map(self, name: str, value: Any) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self.fail(name, f"{shown(value)} is no JSON object; write {{...}}, or leave it out")
        for key in value:
            if not isinstance(key, str):
                self.fail(name, f"the key {shown(key)} is no string; JSON has no other keys")
        return value

    def _list(self, name: str, items: Any) -> list[Any] | tuple[Any, ...]:
        if items is None:
            return ()
        if not isinstance(items, (list, tuple)):
            self.fail(name, f"{shown(items)} is no list; write [...]")
        return items

    def _frozen_mapping(self, name: str | None, value: Mapping[str, Any]) -> Mapping[str, Any]:
        frozen: Mapping[str, Any] = self._convert(name, value, freeze)
        return frozen

    def _convert(self, name: str | None, value: Any, convert: Callable[[Any], T]) -> T:
        try:
            return convert(value)
        except ConversionError as error:
            self.fail(name, str(error))


def _pairs_of(value: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    pairs = value.pairs if isinstance(value, RepeatedKeys) else value.items()
    return [(str(key), item) for key, item in pairs]


def written(
    fields: Mapping[str, Any], given: frozenset[str] | None, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """A JSON object: *fields*, without the defaults that the original left out, and *extra*.

    *given* holds the names that the original had; None means that there is no original,
    and every field is written. All defaults of a matrix are false, empty, 0 or null.
    """
    document = {
        name: value for name, value in fields.items() if value or given is None or name in given
    }
    document.update(extra)
    return document
