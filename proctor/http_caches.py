"""Pages that depend on a group must not be stored for other visitors.

`cache_page` stores a page before any middleware sees the response, so the request is
marked when a group is read; caches outside of Django are told by the response's headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.cache import patch_cache_control, patch_vary_headers

from proctor.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["mark_as_private", "patch_response", "was_read"]

#: What Django's cache middlewares look at before they store a page.
_UPDATE = "_cache_update_cache"
_READ = "_proctor_was_read"


def mark_as_private(request: HttpRequest) -> None:
    """Note that a group was read, and keep Django's caches from storing the page.

    Called at each read: a cache's middleware that runs later sets its flag anew.
    """
    state = request.__dict__
    if _READ not in state:
        state[_READ] = True
    if state.get(_UPDATE) is not False:
        state[_UPDATE] = False


def was_read(request: HttpRequest) -> bool:
    """Whether a group was read, so that the page may depend on it."""
    return _READ in request.__dict__


def patch_response(request: HttpRequest, response: HttpResponseBase) -> None:
    """Tell caches of the page: private, or PROCTOR_VARY. Leaves other pages alone.

    A site that sets PROCTOR_VARY lets outer caches store the page by these headers; what
    is nearer than the middleware (`cache_page`) could not know them and stored nothing.
    """
    if not was_read(request):
        return
    if settings.PROCTOR_VARY:
        patch_vary_headers(response, settings.PROCTOR_VARY)
        setattr(request, _UPDATE, True)
    else:
        patch_cache_control(response, private=True)
