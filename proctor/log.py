"""Add the visitor's groups to the project's own log records."""

from __future__ import annotations

import logging

from proctor.visits.current_proc import current_proc
from proctor.visits.proc import Proc

__all__ = ["ProctorFilter"]


class ProctorFilter(logging.Filter):
    """A logging filter that sets `record.proctor`, for example to `buttoncolortst1,newfeature0`.

    The value is `str(request.proc)`. It is "" outside a request, and until the request has read a
    group. The filter never determines groups, never counts an exposure and never raises. Add the
    filter to a handler: a filter on a logger does not see the records of child loggers.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Set the attribute, and return True so that every record passes."""
        record.proctor = _groups(record)
        return True


def _groups(record: logging.LogRecord) -> str:
    try:
        # Prefer the record's request, because Django logs its own records about a request after all
        # middleware has finished.
        proc = getattr(getattr(record, "request", None), "proc", None)
        if not isinstance(proc, Proc):
            proc = current_proc()
        return "" if proc is None else proc.known_groups()
    except Exception:  # noqa: BLE001 - log the line, whatever was passed as `request`
        return ""
