"""Cache the source's answer for a visitor, so that the visitor's next request can use it.

The source must have a `fingerprint` method, which returns everything that determines an answer, and
its groups must have a `matrix_version`. A cached answer is served as long as it comes
from the current version of the matrix. The current version is stored in the cache as well, so that
all processes use the same one. An unreachable cache counts as a miss.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
from typing import TYPE_CHECKING, Any, Protocol

from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured

from proctor.conf import settings
from proctor.core.evaluation.groups import Groups, MatrixVersion
from proctor.core.evaluation.stored_groups import from_stored, is_time, is_version, to_stored
from proctor.core.messages import error_place, shown
from proctor.core.sources.circuit_breaker import CircuitBreaker
from proctor.resolving.cache_methods import METHODS, expected_methods
from proctor.resolving.store_errors import StoreDown, is_unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.cache import BaseCache
    from django.http import HttpRequest

    from proctor.core.sources.source import GroupsRequest
    from proctor.resolving.once_log import OnceLog

__all__ = ["AnswerCache", "Fingerprinting", "Recalled"]

logger = logging.getLogger("proctor.cache")

#: Maximum time in seconds for which a process may hold the lock to change the version.
LOCK_SECONDS = 10

#: The clocks of two machines are expected to differ by at most this many seconds.
SKEW = 60


class Fingerprinting(Protocol):
    """A source whose answers can be cached."""

    #: The URL of the source.
    root: str

    @property
    def is_down(self) -> bool:
        """True during an outage, when only one request at a time may call the source."""

    def fingerprint(self, request: GroupsRequest) -> str | None:
        """Return all data that determines the answer, as a str; None if no groups are requested."""

    def determine_groups(self, request: GroupsRequest) -> Groups:
        """Return the groups of a visitor, with the version of the matrix that determined them."""


class Recalled:
    """One visitor's cached data, and everything needed to store a new answer."""

    __slots__ = (
        "groups",
        "has_claim",
        "is_current",
        "is_refresh",
        "key",
        "place",
        "stored",
        "version",
    )

    def __init__(self, key: str, place: Any) -> None:
        self.key = key
        #: Where the answer is kept: a cache, or the session of this request.
        self.place = place
        #: The answer that may be served now; None if the source must be called.
        self.groups: Groups | None = None
        #: The cached data of this visitor, from any version of the matrix.
        self.stored: Any = None
        #: The version that was current when the request began.
        self.version: MatrixVersion | None = None
        #: True if the cache could be read, so that new answers can be cached.
        self.is_current = False
        #: True if this request must check the version again, so it must not use a cached answer.
        self.is_refresh = False
        #: True if this is the one request that checks the version; other requests do not have to.
        self.has_claim = False

    def stale_groups(self) -> Groups | None:
        """Return the last known answer, for use if the source has no answer."""
        return _groups_in(self.stored, stale=True)


