"""Handle one request: identify the visitor with the hooks, and set `request.proc`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404

from proctor.conf import settings
from proctor.core.evaluation.groups import Reason
from proctor.core.messages import error_place
from proctor.core.sources.source import GroupsRequest
from proctor.resolving.ask_source import ask
from proctor.resolving.site_setup import current_setup
from proctor.resolving.source_answer import SourceAnswer
from proctor.signals import exposed
from proctor.visits.consent import without_user
from proctor.visits.error_pages import renders_error_page
from proctor.visits.forcing import Forcing, asks
from proctor.visits.hook_values import is_data, load_answer
from proctor.visits.hooks import YES_OR_NO
from proctor.visits.proc import Proc, determine, exclude
from proctor.visits.read_counts import COUNTED, CountingProc

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proctor.resolving.site_setup import SiteSetup
    from proctor.visits.hooks import Hooks

__all__ = ["Visit"]

logger = logging.getLogger("proctor.hooks")

#: Exceptions that a hook may raise deliberately, in order to answer the request.
ANSWERS = (Http404, PermissionDenied, SuspiciousOperation)

_VISIT = "_proctor_visit"

#: The visit whose hooks are running now. Threads that call the hooks see the same value.
_running_hooks: ContextVar[Visit | None] = ContextVar("proctor_running_hooks", default=None)


class Visit:
    """The middleware's state for one request."""

    __slots__ = (
        "_asked",
        "_excluded",
        "_failure",
        "_had_objects",
        "_hooks",
        "_own",
        "forcing",
        "proc",
        "request",
        "setup",
    )

    request: HttpRequest
    #: The settings and the source that this request uses.
    setup: SiteSetup
    proc: Proc
    #: Handles what only privileged users may do in the request; None for nearly all requests.
    forcing: Forcing | None
    #: The request to the source with the visitor's own identity, as the hooks returned it. Set only
    #: if the visitor uses a different identity.
    _own: GroupsRequest
    #: True if a hook returned values that had to be loaded.
    _had_objects: bool

    def __init__(self, hooks: Hooks, request: HttpRequest) -> None:
        self.request = request
        self._hooks = hooks
        self.setup = current_setup()
        #: The request to the source; None until the hooks have run.
        self._asked: GroupsRequest | None = None
        #: The exception that a hook raised. If it is set, the source is not called.
        self._failure: Exception | None = None
        self._excluded: bool | None = None
        self.forcing = forcing = Forcing(hooks, request) if asks(request) else None
        is_counted = COUNTED in request.__dict__ or (forcing is not None and forcing.has_bar)
        kind = CountingProc if is_counted else Proc
        is_excluded = self.check_excluded if hooks.may_exclude else None
        self.proc = kind(self.setup, self.resolve, request, is_excluded)
        request.__dict__.update({"proc": self.proc, _VISIT: self})

    def __copy__(self) -> Visit:
        return self

    def __deepcopy__(self, memo: object) -> Visit:
        # A copy of the request belongs to the same visitor, so it shares the visit and `proc`.
        return self

    @classmethod
    def of(cls, request: HttpRequest) -> Visit | None:
        """Return the visit for this request, or None if the middleware has not run."""
        return request.__dict__.get(_VISIT)

    def resolve(self) -> SourceAnswer:
        """Return the source's answer. Called at the first read of `proc`.

        Raises only exceptions that a hook raised deliberately.
        """
        if not self.setup.registry:
            return SourceAnswer()
        self.run_hooks()
        if self._asked is None:
            return SourceAnswer(reason=Reason.HOOK_FAILED)
        return ask(self.setup, self._asked, self.request)

    @property
    def has_asked(self) -> bool:
        """True if the hooks have run."""
        return self._asked is not None or self._failure is not None

    @property
    def asked(self) -> GroupsRequest | None:
        """The request to the source; None until the hooks have run, or if a hook failed."""
        return self._asked

    @property
    def must_exclude(self) -> bool:
        """True if `exposed` has a receiver, and a hook must first decide whether to send it."""
        return self._hooks.may_exclude and self._excluded is None and bool(exposed.receivers)

    @property
    def has_questions(self) -> bool:
        """True if reading a group would run a hook."""
        return not self.has_asked or self.must_exclude

    @property
    def own(self) -> GroupsRequest | None:
        """The request to the source with the visitor's own identity, not one that they chose."""
        return getattr(self, "_own", self._asked)

    @property
    def is_privileged(self) -> bool:
        """True if the visitor may force groups; False before this has been checked."""
        return self.forcing is not None and self.forcing.is_allowed

    @property
    def uses_identity(self) -> bool:
        """True if the visitor uses a different identity; False until the hooks have run."""
        return hasattr(self, "_own")

    def privilege(self) -> Forcing:
        """Return the visitor's `Forcing`, and create it if this request has none."""
        if self.forcing is None:
            self.forcing = Forcing(self._hooks, self.request)
        return self.forcing

    def check_privilege(self) -> bool:
        """Check whether the visitor may force groups; only the first call does anything."""
        return self.privilege().check()

    def run_hooks(self) -> None:
        """Identify the visitor with the hooks, unless these have already run."""
        if not self._must_ask():
            return
        token = _running_hooks.set(self)
        try:
            identifiers = self._loaded(self._hooks.call("get_identifiers", self.request))
            if self._lacks_consent():
                identifiers = without_user(identifiers)
            context = self._loaded(self._hooks.call("get_context", self.request))
        except Exception as error:  # noqa: BLE001 - it is the site's code, and may raise anything
            self._give_up(error, error_place(error))
            return
        finally:
            _running_hooks.reset(token)
        if self.forcing is not None:
            self.forcing.check()
        self._note(identifiers, context)

    async def arun_hooks(self) -> None:
        """Run the hooks on an event loop; all plain hooks run in one thread."""
        if not self._must_ask():
            return
        token = _running_hooks.set(self)
        awaitable, plain = self._hooks.awaitable, self._hooks.plain
        names = self._hooks_to_await()
        answers: dict[str, Any] = {"get_context": {}, "is_privileged": False}
        try:
            if not plain <= awaitable:
                hop = [name for name in names if name in plain and name not in awaitable]
                if hop:
                    answers.update(await sync_to_async(self._call_plain)(hop))
            for name in names:
                if name in awaitable:
                    answers[name] = await self._acall(name)
                if name not in YES_OR_NO:
                    continue
                if name == "is_privileged":
                    await self.privilege().anote(answers[name])
                else:
                    self._excluded = bool(answers.get(name)) or await self._alacks_consent()
            if await self._alacks_consent():
                answers["get_identifiers"] = without_user(answers["get_identifiers"])
        except Exception as error:  # noqa: BLE001 - as above
            self._give_up(error, error_place(error))
            return
        finally:
            _running_hooks.reset(token)
        self._note(answers["get_identifiers"], answers["get_context"])

    def _hooks_to_await(self) -> list[str]:
        names = ["get_identifiers", "get_context"]
        if self.forcing is not None:
            # This hook comes first, so that forced groups are kept even if another hook fails.
            names.insert(0, "is_privileged")
        if self.must_exclude:
            names.append("exclude_request")
        return names

    def _must_ask(self) -> bool:
        """Return True if the hooks have not run yet.

        In DEBUG, if a hook failed, raise its exception again.
        """
        self._forbid_hooks()
        if self._failure is not None and settings.DEBUG and not isinstance(self._failure, ANSWERS):
            raise self._failure
        return not self.has_asked

    def _forbid_hooks(self) -> None:
        if _running_hooks.get() is self:
            raise RuntimeError(
                "a hook of the middleware reads proc, but the hooks must finish before proc can "
                "be read"
            )

    @property
    def must_wait(self) -> bool:
        """True if reading a group may need file or network access."""
        source = self.setup.source
        return source is not None and getattr(source, "waits", True)

    def wait(self) -> None:
        """Do slow work now: determine the groups, or let the source prepare to do so."""
        if self.must_wait:
            prepare = getattr(self.setup.source, "prepare", None)
            if prepare is None:
                determine(self.proc)
            else:
                prepare()

    @property
    def has_objects(self) -> bool:
        """True if a hook returned objects, such as model instances, that a rule may query."""
        if not getattr(self, "_had_objects", False) or self._asked is None:
            return False
        return not (is_data(self._asked.identifiers) and is_data(self._asked.context))

    def settle(self) -> None:
        """Before a coroutine view starts, do the work that must not happen on the event loop."""
        self.wait()
        if self.has_objects:
            determine(self.proc)

    def check_excluded(self) -> bool:
        """Return True if exposures must not be sent; only the first call calls the hook."""
        if self._excluded is None:
            self._forbid_hooks()
            token = _running_hooks.set(self)
            try:
                self._excluded = self._lacks_consent() or self._hooks.call_or_no(
                    "exclude_request", self.request
                )
            finally:
                _running_hooks.reset(token)
        return self._excluded

    def _lacks_consent(self) -> bool:
        consent = self._hooks.consent
        return consent is not None and not consent.given(self.request)

    async def _alacks_consent(self) -> bool:
        consent = self._hooks.consent
        return consent is not None and not await consent.agiven(self.request)

    def _call_plain(self, names: list[str]) -> dict[str, Any]:
        found = {}
        for name in names:
            if name == "is_privileged":
                found[name] = self.check_privilege()
            elif name == "exclude_request":
                found[name] = self._hooks.call_or_no(name, self.request)
            else:
                found[name] = self._loaded(self._hooks.call_plain(name, self.request))
        return found

    async def _acall(self, name: str) -> Any:
        """Await a hook. If it returned objects, load them in a thread, as this may need a query."""
        if name in YES_OR_NO:
            return await self._hooks.acall_or_no(name, self.request)
        answer = await self._hooks.acall(name, self.request)
        return answer if is_data(answer) else await sync_to_async(self._loaded)(answer)

    def _loaded(self, answer: Any) -> Any:
        """Return what a hook returned, with lazy values loaded. Must not run on an event loop."""
        if is_data(answer):
            return answer
        self._had_objects = True
        return load_answer(answer)

    def _note(self, identifiers: Any, context: Any) -> None:
        for name, value in (("get_identifiers", identifiers), ("get_context", context)):
            if type(value) is not dict and not isinstance(value, Mapping):
                problem = f"{name} returned a {type(value).__qualname__}; return a dict"
                self._give_up(TypeError(problem), problem)
                return
        self._asked = GroupsRequest(
            identifiers=identifiers,
            context=context,
            tests=self.setup.registry.names,
            get_http=self._hooks.get_http,
        )
        if self.forcing is not None and self.forcing.is_allowed:
            self._force(self._asked, self.forcing)

    def _force(self, own: GroupsRequest, forcing: Forcing) -> None:
        """Apply the identity that the visitor chose, then the groups that they force."""
        identity = forcing.identity
        asked = own
        if identity is not None:
            self._own, self._excluded = own, True
            exclude(self.proc, self.check_excluded)
            asked = identity.applied(own)
        self._asked = replace(asked, force_groups=forcing.groups)

    def _give_up(self, error: Exception, problem: str) -> None:
        """Handle a failed hook: raise its exception again, or continue without groups."""
        self._failure = error
        goes_on = not renders_error_page() if isinstance(error, ANSWERS) else settings.DEBUG
        if goes_on:
            raise error
        self.setup.log.log(
            logger,
            logging.ERROR,
            "A hook of %s failed, so every test uses its default: %s",
            self._hooks.owner,
            problem,
        )
