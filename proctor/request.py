"""The type of a request that has `proc`, for annotations."""

from __future__ import annotations

from django.http import HttpRequest

from proctor.visits.proc import Proc  # noqa: TC001 - needed to resolve annotations at run time

__all__ = ["ProctorHttpRequest"]


class ProctorHttpRequest(HttpRequest):
    """A request to which the middleware has added `proc`.

    For annotations only: `def view(request: ProctorHttpRequest)`. No request is an instance of this
    class, so isinstance is always False.
    """

    proc: Proc
