"""Cache visitors' answers: one class for each value of PROCTOR_CACHE_METHOD.

`METHODS` is the only list of these classes. The checks read it, and a test compares it with the
docs.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from django.core.cache import caches

from proctor.resolving.session_answers import SessionAnswers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest

    from proctor.resolving.once_log import OnceLog

__all__ = ["METHODS", "AnswerStore", "CacheAnswers", "expected_methods"]


class AnswerStore(Protocol):
    """Stores the last answer for each visitor.

    The version of the matrix is not stored here. It is always in a cache.
    """

    #: True if this class needs `request.session`. If so, the session middleware must come before
    #: ours.
    needs_sessions: bool

    def __init__(
        self,
        log: OnceLog,
        lifetime: float | None,
        *,
        alias: str,
        clock: Callable[[], float],
        time_of_day: Callable[[], float],
    ) -> None:
        """Keep answers for *lifetime* seconds; None means forever. *alias* is a key of CACHES."""

    def place_for(self, request: HttpRequest | None) -> Any:
        """Return the place where the request's answer is kept, or None if it cannot be kept."""

    def cache_keys(self, key: str) -> tuple[str, ...]:
        """Return the keys to read from the cache in the same call as the version."""

    def read(self, place: Any, key: str, found: Mapping[str, Any]) -> Any:
        """Return the data under *key*, or None. Raises StoreDown if the store is unreachable.

        *found* is the cache's result for `cache_keys`; it is empty if the cache is down.
        """

    def keep(self, place: Any, key: str, entry: dict[str, Any]) -> None:
        """Store *entry*. May raise any exception that the store raises."""


class CacheAnswers:
    """Keeps answers in one of the caches in CACHES."""

    __slots__ = ("_alias", "_lifetime")

    needs_sessions = False

    def __init__(
        self,
        log: OnceLog,
        lifetime: float | None,
        *,
        alias: str,
        clock: Callable[[], float],
        time_of_day: Callable[[], float],
    ) -> None:
        """Keep answers for *lifetime* seconds in *alias*, a cache in CACHES."""
        self._alias = alias
        self._lifetime = lifetime

    def place_for(self, request: HttpRequest | None) -> Any:
        """Return the alias. A cache that is missing from CACHES counts as unreachable."""
        return self._alias

    def cache_keys(self, key: str) -> tuple[str, ...]:
        """Return the key under which the answer is cached."""
        return (key,)

    def read(self, place: Any, key: str, found: Mapping[str, Any]) -> Any:
        """Return the answer from *found*, or None if *found* does not contain it."""
        return found.get(key)

    def keep(self, place: Any, key: str, entry: dict[str, Any]) -> None:
        """Store *entry* in the cache."""
        caches[place].set(key, entry, timeout=self._lifetime)


#: The values of PROCTOR_CACHE_METHOD other than None.
METHODS: Mapping[str, type[AnswerStore]] = MappingProxyType(
    {"cache": CacheAnswers, "session": SessionAnswers}
)


def expected_methods() -> str:
    """Return the allowed values of the setting as text: `'cache', 'session' or None`."""
    return f"{', '.join(map(repr, METHODS))} or None"
