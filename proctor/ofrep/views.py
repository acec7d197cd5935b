"""One view for the whole protocol; `proctor.core.ofrep` computes the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from proctor.core.ofrep.contexts import MAX_BODY
from proctor.django_internals import skip_page_cache
from proctor.ofrep.site import site_service

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["ofrep"]


# CSRF checks are not needed, because requests change nothing and use no cookies.
@login_not_required
@csrf_exempt
def ofrep(request: HttpRequest, path: str, key: str | None = None) -> HttpResponse:
    """Answer a request in OpenFeature's remote protocol from the tests of this site.

    *path* is the path that the protocol defines, without the key of a flag. Raises
    ImproperlyConfigured if the site has no source.
    """
    reply = site_service().handle(
        request.method or "GET",
        path if key is None else f"{path}/{key}",
        _body(request),
        request.headers.get,
    )
    skip_page_cache(request)
    response = HttpResponse(reply.body, status=reply.status)
    if not reply.body:
        del response.headers["Content-Type"]
    for name, value in reply.headers:
        response.headers[name] = value
    return response


def _body(request: HttpRequest) -> bytes:
    """Return the body of a request, cut off one byte after the maximum length.

    Because of the extra byte, a longer body is rejected as too large.
    """
    try:
        # Do not use `request.body`: it raises its own error for a large body.
        return request.read(MAX_BODY + 1)
    except UnreadablePostError:
        # The client has disconnected, or has sent less than its Content-Length.
        return b""
