"""All private Django APIs that proctor uses, in one place.

docs/contributing.md lists each of them, with the reason for using it. When a new version of Django
is released, only this module needs to be checked.
"""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connections
from django.utils.functional import LazyObject, empty

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.dispatch import Signal
    from django.http import HttpRequest

__all__ = [
    "allow_caching",
    "auser_of_session",
    "lazy_loader",
    "lazy_value",
    "live_receivers",
    "loaded_value",
    "non_atomic_databases",
    "prevent_caching",
    "settings_reader",
    "skip_page_cache",
    "test_transactions",
]

#: The attribute that Django's cache middlewares check before they store a page.
_UPDATE = "_cache_update_cache"
#: The key in a request's `__dict__` for its original class, which `prevent_caching` replaces.
_OWN_CLASS = "_proctor_own_class"


def settings_reader(names: tuple[str, ...]) -> Callable[[], tuple[object, ...]]:
    """Return a function that returns the current values of the settings in *names* (at least two).

    Every request needs about twenty settings. Reading `_wrapped` is faster than reading `settings`,
    which looks up each name twice. `override_settings` replaces `_wrapped`, so `_wrapped` must be
    read again each time.
    """
    values = attrgetter(*names)

    def read() -> tuple[object, ...]:
        found: tuple[object, ...] = values(settings._wrapped)  # noqa: SLF001 - see the docstring
        return found

    return read


def live_receivers(
    signal: Signal, sender: object
) -> tuple[list[Callable[..., Any]], list[Callable[..., Any]]]:
    """Return the signal receivers for a *sender*: plain functions and coroutine functions.

    Django's `send_robust` runs coroutines to completion, which fails in a running event loop.
    `asend_robust` runs plain receivers in a thread, after the view has continued.
    """
    plain, coroutines = signal._live_receivers(sender)  # noqa: SLF001 - see the docstring
    return plain, coroutines


def lazy_value(lazy: LazyObject[Any]) -> Any:
    """Return the object that a lazy object wraps, or None if it is not loaded.

    This function never loads the object.
    """
    return None if lazy._wrapped is empty else lazy._wrapped  # noqa: SLF001 - see above


def loaded_value(lazy: LazyObject[Any]) -> Any:
    """Return the object that a lazy object wraps, loading it if necessary."""
    if lazy._wrapped is empty:  # noqa: SLF001 - there is no public way to unwrap
        lazy._setup()  # noqa: SLF001
    return lazy._wrapped  # noqa: SLF001


def lazy_loader(lazy: LazyObject[Any]) -> Any:
    """Return the function that loads the object inside a lazy object, or None if there is none."""
    return lazy.__dict__.get("_setupfunc")


def auser_of_session(request: HttpRequest) -> Any:
    """Return the user that `request.auser` has already loaded, or None, without making a query."""
    return request.__dict__.get("_acached_user")


def non_atomic_databases(view: object) -> object:
    """Return the databases for which the view is marked with `non_atomic_requests`."""
    return getattr(view, "_non_atomic_requests", set())


def skip_page_cache(request: HttpRequest) -> None:
    """Tell the cache middleware not to store the response, without adding a header.

    Cache middleware that runs later undoes this. Use `prevent_caching` to prevent that.
    """
    request.__dict__[_UPDATE] = False


def prevent_caching(request: HttpRequest) -> None:
    """Keep `cache_page` and the cache middleware from storing the response.

    Clearing the request's flag, as `skip_page_cache` does, is not enough: `cache_page` and the
    middleware set the flag again, perhaps after a group was read. Therefore the request gets a
    class whose flag is always False.
    """
    own: Any = request.__dict__.setdefault(_OWN_CLASS, type(request))
    request.__class__ = _never_stored(own)


def allow_caching(request: HttpRequest) -> None:
    """Undo `prevent_caching`. Flags that cache middleware has set since then take effect."""
    request.__class__ = request.__dict__[_OWN_CLASS]


@cache
def _never_stored(request_class: type[Any]) -> type[Any]:
    """Return a subclass of *request_class* whose responses Django's caches never store."""
    own = {
        "__doc__": request_class.__doc__,
        "__module__": request_class.__module__,
        "__qualname__": request_class.__qualname__,
        _UPDATE: property(_is_stored, _set_aside),
    }
    return type(request_class.__name__, (request_class,), own)


def _is_stored(request: HttpRequest) -> bool:
    return False


def _set_aside(request: HttpRequest, value: Any) -> None:
    request.__dict__[_UPDATE] = value


def test_transactions(using: str) -> list[object]:
    """Return the transactions that Django's TestCase has opened on a database."""
    blocks = getattr(connections[using], "atomic_blocks", ())
    return [block for block in blocks if getattr(block, "_from_testcase", False)]
