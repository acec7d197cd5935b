"""For templates: `proc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.asking import default_proc

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["proc"]


def proc(request: HttpRequest) -> dict[str, Any]:
    """`proc` in every template, which reads nothing until the template does.

    Where the middleware has not run, as on the error page of one before it, every test has
    its default.
    """
    found = getattr(request, "proc", None)
    return {"proc": default_proc() if found is None else found}
