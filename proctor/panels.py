"""A panel for django-debug-toolbar that shows the visitor's groups and why they were assigned.

Add "proctor.panels.ProctorPanel" to DEBUG_TOOLBAR_PANELS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.cli.groups import why
from proctor.cli.printing import compact_json
from proctor.core.java.frozen import thaw
from proctor.core.messages import printable
from proctor.pages.reasons import REASONS
from proctor.signals import resolved
from proctor.visits.proc import known_assignments
from proctor.visits.read_counts import count_reads, reads_of
from proctor.visits.visit import Visit

try:
    from debug_toolbar.panels import Panel
except ImportError as error:
    raise ImportError(
        "proctor.panels needs django-debug-toolbar. Run: pip install 'django-proctor[toolbar]'"
    ) from error

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.visits.read_counts import Reads

__all__ = ["ProctorPanel"]

_MAX_PAYLOAD = 200


class ProctorPanel(Panel):  # type: ignore[misc]  # its types are not complete
    """The panel: a table of the declared tests.

    For each test it shows the group, the reason, whether it was forced, and how often it was read.
    The panel shows only groups that were determined during the request. It does not determine or
    read groups itself, and counts no exposures.
    """

    is_async = True
    title = "Proctor"
    template = "proctor/debug_toolbar_panel.html"

    #: The request that the panel shows. None before a request, and if the toolbar loads the panel
    #: from its store.
    _request: HttpRequest | None = None
    #: The data that the `resolved` signal sent for the request.
    _resolution: dict[str, Any] | None = None

    @property
    def nav_subtitle(self) -> str:
        """The number of tests and, if reads were counted, how many of the tests were read."""
        stats = self.get_stats()
        tests = stats.get("tests", ())
        if not stats.get("counted"):
            return f"{len(tests)} tests"
        return f"{sum(bool(each['reads']) for each in tests)} of {len(tests)} tests read"

    def enable_instrumentation(self) -> None:
        """Start listening to `resolved`."""
        resolved.connect(self._note)

    def disable_instrumentation(self) -> None:
        """Stop listening."""
        resolved.disconnect(self._note)

    def process_request(self, request: HttpRequest) -> Any:
        """Start counting how often the request reads each test."""
        self._request = request
        count_reads(request)
        return super().process_request(request)

    def generate_stats(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Record the data that is available when the response is ready."""
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
        # The signal is also sent for other requests that are running at the same time.
        if request is not None and request is self._request:
            self._resolution = {
                "source": sender.__name__,
                "outcome": outcome,
                "cache": cache,
                "milliseconds": round(elapsed * 1000, 3),
            }


def _stats(visit: Visit | None, resolution: dict[str, Any] | None) -> dict[str, Any]:
    """Return the rows for the template, as data that can be serialized as JSON."""
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
        "why": str(REASONS.get(assignment.reason) or why(assignment)),
        "forced": assignment.forced,
    }
