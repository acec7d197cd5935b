"""Permissions to see results and to decide, checked for the app and for the test."""

from __future__ import annotations

from typing import Any

__all__ = ["DECIDE", "VIEW", "may"]

VIEW, DECIDE = "proctor_results.view_results", "proctor_results.decide"


def may(user: Any, permission: str, test: str | None = None) -> bool:
    """Return whether a user has a permission, for all tests or for this one.

    An authentication backend of the site may grant it for single tests: it gets the name of the
    test as the object.
    """
    if user.has_perm(permission):
        return True
    return test is not None and bool(user.has_perm(permission, test))
