"""Remove headers that make shared caches store a page despite `Cache-Control: private`.

A targeted field such as CDN-Cache-Control takes precedence over Cache-Control in the caches that it
targets (RFC 9213). X-Accel-Expires does so for nginx, and Surrogate-Control for surrogates (Edge
Architecture Specification 1.0).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.http.response import HttpResponseBase

__all__ = ["withdraw", "without_age", "without_shared_age"]

#: Matches CDN-Cache-Control and all similar fields, such as Cloudflare-CDN-Cache-Control.
_TARGETED = "-cache-control"
_SURROGATE = ("surrogate-control", "edge-control")
_NGINX = "x-accel-expires"

#: Directives that allow a shared cache to store a page, or to serve a stored one.
_FRESHNESS = frozenset(
    (
        *("public", "max-age", "s-maxage", "immutable", "must-understand"),
        *("stale-while-revalidate", "stale-if-error"),
        # Akamai's directives, in Edge-Control.
        *("cache-maxage", "downstream-ttl", "!no-store", "!bypass-cache"),
    )
)

#: Matches one directive, whose quoted value may contain commas.
_DIRECTIVE = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*"?)+')


def withdraw(response: HttpResponseBase) -> None:
    """Remove directives that allow shared caches to store a private response.

    Directives that do not concern freshness, such as those for ESI, are kept. Cache-Control itself
    is handled by `without_shared_age`.
    """
    for name in [*filter(_may_outrank, response.headers)]:
        field = name.lower()
        if field.endswith(_TARGETED):
            _replace(response, name, _targeted(response.headers[name]))
        elif field in _SURROGATE:
            _replace(response, name, _without(response.headers[name], _FRESHNESS))
        elif response.headers[name].strip() != "0":  # nginx takes 0 to mean "do not store"
            del response.headers[name]


@lru_cache(maxsize=256)
def _may_outrank(name: str) -> bool:
    # The results are cached, because this function is called for every header of every response,
    # and few headers match.
    field = name.lower()
    return field.endswith(_TARGETED) or field in _SURROGATE or field == _NGINX


def without_shared_age(cache_control: str) -> str:
    """Return the value of a Cache-Control header without `s-maxage`."""
    return _without(cache_control, ("s-maxage",))


def without_age(cache_control: str) -> str:
    """Return the value of a Cache-Control header without directives that allow caching the page."""
    return _without(cache_control, _FRESHNESS)


def _replace(response: HttpResponseBase, name: str, kept: str) -> None:
    if kept:
        response.headers[name] = kept
    else:
        del response.headers[name]


def _targeted(value: str) -> str:
    """Return what remains of a targeted field's value. If that is "", Cache-Control applies."""
    kept = _without(value, _FRESHNESS)
    names = set(map(_name, _directives(kept)))
    # If any directive remains, the cache ignores Cache-Control, including `private`.
    return kept if not kept or names & {"private", "no-store"} else f"{kept}, private"


def _without(value: str, unwanted: Collection[str]) -> str:
    directives = _directives(value)
    kept = [each for each in directives if _name(each) not in unwanted]
    return value if len(kept) == len(directives) else ", ".join(kept)


def _directives(value: str) -> list[str]:
    return [each.strip() for each in _DIRECTIVE.findall(value) if each.strip()]


def _name(directive: str) -> str:
    # A directive may end with the name of a surrogate: `max-age=60;varnish`.
    return re.split("[=;]", directive, maxsplit=1)[0].strip().lower()
