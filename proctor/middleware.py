"""The middleware: who is this visitor, and `request.proc`."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.exceptions import ImproperlyConfigured

from proctor import forced, http_caches
from proctor.conf import settings
from proctor.current import enter, leave
from proctor.signals import hold, release
from proctor.staff import is_active_staff
from proctor.visit import HOOKS, Visit

if TYPE_CHECKING:
    import requests
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["BaseProctorMiddleware", "ProctorMiddleware"]

GetResponse = Callable[["HttpRequest"], "HttpResponseBase | Awaitable[HttpResponseBase]"]


class BaseProctorMiddleware:
    """Puts `proc` on each request. Subclass it, and say who the visitor is.

    Only `get_identifiers` must be overridden, or its twin `aget_identifiers`. Each hook has
    a twin with an `a` in front, a coroutine function, which is preferred under ASGI; plain
    hooks are then called in a thread, all in one go. `Http404`, `PermissionDenied` and
    `SuspiciousOperation` of a hook answer the request; after any other exception every test
    has its default, and in DEBUG it is raised.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        """Wrap *get_response*. ImproperlyConfigured where nobody says who a visitor is."""
        if not (self.overrides("get_identifiers") or self.overrides("aget_identifiers")):
            raise ImproperlyConfigured(
                f"{type(self).__qualname__} does not say who a visitor is: override "
                "get_identifiers(self, request), or aget_identifiers"
            )
        #: Hooks whose twins are there, and those that are there themselves.
        self.awaitable_hooks = frozenset(hook for hook in HOOKS if self.overrides(f"a{hook}"))
        self.plain_hooks = frozenset(hook for hook in HOOKS if self.overrides(hook))
        #: Whether there is anything to ask before an exposure.
        self.may_exclude = "exclude_request" in self.awaitable_hooks | self.plain_hooks
        #: None where the source has its own.
        self.http_hook = self.get_http if self.overrides("get_http") else None
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        if not hasattr(self, "process_view"):
            # Not in the class: Django would call the wrong one in a thread, or in a loop.
            self.process_view: Any = self._abefore_view if self._is_async else self._before_view

    # -- The hooks ------------------------------------------------------------------------

    def get_identifiers(self, request: HttpRequest) -> Mapping[str, Any]:
        """The visitor's identifiers, by source key: `{"USER": cookie, "acctid": user.pk}`.

        Leave out what a visitor does not have, or give None.
        """
        raise NotImplementedError("get_identifiers must be overridden")

    def get_context(self, request: HttpRequest) -> Mapping[str, Any]:
        """What rules may ask of the visitor, by source key: `{"country": "US"}`."""
        return {}

    def is_privileged(self, request: HttpRequest) -> bool:
        """Whether the visitor may force groups; by default nobody may.

        May be called before other middleware has run, so `request.user` may not be there.
        An exception means no.
        """
        return False

    def exclude_request(self, request: HttpRequest) -> bool:
        """Whether exposures of this request are not sent, as those of crawlers; by default no.

        Groups are given as ever. Called only where somebody listens to exposures: before the
        first one, or under ASGI before the view. An exception means no.
        """
        return False

    def get_http(self) -> requests.Session | None:
        """The session of requests that a Pipet is asked with; by default proctor's own.

        Called for each call, in the thread that makes it; give the same session each time,
        or one for each thread. It stays as it is: what its adapters do, as to try again,
        counts to nobody's time but the visitor's.
        """
        return None

    async def aget_identifiers(self, request: HttpRequest) -> Mapping[str, Any]:
        """`get_identifiers` under ASGI; by default that one, in a thread."""
        return await sync_to_async(self.get_identifiers)(request)

    async def aget_context(self, request: HttpRequest) -> Mapping[str, Any]:
        """`get_context` under ASGI; by default that one, in a thread."""
        return await sync_to_async(self.get_context)(request)

    async def ais_privileged(self, request: HttpRequest) -> bool:
        """`is_privileged` under ASGI; by default that one, in a thread."""
        return await sync_to_async(self.is_privileged)(request)

    async def aexclude_request(self, request: HttpRequest) -> bool:
        """`exclude_request` under ASGI; by default that one, in a thread."""
        return await sync_to_async(self.exclude_request)(request)

    def finish_response(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Called with each response, at last: to set a cookie of one's own."""

    # -- A request ------------------------------------------------------------------------

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request: with a response, or under ASGI with an awaitable of one."""
        if self._is_async:
            return self.__acall__(request)
        visit = Visit(self, request)
        token, held = enter(visit.proc), hold()
        try:
            if not settings.PROCTOR_LAZY:
                visit.run_hooks()
                visit.wait()
            response: Any = self.get_response(request)
            if forced.is_forcing(request):
                visit.check_privilege()
            self._finish(visit, response)
        finally:
            release(held)
            leave(token)
        return response

    def _before_view(self, request: HttpRequest, view: Callable[..., Any], *_: Any) -> None:
        """Let hooks run before a coroutine view, since in its loop plain ones may not.

        Django calls this, as `process_view`, where the view is called from outside of a loop.
        """
        visit = Visit.of(request)
        if visit is not None and visit.has_questions and _is_coroutine_view(view):
            visit.run_hooks()
            visit.wait()
            if visit.must_exclude:
                visit.check_excluded()

    async def _abefore_view(self, request: HttpRequest, view: Callable[..., Any], *_: Any) -> None:
        """Ask a source that may take long before a coroutine view, whose loop it would block.

        Django calls this, as `process_view`, under ASGI. A plain view runs in a thread, and
        may wait there.
        """
        visit = Visit.of(request)
        if visit is not None and visit.must_wait and _is_coroutine_view(view):
            await sync_to_async(visit.wait)()

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request under ASGI; the hooks are awaited before the view."""
        visit = Visit(self, request)
        token = enter(visit.proc)
        try:
            await visit.arun_hooks()
            response: HttpResponseBase = await self.get_response(request)  # type: ignore[misc]  # ASGI
            self._finish(visit, response)
        finally:
            leave(token)
        return response

    def _finish(self, visit: Visit, response: HttpResponseBase) -> None:
        """What is left to do with a response: cookies, and headers for caches."""
        if visit.is_privileged and forced.keep(visit.request, response):
            # The cookie is this visitor's, whatever the page shows.
            http_caches.make_private(visit.request, response)
        # What was forced may have come by a header, which no PROCTOR_VARY names.
        http_caches.patch_response(visit.request, response, for_nobody_else=visit.is_privileged)
        self.finish_response(visit.request, response)

    def overrides(self, hook: str) -> bool:
        """Whether a subclass has a *hook* of its own."""
        return getattr(type(self), hook) is not getattr(BaseProctorMiddleware, hook)


@lru_cache(maxsize=1024)
def _is_coroutine_view(view: Callable[..., Any]) -> bool:
    # To find out would be half of what an unused proc costs.
    return iscoroutinefunction(view)


#: A year, in seconds: longer than any test should run.
ID_COOKIE_AGE = 365 * 24 * 60 * 60


class ProctorMiddleware(BaseProctorMiddleware):
    """For a site that has no tracking cookie of its own.

    USER is a random id in a cookie (PROCTOR_ID_COOKIE), which is set with the first response
    for which a group was read; ACCOUNT is the signed-in user's primary key. Staff may force
    groups while DEBUG is on.
    """

    def get_identifiers(self, request: HttpRequest) -> Mapping[str, Any]:
        """The id of the cookie, or a new one; and the account of whoever is signed in."""
        identifiers: dict[str, Any] = {"USER": self._user_id(request)}
        if _may_be_signed_in(request) and request.user.is_authenticated:
            identifiers["ACCOUNT"] = request.user.pk
        return identifiers

    async def aget_identifiers(self, request: HttpRequest) -> Mapping[str, Any]:
        """`get_identifiers` without a thread."""
        if self._says_more("get_identifiers"):
            return await super().aget_identifiers(request)
        identifiers: dict[str, Any] = {"USER": self._user_id(request)}
        if _may_be_signed_in(request):
            user = await request.auser()
            if user.is_authenticated:
                identifiers["ACCOUNT"] = user.pk
        return identifiers

    def is_privileged(self, request: HttpRequest) -> bool:
        """Staff, while DEBUG is on."""
        return bool(settings.DEBUG and _may_be_signed_in(request) and is_active_staff(request.user))

    async def ais_privileged(self, request: HttpRequest) -> bool:
        """`is_privileged` without a thread."""
        if self._says_more("is_privileged"):
            return await super().ais_privileged(request)
        if not settings.DEBUG or not _may_be_signed_in(request):
            return False
        return is_active_staff(await request.auser())

    def finish_response(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Set the cookie, once the visitor was shown a group."""
        new_id = request.__dict__.get(_NEW_ID)
        if new_id is not None and http_caches.was_read(request):
            response.set_cookie(
                settings.PROCTOR_ID_COOKIE,
                new_id,
                max_age=ID_COOKIE_AGE,
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
            # Two visitors without a cookie look alike to a cache, and must not share an id.
            http_caches.make_private(request, response)

    def _says_more(self, hook: str) -> bool:
        """Whether a subclass changed the plain hook, and so means its twin too."""
        return getattr(type(self), hook) is not getattr(ProctorMiddleware, hook)

    def _user_id(self, request: HttpRequest) -> str:
        known = request.COOKIES.get(settings.PROCTOR_ID_COOKIE, "")
        if known:
            return known
        new_id: str = request.__dict__.setdefault(_NEW_ID, secrets.token_urlsafe(16))
        return new_id


_NEW_ID = "_proctor_new_id"


def _may_be_signed_in(request: HttpRequest) -> bool:
    """Whether it is worth to load the session: that costs a query, and makes pages vary."""
    return hasattr(request, "user") and settings.SESSION_COOKIE_NAME in request.COOKIES
