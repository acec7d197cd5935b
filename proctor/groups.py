"""A class that django-proctor 1 stored in sessions; it lets Django load old sessions.

With PROCTOR_CACHE_METHOD "session" and pickled sessions, version 1 stored objects of this class. If
the class is missing, Django treats the whole session as empty: the user is signed out and loses
their basket. Nothing else uses this module; groups are `proctor.core.GroupAssignment`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["GroupAssignment"]


class GroupAssignment(NamedTuple):
    """An assignment of django-proctor 1, with the name that its pickles use."""

    group: str | None
    value: int | None
    payload: Any
