"""One view for the whole API; `proctor.core.pipet_api` computes the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes
from weakref import WeakKeyDictionary

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from proctor.core.pipet_api.asgi import first_header
from proctor.core.pipet_api.service import PipetService
from proctor.core.sources.source import MatrixSource
from proctor.django_internals import skip_page_cache
from proctor.resolving.site_setup import current_setup

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proctor.core.api_reply import Headers

__all__ = ["pipet"]

#: Maps each source to its services. The keys of the inner dict are the values of *all_tests*.
#: Services are kept as long as their source is in use.
_services: WeakKeyDictionary[MatrixSource, dict[bool, PipetService]] = WeakKeyDictionary()


# CSRF checks are not needed, because no request changes anything. POST is allowed because Java
# Proctor allows it.
@login_not_required
@csrf_exempt
def pipet(request: HttpRequest, path: str, *, all_tests: bool = True) -> HttpResponse:
    """Return the answer that a Pipet with the matrix of this site would return at *path*.

    If *all_tests* is False, a request that names no tests gets no groups. Raises
    ImproperlyConfigured if the site has no matrix of its own.
    """
    reply = _service(all_tests=all_tests).handle(
        request.method or "GET",
        _encoded(request, path),
        request.META.get("QUERY_STRING", "").encode("latin-1", "replace"),
        _headers(request),
    )
    # Keep Django's caches from storing the answer, because it is only for one visitor or one
    # version. Do not add a header for this: the headers must be the same as Java Proctor's.
    skip_page_cache(request)
    response = HttpResponse(reply.body, status=reply.status)
    for name, value in reply.headers:
        response.headers[name] = value
    return response


def _service(*, all_tests: bool) -> PipetService:
    source = current_setup().source
    if not isinstance(source, MatrixSource):
        raise ImproperlyConfigured(
            "proctor.pipet.urls serves the matrix of this site, but the site has none: set "
            "PROCTOR_MATRIX"
        )
    made = _services.setdefault(source, {})
    if all_tests not in made:
        made[all_tests] = PipetService(source, all_tests=all_tests)
    return made[all_tests]


def _encoded(request: HttpRequest, path: str) -> bytes:
    """Return *path*, which Django has decoded, as close as possible to what the client sent."""
    scope = getattr(request, "scope", None)
    raw: bytes = scope.get("raw_path") or b"" if scope else b""
    encoded = quote_from_bytes(path.encode("utf-8", "surrogateescape"), safe="/;=").encode("ascii")
    # Keep one encoded slash, so that the path matches nothing: names in Pipet contain no slashes.
    return b"/%2F" + encoded if b"%2f" in raw.lower() else b"/" + encoded


def _headers(request: HttpRequest) -> Headers:
    scope = getattr(request, "scope", None)
    if scope is not None:
        return first_header(scope["headers"])
    # Under WSGI, headers with the same name are joined into one.
    return request.headers.get
