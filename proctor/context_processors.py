"""For templates: `proc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["proc"]


def proc(request: HttpRequest) -> dict[str, Any]:
    """`proc` in every template; nothing where the middleware has not run."""
    found = getattr(request, "proc", None)
    return {} if found is None else {"proc": found}
