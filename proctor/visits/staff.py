"""Check whether the signed-in user is staff, even if the user has not been loaded yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.visits.signed_in import aask_of_user, ask_of_user

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["ais_staff", "aknow_user", "is_active_staff", "is_staff", "know_user"]


def is_staff(request: HttpRequest) -> bool:
    """Return True if the signed-in user is active and staff; False if no one is signed in.

    If the user cannot be loaded, treat them as non-staff.
    """
    try:
        return bool(ask_of_user(request, is_active_staff))
    except Exception:  # noqa: BLE001 - the database, or the site's own user class
        return False


async def ais_staff(request: HttpRequest) -> bool:
    """Return the same as `is_staff`, for use on an event loop."""
    try:
        return bool(await aask_of_user(request, is_active_staff))
    except Exception:  # noqa: BLE001 - as above
        return False


def know_user(request: HttpRequest) -> None:
    """Load the user of the request, so that the log can name them. Never raises."""
    is_staff(request)


async def aknow_user(request: HttpRequest) -> None:
    """Load the user as `know_user` does, on an event loop."""
    await ais_staff(request)


def is_active_staff(user: object) -> bool:
    """Return True if a user is staff and active."""
    # A custom user model may have neither attribute.
    return bool(getattr(user, "is_active", True) and getattr(user, "is_staff", False))
