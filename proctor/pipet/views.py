"""One view for all of the API: what it answers is decided in the core."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes
from weakref import WeakKeyDictionary

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from proctor.configuration import current_configuration
from proctor.core.pipet_api.asgi import first_header
from proctor.core.pipet_api.service import PipetService
from proctor.core.sources import MatrixSource

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proctor.core.pipet_api.visitors import Headers

__all__ = ["pipet"]

#: What was made of a source, for as long as that is in use.
_services: WeakKeyDictionary[MatrixSource, dict[bool, PipetService]] = WeakKeyDictionary()


# Nothing is changed by any method; the Java answers a POST where it answers at all.
@login_not_required
@csrf_exempt
def pipet(request: HttpRequest, path: str, *, all_tests: bool = True) -> HttpResponse:
    """What a Pipet answers at *path*, from the matrix of this site.

    With *all_tests* False a request that names no tests gets none. Raises
    ImproperlyConfigured where the site has no matrix of its own.
    """
    reply = _service(all_tests=all_tests).handle(
        request.method or "GET",
        _encoded(request, path),
        request.META.get("QUERY_STRING", "").encode("latin-1", "replace"),
        _headers(request),
    )
    # Its answers are for one visitor, or of one version; the headers stay the Java's.
    request.__dict__["_cache_update_cache"] = False
    response = HttpResponse(reply.body, status=reply.status)
    for name, value in reply.headers:
        response.headers[name] = value
    return response


def _service(*, all_tests: bool) -> PipetService:
    source = current_configuration().source
    if not isinstance(source, MatrixSource):
        raise ImproperlyConfigured(
            "proctor.pipet.urls serves the matrix of this site, and it has none: set PROCTOR_MATRIX"
        )
    made = _services.setdefault(source, {})
    if all_tests not in made:
        made[all_tests] = PipetService(source, all_tests=all_tests)
    return made[all_tests]


def _encoded(request: HttpRequest, path: str) -> bytes:
    """The path as it came, as far as Django can tell: it decodes it before anybody asks."""
    scope = getattr(request, "scope", None)
    raw: bytes = scope.get("raw_path") or b"" if scope else b""
    encoded = quote_from_bytes(path.encode("utf-8", "surrogateescape"), safe="/;=").encode("ascii")
    # A slash that was encoded is part of a name, and Pipet has no such names.
    return b"/%2F" + encoded if b"%2f" in raw.lower() else b"/" + encoded


def _headers(request: HttpRequest) -> Headers:
    scope = getattr(request, "scope", None)
    if scope is not None:
        return first_header(scope["headers"])
    # Under WSGI headers of one name have become one.
    return request.headers.get
