"""Keep HTTP caches from serving a page that depends on a visitor's group to other visitors.

`cache_page` stores a page before any middleware gets the response, so the request is marked as soon
as a group is read. Caches outside Django obey the headers of the response.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.utils.cache import patch_cache_control, patch_vary_headers

from proctor.conf import settings
from proctor.core.messages import shown
from proctor.django_internals import allow_caching, prevent_caching
from proctor.visits import outranking

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = [
    "check_vary",
    "forbid_storing",
    "keep_out_of_caches",
    "make_private",
    "mark_as_read",
    "patch_response",
    "was_read",
]

#: The key in a request's `__dict__` that marks that a group was read.
_READ = "_proctor_was_read"


def mark_as_read(request: HttpRequest) -> None:
    """Note that a group was read, and keep Django's caches from storing the page."""
    state = request.__dict__
    if _READ not in state:
        state[_READ] = True
        prevent_caching(request)
        proc = state.get("proc")
        # Mark copies of the request too; `Proc` keeps track of these copies.
        if proc is not None and "_copies" in proc.__dict__:
            for each in proc.__dict__["_copies"]:
                mark_as_read(each)


def was_read(request: HttpRequest) -> bool:
    """Return True if a group was read, so that the page may depend on it."""
    return _READ in request.__dict__


def patch_response(
    request: HttpRequest, response: HttpResponseBase, *, for_nobody_else: bool = False
) -> None:
    """Set the headers that tell caches how to treat a page that depends on a group.

    The page becomes private, unless PROCTOR_VARY is set. If it is set, caches outside Django may
    store one copy of the page for each value of the headers listed there. Django's own `cache_page`
    stores nothing, because `mark_as_read` has prevented this. With *for_nobody_else*, the page is
    private even if PROCTOR_VARY is set. Pages that do not depend on a group stay unchanged.
    """
    if not was_read(request):
        return
    if settings.PROCTOR_VARY and not for_nobody_else:
        patch_vary_headers(response, settings.PROCTOR_VARY)
        allow_caching(request)
    else:
        _say_private(response)


def check_vary() -> None:
    """Raise ImproperlyConfigured unless PROCTOR_VARY contains names of headers."""
    names = settings.PROCTOR_VARY
    is_list = isinstance(names, (tuple, list, set, frozenset))
    if not is_list or not all(isinstance(name, str) and name for name in names):
        problem = f"PROCTOR_VARY: expected a tuple of header names, got {shown(names)}"
        raise ImproperlyConfigured(problem)


def make_private(request: HttpRequest, response: HttpResponseBase) -> None:
    """Keep all caches except the visitor's own browser from storing a response."""
    prevent_caching(request)
    _say_private(response)


def keep_out_of_caches(request: HttpRequest) -> None:
    """Keep Django's caches from storing the page that is currently being rendered."""
    prevent_caching(request)


def forbid_storing(request: HttpRequest, response: HttpResponseBase) -> None:
    """Keep all caches, including the visitor's browser, from storing a response."""
    make_private(request, response)
    kept = outranking.without_age(response["Cache-Control"])
    response["Cache-Control"] = f"{kept}, no-store" if "no-store" not in kept else kept


def _say_private(response: HttpResponseBase) -> None:
    if "Cache-Control" in response:
        patch_cache_control(response, private=True)
        response["Cache-Control"] = outranking.without_shared_age(response["Cache-Control"])
    else:
        response["Cache-Control"] = "private"
    outranking.withdraw(response)
