"""A context processor that adds `proc` to templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.visits.template_api import default_proc

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["proc"]


def proc(request: HttpRequest) -> dict[str, Any]:
    """Add `proc` to every template. No group is read until a template uses it.

    If our middleware has not run (for example, on an error page that earlier middleware returned),
    every test uses its default.
    """
    found = getattr(request, "proc", None)
    return {"proc": default_proc() if found is None else found}
