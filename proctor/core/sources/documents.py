"""The result of reading a matrix location."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from proctor.core.exceptions import SourceError

if TYPE_CHECKING:
    from proctor.core.matrices.matrix import Matrix

__all__ = ["Document", "ReadMatrix", "checked"]


class Document(NamedTuple):
    """The content of a location, and a token (or None) that identifies this version of it."""

    content: bytes
    token: object


class ReadMatrix(NamedTuple):
    """The result of reading a location that builds the matrix itself.

    Definitions that have not changed since the previous read are the same objects, so everything
    derived from them can be reused.
    """

    matrix: Matrix
    token: object


def checked(read: object, place: str, *, is_first: bool) -> Document | ReadMatrix | None:
    """Return *read*, the result of a site's own location, if its type is valid.

    Raises SourceError for any other type, and for None on the first read.
    """
    if isinstance(read, ReadMatrix) or (
        isinstance(read, Document) and isinstance(read.content, bytes)
    ):
        return read
    if read is None and not is_first:
        return None
    raise SourceError(
        f"{place}: read() returned a {type(read).__qualname__}; return a Document with bytes or a "
        "ReadMatrix, or None if nothing has changed since the last time"
    )
