"""The signals, each with who sends it and with what."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from django.dispatch import Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["exposed", "source_failed"]

logger = logging.getLogger(__name__)

#: Tasks of coroutine receivers: the loop itself keeps no reference to them.
_running: set[asyncio.Task[Any]] = set()


class RobustSignal(Signal):
    """A signal whose receivers cannot hurt the page that sends it.

    Receivers may be functions or coroutine functions. Where a loop runs in the sender's
    thread, coroutines are scheduled on it; elsewhere they are run to their end.
    """

    def notify(self, sender: type, **arguments: Any) -> None:
        """Call all receivers; an exception of one is logged and goes no further."""
        if not self.receivers:
            return
        plain, coroutines = self._receivers_of(sender)
        for receiver in plain:
            try:
                receiver(signal=self, sender=sender, **arguments)
            except Exception:
                logger.exception("A receiver of a proctor signal failed: %r", receiver)
        for coroutine in coroutines:
            self._run(coroutine, sender, arguments)

    def _receivers_of(
        self, sender: type
    ) -> tuple[list[Callable[..., Any]], list[Callable[..., Coroutine[Any, Any, Any]]]]:
        # Django's send_robust runs coroutines to their end, which it refuses inside a loop;
        # its asend_robust moves plain receivers to a thread, after the view has gone on.
        found = self._live_receivers(sender)
        return found[0], found[1]

    def _run(
        self,
        receiver: Callable[..., Coroutine[Any, Any, Any]],
        sender: type,
        arguments: dict[str, Any],
    ) -> None:
        async def call() -> None:
            try:
                await receiver(signal=self, sender=sender, **arguments)
            except Exception:
                logger.exception("A receiver of a proctor signal failed: %r", receiver)

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            async_to_sync(call)()
            return
        task = loop.create_task(call())
        _running.add(task)
        task.add_done_callback(_running.discard)


#: Sent by `Proc` at the first read of an assigned group with a value of 0 or more, once a
#: request and test. Arguments: `request` (None outside of one), `test` (the name),
#: `assignment` (a GroupAssignment), `forced` (whether the visitor asked for it).
exposed = RobustSignal()

#: Sent where a source has no answer, by the source's class. Arguments: `error` (what was
#: raised), `request` (None outside of one), `elapsed` (seconds).
source_failed = RobustSignal()
