"""Keep track of the `proc` of the current request, for log records and templates."""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proctor.visits.proc import Proc

__all__ = ["current_proc", "enter", "leave"]

_proc: ContextVar[Proc | None] = ContextVar("proctor_proc", default=None)


def enter(proc: Proc) -> Token[Proc | None]:
    """Make *proc* the current one. Return a token for `leave`."""
    return _proc.set(proc)


def leave(token: Token[Proc | None]) -> None:
    """Make the previous proc current again."""
    try:
        _proc.reset(token)
    except ValueError:
        # Under ASGI, a cancelled response may finish in a different context, where the token is
        # invalid.
        _proc.set(None)


def current_proc() -> Proc | None:
    """Return the proc of the current request, or None outside a request."""
    return _proc.get()
