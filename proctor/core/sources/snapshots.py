"""One version of a matrix, ready to use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Snapshot"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[T]):
    """One version of the matrix, ready to use. Immutable."""

    #: The object that was built from the matrix.
    proctor: T
    #: The version in the matrix's audit.
    matrix_version: str | None
    #: Seconds since 1970.
    loaded_at: float
