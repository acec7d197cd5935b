"""Pages that depend on a group must not be stored for other visitors.

`cache_page` stores a page before any middleware sees the response, so the request is
marked when a group is read; caches outside of Django are told by the response's headers.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.utils.cache import patch_cache_control, patch_vary_headers

from proctor.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["make_private", "mark_as_read", "patch_response", "was_read"]

#: What Django's cache middlewares look at before they store a page.
_UPDATE = "_cache_update_cache"
#: In a request's `__dict__`: that a group was read, and the class that the request had.
_READ = "_proctor_was_read"
_OWN_CLASS = "_proctor_own_class"


def mark_as_read(request: HttpRequest) -> None:
    """Note that a group was read, and keep Django's caches from storing the page."""
    state = request.__dict__
    if _READ not in state:
        state[_READ] = True
        _store_nowhere(request)


def was_read(request: HttpRequest) -> bool:
    """Whether a group was read, so that the page may depend on it."""
    return _READ in request.__dict__


def patch_response(
    request: HttpRequest, response: HttpResponseBase, *, for_nobody_else: bool = False
) -> None:
    """Tell caches of the page: private, or PROCTOR_VARY. Leaves other pages alone.

    A site that sets PROCTOR_VARY lets outer caches store the page by these headers; what
    is nearer than the middleware (`cache_page`) could not know them and stored nothing.
    With *for_nobody_else* the page is private also there.
    """
    if not was_read(request):
        return
    if settings.PROCTOR_VARY and not for_nobody_else:
        patch_vary_headers(response, settings.PROCTOR_VARY)
        request.__class__ = request.__dict__[_OWN_CLASS]
    else:
        _say_private(response)


def make_private(request: HttpRequest, response: HttpResponseBase) -> None:
    """Keep all caches but the visitor's own from storing a response."""
    _store_nowhere(request)
    _say_private(response)


def _store_nowhere(request: HttpRequest) -> None:
    own: Any = request.__dict__.setdefault(_OWN_CLASS, type(request))
    request.__class__ = _never_stored(own)


def _say_private(response: HttpResponseBase) -> None:
    if "Cache-Control" in response:
        patch_cache_control(response, private=True)
    else:
        response["Cache-Control"] = "private"


@cache
def _never_stored(request_class: type[Any]) -> type[Any]:
    """The class of requests whose pages Django's caches do not store.

    Django's flag alone would not do: each cache's middleware sets it anew, and may do so
    after a group was read. What they set comes back with the request's own class.
    """
    own = {
        "__doc__": request_class.__doc__,
        "__module__": request_class.__module__,
        "__qualname__": request_class.__qualname__,
        _UPDATE: property(_is_stored, _set_aside),
    }
    return type(request_class.__name__, (request_class,), own)


def _is_stored(request: HttpRequest) -> bool:
    return False


def _set_aside(request: HttpRequest, value: Any) -> None:
    request.__dict__[_UPDATE] = value
