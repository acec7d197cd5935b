"""The signals, each with a description of its sender and arguments.

A receiver is called in the thread that reads a group, and the thread waits for the receiver.
Receivers should therefore only store the data, and process it later. Under ASGI, use a coroutine
function: a plain receiver that uses the database cannot run on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar, Token
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.dispatch import Signal

from proctor.core.messages import error_place
from proctor.django_internals import live_receivers
from proctor.resolving.once_log import OnceLog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["exposed", "hold", "release", "resolved", "source_failed"]

logger = logging.getLogger("proctor.exposures")

#: A coroutine receiver and the arguments for calling it.
PendingReceiver = partial["Coroutine[Any, Any, None]"]
Held = list[PendingReceiver] | None

#: Running tasks of coroutine receivers. They are kept here because the event loop itself keeps only
#: weak references to tasks.
_running: set[asyncio.Task[None]] = set()

#: Receivers that are called only at the end of the request, with their arguments; see `hold`.
_held: ContextVar[Held] = ContextVar("proctor_held_receivers", default=None)


class RobustSignal(Signal):
    """A signal whose receivers cannot break the page.

    Receivers may be functions or coroutine functions. If an event loop runs in the sender's thread,
    coroutines are scheduled on it; otherwise they are run to completion. A failure is logged once
    for each receiver and code location, not for each visitor.
    """

    def __init__(self) -> None:
        # Use Django's cache of receivers, so that only the first signal of each sender needs a
        # lock.
        super().__init__(use_caching=True)
        self._log = OnceLog()

    def notify(self, sender: type, **arguments: Any) -> None:
        """Call all receivers; log exceptions and do not raise them."""
        if not self.receivers:
            return
        plain, coroutines = _by_kind(*live_receivers(self, sender))
        for receiver in plain:
            try:
                receiver(signal=self, sender=sender, **arguments)
            except Exception as error:  # noqa: BLE001 - it is the site's code
                self._failed(receiver, error)
        for receiver in coroutines:
            _schedule(partial(self._finish, receiver, signal=self, sender=sender, **arguments))

    def connect(self, *arguments: Any, **options: Any) -> None:
        """Connect a receiver as Django does, and allow failures to be logged again."""
        self._log = OnceLog()
        super().connect(*arguments, **options)

    async def _finish(
        self, receiver: Callable[..., Coroutine[Any, Any, Any]], **arguments: Any
    ) -> None:
        try:
            await receiver(**arguments)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - as above
            self._failed(receiver, error)

    def _failed(self, receiver: Callable[..., Any], error: BaseException) -> None:
        self._log.log(
            logger,
            logging.ERROR,
            "A receiver of a proctor signal failed, %s: %s",
            getattr(receiver, "__qualname__", type(receiver).__qualname__),
            error_place(error),
        )


def hold() -> Token[Held]:
    """Delay coroutine receivers until `release` is called, if an event loop is running.

    Used for a request outside an event loop. Its view may still be a coroutine function, but then
    it runs on a loop that ends with the view, and scheduled receivers would be cancelled.
    """
    return _held.set([])


def release(token: Token[Held]) -> None:
    """Run the receivers that were delayed, and stop delaying receivers."""
    held = _held.get()
    _held.reset(token)
    for call in held or ():
        _schedule(call)


def _schedule(call: PendingReceiver) -> None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        async_to_sync(call)()
        return
    held = _held.get()
    if held is not None:
        held.append(call)
        return
    task = loop.create_task(call())
    _running.add(task)
    task.add_done_callback(_running.discard)


def _by_kind(
    plain: list[Callable[..., Any]], coroutines: list[Callable[..., Any]]
) -> tuple[list[Callable[..., Any]], list[Callable[..., Any]]]:
    """Return two lists: the receivers to call, and the receivers to await.

    Django counts an object with `async def __call__` as a plain receiver.
    """
    awaited = [each for each in plain if _is_awaited(cast("Any", type(each)))]
    if not awaited:
        return plain, coroutines
    return [each for each in plain if each not in awaited], [*coroutines, *awaited]


@lru_cache(maxsize=128)
def _is_awaited(receiver_type: Any) -> bool:
    # Cached: computing it would be half the cost of calling a receiver.
    return iscoroutinefunction(receiver_type.__call__)


#: Sent by `Proc` once per request and test, when an assigned group with a value of 0 or more is
#: first read. Arguments: `request` (None outside a request), `test` (the name), `assignment` (a
#: GroupAssignment), `forced` (True if the visitor forced it), `identifiers` (by source key, as
#: given to `identify`; None in a request).
exposed = RobustSignal()

#: The sender is the source's class. Sent each time a source has no answer for a visitor, even
#: during an outage. Arguments: `error` (the exception; a SourceUnavailable whose `asked` is False
#: means that no call was made), `request` (None outside a request), `elapsed` (seconds), `stale`
#: (True if the visitor got the last known answer).
source_failed = RobustSignal()

#: The sender is the source's class. Sent when the groups of a visitor are known. Arguments:
#: `outcome` ("answered", "cached", "stale", "rejected" or "failed"), `cache` ("hit", "miss" or
#: "stale"; None without a cache), `elapsed` (seconds), `request` (None outside a request).
resolved = RobustSignal()
