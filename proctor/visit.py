"""One request: the hooks are asked who the visitor is, and `proc` is put on the request."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404

from proctor import forced, staff
from proctor.answers import ask
from proctor.conf import settings
from proctor.configuration import current_configuration
from proctor.core.groups import Reason
from proctor.core.sources import GroupsRequest
from proctor.once import described
from proctor.proc import Proc, determine
from proctor.reads import COUNTED, CountingProc
from proctor.resolution import Resolution
from proctor.signals import exposed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from django.http import HttpRequest

    from proctor.middleware import BaseProctorMiddleware

__all__ = ["HOOKS", "Visit"]

logger = logging.getLogger(__name__)

#: What a hook may raise on purpose, to answer the request with it.
ANSWERS = (Http404, PermissionDenied, SuspiciousOperation)

#: Each has an awaitable twin.
HOOKS = ("is_privileged", "get_identifiers", "get_context", "exclude_request")

#: Those whose exceptions mean no.
YES_OR_NO = ("is_privileged", "exclude_request")

_VISIT = "_proctor_visit"

#: Whose hooks are running, here and in the threads that they are called in.
_asking: ContextVar[Visit | None] = ContextVar("proctor_asking", default=None)


class Visit:
    """What the middleware knows of one request."""

    __slots__ = (
        "_asked",
        "_configuration",
        "_excluded",
        "_failure",
        "_middleware",
        "_privileged",
        "proc",
        "request",
    )

    request: HttpRequest
    proc: Proc

    def __init__(self, middleware: BaseProctorMiddleware, request: HttpRequest) -> None:
        self.request = request
        self._middleware = middleware
        self._configuration = current_configuration()
        #: What to ask the source; None until the hooks have run.
        self._asked: GroupsRequest | None = None
        #: What a hook raised, after which there is nothing to ask.
        self._failure: Exception | None = None
        self._privileged: bool | None = None
        self._excluded: bool | None = None
        kind = CountingProc if COUNTED in request.__dict__ else Proc
        is_excluded = self.check_excluded if middleware.may_exclude else None
        self.proc = kind(self._configuration, self.resolve, request, is_excluded)
        request.__dict__.update({"proc": self.proc, _VISIT: self})

    @classmethod
    def of(cls, request: HttpRequest) -> Visit | None:
        """The visit that this request is; None where the middleware has not run."""
        return request.__dict__.get(_VISIT)

    def resolve(self) -> Resolution:
        """What `proc` asks for at its first read. Never an exception but a hook's answer."""
        if not self._configuration.registry:
            return Resolution()
        self.run_hooks()
        if self._asked is None:
            return Resolution(reason=Reason.HOOK_FAILED)
        return ask(self._configuration, self._asked, self.request)

    @property
    def has_asked(self) -> bool:
        """Whether the hooks have run."""
        return self._asked is not None or self._failure is not None

    @property
    def asked(self) -> GroupsRequest | None:
        """What the source is asked; None before the hooks have run, and where one failed."""
        return self._asked

    @property
    def must_exclude(self) -> bool:
        """Whether to ask before an exposure: a hook may say no, and somebody listens."""
        return self._middleware.may_exclude and self._excluded is None and bool(exposed.receivers)

    @property
    def has_questions(self) -> bool:
        """Whether a hook would still run, if a group were read."""
        return not self.has_asked or self.must_exclude

    @property
    def is_privileged(self) -> bool:
        """Whether the visitor may force groups, as far as that was asked."""
        return bool(self._privileged)

    def run_hooks(self) -> None:
        """Ask who the visitor is, unless that is known."""
        if not self._must_ask():
            return
        token = _asking.set(self)
        try:
            identifiers = self._call("get_identifiers")
            context = self._call("get_context")
        except Exception as error:  # noqa: BLE001 - it is the site's code, and may raise anything
            self._give_up(error, described(error))
            return
        finally:
            _asking.reset(token)
        if forced.is_forcing(self.request):
            self.check_privilege()
        self._note(identifiers, context)

    async def arun_hooks(self) -> None:
        """`run_hooks` on a loop: plain hooks run in a thread, all in one go."""
        if not self._must_ask():
            return
        token = _asking.set(self)
        middleware = self._middleware
        awaitable, plain = middleware.awaitable_hooks, middleware.plain_hooks
        names = self._hooks_to_await()
        answers: dict[str, Any] = {"get_context": {}, "is_privileged": False}
        try:
            if not plain <= awaitable:
                hop = [name for name in names if name in plain and name not in awaitable]
                if hop:
                    answers.update(await sync_to_async(self._call_plain)(hop))
            for name in names:
                if name in awaitable:
                    answers[name] = await self._acall(getattr(middleware, f"a{name}"), name)
                if name == "is_privileged":
                    self._privileged = bool(answers[name])
                    await self._ask_for_staff()
                elif name == "exclude_request":
                    self._excluded = bool(answers[name])
        except Exception as error:  # noqa: BLE001 - as above
            self._give_up(error, described(error))
            return
        finally:
            _asking.reset(token)
        self._note(answers["get_identifiers"], answers["get_context"])

    async def _ask_for_staff(self) -> None:
        if not self._privileged and settings.PROCTOR_STAFF_MAY_FORCE:
            self._privileged = await staff.ais_staff(self.request)
            if not hasattr(self.request, "auser"):
                self._privileged = None  # it is too early to know
        elif self._privileged and forced.asked_now(self.request) is not None:
            await staff.aknow_user(self.request)

    def _hooks_to_await(self) -> list[str]:
        names = ["get_identifiers", "get_context"]
        if forced.is_forcing(self.request):
            names.insert(0, "is_privileged")  # a forced link sticks also where another hook fails
        if self.must_exclude:
            names.append("exclude_request")
        return names

    def _must_ask(self) -> bool:
        """Whether hooks have to run. Raises what they raised in DEBUG, each time."""
        self._forbid_hooks()
        if self._failure is not None and settings.DEBUG and not isinstance(self._failure, ANSWERS):
            raise self._failure
        return not self.has_asked

    def _forbid_hooks(self) -> None:
        if _asking.get() is self:
            raise RuntimeError("a hook of the middleware reads proc, which waits for the hooks")

    @property
    def must_wait(self) -> bool:
        """Whether a read may take as long as files or a network do."""
        source = self._configuration.source
        return source is not None and getattr(source, "waits", True)

    def wait(self) -> None:
        """Do now what may take long later: ask the source, or let it prepare."""
        if self.must_wait:
            prepare = getattr(self._configuration.source, "prepare", None)
            if prepare is None:
                determine(self.proc)
            else:
                prepare()

    def check_privilege(self) -> bool:
        """Ask whether the visitor may force groups; once for a request."""
        if self._privileged is None:
            self._privileged = False
            self._privileged = self._call_or_no("is_privileged")
            if not self._privileged and settings.PROCTOR_STAFF_MAY_FORCE:
                self._privileged = staff.is_staff(self.request)
                if not hasattr(self.request, "user"):
                    self._privileged = None  # it is too early to know
            elif self._privileged and forced.asked_now(self.request) is not None:
                staff.know_user(self.request)
        return bool(self._privileged)

    def check_excluded(self) -> bool:
        """Whether exposures are not to be sent; asked once for a request."""
        if self._excluded is None:
            self._forbid_hooks()
            token = _asking.set(self)
            try:
                self._excluded = self._call_or_no("exclude_request")
            finally:
                _asking.reset(token)
        return self._excluded

    def _call_plain(self, names: list[str]) -> dict[str, Any]:
        found = {}
        for name in names:
            if name == "is_privileged":
                found[name] = self.check_privilege()
            elif name == "exclude_request":
                found[name] = self._call_or_no(name)
            else:
                found[name] = getattr(self._middleware, name)(self.request)
        return found

    async def _acall(self, hook: Callable[[HttpRequest], Awaitable[Any]], name: str) -> Any:
        try:
            return await hook(self.request)
        except Exception as error:
            if name not in YES_OR_NO:
                raise
            self._count_as_no(name, error)
            return False

    def _call_or_no(self, name: str) -> bool:
        """Call a hook whose exceptions mean no."""
        try:
            return bool(self._call(name))
        except Exception as error:  # noqa: BLE001 - whatever it is
            self._count_as_no(name, error)
            return False

    def _call(self, name: str) -> Any:
        """Call a hook outside of a loop; the twin where only that one is overridden."""
        middleware = self._middleware
        if name in middleware.awaitable_hooks and name not in middleware.plain_hooks:
            return async_to_sync(getattr(middleware, f"a{name}"))(self.request)
        return getattr(middleware, name)(self.request)

    def _note(self, identifiers: Any, context: Any) -> None:
        for name, value in (("get_identifiers", identifiers), ("get_context", context)):
            if type(value) is not dict and not isinstance(value, Mapping):
                problem = f"{name} returned a {type(value).__qualname__}; return a dict"
                self._give_up(TypeError(problem), problem)
                return
        self._asked = GroupsRequest(
            identifiers=identifiers,
            context=context,
            force_groups=forced.forced_groups(self.request) if self._privileged else None,
            tests=self._configuration.registry.names,
            get_http=self._middleware.http_hook,
        )

    def _give_up(self, error: Exception, problem: str) -> None:
        """After a failing hook: let its answer through, else go on without groups."""
        self._failure = error
        if isinstance(error, ANSWERS) or settings.DEBUG:
            raise error
        logger.error(
            "A hook of %s failed, and so every test has its default: %s",
            type(self._middleware).__qualname__,
            problem,
        )

    def _count_as_no(self, name: str, error: Exception) -> None:
        message = "%s of %s failed, which counts as no: %s"
        details = (name, type(self._middleware).__qualname__, described(error))
        if name == "exclude_request":  # which is asked of every visitor
            self._configuration.log.log(logger, logging.WARNING, message, *details)
        else:
            logger.warning(message, *details)
