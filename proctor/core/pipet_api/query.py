"""The parameters of a query, as Tomcat reads them."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote_to_bytes

__all__ = ["MAX_PARAMETERS", "MAX_QUERY", "QueryTooLarge", "read_query"]

#: Maximum size of a query in bytes, checked before decoding.
MAX_QUERY = 16 * 1024
#: Maximum number of parameters. Each is an identifier or a context variable, or is ignored.
MAX_PARAMETERS = 500

_HEX = frozenset(b"0123456789abcdefABCDEF")


class QueryTooLarge(ValueError):  # noqa: N818 - says what the query is
    """Raised for a query that exceeds a limit. The message says which limit."""


def read_query(query: bytes) -> dict[str, str]:
    """Return the first value of each parameter.

    Parameters with invalid percent-encoding are left out. Raises QueryTooLarge.
    """
    if len(query) > MAX_QUERY:
        raise QueryTooLarge(
            f"The query has {len(query)} bytes, but at most {MAX_QUERY} are allowed."
        )
    pairs = query.split(b"&")
    if len(pairs) > MAX_PARAMETERS:
        raise QueryTooLarge(
            f"The query has {len(pairs)} parameters, but at most {MAX_PARAMETERS} are allowed."
        )
    found: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition(b"=")
        if not name:
            continue
        key, text = _name(name), _decoded(value) if separator else ""
        if key is not None and text is not None:
            found.setdefault(key, text)
    return found


@lru_cache(maxsize=256)
def _name(raw: bytes) -> str | None:
    # Cached, because a site sends the same few names each time.
    return _decoded(raw)


def _decoded(raw: bytes) -> str | None:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        if not _is_encoded(raw):
            return None
        raw = unquote_to_bytes(raw)
    return raw.decode("utf-8", errors="replace")


def _is_encoded(raw: bytes) -> bool:
    """Return True if each percent sign is followed by two hexadecimal digits."""
    position = raw.find(b"%")
    while position >= 0:
        digits = raw[position + 1 : position + 3]
        if len(digits) < 2 or not _HEX.issuperset(digits):
            return False
        position = raw.find(b"%", position + 3)
    return True
