"""A cache in memory that records the values it is given."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache


class Written(NamedTuple):
    """One call of `set`."""

    key: str
    value: Any
    timeout: Any


class NotedCache(LocMemCache):
    """Records each `set`, from all threads and in order."""

    written: ClassVar[list[Written]] = []

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self.written.append(Written(key, value, timeout))
        super().set(key, value, timeout, version)
