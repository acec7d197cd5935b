"""The result of reading a matrix location."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from proctor.core.matrices.matrix import Matrix

__all__ = ["Document", "ReadMatrix"]


class Document(NamedTuple):
    """The content of a location, and a token to recognize the same content later (or None)."""

    content: bytes
    token: object


class ReadMatrix(NamedTuple):
    """The result of reading a location that builds the matrix itself.

    Definitions that have not changed since the previous token are the same objects, so everything
    derived from them can be reused.
    """

    matrix: Matrix
    token: object
