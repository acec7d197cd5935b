"""Recorded events as small tuples, and the table rows that are built from them."""

from __future__ import annotations

import hashlib
import hmac
import math
import uuid
from datetime import datetime, timezone
from typing import Any, NamedTuple

from proctor.conf import settings
from proctor.results.models import NAME_LENGTH, TYPE_LENGTH, Exposure, ForcedVisitor, Outcome

__all__ = [
    "NotedExposure",
    "NotedForced",
    "NotedOutcome",
    "RowError",
    "SplitInfo",
    "digest",
    "exposure_row",
    "forced_id",
    "forced_row",
    "outcome_row",
    "stored_visitor",
    "time_of",
]


class RowError(ValueError):
    """A value that cannot be stored in a row. The message names the column, but not the visitor."""


class SplitInfo(NamedTuple):
    """The parts of a test that determine its groups, and the test type."""

    id: uuid.UUID
    test: str
    version: str
    identifier_type: str
    #: The parts of the definition that determine groups, as JSON; "" if these parts are unknown.
    definition: str


class NotedExposure(NamedTuple):
    """A queued exposure."""

    #: Seconds since 1970.
    at: float
    visitor: str
    group: str
    allocation: str
    split: SplitInfo
    #: The key under which `Seen` remembers the exposure.
    key: int


class NotedOutcome(NamedTuple):
    """A queued outcome."""

    id: uuid.UUID
    at: float
    identifier_type: str
    visitor: str
    metric: str
    value: float


class NotedForced(NamedTuple):
    """A queued forced exposure, which is counted but not stored."""

    at: float
    test: str
    identifier_type: str = ""
    #: Empty if the visitor is unknown, or if this process has already queued the same visitor.
    visitor: str = ""
    group: str = ""
    #: The key under which `Seen` remembers the visitor.
    key: int = 0


def digest(*parts: str) -> uuid.UUID:
    """Return a 122-bit digest of *parts*.

    `digest("ab", "c")` and `digest("a", "bc")` differ. The digest is marked as a UUID of version 5,
    because MariaDB stores only valid UUIDs.
    """
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        state.update(len(encoded).to_bytes(4, "big"))
        state.update(encoded)
    return uuid.UUID(bytes=state.digest(), version=5)


def time_of(seconds: float) -> datetime:
    """Convert seconds since 1970 to a datetime, which is timezone-aware if USE_TZ is True."""
    zone = timezone.utc if settings.USE_TZ else None
    return datetime.fromtimestamp(seconds, zone)


def stored_visitor(identifier_type: str, visitor: str) -> str:
    """Return an identifier as stored in the tables: as plain text, or as a 32-digit hex digest."""
    if settings.PROCTOR_RESULTS_IDENTIFIERS == "plain":
        return visitor
    return _keyed("proctor.results", identifier_type, visitor)


def forced_id(identifier_type: str, stored: str, test: str) -> str:
    """Return the digest that represents a visitor in the table of forced visitors.

    *stored* is the result of `stored_visitor`.
    """
    return _keyed("proctor.results.forced", identifier_type, stored, test)


def _keyed(*parts: str) -> str:
    key = settings.PROCTOR_RESULTS_DIGEST_KEY or settings.SECRET_KEY
    secret = key.encode() if isinstance(key, str) else bytes(key)
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hmac.digest(secret, text, "sha256")[:16].hex()


def exposure_row(noted: NotedExposure) -> Exposure:
    """Return the table row for an exposure. Raises RowError if a string cannot be stored."""
    split = noted.split
    _check(noted.visitor, "visitor")
    _check(split.identifier_type, "identifier type", TYPE_LENGTH)
    _check(split.test, "test")
    _check(noted.group, "group")
    _check(noted.allocation, "allocation", may_be_empty=True)
    _check(split.version, "version", may_be_empty=True)
    visitor = stored_visitor(split.identifier_type, noted.visitor)
    return Exposure(
        id=digest(
            split.identifier_type, visitor, split.test, noted.allocation, split.id.hex, noted.group
        ),
        at=time_of(noted.at),
        identifier_type=split.identifier_type,
        visitor=visitor,
        test=split.test,
        group=noted.group,
        allocation=noted.allocation,
        version=split.version,
        split=split.id,
    )


def forced_row(noted: NotedForced) -> ForcedVisitor:
    """Return the row for a forced visitor. Raises RowError if a string cannot be stored."""
    _check(noted.visitor, "visitor")
    _check(noted.identifier_type, "identifier type", TYPE_LENGTH)
    _check(noted.test, "test")
    _check(noted.group, "group")
    stored = stored_visitor(noted.identifier_type, noted.visitor)
    return ForcedVisitor(
        id=forced_id(noted.identifier_type, stored, noted.test),
        at=time_of(noted.at),
        identifier_type=noted.identifier_type,
        test=noted.test,
        group=noted.group,
    )


def outcome_row(noted: NotedOutcome) -> Outcome:
    """Return the row for an outcome. Raises RowError if a string or the value cannot be stored."""
    _check(noted.visitor, "visitor")
    _check(noted.identifier_type, "identifier type", TYPE_LENGTH)
    _check(noted.metric, "metric")
    if not math.isfinite(noted.value):
        raise RowError(f"the value of {noted.metric!r} is not a finite number")
    try:
        at = time_of(noted.at)
    except (ValueError, OverflowError, OSError):
        raise RowError(f"the time of {noted.metric!r} is out of range") from None
    return Outcome(
        id=noted.id,
        at=at,
        identifier_type=noted.identifier_type,
        visitor=stored_visitor(noted.identifier_type, noted.visitor),
        metric=noted.metric,
        value=noted.value,
    )


def _check(text: Any, column: str, limit: int = NAME_LENGTH, *, may_be_empty: bool = False) -> None:
    if not isinstance(text, str) or (not text and not may_be_empty):
        raise RowError(f"the {column} is empty")
    if len(text) > limit:
        raise RowError(f"the {column} has more than {limit} characters")
    if "\0" in text:
        raise RowError(f"the {column} contains a NUL character")
    if not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        raise RowError(f"the {column} has a lone surrogate")
