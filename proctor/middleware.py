"""Middleware that identifies the visitor and sets `request.proc`."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.exceptions import ImproperlyConfigured

from proctor.bar.showing import insert_bar
from proctor.conf import settings
from proctor.resolving.session_answers import has_answer_to_save, save_answer
from proctor.resolving.site_setup import current_setup
from proctor.signals import hold, release
from proctor.visits import http_caches
from proctor.visits.current_proc import enter, leave
from proctor.visits.hooks import Hooks
from proctor.visits.id_cookie import check_id_cookie, set_id_cookie
from proctor.visits.signed_in import aask_of_user, ask_of_user
from proctor.visits.staff import is_active_staff
from proctor.visits.visit import Visit

if TYPE_CHECKING:
    import requests
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["BaseProctorMiddleware", "ProctorMiddleware"]

GetResponse = Callable[["HttpRequest"], "HttpResponseBase | Awaitable[HttpResponseBase]"]


class BaseProctorMiddleware:
    """Base class of the middleware that sets `request.proc`; its hooks identify the visitor.

    A subclass must override `get_identifiers` or `aget_identifiers`; all other hooks are optional.
    Each hook has a coroutine twin whose name starts with an `a`. Under ASGI the twins are
    preferred, and all plain hooks are called in one thread. If a hook raises `Http404`,
    `PermissionDenied` or `SuspiciousOperation`, Django responds with the matching error page. After
    any other exception, every test uses its default; in DEBUG the exception is raised.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        """Wrap *get_response*.

        Raises ImproperlyConfigured if get_identifiers is not overridden or a setting is invalid, so
        that the server fails at startup instead of on each page.
        """
        if not (self.overrides("get_identifiers") or self.overrides("aget_identifiers")):
            raise ImproperlyConfigured(
                f"{type(self).__qualname__} does not identify the visitor: override "
                "get_identifiers(self, request), or aget_identifiers"
            )
        current_setup()
        http_caches.check_vary()
        self._hooks = Hooks(self, self.overrides)
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        if not hasattr(self, "process_view"):
            # Django looks for `process_view`. Set it on the instance, because WSGI and ASGI need
            # different methods.
            self.process_view: Any = self._abefore_view if self._is_async else self._before_view

    # -- The hooks ------------------------------------------------------------------------

    def get_identifiers(self, request: HttpRequest) -> Mapping[str, Any]:
        """Return the visitor's identifiers, by source key: `{"USER": cookie, "acctid": user.pk}`.

        Leave out identifiers that the visitor does not have, or set them to None.
        """
        raise NotImplementedError("get_identifiers must be overridden")

    def get_context(self, request: HttpRequest) -> Mapping[str, Any]:
        """Return the variables that rules may use, by source key: `{"country": "US"}`."""
        return {}

    def is_privileged(self, request: HttpRequest) -> bool:
        """Return True if the visitor may force groups; by default, no visitor may.

        This hook may be called before other middleware has run, so `request.user` may be missing.
        An exception counts as False.
        """
        return False

    def exclude_request(self, request: HttpRequest) -> bool:
        """Return True to suppress exposures for this request, for example from crawlers.

        The default is False. Groups are assigned in either case. This hook is called only if a
        receiver is connected to `exposed`: before the first exposure, or under ASGI before the
        view. An exception counts as False.
        """
        return False

    def get_http(self) -> requests.Session | None:
        """Return the `requests` session for calls to a Pipet. The default is proctor's own session.

        This hook runs before each call to the Pipet, in the thread that makes the call. Return the
        same session each time, or a separate session for each thread. Proctor does not change the
        session. PROCTOR_TIMEOUT does not cover retries by the session's adapters.
        """
        return None

    async def aget_identifiers(self, request: HttpRequest) -> Mapping[str, Any]:
        """Return the same as `get_identifiers`, for ASGI.

        The default implementation calls `get_identifiers` in a thread.
        """
        return await sync_to_async(self.get_identifiers)(request)

    async def aget_context(self, request: HttpRequest) -> Mapping[str, Any]:
        """Return the same as `get_context`, for ASGI.

        The default implementation calls `get_context` in a thread.
        """
        return await sync_to_async(self.get_context)(request)

    async def ais_privileged(self, request: HttpRequest) -> bool:
        """Return the same as `is_privileged`, for ASGI.

        The default implementation calls `is_privileged` in a thread.
        """
        return await sync_to_async(self.is_privileged)(request)

    async def aexclude_request(self, request: HttpRequest) -> bool:
        """Return the same as `exclude_request`, for ASGI.

        The default implementation calls `exclude_request` in a thread.
        """
        return await sync_to_async(self.exclude_request)(request)

    def finish_response(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Change the response; called last for every response. Override it to set cookies."""

    # -- A request ------------------------------------------------------------------------

    def __call__(self, request: HttpRequest) -> Any:
        """Return the response, or under ASGI a coroutine that returns the response."""
        if self._is_async:
            return self.__acall__(request)
        visit = Visit(self._hooks, request)
        token, held = enter(visit.proc), hold()
        try:
            if not settings.PROCTOR_LAZY:
                visit.run_hooks()
                visit.wait()
            response: Any = self.get_response(request)
            if visit.forcing is not None:
                visit.forcing.check_at_end()
                if settings.PROCTOR_BAR:
                    insert_bar(request, response)
            save_answer(request)
            self._finish(visit, response)
        finally:
            release(held)
            leave(token)
        return response

    def _before_view(self, request: HttpRequest, view: Callable[..., Any], *_: Any) -> None:
        """Run the hooks before a coroutine view.

        Plain hooks cannot run in the view's event loop. Django calls this method as `process_view`
        if the view is called from outside an event loop.
        """
        visit = Visit.of(request)
        if visit is None or not _is_coroutine_view(view):
            return
        if visit.has_questions:
            visit.run_hooks()
            visit.wait()
            if visit.must_exclude:
                visit.check_excluded()
        if visit.forcing is not None:
            # Load the user now, because the bar needs the user later, when queries are no longer
            # allowed.
            visit.forcing.check()
        if visit.has_objects:
            visit.settle()

    async def _abefore_view(self, request: HttpRequest, view: Callable[..., Any], *_: Any) -> None:
        """Call a slow source before a coroutine view, so that it cannot block the event loop later.

        Django calls this as `process_view` under ASGI. Nothing is done for a plain view: it runs in
        a thread, so it may wait for the source.
        """
        visit = Visit.of(request)
        if visit is None or not _is_coroutine_view(view):
            return
        if visit.forcing is not None:
            await visit.forcing.acheck()
        if visit.must_wait or visit.has_objects:
            await sync_to_async(visit.settle)()

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the response under ASGI; await the hooks before calling the view."""
        visit = Visit(self._hooks, request)
        token = enter(visit.proc)
        try:
            await visit.arun_hooks()
            response: HttpResponseBase = await self.get_response(request)  # type: ignore[misc]
            if visit.forcing is not None:
                await visit.forcing.acheck_at_end()
                if settings.PROCTOR_BAR:
                    await sync_to_async(insert_bar)(request, response)
            if has_answer_to_save(request):
                await sync_to_async(save_answer)(request)
            self._finish(visit, response)
        finally:
            leave(token)
        return response

    def _finish(self, visit: Visit, response: HttpResponseBase) -> None:
        """Finish a response: set cookies and the headers for HTTP caches."""
        if visit.forcing is not None:
            visit.forcing.finish(response)
        # Groups may have been forced by a header that is not in PROCTOR_VARY. The page is then
        # private.
        http_caches.patch_response(visit.request, response, for_nobody_else=visit.is_privileged)
        self.finish_response(visit.request, response)

    def overrides(self, hook: str) -> bool:
        """Return True if a subclass overrides *hook*."""
        return getattr(type(self), hook) is not getattr(BaseProctorMiddleware, hook)


@lru_cache(maxsize=1024)
def _is_coroutine_view(view: Callable[..., Any]) -> bool:
    # Cached, because computing this would be half the cost of an unused proc.
    return iscoroutinefunction(view)


class ProctorMiddleware(BaseProctorMiddleware):
    """A ready-to-use middleware for sites without their own tracking cookie.

    The USER identifier is a random id in a cookie (PROCTOR_ID_COOKIE). The cookie is set in the
    first response for which a group was read, if `has_consent` allows it. The ACCOUNT identifier is
    the signed-in user's primary key. Staff may force groups while DEBUG is on.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Wrap *get_response*; also raise ImproperlyConfigured if the id cookie is invalid."""
        super().__init__(get_response)
        check_id_cookie()

    def get_identifiers(self, request: HttpRequest) -> Mapping[str, Any]:
        """Return the id from the cookie, or a new one, and the account of a signed-in user."""
        consent = self._hooks.consent
        identifiers = self._user(request, consent is None or consent.given(request))
        return self._with_account(identifiers, ask_of_user(request, _account_of))

    async def aget_identifiers(self, request: HttpRequest) -> Mapping[str, Any]:
        """Return the same as `get_identifiers`, without using a thread."""
        if self._says_more("get_identifiers"):
            return await super().aget_identifiers(request)
        consent = self._hooks.consent
        identifiers = self._user(request, consent is None or await consent.agiven(request))
        return self._with_account(identifiers, await aask_of_user(request, _account_of))

    def has_consent(self, request: HttpRequest) -> bool:
        """Return True if the visitor agreed to be identified; by default always True.

        Without consent, no id is created, no cookie is set, tests of type USER use their defaults,
        and no exposure is sent for the request. This hook is called once for each request. An
        exception or a str counts as False.
        """
        return True

    async def ahas_consent(self, request: HttpRequest) -> bool:
        """Return the same as `has_consent`, for ASGI.

        The default implementation calls `has_consent` in a thread.
        """
        return await sync_to_async(self.has_consent)(request)

    def is_privileged(self, request: HttpRequest) -> bool:
        """Return True for staff while DEBUG is on."""
        return bool(settings.DEBUG and ask_of_user(request, is_active_staff))

    async def ais_privileged(self, request: HttpRequest) -> bool:
        """Return the same as `is_privileged`, without using a thread."""
        if self._says_more("is_privileged"):
            return await super().ais_privileged(request)
        return bool(settings.DEBUG and await aask_of_user(request, is_active_staff))

    def finish_response(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Set the id cookie if a new visitor was shown a group."""
        new_id = request.__dict__.get(_NEW_ID)
        if new_id is not None and http_caches.was_read(request):
            set_id_cookie(request, response, new_id)
            # A cache cannot distinguish visitors without a cookie, but they must not share an id.
            http_caches.make_private(request, response)

    def overrides(self, hook: str) -> bool:
        """Return True if a subclass, rather than this class, overrides *hook*."""
        if hook in ("has_consent", "ahas_consent"):
            return self._says_more(hook)
        return super().overrides(hook)

    def _says_more(self, hook: str) -> bool:
        """Return True if a subclass overrides *hook*, and so replaces the twin of this class."""
        return getattr(type(self), hook) is not getattr(ProctorMiddleware, hook)

    @staticmethod
    def _with_account(identifiers: dict[str, Any], account: Any) -> dict[str, Any]:
        if account is not None:
            identifiers["ACCOUNT"] = account
        return identifiers

    def _user(self, request: HttpRequest, may_identify: bool) -> dict[str, Any]:
        return {"USER": self._user_id(request)} if may_identify else {}

    def _user_id(self, request: HttpRequest) -> str:
        known = request.COOKIES.get(settings.PROCTOR_ID_COOKIE, "")
        if known:
            return known
        new_id: str = request.__dict__.setdefault(_NEW_ID, secrets.token_urlsafe(16))
        return new_id


_NEW_ID = "_proctor_new_id"


def _account_of(user: Any) -> Any:
    # A user who was loaded from an access token might not have a primary key.
    return getattr(user, "pk", None)
