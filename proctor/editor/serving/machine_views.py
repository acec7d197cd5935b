"""The editor's matrices over HTTP, for loaders in other processes and languages."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, NamedTuple

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_safe

from proctor.conf import settings
from proctor.editor.access.permissions import VIEW
from proctor.editor.access.who import actor_of
from proctor.editor.branches import check_branch
from proctor.editor.errors import BadToken, EditorError
from proctor.editor.http_status import status_of
from proctor.editor.schedules.background import background
from proctor.editor.serving.branch_matrix import (
    BranchMatrix,
    Lagging,
    matrix_json,
    read_alias,
    read_matrix,
    read_newest,
)
from proctor.editor.serving.location import is_test_run

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["audit", "matrix"]


class _Written(NamedTuple):
    """A matrix with the response bodies to send: plain and compressed."""

    matrix: BranchMatrix
    alias: str
    body: bytes
    packed: bytes


#: The newest matrix of each requested branch. It is cached so that, if nothing has changed, a poll
#: reads only the rows of the branches themselves.
_written: dict[str, _Written] = {}


def _current(branch: str) -> _Written:
    """Return the matrix of a branch. Raises Lagging if a replica does not have all rows yet."""
    alias, known = read_alias(), _written.get(branch)
    previous = known.matrix if known is not None and known.alias == alias else None
    newest = read_newest(branch, alias)
    if newest.is_due and not is_test_run():
        background.publish_soon()
    found = read_matrix(branch, previous, using=alias, newest=newest)
    if found is not None:
        body = matrix_json(found.matrix).encode("ascii")
        known = _written[branch] = _Written(found, alias, body, gzip.compress(body, mtime=0))
    assert known is not None
    return known


def _is_public() -> bool:
    return bool(settings.PROCTOR_EDITOR_PUBLIC_MATRIX)


def _takes_gzip(request: HttpRequest) -> bool:
    for part in request.headers.get("Accept-Encoding", "").lower().split(","):
        coding, _, quality = part.replace(" ", "").partition(";q=")
        if coding == "gzip":
            return quality.strip("0.") != "" or quality == ""
    return False


def _refuse(request: HttpRequest, branch: str) -> None:
    """Raise EditorError unless the user may read the branch's matrix."""
    if _is_public():
        check_branch(branch)
        return
    actor = actor_of(request)
    if actor.user is None or not actor.user.is_authenticated:
        raise BadToken("reading the matrix needs a token or a signed-in user")
    actor.require(VIEW, branch=check_branch(branch))


def _error(error: EditorError) -> HttpResponse:
    body = {"error": {"code": error.code, "message": str(error), "problems": []}}
    response = JsonResponse(body, status=status_of(error))
    if response.status_code == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


@login_not_required
@transaction.non_atomic_requests
@require_safe
def matrix(request: HttpRequest, branch: str) -> HttpResponseBase:
    """GET matrix/<branch>.json: compact JSON with an ETag, compressed if the client accepts it."""
    return _answer(request, branch, whole=True)


@login_not_required
@transaction.non_atomic_requests
@require_safe
def audit(request: HttpRequest, branch: str) -> HttpResponseBase:
    """GET matrix/<branch>/audit.json: the version of the matrix, without the tests."""
    return _answer(request, branch, whole=False)


def _answer(request: HttpRequest, branch: str, *, whole: bool) -> HttpResponseBase:
    try:
        _refuse(request, branch)
    except EditorError as error:
        return _error(error)
    try:
        found = _current(branch)
    except Lagging:
        response = HttpResponse(status=503)
        response["Retry-After"] = "1"
        return response
    etag = f'"{found.matrix.name}"'
    response = HttpResponse(content_type="application/json")
    response["ETag"] = etag
    response["Cache-Control"] = (
        "no-cache" if settings.PROCTOR_EDITOR_PUBLIC_MATRIX else "private, no-cache"
    )
    patch_vary_headers(response, ("Accept-Encoding", "Authorization", "Cookie"))
    if whole and _takes_gzip(request):
        response["Content-Encoding"] = "gzip"
        response.content = found.packed
    else:
        response.content = found.body if whole else _audit_body(found)
    return get_conditional_response(request, etag=etag, response=response) or response


def _audit_body(found: _Written) -> bytes:
    fields = found.matrix.audit.to_dict()
    return json.dumps(fields, separators=(",", ":")).encode("ascii")
