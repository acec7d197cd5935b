"""Turn recording on and off. In a test run, recording is off unless a test requests it."""

from __future__ import annotations

import sys
import threading

from proctor.resolving import overrides

__all__ = ["allow", "disallow", "is_recording", "is_requested", "may_write"]

#: The ids of the threads whose tests have requested recording.
_requests: tuple[int, ...] = ()
_counting = threading.Lock()


def allow() -> None:
    """Record in this process, even in a test, until `disallow` is called."""
    global _requests  # noqa: PLW0603 - like override_proctor, this is for the process
    with _counting:
        _requests = (*_requests, threading.get_ident())


def disallow() -> None:
    """Undo one call to `allow`."""
    global _requests  # noqa: PLW0603
    with _counting:
        _requests = _requests[:-1]


def is_requested() -> bool:
    """Return True if a test has requested recording."""
    return bool(_requests)


def may_write() -> bool:
    """Return True if this thread may write rows. In a test run, only the test's own thread may."""
    return not _requests or threading.get_ident() in _requests


def is_recording() -> bool:
    """Return True if exposures and outcomes should be recorded.

    In a test run, and while `override_proctor` is active, recording is off unless a test requests
    it.
    """
    if _requests:
        return True
    if overrides.is_active():
        return False
    utils = sys.modules.get("django.test.utils")
    return utils is None or not hasattr(getattr(utils, "_TestState", None), "saved_data")
