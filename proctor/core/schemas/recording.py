"""Find out which fields a loader reads by passing it an object that records them.

A schema can therefore never differ from its loader: if the loader reads a new field, the schema
contains it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from proctor.core.java.frozen import EMPTY
from proctor.core.matrices.documents import Fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["FieldShape", "ObjectShape", "recorded"]


@dataclass(frozen=True, slots=True)
class FieldShape:
    """A field that a loader reads."""

    #: `text`, `integer`, `objects` and so on: see `proctor.core.schemas.kinds`.
    kind: str
    #: The shape of the object in the field or, if there are several objects, of each of them.
    part: ObjectShape | None = None


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """A JSON object that a loader reads."""

    #: The class that the loader creates from the object.
    name: str
    fields: Mapping[str, FieldShape] = field(default_factory=dict)


def recorded(cls: Any, *arguments: Any) -> ObjectShape:
    """Return the fields that `cls.read(*arguments, source)` reads from its source."""
    source = _Recorder()
    cls.read(*arguments, source)
    return ObjectShape(cls.__name__, source.shapes)


class _Recorder(Fields):
    """A JSON object in which every field seems to exist and be empty. It records what is read."""

    __slots__ = ("shapes",)

    def __init__(self) -> None:
        super().__init__({})
        self.shapes: dict[str, FieldShape] = {}

    def __contains__(self, name: str) -> bool:
        return True

    def _note(self, name: str, kind: str, read: Any = None) -> None:
        part = None if read is None else recorded(read.__self__)
        self.shapes[name] = FieldShape(kind, part)

    def convert(self, name: str, reader: Callable[[Any], Any], *, kind: str = "") -> Any:
        del reader
        if kind:
            self._note(name, kind)
        return {}

    def text(self, name: str) -> str | None:
        self._note(name, "text")
        return None

    def integer(self, name: str) -> int:
        self._note(name, "integer")
        return 0

    def long(self, name: str) -> int | None:
        self._note(name, "long")
        return None

    def double(self, name: str) -> float:
        self._note(name, "double")
        return 0.0

    def boolean(self, name: str) -> bool:
        self._note(name, "boolean")
        return False

    def texts(self, name: str) -> tuple[str | None, ...]:
        self._note(name, "texts")
        return ()

    def mapping(self, name: str) -> Mapping[str, Any]:
        self._note(name, "mapping")
        return EMPTY

    def entries(self, name: str, read: Callable[[str, Any], Any]) -> dict[str, Any]:
        # The class creates a new `Fields` for each entry, so this recorder does not see what is
        # read from the entries. Record the class separately.
        cls: Any = getattr(read, "__self__", None)
        self.shapes[name] = FieldShape("entries", recorded(cls, ""))
        return {}

    def objects(
        self, name: str, read: Callable[[Fields], Any], *, nullable: bool = False
    ) -> tuple[Any, ...]:
        self._note(name, "nullable objects" if nullable else "objects", read)
        return ()

    def object(self, name: str, read: Callable[[Fields], Any]) -> Any:
        self._note(name, "object", read)
        return None

    def required(self, name: str, read: Callable[[Fields], Any], example: str) -> Any:
        del example
        self._note(name, "required object", read)
        return None

    def given(self) -> frozenset[str]:
        return frozenset()
