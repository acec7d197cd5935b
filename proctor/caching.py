"""What a source has answered, kept for the visitor's next request.

Only for a source that says what decides an answer, by a method `fingerprint`, and whose
groups have a `matrix_version`. An answer is served again as long as it is of the version of
the matrix that is the current one. That is kept in the cache too, where all processes see
it. A cache that is down is one that has nothing.
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
from proctor.core.circuit_breaker import CircuitBreaker
from proctor.core.groups import Groups, MatrixVersion
from proctor.core.stored_groups import from_stored, to_stored
from proctor.once import described

if TYPE_CHECKING:
    from django.core.cache import BaseCache
    from django.http import HttpRequest

    from proctor.core.sources import GroupsRequest
    from proctor.once import OnceLog

__all__ = ["METHODS", "AnswerCache", "Fingerprinting", "Recalled"]

logger = logging.getLogger(__name__)

#: What PROCTOR_CACHE_METHOD may be, besides None.
METHODS = ("cache", "session")

#: Seconds that one process has the version for itself while it looks and writes.
LOCK_SECONDS = 10

#: Seconds by which the clocks of two machines may differ.
SKEW = 60

_SESSION_KEY = "_proctor"


class Fingerprinting(Protocol):
    """A source whose answers can be kept."""

    #: Its address.
    root: str

    @property
    def is_down(self) -> bool:
        """Whether there is an outage, in which it asks for a single visitor at a time."""

    def fingerprint(self, request: GroupsRequest) -> str | None:
        """All that decides an answer, as a text; None where there is nothing to ask."""

    def determine_groups(self, request: GroupsRequest) -> Groups:
        """The groups of a visitor, with the version of their matrix."""


class Recalled:
    """What is remembered of one visitor, and what is to become of a new answer."""

    __slots__ = ("groups", "is_current", "is_refresh", "key", "session", "stored", "version")

    def __init__(self, key: str, session: Any) -> None:
        self.key = key
        #: Where the answer is kept, if not in the cache.
        self.session = session
        #: The answer that may be served now; None where the source is to be asked.
        self.groups: Groups | None = None
        #: What is kept for this visitor, of whatever version.
        self.stored: Any = None
        #: The current version as it was when the request began.
        self.version: MatrixVersion | None = None
        #: Whether the cache has answered, so that something can be kept.
        self.is_current = False
        #: Whether it is on this request to find out the version anew.
        self.is_refresh = False

    def stale_groups(self) -> Groups | None:
        """The last known answer, for want of a better one."""
        return _groups_in(self.stored, stale=True)


class AnswerCache:
    """The answers of one source, by visitor. Safe for threads and processes."""

    def __init__(self, source: Fingerprinting, log: OnceLog) -> None:
        """Take what the settings say; ImproperlyConfigured for an unknown method."""
        if settings.PROCTOR_CACHE_METHOD not in METHODS:
            raise ImproperlyConfigured(
                f"PROCTOR_CACHE_METHOD is {settings.PROCTOR_CACHE_METHOD!r}; give 'cache', "
                "'session' or None"
            )
        self._source = source
        self._in_session = settings.PROCTOR_CACHE_METHOD == "session"
        self._alias = settings.PROCTOR_CACHE_NAME or "default"
        self._timeout: float | None = settings.PROCTOR_CACHE_TIMEOUT
        self._version_timeout: float | None = settings.PROCTOR_CACHE_VERSION_TIMEOUT
        self._refresh_seconds = math.ceil(2 * min(settings.PROCTOR_TIMEOUT, 60)) + 1
        self._log = log
        self._breaker = CircuitBreaker()
        self._secret = _secret()
        place = self._digest(source.root)
        self._version_key = f"proctor:{place}:version"
        self._refresh_key = f"proctor:{place}:refresh"
        self._lock_key = f"proctor:{place}:lock"

    # -- before the source is asked --------------------------------------------------------

    def recall(self, asked: GroupsRequest, request: HttpRequest | None) -> Recalled | None:
        """What is remembered; None where there is nothing to. Raises what `fingerprint` does."""
        fingerprint = self._source.fingerprint(asked)
        if fingerprint is None:
            return None
        session = getattr(request, "session", None) if self._in_session else None
        if self._in_session and session is None:
            return None
        recalled = Recalled(f"proctor:{self._digest(fingerprint)}", session)
        found = self._read(recalled)
        recalled.stored = (
            self._in(session, recalled.key)
            if session is not None
            else (found and found.get(recalled.key))
        )
        if found is None:
            return recalled
        recalled.is_current = True
        version, fresh_until = _version_in(found.get(self._version_key))
        recalled.version = version
        if not self._is_fresh(fresh_until):
            # In an outage the source itself lets a single one ask, and all others know that
            # what they have is stale.
            recalled.is_refresh = self._source.is_down or self._claims_refresh()
        if version is not None and not recalled.is_refresh:
            groups = _groups_in(recalled.stored)
            if groups is not None and groups.matrix_version == version:
                recalled.groups = groups
        return recalled

    def _read(self, recalled: Recalled) -> dict[str, Any] | None:
        """What the cache has; None where it is down."""
        permit = self._breaker.ask()
        if permit is None:
            return None
        keys = [self._version_key]
        if recalled.session is None:
            keys.append(recalled.key)
        try:
            found: dict[str, Any] = self._cache.get_many(keys)
        except Exception as error:  # noqa: BLE001 - each backend has its own
            if self._breaker.failed(permit):
                logger.warning(
                    "The cache %r failed, and so %s is asked for each visitor: %s",
                    self._alias,
                    self._source,
                    described(error),
                )
            return None
        except BaseException:
            self._breaker.gave_up(permit)
            raise
        seconds = self._breaker.succeeded(permit)
        if seconds is not None:
            logger.info("The cache %r is back, after %.1f seconds", self._alias, seconds)
        return found

    def _in(self, session: Any, key: str) -> Any:
        """What a session keeps for the same question, unless it is too old."""
        try:
            kept = session.get(_SESSION_KEY)
            if kept is None or kept["key"] != key:
                return None
            return None if kept["until"] is not None and time.time() >= kept["until"] else kept
        except Exception as error:  # noqa: BLE001 - a store that is down, or somebody else's value
            self._tell("The session gives no groups", error)
            return None

    def _claims_refresh(self) -> bool:
        """Whether this request is the one that finds out the version; the others go on."""
        return self._attempt(
            lambda: self._cache.add(self._refresh_key, 1, timeout=self._refresh_seconds)
        )

    # -- after it has answered -------------------------------------------------------------

    def keep(self, recalled: Recalled, groups: Groups) -> None:
        """Remember *groups*, if they are of the current version or of a newer one."""
        version = groups.matrix_version
        if version is None or not recalled.is_current:
            return
        known = version == recalled.version and not recalled.is_refresh
        if not known and not self._attempt(lambda: self._adopt(version, recalled)):
            return
        entry = {"version": list(version), "groups": to_stored(groups)}
        if recalled.session is None:
            self._attempt(lambda: self._cache.set(recalled.key, entry, timeout=self._timeout))
            return
        until = None if self._timeout is None else time.time() + self._timeout
        session = recalled.session
        self._attempt(
            lambda: session.__setitem__(
                _SESSION_KEY, {"key": recalled.key, "until": until, **entry}
            )
        )

    def _adopt(self, version: MatrixVersion, recalled: Recalled) -> bool:
        """Make *version* the current one for all processes, unless there is a better one.

        The newer one is better, but to whoever has to find out anew, who takes what he
        finds: a matrix may have been rolled back. Others may have been faster, so this is
        decided by one process at a time.
        """
        cache = self._cache
        if not cache.add(self._lock_key, 1, timeout=LOCK_SECONDS):
            # Who has it may have been told the same.
            return _version_in(cache.get(self._version_key))[0] == version
        began = time.monotonic()
        try:
            current, _ = _version_in(cache.get(self._version_key))
            known = recalled.version if recalled.is_refresh else version
            if current not in (None, version, known) and version.updated <= current.updated:
                return False
            if not _has_the_lock(began):
                return False
            cache.set(self._version_key, (*version, self._fresh_until()), self._version_lives())
        finally:
            if _has_the_lock(began):
                cache.delete(self._lock_key)
        return True

    def _is_fresh(self, until: float | None) -> bool:
        if until is None or self._version_timeout is None:
            return True
        # What is further away than it can be comes from a machine with another time of day.
        return 0 < until - time.time() <= self._version_timeout + SKEW

    def _fresh_until(self) -> float | None:
        return None if self._version_timeout is None else time.time() + self._version_timeout

    def _version_lives(self) -> float | None:
        """Seconds; longer than it is fresh, and than the answers of that version."""
        if self._timeout is None or self._version_timeout is None:
            return None
        return max(self._timeout, self._version_timeout) + 60

    # -- common ----------------------------------------------------------------------------

    @property
    def _cache(self) -> BaseCache:
        return caches[self._alias]

    def _attempt(self, operation: Any) -> bool:
        try:
            return operation() is not False
        except Exception as error:  # noqa: BLE001 - as above; the next read tells if it is down
            self._tell("What a source answered cannot be kept", error)
            return False

    def _tell(self, what: str, error: Exception) -> None:
        self._log.log(logger, logging.WARNING, "%s: %s", what, described(error))

    def _digest(self, text: str) -> str:
        """A key of which nobody can tell whose it is, not even by trying identifiers."""
        data = self._secret + text.encode("utf-8", errors="surrogatepass")
        return hashlib.sha256(data).hexdigest()[:40]


def _secret() -> bytes:
    try:
        secret = settings.SECRET_KEY
    except ImproperlyConfigured:
        secret = ""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    return hashlib.sha256(b"proctor.caching" + raw).digest()


def _has_the_lock(began: float) -> bool:
    # A process that was asleep may have lost it.
    return time.monotonic() - began < LOCK_SECONDS / 2


def _version_in(found: Any) -> tuple[MatrixVersion | None, float | None]:
    """A version, and until when it need not be asked for; None twice where there is none."""
    try:
        version, updated, fresh_until = found
        return MatrixVersion(version, updated), fresh_until
    except (TypeError, ValueError):
        return None, None


def _groups_in(entry: Any, *, stale: bool = False) -> Groups | None:
    """The groups of what was kept; None where that is none of ours."""
    if entry is None:
        return None
    try:
        return from_stored(entry["groups"], MatrixVersion(*entry["version"]), stale=stale)
    except Exception:  # noqa: BLE001 - of another version of this package, or somebody else's
        return None
