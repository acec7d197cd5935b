"""The payload of a bucket: a value of one of eight types (Java: Payload, PayloadType)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import ConversionError
from proctor.core.java.frozen import FrozenDict, freeze, thaw
from proctor.core.java.jackson import shown_json, to_double, to_integer, to_text
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from proctor.core.matrices.documents import Fields

__all__ = ["NO_TYPE", "PAYLOAD_TYPES", "Payload", "payload_value"]

#: The types of payloads. In JSON, the type is the key of the value.
PAYLOAD_TYPES = (
    "doubleValue",
    "doubleArray",
    "longValue",
    "longArray",
    "stringValue",
    "stringArray",
    "map",
    "json",
)
#: The word that messages show for a payload without a type.
NO_TYPE = Sentence(gettext_noop("empty"))


def payload_value(payload_type: str, value: Any) -> Any:
    """Convert a JSON value to a payload of type *payload_type*: for a longValue, "42" becomes 42.

    Arrays become tuples, and maps become read-only dicts; both may contain None. None means "no
    value", except for `json`, where it is the value null. Raises ConversionError if Java Proctor
    cannot read the value, and KeyError for an unknown type.
    """
    return _READERS[payload_type](value)


def _long(value: Any) -> int | None:
    return to_integer(value, 64)


def _array(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...] | None]:
    def read_array(value: Any) -> tuple[Any, ...] | None:
        if value is None:
            return None
        if not isinstance(value, (list, tuple)):
            raise ConversionError(
                Sentence(
                    gettext_noop("{value} is not a list: expected [...]"), value=shown_json(value)
                )
            )
        return tuple(map(read, value))

    return read_array


def _map(value: Any) -> Any:
    if value is not None and not isinstance(value, Mapping):
        raise ConversionError(
            Sentence(
                gettext_noop("{value} is not a JSON object: expected {{...}}"),
                value=shown_json(value),
            )
        )
    return freeze(value)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "doubleValue": to_double,
    "doubleArray": _array(to_double),
    "longValue": _long,
    "longArray": _array(_long),
    "stringValue": to_text,
    "stringArray": _array(to_text),
    "map": _map,
    "json": freeze,
}


@dataclass(frozen=True, slots=True)
class Payload:
    """A typed value. A payload without a type is empty; Proctor writes it as {} (Java: Payload)."""

    type: str | None = None
    #: Arrays are tuples and objects are read-only dicts. `json.dumps` can write both.
    value: Any = None
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)

    @classmethod
    def read(cls, bucket: Fields, field: str = "payload") -> Payload | None:
        """Read the `payload` field of a bucket. Return None if the field is null or missing.

        A plain string is read as a stringValue, and a plain number as a longValue or a doubleValue.
        Raises MatrixLoadError if Java Proctor fails to load it.
        """
        return bucket.convert(field, lambda value: cls._read(bucket, field, value), kind="payload")

    @classmethod
    def _read(cls, bucket: Fields, field: str, value: Any) -> Payload | None:
        if value is None:
            return None
        bare = _bare_type(value)
        source = bucket.inside(field, value if bare is None else {bare: value})
        found: tuple[str, Any] | None = None
        nulls: dict[str, Any] = {}
        # Java calls a setter for each key in turn, even if the value is null. Once a setter has set
        # a value, all others fail.
        for name, item in source.pairs():
            if name not in _READERS:
                continue
            if found is not None:
                text = gettext_noop(
                    "has both {first} and {name}; a payload has one type and one value"
                )
                if name == found[0]:
                    text = gettext_noop("has {name} twice; a payload has one type and one value")
                source.fail(None, Sentence(text, first=found[0], name=name))
            read = source.convert_value(name, item, _READERS[name])
            if read is None and name != "json":
                nulls[name] = None
            else:
                nulls.pop(name, None)
                found = (name, read)
        payload_type, found_value = found or (None, None)
        return cls(payload_type, found_value, FrozenDict({**source.unknown(), **nulls}))

    def to_dict(self) -> dict[str, Any]:
        """Return the payload as Pipet prints it: {"longValue": 42}, or {} if it is empty."""
        return {} if self.type is None else {self.type: thaw(self.value)}

    def to_document(self) -> dict[str, Any]:
        """Return the payload together with the unknown fields of the JSON that it was read from."""
        return {**thaw(self.extra), **self.to_dict()}


def _bare_type(value: Any) -> str | None:
    """Return the type that Java Proctor assumes for a payload that is not an object."""
    if isinstance(value, str):
        return "stringValue"
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return "longValue"
    return "doubleValue" if isinstance(value, float) else None
