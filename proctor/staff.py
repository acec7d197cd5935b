"""Who is signed in as staff, asked where that may not be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["ais_staff", "aknow_user", "is_active_staff", "is_staff", "know_user"]


def is_staff(request: HttpRequest) -> bool:
    """Whether the user of the request is active and staff; no, where there is no user.

    An exception of the database counts as no.
    """
    try:
        return is_active_staff(request.user) if hasattr(request, "user") else False
    except Exception:  # noqa: BLE001 - who cannot be asked for is not known to be staff
        return False


async def ais_staff(request: HttpRequest) -> bool:
    """`is_staff` on an event loop."""
    try:
        return is_active_staff(await request.auser()) if hasattr(request, "auser") else False
    except Exception:  # noqa: BLE001 - as above
        return False


def know_user(request: HttpRequest) -> None:
    """Have the user of the request loaded, for the log to name him; no error if he cannot be."""
    is_staff(request)


async def aknow_user(request: HttpRequest) -> None:
    """`know_user` on an event loop."""
    await ais_staff(request)


def is_active_staff(user: object) -> bool:
    """Whether a user is staff, and has not been switched off."""
    # A user model of one's own need know of neither.
    return bool(getattr(user, "is_active", True) and getattr(user, "is_staff", False))
