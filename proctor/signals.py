"""The signals, each with who sends it and with what.

A receiver is called in the thread of whoever reads a group, and before that goes on: let it
note what it was told, and send it later. Under ASGI let it be a coroutine function, since a
plain one that uses the database cannot run on the loop.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar, Token
from functools import partial
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from django.dispatch import Signal

from proctor.once import described

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["exposed", "hold", "release", "resolved", "source_failed"]

logger = logging.getLogger(__name__)

#: A coroutine receiver with its arguments.
Call = partial["Coroutine[Any, Any, None]"]
Held = list[Call] | None

#: Tasks of coroutine receivers: the loop itself keeps no reference to them.
_running: set[asyncio.Task[None]] = set()

#: What waits for the end of a request, see `hold`.
_held: ContextVar[Held] = ContextVar("proctor_held_receivers", default=None)


class RobustSignal(Signal):
    """A signal whose receivers cannot hurt the page that sends it.

    Receivers may be functions or coroutine functions. Where a loop runs in the sender's
    thread, coroutines are scheduled on it; elsewhere they are run to their end.
    """

    def notify(self, sender: type, **arguments: Any) -> None:
        """Call all receivers; an exception of one is logged and goes no further."""
        if not self.receivers:
            return
        # Django's send_robust runs coroutines to their end, which it refuses inside a loop;
        # its asend_robust moves plain receivers to a thread, after the view has gone on.
        plain, coroutines = self._live_receivers(sender)
        for receiver in plain:
            try:
                receiver(signal=self, sender=sender, **arguments)
            except Exception as error:  # noqa: BLE001 - it is the site's code
                _failed(receiver, error)
        for receiver in coroutines:
            _schedule(partial(_finish, receiver, signal=self, sender=sender, **arguments))


def hold() -> Token[Held]:
    """Let coroutine receivers that meet a running loop wait for `release`.

    For a request outside of a loop. Its view may still be a coroutine function, but then
    runs on a loop that ends with it, and that would take scheduled receivers along.
    """
    return _held.set([])


def release(token: Token[Held]) -> None:
    """Run what has waited, and hold nothing more."""
    held = _held.get()
    _held.reset(token)
    for call in held or ():
        _schedule(call)


def _schedule(call: Call) -> None:
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


async def _finish(receiver: Callable[..., Coroutine[Any, Any, Any]], **arguments: Any) -> None:
    try:
        await receiver(**arguments)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - as above
        _failed(receiver, error)


def _failed(receiver: Callable[..., Any], error: BaseException) -> None:
    name = getattr(receiver, "__qualname__", type(receiver).__qualname__)
    logger.error("A receiver of a proctor signal failed, %s: %s", name, described(error))


#: Sent by `Proc` at the first read of an assigned group with a value of 0 or more, once a
#: request and test. Arguments: `request` (None outside of one), `test` (the name),
#: `assignment` (a GroupAssignment), `forced` (whether the visitor asked for it).
exposed = RobustSignal()

#: Sent where a source has no answer, by the source's class; for each visitor, in an outage
#: too. Arguments: `error` (what was raised: a SourceUnavailable whose `asked` is False made
#: no call), `request` (None outside of one), `elapsed` (seconds), `stale` (whether he got
#: the last known answer).
source_failed = RobustSignal()

#: Sent once the groups of a visitor are known, by the source's class. Arguments: `outcome`
#: ("answered", "cached", "stale", "rejected" or "failed"), `cache` ("hit", "miss" or "stale";
#: None without one), `elapsed` (seconds), `request` (None outside of one).
resolved = RobustSignal()
