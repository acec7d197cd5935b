"""Detect whether Django is rendering an error page; its status is then already decided."""

from __future__ import annotations

import inspect

from django.core.handlers.exception import response_for_exception

__all__ = ["renders_error_page"]


def renders_error_page() -> bool:
    """Return True if the caller is rendering an error page, such as 404.html.

    With PROCTOR_LAZY, such a page may be the first to read a group in the request. If a hook then
    raised Http404, the page would become a 500.
    """
    # Django has no API for this. This code runs only after a hook has raised an exception.
    frame = inspect.currentframe()
    while frame is not None and frame.f_code is not response_for_exception.__code__:
        frame = frame.f_back
    return frame is not None
