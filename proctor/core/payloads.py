"""What a bucket carries: one value of one of eight types (Java: Payload, PayloadType)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from proctor.core.exceptions import ConversionError
from proctor.core.frozen import FrozenDict, freeze, thaw
from proctor.core.jackson import shown, to_double, to_integer, to_text

if TYPE_CHECKING:
    from proctor.core.documents import Fields

__all__ = ["PAYLOAD_TYPES", "Payload", "payload_value"]

#: The keys that a payload may have, each a type.
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


def payload_value(payload_type: str, value: Any) -> Any:
    """A JSON value as the payload type holds it: "42" is 42 for a longValue.

    Arrays are tuples, a map is a read-only dict; both may hold None. None means that
    there is no value, except for `json`, where null is one. Raises ConversionError
    where the Java cannot read the value, and KeyError for an unknown type.
    """
    return _READERS[payload_type](value)


def _long(value: Any) -> int | None:
    return to_integer(value, 64)


def _array(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...] | None]:
    def read_array(value: Any) -> tuple[Any, ...] | None:
        if value is None:
            return None
        if not isinstance(value, (list, tuple)):
            raise ConversionError(f"{shown(value)} is no list; write [...]")
        return tuple(map(read, value))

    return read_array


def _map(value: Any) -> Any:
    if value is not None and not isinstance(value, Mapping):
        raise ConversionError(f"{shown(value)} is no JSON object; write {{...}}")
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
    """A typed value. Without a type it is the empty payload, which Proctor writes as {}."""

    type: str | None = None
    #: Arrays are tuples, objects read-only dicts; `json.dumps` writes both.
    value: Any = None
    extra: Mapping[str, Any] = field(default_factory=FrozenDict)

    @classmethod
    def read(cls, bucket: Fields, field: str = "payload") -> Payload | None:
        """Read the field `payload` of a bucket; None where it is null or missing.

        A bare string is a stringValue, a bare number a longValue or a doubleValue.
        Raises MatrixLoadError where the Java's load fails.
        """
        return bucket.convert(field, lambda value: cls._read(bucket, field, value))

    @classmethod
    def _read(cls, bucket: Fields, field: str, value: Any) -> Payload | None:
        if value is None:
            return None
        bare = _bare_type(value)
        source = bucket.inside(field, value if bare is None else {bare: value})
        found: tuple[str, Any] | None = None
        nulls: dict[str, Any] = {}
        # The Java calls a setter for each key in turn, null or not, and each setter refuses
        # to follow one that set a value.
        for name, item in source.pairs():
            if name not in _READERS:
                continue
            if found is not None:
                both = f"both {found[0]} and {name}" if name != found[0] else f"{name} twice"
                source.fail(None, f"has {both}; a payload has one type and one value")
            read = source.convert_value(name, item, _READERS[name])
            if read is None and name != "json":
                nulls[name] = None
            else:
                nulls.pop(name, None)
                found = (name, read)
        payload_type, found_value = found or (None, None)
        return cls(payload_type, found_value, FrozenDict({**source.unknown(), **nulls}))

    def to_dict(self) -> dict[str, Any]:
        """The one key that is set, as Pipet prints it: {"longValue": 42}; {} if empty."""
        return {} if self.type is None else {self.type: thaw(self.value)}

    def to_document(self) -> dict[str, Any]:
        """The payload with the unknown fields of the original."""
        return {**thaw(self.extra), **self.to_dict()}


def _bare_type(value: Any) -> str | None:
    """The type that the Java gives to a payload that is no object."""
    if isinstance(value, str):
        return "stringValue"
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return "longValue"
    return "doubleValue" if isinstance(value, float) else None
