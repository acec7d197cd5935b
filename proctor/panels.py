"""The panel for django-debug-toolbar: which groups the visitor of this request has, and why.

DEBUG_TOOLBAR_PANELS has it as "proctor.panels.ProctorPanel".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.cli.groups import why
from proctor.cli.printing import compact_json
from proctor.core.display import printable
from proctor.core.frozen import thaw
from proctor.core.groups import Reason
from proctor.proc import known_assignments
from proctor.reads import count_reads, reads_of
from proctor.signals import resolved
from proctor.visit import Visit

try:
    from debug_toolbar.panels import Panel
except ImportError as error:
    raise ImportError(
        "proctor.panels needs django-debug-toolbar: pip install 'django-proctor[toolbar]'"
    ) from error

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.groups import GroupAssignment
    from proctor.reads import Reads

__all__ = ["ProctorPanel"]

#: Why a visitor has what nobody has assigned to him.
_WHY = {
    Reason.STALE: "the last group that is known, since the source does not answer",
    Reason.NO_GROUP: "default: not eligible, no identifier, or no such test",
    Reason.UNEXPECTED_GROUP: "default: the group that was given is not declared",
    Reason.NOT_READY: "default: the matrix is not loaded yet",
    Reason.SOURCE_FAILED: "default: the source does not answer",
    Reason.REJECTED: "default: the Pipet refuses what it was asked",
    Reason.NO_SOURCE: "default: no matrix is configured",
    Reason.HOOK_FAILED: "default: a hook of the middleware raised",
    Reason.NO_REQUEST: "default: there is no visitor",
}

_MAX_PAYLOAD = 200


class ProctorPanel(Panel):  # type: ignore[misc]  # its types are not complete
    """For each declared test: the group, why, whether forced, and how often it was read.

    It shows what the request has determined and read by itself: it determines no groups,
    reads none and counts no exposure.
    """

    is_async = True
    title = "Proctor"
    template = "proctor/debug_toolbar_panel.html"

    #: What is watched; None before it has come, and where the panel comes from the store.
    _request: HttpRequest | None = None
    #: What `resolved` has told of it.
    _resolution: dict[str, Any] | None = None

    @property
    def nav_subtitle(self) -> str:
        """How many of the tests were read."""
        stats = self.get_stats()
        tests = stats.get("tests", ())
        if not stats.get("counted"):
            return f"{len(tests)} tests"
        return f"{sum(bool(each['reads']) for each in tests)} of {len(tests)} tests read"

    def enable_instrumentation(self) -> None:
        """Listen to where groups come from."""
        resolved.connect(self._note)

    def disable_instrumentation(self) -> None:
        """Listen no more."""
        resolved.disconnect(self._note)

    def process_request(self, request: HttpRequest) -> Any:
        """Have the reads of the request counted."""
        self._request = request
        count_reads(request)
        return super().process_request(request)

    def generate_stats(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Record what is known now."""
        self.record_stats(_stats(Visit.of(request), self._resolution))

    def _note(
        self,
        *,
        sender: type,
        request: HttpRequest | None,
        outcome: str,
        cache: str | None,
        elapsed: float,
        **_: Any,
    ) -> None:
        # Other requests are answered at the same time.
        if request is not None and request is self._request:
            self._resolution = {
                "source": sender.__name__,
                "outcome": outcome,
                "cache": cache,
                "milliseconds": round(elapsed * 1000, 3),
            }


def _stats(visit: Visit | None, resolution: dict[str, Any] | None) -> dict[str, Any]:
    """What the template shows, in types of JSON."""
    if visit is None:
        return {"has_run": False}
    known = known_assignments(visit.proc)
    reads = reads_of(visit.proc)
    return {
        "has_run": True,
        "determined": known is not None,
        "resolution": resolution,
        "counted": reads is not None,
        "tests": [
            {"test": name, **_read(name, reads), **_shown(known.get(name) if known else None)}
            for name in visit.proc
        ],
    }


def _read(name: str, reads: Reads | None) -> dict[str, int]:
    if reads is None:
        return {"reads": 0, "peeks": 0}
    return {"reads": reads.reads[name], "peeks": reads.peeks[name]}


def _shown(assignment: GroupAssignment | None) -> dict[str, Any]:
    if assignment is None:
        return {"group": None, "value": None, "payload": "", "why": "", "forced": False}
    payload = "" if assignment.payload is None else compact_json(thaw(assignment.payload))
    return {
        "group": assignment.group,
        "value": assignment.value,
        "payload": printable(payload, _MAX_PAYLOAD),
        "why": _WHY.get(assignment.reason) or why(assignment),
        "forced": assignment.forced,
    }
