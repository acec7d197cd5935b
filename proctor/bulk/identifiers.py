"""Identifiers: convert a column of a table to bytes that can be hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from proctor.core.exceptions import ConfigurationError
from proctor.core.messages import printable, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Identifiers", "check_type"]

#: Longer identifiers are hashed one by one and not put into the arrays.
MAX_BYTES = 1024

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


def _is_uuid(kind: pa.DataType) -> bool:
    return bool(getattr(kind, "extension_name", None) == "arrow.uuid")


def check_type(test_type: str, column: str, kind: pa.DataType) -> None:
    """Raise ConfigurationError unless a column of type *kind* can contain identifiers."""
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (
        pa.types.is_integer(plain)
        or pa.types.is_string(plain)
        or pa.types.is_large_string(plain)
        or pa.types.is_string_view(plain)
        or pa.types.is_null(plain)
        or _is_uuid(plain)
    ):
        raise ConfigurationError(
            f"The column {shown(column)} has the type {printable(kind)}; expected text, integers "
            f"or UUIDs for the identifier {printable(test_type)}. Convert the column to text first"
        )


def _text(column: pa.Array) -> pa.LargeStringArray:
    """Return the identifiers as text. Nulls are kept."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _is_uuid(column.type):
        return _uuid_text(column)
    # Arrow formats integers in the same way as Python.
    return column.cast(pa.large_string())


def _uuid_text(column: pa.Array) -> pa.LargeStringArray:
    """Return UUIDs as text, in the format of `str(uuid.UUID(...))`."""
    storage = column.storage
    rows = len(storage)
    raw = np.frombuffer(storage.buffers()[1], np.uint8)
    raw = raw[16 * storage.offset : 16 * (storage.offset + rows)].reshape(rows, 16)
    digits = np.empty((rows, 32), np.uint8)
    digits[:, 0::2] = _HEX[raw >> 4]
    digits[:, 1::2] = _HEX[raw & 15]
    text = np.full((rows, 36), ord("-"), np.uint8)
    for start, end, at in ((0, 8, 0), (8, 12, 9), (12, 16, 14), (16, 20, 19), (20, 32, 24)):
        text[:, at : at + end - start] = digits[:, start:end]
    offsets = np.arange(0, 36 * rows + 1, 36, dtype=np.int64)
    made = pa.LargeStringArray.from_buffers(
        rows, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text))
    )
    return pc.if_else(storage.is_valid(), made, pa.scalar(None, pa.large_string()))


class Identifiers:
    """The identifiers of some rows, prepared for hashing with many different prefixes."""

    def __init__(self, column: pa.Array) -> None:
        text = _text(column)
        #: For each row, True if it has an identifier.
        self.given: NDArray[Any] = np.asarray(text.is_valid())
        #: The text of each row; null if a row has no identifier.
        self.column = text
        filled = text.fill_null("")
        rows = len(filled)
        offsets = np.frombuffer(filled.buffers()[1], np.int64)
        offsets = offsets[filled.offset : filled.offset + rows + 1]
        data = filled.buffers()[2]
        self._data = b"" if data is None else data
        self._offsets = offsets
        #: The number of bytes in each row.
        self.lengths: NDArray[Any] = np.diff(offsets)
        self.longest = int(self.lengths.max(initial=0))
        self.shortest = int(self.lengths.min(initial=self.longest))
        self._bytes: NDArray[Any] | None = None
        self._planes: dict[int, list[NDArray[Any]]] = {}

    def __len__(self) -> int:
        return len(self.lengths)

    def texts(self, rows: NDArray[Any]) -> Iterator[bytes]:
        """Return the encoded identifiers of *rows*."""
        data = memoryview(self._data)
        for row in rows.tolist():
            yield bytes(data[self._offsets[row] : self._offsets[row + 1]])

    def planes(self, shift: int) -> list[NDArray[Any]]:
        """Return the bytes of all rows as little-endian words: one array for each word position.

        A row consists of *shift* (0 to 3) zero bytes, the identifier, the byte 0x80, which begins
        the padding of MD5, and more zeros. The words of an identifier that is longer than
        `MAX_BYTES` are meaningless.
        """
        if shift not in self._planes:
            source = self._padded()
            rows, width = source.shape
            words = -(-(width + shift) // 4)
            moved = np.zeros((rows, 4 * words), np.uint8)
            moved[:, shift : shift + width] = source
            columns = np.ascontiguousarray(moved.view("<u4").T)
            self._planes[shift] = list(columns)
        return self._planes[shift]

    def _padded(self) -> NDArray[Any]:
        """Return an array with one row of bytes for each identifier."""
        if self._bytes is None:
            rows = len(self.lengths)
            lengths = np.minimum(self.lengths, MAX_BYTES)
            width = int(lengths.max(initial=0))
            padded = np.zeros((rows, width + 1), np.uint8)
            data = np.frombuffer(self._data, np.uint8)
            if rows:
                data = data[self._offsets[0] : self._offsets[-1]]
            if len(data) and int(lengths.min()) == width == int(self.lengths.max()):
                padded[:, :width] = data.reshape(rows, width)
            elif len(data):
                inside = np.arange(width + 1) < lengths[:, None]
                if int(self.lengths.max()) > MAX_BYTES:
                    data = data[_within(self.lengths, MAX_BYTES)]
                padded[inside] = data
            padded[np.arange(rows), lengths] = 0x80
            self._bytes = padded
        return self._bytes


def _within(lengths: NDArray[Any], most: int) -> NDArray[Any]:
    """Return an array that is True for each byte among the first *most* bytes of its row."""
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    inside: NDArray[Any] = np.arange(len(starts)) - starts < most
    return inside
