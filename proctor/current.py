"""The `proc` of the request that is being answered, for log records."""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proctor.proc import Proc

__all__ = ["current_proc", "enter", "leave"]

_proc: ContextVar[Proc | None] = ContextVar("proctor_proc", default=None)


def enter(proc: Proc) -> Token[Proc | None]:
    """Make *proc* the current one; give the token to `leave`."""
    return _proc.set(proc)


def leave(token: Token[Proc | None]) -> None:
    """Make the one before current again."""
    try:
        _proc.reset(token)
    except ValueError:
        # A response that is cancelled under ASGI may end in another context.
        _proc.set(None)


def current_proc() -> Proc | None:
    """The proc of the current request; None outside of one."""
    return _proc.get()
