"""Check permissions to see results and to record decisions, for all tests or for one test."""

from __future__ import annotations

from typing import Any

__all__ = ["DECIDE", "VIEW", "may"]

VIEW, DECIDE = "proctor_results.view_results", "proctor_results.decide"


def may(user: Any, permission: str, test: str | None = None) -> bool:
    """Return True if the user has the permission for all tests, or for the given *test*.

    The site's authentication backend can grant the permission for single tests: its `has_perm`
    receives the name of the test as the object.
    """
    if user.has_perm(permission):
        return True
    return test is not None and bool(user.has_perm(permission, test))
