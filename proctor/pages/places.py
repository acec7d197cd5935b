"""Handle the URLs of pages to which a visitor returns after a click."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

from django.utils.http import url_has_allowed_host_and_scheme

from proctor.visits.forced_by_request import PARAMETER

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["NEXT", "checked", "here", "with_query"]

#: The name of the parameter and form field that contains the page to return to.
NEXT = "next"

#: Maximum length of a URL, in characters.
MAX_PLACE = 2000


def checked(place: str | None) -> str:
    """Return *place* if it is a URL on this site that starts with a slash, or "" otherwise."""
    if not place or len(place) > MAX_PLACE or not place.startswith("/"):
        return ""
    # None allows no hosts, so every URL with a host is rejected.
    return place if url_has_allowed_host_and_scheme(place, allowed_hosts=None) else ""


def here(request: HttpRequest) -> str:
    """Return the URL of the current page, without the parameter that forces groups.

    If the URL kept this parameter, returning to the page would undo the change made by the click.
    """
    place = request.get_full_path()
    if PARAMETER in place:
        path, query = request.path, request.META.get("QUERY_STRING", "")
        kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != PARAMETER]
        place = f"{quote(path)}?{urlencode(kept)}" if kept else quote(path)
    return checked(place) or "/"


def with_query(path: str, /, *, fragment: str = "", **parameters: str) -> str:
    """Return *path* with the non-empty *parameters* as its query string, and with *fragment*."""
    kept = {name: value for name, value in parameters.items() if value}
    query = f"?{urlencode(kept)}" if kept else ""
    return f"{path}{query}{f'#{quote(fragment)}' if fragment else ''}"
