"""The request as a view sees it, for annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from proctor.proc import Proc

__all__ = ["ProctorHttpRequest"]


class ProctorHttpRequest(HttpRequest):
    """A request on which the middleware has put `proc`.

    For annotations only: `def view(request: ProctorHttpRequest)`. No request is of this
    class, so do not ask for it with isinstance.
    """

    proc: Proc
