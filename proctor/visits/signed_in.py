"""Determine the signed-in user of a request in the same way under WSGI and ASGI.

The user is `request.user`. Django sets it to a lazy object that reads the session. A middleware may
replace it, for example for impersonation, tokens or a pending second factor.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.utils.functional import LazyObject

from proctor.django_internals import auser_of_session, lazy_loader, lazy_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

__all__ = ["aask_of_user", "ask_of_user", "is_known", "loaded_user"]

T = TypeVar("T")

#: The module that defines Django's lazy `request.user` and `request.auser`. Modules are compared by
#: name, because importing that module needs apps that a site may not have installed.
_DJANGOS = "django.contrib.auth.middleware"


def ask_of_user(request: HttpRequest, question: Callable[[Any], T]) -> T | None:
    """Return `question(user)` for the signed-in user, or None if no one is signed in.

    May query the database. Raises any exception that loading the user raises.
    """
    user: Any = getattr(request, "user", None)
    if _is_djangos_own(user) and not _may_have_session(request):
        return None
    return _answer(user, question)


async def aask_of_user(request: HttpRequest, question: Callable[[Any], T]) -> T | None:
    """Return the same as `ask_of_user`, without blocking the event loop."""
    user: Any = getattr(request, "user", None)
    auser = getattr(request, "auser", None)
    is_unreplaced = _is_djangos_own(user) or not hasattr(request, "user")
    if is_unreplaced and auser is not None and not _is_djangos_own_auser(auser):
        user = await auser()  # a middleware replaced only auser
    elif _is_lazy(user):
        if _is_djangos_own(user) and not _may_have_session(request):
            return None
        loaded = lazy_value(user)
        if loaded is not None:
            user = loaded
        elif auser is not None and _is_djangos_own(user):
            user = await auser()
    try:
        return await _in_a_thread(user, question) if _is_lazy(user) else _answer(user, question)
    except SynchronousOnlyOperation:
        # Call *question* in a thread, because it may need a query. For example, is_staff may be a
        # property that queries the user's groups.
        return await _in_a_thread(user, question)


def is_known(request: HttpRequest, *, on_loop: bool = False) -> bool:
    """Return True if a middleware has set the user."""
    return hasattr(request, "user") or (on_loop and hasattr(request, "auser"))


def loaded_user(request: HttpRequest) -> Any:
    """Return the signed-in user if they are already loaded, otherwise None. Makes no query."""
    user: Any = getattr(request, "user", None)
    if _is_lazy(user):
        loaded = lazy_value(user)
        of_session = auser_of_session(request) if _is_djangos_own(user) else None
        user = of_session if loaded is None else loaded
    elif user is None and not hasattr(request, "user"):
        user = auser_of_session(request)
    return user if getattr(user, "is_authenticated", False) else None


def _answer(user: Any, question: Callable[[Any], T]) -> T | None:
    # Do not rely on user.is_authenticated alone: the user may be None if no one is signed in.
    return question(user) if getattr(user, "is_authenticated", False) else None


async def _in_a_thread(user: Any, question: Callable[[Any], T]) -> T | None:
    return await sync_to_async(_answer)(user, question)


def _is_lazy(user: Any) -> bool:
    # Use type(), because a lazy object's `__class__` is that of the object it wraps.
    return issubclass(type(user), LazyObject)


def _is_djangos_own(user: Any) -> bool:
    """Return True if *user* is AuthenticationMiddleware's lazy user, read from the session."""
    setup = lazy_loader(user) if _is_lazy(user) else None
    return getattr(setup, "__module__", None) == _DJANGOS


def _is_djangos_own_auser(auser: Any) -> bool:
    return isinstance(auser, partial) and auser.func.__module__ == _DJANGOS


def _may_have_session(request: HttpRequest) -> bool:
    """Return True if there may be a session. Loading a session needs a query and sets Vary."""
    return getattr(getattr(request, "session", None), "session_key", None) is not None
