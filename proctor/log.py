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
    proc = current_proc()
    if proc is None:
        # Django logs its own records of a request when all middleware is done.
        proc = getattr(getattr(record, "request", None), "proc", None)
    return proc.known_groups() if isinstance(proc, Proc) else ""
