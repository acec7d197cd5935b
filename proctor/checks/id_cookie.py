"""Check that browsers accept the id cookie that the settings define."""

from __future__ import annotations

from typing import Any

from django.core import checks

from proctor.checks.values import is_sound
from proctor.visits.id_cookie import ID_COOKIE, ignored_cookie

__all__ = ["check_id_cookie"]


def check_id_cookie(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Report settings that would make browsers ignore the id cookie."""
    problem = ignored_cookie() if is_sound(*ID_COOKIE) else None
    if problem is None:
        return []
    return [
        checks.Error(
            f"{problem.reason}, so browsers ignore the id cookie.",
            hint=f"{problem.hint}. Until then, no server will start with ProctorMiddleware.",
            id="proctor.E023",
        )
    ]
