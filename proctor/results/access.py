"""Permissions to see results and to decide tests, checked for the app and for each test."""

from __future__ import annotations

from typing import Any

__all__ = ["DECIDE", "VIEW", "may"]

VIEW, DECIDE = "proctor_results.view_results", "proctor_results.decide"


def may(user: Any, permission: str, test: str | None = None) -> bool:
    """Return whether a user has a permission for all tests or for this one.

    The site's authentication backend can grant it for single tests: it receives the test's name as
    the object.
    """
    if user.has_perm(permission):
        return True
    return test is not None and bool(user.has_perm(permission, test))
