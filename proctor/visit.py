"""One request: the hooks are asked who the visitor is, and `proc` is put on the request."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404

from proctor import forced
from proctor.answers import ask
from proctor.conf import settings
from proctor.configuration import current_configuration
from proctor.core.groups import Reason
from proctor.core.sources import GroupsRequest
from proctor.once import described
from proctor.proc import Proc, determine
from proctor.reads import COUNTED, CountingProc
from proctor.resolution import Resolution

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from django.http import HttpRequest

    from proctor.middleware import BaseProctorMiddleware

__all__ = ["HOOKS", "Visit"]

logger = logging.getLogger(__name__)

#: What a hook may raise on purpose, to answer the request with it.
ANSWERS = (Http404, PermissionDenied, SuspiciousOperation)

#: The privilege first: a forced link sticks also where another hook fails.
HOOKS = ("is_privileged", "get_identifiers", "get_context")

_VISIT = "_proctor_visit"

#: Whose hooks are running, here and in the threads that they are called in.
_asking: ContextVar[Visit | None] = ContextVar("proctor_asking", default=None)


class Visit:
    """What the middleware knows of one request."""

    __slots__ = (
        "_asked",
        "_configuration",
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
        if COUNTED in request.__dict__:
            self.proc = CountingProc(self._configuration, self.resolve, request)
        else:
            self.proc = Proc(self._configuration, self.resolve, request)
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
        names = HOOKS if forced.is_forcing(self.request) else HOOKS[1:]
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
        except Exception as error:  # noqa: BLE001 - as above
            self._give_up(error, described(error))
            return
        finally:
            _asking.reset(token)
        self._note(answers["get_identifiers"], answers["get_context"])

    def _must_ask(self) -> bool:
        """Whether hooks have to run. Raises what they raised in DEBUG, each time."""
        if _asking.get() is self:
            raise RuntimeError("a hook of the middleware reads proc, which waits for the hooks")
        if self._failure is not None and settings.DEBUG and not isinstance(self._failure, ANSWERS):
            raise self._failure
        return not self.has_asked

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
            try:
                self._privileged = bool(self._call("is_privileged"))
            except Exception as error:  # noqa: BLE001 - whatever it is, it means no
                self._privilege_failed(error)
        return self._privileged

    def _call_plain(self, names: list[str]) -> dict[str, Any]:
        found = {}
        for name in names:
            if name == "is_privileged":
                found[name] = self.check_privilege()
            else:
                found[name] = getattr(self._middleware, name)(self.request)
        return found

    async def _acall(self, hook: Callable[[HttpRequest], Awaitable[Any]], name: str) -> Any:
        try:
            return await hook(self.request)
        except Exception as error:
            if name != "is_privileged":
                raise
            self._privilege_failed(error)
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

    def _privilege_failed(self, error: Exception) -> None:
        logger.warning(
            "is_privileged of %s failed, which counts as no: %s",
            type(self._middleware).__qualname__,
            described(error),
        )
