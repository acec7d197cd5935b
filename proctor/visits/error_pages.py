"""Detect whether Django is rendering an error page, whose status can no longer change."""

from __future__ import annotations

import inspect

from django.core.handlers.exception import response_for_exception

__all__ = ["renders_error_page"]


def renders_error_page() -> bool:
    """Return True if the caller is rendering an error page, such as 404.html.

    With PROCTOR_LAZY, an error page may be the first code in a request to read a group, which runs
    the hooks. If a hook raised Http404 there, the response would become a 500.
    """
    # Inspect the call stack, because Django has no API for this. This is slow, but happens only
    # after a hook has raised an exception.
    frame = inspect.currentframe()
    while frame is not None and frame.f_code is not response_for_exception.__code__:
        frame = frame.f_back
    return frame is not None
