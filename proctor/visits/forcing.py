"""Handle the privileged parts of a request: forced groups, the bar, other identities.

These parts are in the URL, a header and cookies; this module checks whether the visitor may use
them. Nearly all requests contain none of these parts, so no `Forcing` is created for such requests:
see `asks`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from proctor.conf import settings
from proctor.visits import bar_cookie, forced_by_request, http_caches, staff
from proctor.visits.cross_site import is_cross_site, is_shared
from proctor.visits.signed_in import is_known

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from proctor.core.inputs.force_groups import ForceGroups
    from proctor.visits.bar_cookie import BarCookie, Identity
    from proctor.visits.hooks import Hooks

__all__ = ["Forcing", "asks"]

_HOOK = "is_privileged"


def asks(request: HttpRequest) -> bool:
    """Return True if a request contains anything that needs privilege."""
    meta = request.META
    cookies = meta.get("HTTP_COOKIE", "")
    if forced_by_request.COOKIE in cookies or forced_by_request.is_asking(meta):
        return True
    # A request that was created manually may have COOKIES without a header. For other requests, do
    # not access COOKIES here, because that would parse all cookies.
    made = request.__dict__.get("COOKIES", ())
    if forced_by_request.COOKIE in made:
        return True
    has_bar = bar_cookie.COOKIE in cookies or bar_cookie.COOKIE in made
    return has_bar and bar_cookie.read(request) is not None


def _is_on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Forcing:
    """The parts of a request that need privilege. Each value is computed once, on demand."""

    __slots__ = (
        "_asked_now",
        "_bar",
        "_groups",
        "_hooks",
        "_is_over",
        "_may_keep",
        "_privileged",
        "_request",
        "_shows_bar",
    )

    #: The following attributes are computed when they are first needed.
    _asked_now: str | None
    _bar: BarCookie | None
    _groups: ForceGroups

    def __init__(self, hooks: Hooks, request: HttpRequest) -> None:
        self._hooks = hooks
        self._request = request
        #: None before the check, and while it is too early to decide.
        self._privileged: bool | None = None
        #: False if a different site caused the request, and privilege comes only from the IP
        #: address.
        self._may_keep = True
        self._shows_bar = self._is_over = False

    # -- Privilege ----------------------------------------------------------------------------

    @property
    def is_allowed(self) -> bool:
        """True if the visitor may force groups; False if privilege has not been checked yet."""
        return bool(self._privileged)

    @property
    def is_undecided(self) -> bool:
        """True before privilege is checked, and while it is too early to decide."""
        return self._privileged is None

    def check(self) -> bool:
        """Check whether the visitor may force groups; only the first call does anything."""
        if self._privileged is None:
            self._privileged = False
            self._privileged = self._hooks.call_or_no(_HOOK, self._request)
            if not self._privileged and settings.PROCTOR_STAFF_MAY_FORCE:
                self._privileged = staff.is_staff(self._request)
                if not is_known(self._request):
                    self._privileged = None  # undecided: the user is not known yet
            elif self._privileged and self.asked_now is not None:
                staff.know_user(self._request)
        return bool(self._privileged)

    async def acheck(self) -> None:
        """Check privilege on an event loop, if it could not be checked before the view."""
        if self._privileged is None and _HOOK in self._hooks.awaitable:
            await self.anote(await self._hooks.acall_or_no(_HOOK, self._request))
        elif self._privileged is None:
            await sync_to_async(self.check)()

    async def anote(self, answer: bool) -> None:
        """Store the result of the awaited hook. If it is False, check whether the user is staff."""
        self._privileged = answer
        if not answer and settings.PROCTOR_STAFF_MAY_FORCE:
            self._privileged = await staff.ais_staff(self._request)
            if not is_known(self._request, on_loop=True):
                self._privileged = None  # undecided: the user is not known yet
        elif answer and self.asked_now is not None:
            await staff.aknow_user(self._request)

    def check_at_end(self) -> None:
        """Check privilege before `finish`, which may set the force cookie."""
        self.check()
        if self._is_suspect:
            self._check_sender()

    async def acheck_at_end(self) -> None:
        """Check privilege on an event loop, before the response is finished."""
        await self.acheck()
        if self._is_suspect:
            await sync_to_async(self._check_sender)()

    @property
    def _is_suspect(self) -> bool:
        """True if a different site caused a request that forces groups for a privileged visitor."""
        return (
            bool(self._privileged) and self.asked_now is not None and is_cross_site(self._request)
        )

    def _check_sender(self) -> None:
        self._may_keep = not is_shared(partial(self._hooks.call, _HOOK), self._request)

    # -- The parts of the request -------------------------------------------------------------

    @property
    def asked_now(self) -> str | None:
        """The force groups from the parameter or header, or None. An empty string clears them."""
        try:
            return self._asked_now
        except AttributeError:
            self._asked_now = forced_by_request.asked_now(self._request)
            return self._asked_now

    @property
    def groups(self) -> ForceGroups:
        """The forced groups, if the visitor may force groups."""
        try:
            return self._groups
        except AttributeError:
            self._groups = forced_by_request.forced_groups(self._request)
            return self._groups

    @property
    def has_bar(self) -> bool:
        """True if the bar's cookie is present and valid. The caller must check privilege too."""
        return bar_cookie.COOKIE in self._request.COOKIES and self.bar is not None

    @property
    def bar(self) -> BarCookie | None:
        """The content of the bar's cookie, or None. The caller must check privilege as well."""
        try:
            return self._bar
        except AttributeError:
            self._bar = bar_cookie.read(self._request)
            return self._bar

    @property
    def identity(self) -> Identity | None:
        """The other identity that the visitor has switched to, if allowed; None for their own."""
        bar = self.bar
        return None if bar is None else bar.identity

    def show_bar(self) -> bool:
        """Return True if this page should show the bar; no cache may then store the page.

        Return False after the middleware has finished the response: a streamed page is rendered
        later, when its headers are already sent.
        """
        if self._is_over or self.bar is None:
            return False
        if self._privileged is None and _is_on_loop():
            return False  # the check may need a query
        if not self.check():
            return False
        http_caches.keep_out_of_caches(self._request)
        self._shows_bar = True
        return True

    def leave_out_bar(self) -> None:
        """Do not show the bar on this page, because the page itself shows the same information."""
        self._is_over = True

    # -- The response -------------------------------------------------------------------------

    def finish(self, response: HttpResponseBase) -> None:
        """Store the forced groups in the cookie, and set the headers for caches."""
        self._is_over = True
        if not self._privileged:
            return
        if forced_by_request.keep(
            self._request, response, self.asked_now if self._may_keep else None
        ):
            # Even if the page is the same for everyone, the cookie is only for this visitor.
            http_caches.make_private(self._request, response)
        if self._shows_bar:
            http_caches.forbid_storing(self._request, response)
