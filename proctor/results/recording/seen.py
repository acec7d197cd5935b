"""The exposures that this process has already recorded."""

from __future__ import annotations

__all__ = ["Seen"]


class Seen:
    """A set of the most recent keys, without a lock: a race can only cause an extra write.

    Keys are 64-bit hashes. A collision would make a new exposure look recorded, but it is very
    unlikely.
    """

    #: Number of keys per generation. Two generations are kept, so that keys which are still in use
    #: are not forgotten when a new generation starts.
    SIZE = 20_000

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._new: dict[int, None] = {}
        self._old: dict[int, None] = {}

    def __contains__(self, key: int) -> bool:
        if key in self._new:
            return True
        if key not in self._old:
            return False
        self.add(key)
        return True

    def add(self, key: int) -> None:
        """Remember *key*."""
        if len(self._new) >= self._size:
            self._old, self._new = self._new, {}
        self._new[key] = None

    def forget(self, key: int) -> None:
        """Forget *key*, so that the next exposure with this key is recorded again."""
        self._new.pop(key, None)
        self._old.pop(key, None)
