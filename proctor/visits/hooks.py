"""Find the hooks that a middleware overrides, and call them."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.core.exceptions import ImproperlyConfigured

from proctor.core.messages import error_place
from proctor.resolving.site_setup import current_setup
from proctor.visits.consent import Consent
from proctor.visits.hook_values import HookAnswerError, is_data, is_yes

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

__all__ = ["HOOKS", "YES_OR_NO", "Hooks", "mistaken_hook"]

logger = logging.getLogger("proctor.hooks")

#: Each hook has an awaitable twin whose name starts with `a`.
HOOKS = ("is_privileged", "get_identifiers", "get_context", "exclude_request")

#: Hooks that answer yes or no; an exception counts as False.
YES_OR_NO = ("is_privileged", "exclude_request")


_is_yes = sync_to_async(is_yes)

_CONSENT = ("has_consent", "ahas_consent")
#: Methods that must not be coroutine functions. The hooks in `HOOKS`, and `has_consent`, have
#: coroutine twins.
_PLAIN = (*HOOKS, "has_consent", "get_http", "finish_response")


def mistaken_hook(middleware: type) -> str | None:
    """Return a description of the first method that would not work as a hook, or None.

    Without this check, `async def is_privileged` would allow everyone to force groups, because a
    coroutine counts as true.
    """
    for name in _PLAIN:
        if iscoroutinefunction(getattr(middleware, name, None)):
            has_twin = name in HOOKS or name == "has_consent"
            cure = f"rename it to a{name}" if has_twin else "write it without async"
            return f"{middleware.__qualname__}.{name} is a coroutine function: {cure}"
    consent = next((name for name in _CONSENT if hasattr(middleware, name)), None)
    if consent is not None and not _asks_for_consent(middleware):
        return (
            f"{middleware.__qualname__}.{consent} is never called: only subclasses of "
            "ProctorMiddleware have this hook. For visitors without consent, return no identifiers"
        )
    return None


def _asks_for_consent(middleware: type) -> bool:
    """Return True for ProctorMiddleware, which cannot be imported here, and its subclasses."""
    return any(
        base.__module__ == "proctor.middleware" and "has_consent" in vars(base)
        for base in middleware.__mro__
    )


class Hooks:
    """The hooks that a visit calls on a middleware. Built once for each middleware; immutable."""

    __slots__ = (
        *("_middleware", "_only_awaitable"),
        *("awaitable", "consent", "get_http", "may_exclude", "owner", "plain"),
    )

    def __init__(self, middleware: Any, overrides: Callable[[str], bool]) -> None:
        """Find the hooks for which *overrides* returns True.

        Raises ImproperlyConfigured for a `mistaken_hook`.
        """
        mistake = mistaken_hook(type(middleware))
        if mistake is not None:
            raise ImproperlyConfigured(mistake)
        self._middleware = middleware
        #: The class of the middleware, for messages.
        self.owner = type(middleware).__qualname__
        chosen = partial(_is_chosen, type(middleware), overrides)
        #: Hooks whose coroutine twin is overridden. Not included if a more derived class overrides
        #: the plain hook.
        self.awaitable = frozenset(hook for hook in HOOKS if chosen(f"a{hook}", hook))
        #: Hooks whose plain method is overridden. Not included if a more derived class overrides
        #: the twin.
        self.plain = frozenset(hook for hook in HOOKS if chosen(hook, f"a{hook}"))
        self._only_awaitable = self.awaitable - self.plain
        #: The hook for consent; None if the middleware does not override it.
        self.consent = Consent.of(middleware, overrides)
        #: True if a hook must be called before an exposure is sent.
        self.may_exclude = (
            self.consent is not None or "exclude_request" in self.awaitable | self.plain
        )
        #: The method that returns the session for calls to a Pipet. None if the middleware does not
        #: override it: the source then uses its own session.
        self.get_http = middleware.get_http if overrides("get_http") else None

    def call_plain(self, name: str, request: HttpRequest) -> Any:
        """Call the plain hook, even if its twin is overridden."""
        return getattr(self._middleware, name)(request)

    def call(self, name: str, request: HttpRequest) -> Any:
        """Call a hook, or its coroutine twin if only that is overridden.

        For use outside an event loop.
        """
        if name in self._only_awaitable:
            return async_to_sync(getattr(self._middleware, f"a{name}"))(request)
        return getattr(self._middleware, name)(request)

    def acall(self, name: str, request: HttpRequest) -> Any:
        """Call the coroutine twin of a hook. The caller must await the result."""
        return getattr(self._middleware, f"a{name}")(request)

    def call_or_no(self, name: str, request: HttpRequest) -> bool:
        """Call a yes-or-no hook outside an event loop. An exception counts as False."""
        try:
            return is_yes(name, self.call(name, request))
        except Exception as error:  # noqa: BLE001 - the site's code
            return self._count_as_no(name, error)

    async def acall_or_no(self, name: str, request: HttpRequest) -> bool:
        """Await the coroutine twin of a yes-or-no hook. An exception counts as False."""
        try:
            answer = await self.acall(name, request)
            # An object such as a queryset is converted to bool in a thread, because this may need a
            # query.
            return is_yes(name, answer) if is_data(answer) else await _is_yes(name, answer)
        except Exception as error:  # noqa: BLE001 - as above
            return self._count_as_no(name, error)

    def _count_as_no(self, name: str, error: Exception) -> bool:
        current_setup().log.log(
            logger,
            logging.WARNING,
            "%s of %s failed, which counts as False: %s",
            name,
            self.owner,
            error if isinstance(error, HookAnswerError) else error_place(error),
        )
        return False


def _is_chosen(cls: type, overrides: Callable[[str], bool], hook: str, twin: str) -> bool:
    """Return True if *hook* must be called.

    It must not be called if its twin is overridden in a more derived class. Without this rule, WSGI
    and ASGI would identify the same visitor differently.
    """
    if not overrides(hook):
        return False
    return not overrides(twin) or _depth(cls, hook) <= _depth(cls, twin)


def _depth(cls: type, name: str) -> int:
    """Return the number of classes in the MRO of *cls* before the one that defines *name*."""
    return next(depth for depth, base in enumerate(cls.__mro__) if name in base.__dict__)
