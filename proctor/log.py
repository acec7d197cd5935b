"""The visitor's groups in the project's own log lines."""

from __future__ import annotations

import logging

from proctor.current import current_proc
from proctor.proc import Proc

__all__ = ["ProctorFilter"]


class ProctorFilter(logging.Filter):
    """Sets `record.proctor` to what `str(request.proc)` is: `buttoncolortst1,newfeature0`.

    It is "" outside of a request, and while no group has been read in it: the filter never
    determines groups, counts no exposure and never raises. Put it on a handler; on a logger
    it would not see the records of the loggers below.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Set the attribute, and let every record pass."""
        record.proctor = _groups(record)
        return True


def _groups(record: logging.LogRecord) -> str:
    try:
        # Django writes its own records of a request when all middleware is done.
        proc = getattr(getattr(record, "request", None), "proc", None)
        if not isinstance(proc, Proc):
            proc = current_proc()
        return "" if proc is None else proc.known_groups()
    except Exception:  # noqa: BLE001 - whatever was given as `request`, the line must come
        return ""