class AnswerCache:
    """The cached answers of one source, by visitor. Safe for threads and processes."""

    def __init__(
        self,
        source: Fingerprinting,
        log: OnceLog,
        *,
        clock: Callable[[], float] = time.monotonic,
        time_of_day: Callable[[], float] = time.time,
    ) -> None:
        """Read the settings; raises ImproperlyConfigured for an unknown method.

        Tests pass their own clocks, which return seconds. Times from *clock* are valid only in this
        process; times from *time_of_day* can be compared with those from other machines.
        """
        method: Any = settings.PROCTOR_CACHE_METHOD
        if not isinstance(method, str) or method not in METHODS:
            raise ImproperlyConfigured(
                f"PROCTOR_CACHE_METHOD: expected {expected_methods()}, got {shown(method)}"
            )
        self._source = source
        self._alias = settings.PROCTOR_CACHE_NAME or "default"
        self._timeout: float | None = settings.PROCTOR_CACHE_TIMEOUT
        self._version_timeout: float | None = settings.PROCTOR_CACHE_VERSION_TIMEOUT
        self._refresh_seconds = math.ceil(2 * min(settings.PROCTOR_TIMEOUT, 60)) + 1
        self._log = log
        self._clock = clock
        self._time_of_day = time_of_day
        self._breaker = CircuitBreaker(clock=clock)
        self._store = METHODS[method](
            log, self._timeout, alias=self._alias, clock=clock, time_of_day=time_of_day
        )
        self._secret = _secret()
        place = self._digest(source.root)
        self._version_key = f"proctor:{place}:version"
        self._refresh_key = f"proctor:{place}:refresh"
        self._lock_key = f"proctor:{place}:lock"

    # -- Before the source is called -------------------------------------------------------

    def recall(self, asked: GroupsRequest, request: HttpRequest | None) -> Recalled | None:
        """Return the cached data; None if answers cannot be cached. May raise ConversionError."""
        fingerprint = self._source.fingerprint(asked)
        if fingerprint is None:
            return None
        place = self._store.place_for(request)
        if place is None:
            return None
        recalled = Recalled(f"proctor:{self._digest(fingerprint)}", place)
        found = self._read(recalled)
        try:
            recalled.stored = self._store.read(place, recalled.key, found or {})
        except StoreDown:
            return recalled
        if found is None:
            return recalled
        recalled.is_current = True
        version, fresh_until = _version_in(found.get(self._version_key))
        recalled.version = version
        if not self._is_fresh(fresh_until):
            # During an outage, the source lets only one request through; the others get stale
            # answers.
            is_down = self._source.is_down
            recalled.has_claim = not is_down and self._claims_refresh()
            recalled.is_refresh = is_down or recalled.has_claim
        if version is not None and not recalled.is_refresh:
            groups = _groups_in(recalled.stored)
            if groups is not None and groups.matrix_version == version:
                recalled.groups = groups
        return recalled

    def _read(self, recalled: Recalled) -> dict[str, Any] | None:
        """Return what the cache contains for the request, or None if the cache is unreachable."""
        permit = self._breaker.ask()
        if permit is None:
            return None
        keys = [self._version_key, *self._store.cache_keys(recalled.key)]
        try:
            found: dict[str, Any] = self._cache.get_many(keys)
        except Exception as error:  # noqa: BLE001 - each backend has its own
            if is_unreadable(error):
                # One visitor's unreadable entry must not disable the cache for all visitors.
                self._breaker.succeeded(permit)
                self._tell("A cache entry cannot be read and counts as a miss", error)
                return {}
            if self._breaker.failed(permit):
                logger.warning(
                    "The cache %r failed, so %s is called for each visitor: %s",
                    self._alias,
                    self._source,
                    error_place(error),
                )
            return None
        except BaseException:
            self._breaker.gave_up(permit)
            raise
        seconds = self._breaker.succeeded(permit)
        if seconds is not None:
            logger.info("The cache %r is back, after %.1f seconds", self._alias, seconds)
        return found

    def _claims_refresh(self) -> bool:
        """Return True for the one request that must check the version, and False for all others."""
        return self._attempt(
            lambda: self._cache.add(self._refresh_key, 1, timeout=self._refresh_seconds)
        )

    def give_up(self, recalled: Recalled) -> None:
        """Let the next request check the version, because the source did not answer this one.

        The cause may be this visitor's data, which must not keep other requests from checking.
        """
        if recalled.has_claim:
            self._attempt(lambda: self._cache.delete(self._refresh_key))

    # -- After the source has answered ------------------------------------------------------

    def keep(self, recalled: Recalled, groups: Groups) -> None:
        """Cache *groups* if their version is the current one or a newer one."""
        version = groups.matrix_version
        if version is None or not recalled.is_current:
            return
        known = version == recalled.version and not recalled.is_refresh
        if not known and not self._attempt(lambda: self._adopt(version, recalled)):
            return
        entry = {"version": list(version), "groups": to_stored(groups)}
        self._attempt(lambda: self._store.keep(recalled.place, recalled.key, entry))

    def _adopt(self, version: MatrixVersion, recalled: Recalled) -> bool:
        """Make *version* the current one for all processes, unless a newer one is known.

        A refresh accepts any version, because there may have been a rollback. Only one process at a
        time may change the current version, and another process may have done so already.
        """
        cache = self._cache
        if not cache.add(self._lock_key, 1, timeout=LOCK_SECONDS):
            # The process with the lock may have received the same version.
            return self._current_version() == version
        began = self._clock()
        try:
            current = self._current_version()
            known = recalled.version if recalled.is_refresh else version
            if current not in (None, version, known) and version.updated <= current.updated:
                return False
            if not self._has_the_lock(began):
                return False
            cache.set(self._version_key, (*version, self._fresh_until()), self._version_lives())
        finally:
            if self._has_the_lock(began):
                cache.delete(self._lock_key)
        return True

    def _has_the_lock(self, began: float) -> bool:
        # A process that was suspended may have lost the lock.
        return self._clock() - began < LOCK_SECONDS / 2

    def _current_version(self) -> MatrixVersion | None:
        try:
            return _version_in(self._cache.get(self._version_key))[0]
        except Exception as error:
            if not is_unreadable(error):
                raise
            return None

    def _is_fresh(self, until: float | None) -> bool:
        if until is None or self._version_timeout is None:
            return True
        # A time far in the future was written by a machine whose clock is wrong.
        return 0 < until - self._time_of_day() <= self._version_timeout + SKEW

    def _fresh_until(self) -> float | None:
        if self._version_timeout is None:
            return None
        return self._time_of_day() + self._version_timeout

    def _version_lives(self) -> float | None:
        """Return the lifetime of a stored version in seconds, or None if there is no limit.

        A version is stored for longer than any answer.
        """
        if self._timeout is None or self._version_timeout is None:
            return None
        return max(self._timeout, self._version_timeout) + 60

    # -- Helpers ---------------------------------------------------------------------------

    @property
    def _cache(self) -> BaseCache:
        return caches[self._alias]

    def _attempt(self, operation: Any) -> bool:
        try:
            return operation() is not False
        except Exception as error:  # noqa: BLE001 - as above; the next read shows if it is down
            self._tell("An answer from the source cannot be cached", error)
            return False

    def _tell(self, what: str, error: Exception) -> None:
        self._log.log(logger, logging.WARNING, "%s: %s", what, error_place(error))

    def _digest(self, text: str) -> str:
        """Return a key that does not reveal the visitor, even to someone trying all identifiers."""
        data = self._secret + text.encode("utf-8", errors="surrogatepass")
        return hashlib.sha256(data).hexdigest()[:40]


def _secret() -> bytes:
    try:
        secret: str | bytes = settings.SECRET_KEY
    except ImproperlyConfigured:
        secret = ""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    return hashlib.sha256(b"proctor.resolving.answer_cache" + raw).digest()


def _version_in(found: Any) -> tuple[MatrixVersion | None, float | None]:
    """Return a version and the time until which it need not be checked, or None for both.

    Other programs may write to the cache, so a value in a different format is ignored.
    """
    if not isinstance(found, (tuple, list)) or len(found) != 3:
        return None, None
    version, updated, fresh_until = found
    if not is_version(version, updated) or not is_time(fresh_until):
        return None, None
    return MatrixVersion(version, updated), fresh_until


def _groups_in(entry: Any, *, stale: bool = False) -> Groups | None:
    """Return the groups in a cached entry, or None if the entry is not in our format."""
    if entry is None:
        return None
    try:
        version, updated = entry["version"]
        if not is_version(version, updated):
            return None
        return from_stored(entry["groups"], MatrixVersion(version, updated), stale=stale)
    except Exception:  # noqa: BLE001 - from another version of this package, or not ours
        return None
