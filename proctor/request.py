"""The request as a view sees it, for annotations."""

from __future__ import annotations

from django.http import HttpRequest

from proctor.proc import Proc  # noqa: TC001 - whoever resolves annotations must find it

__all__ = ["ProctorHttpRequest"]


class ProctorHttpRequest(HttpRequest):
    """A request on which the middleware has put `proc`.

    For annotations only: `def view(request: ProctorHttpRequest)`. No request is of this
    class, so do not ask for it with isinstance.
    """

    proc: Proc
