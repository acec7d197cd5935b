"""`POST results/record/`: outcomes sent by a script on the site's own pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from proctor.conf import settings
from proctor.results.recording.outcomes import record

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["record_outcome"]

#: Maximum size of a request body, in bytes.
_BYTES = 1024
#: Maximum absolute value of an outcome.
_VALUE = 1e9


@login_not_required
@csrf_protect
@never_cache
@require_POST
def record_outcome(request: HttpRequest) -> HttpResponse:
    """Record one outcome for the visitor who sends the request.

    The body is JSON such as `{"metric": "signed_up", "value": 1}`.

    Return 204 if the outcome was accepted; 404 unless PROCTOR_RESULTS_FROM_BROWSER is True; 400 for
    an invalid body, and for a metric that is not declared or is computed from a source; 413 for a
    body of more than 1 KiB.
    """
    if not settings.PROCTOR_RESULTS_FROM_BROWSER:
        raise Http404
    try:
        if int(request.headers.get("Content-Length") or 0) > _BYTES:
            return _refusal(f"expected at most {_BYTES} bytes", 413)
        body: Any = json.loads(request.body)
    except RequestDataTooBig:
        return _refusal(f"expected at most {_BYTES} bytes", 413)
    except (ValueError, RecursionError):
        return _refusal('expected JSON such as {"metric": "signed_up"}', 400)
    if not isinstance(body, dict) or not {"metric"} <= body.keys() <= {"metric", "value"}:
        return _refusal('expected an object with "metric" and optionally "value"', 400)
    declared = [
        each.name
        for each in settings.PROCTOR_METRICS
        if each.source is None and each.numerator is None
    ]
    metric, value = body["metric"], body.get("value", 1)
    if metric not in declared:
        return _refusal("expected the name of a metric in PROCTOR_METRICS", 400)
    # This comparison also rejects NaN. Do not use math.isfinite, which raises an exception for an
    # integer that is too large for a float.
    if type(value) not in (int, float) or not -_VALUE <= value <= _VALUE:
        return _refusal(f"expected a value between -{_VALUE:.0f} and {_VALUE:.0f}", 400)
    record(metric, request, value=value)
    return HttpResponse(status=204)


def _refusal(problem: str, status: int) -> JsonResponse:
    return JsonResponse({"error": problem}, status=status)
