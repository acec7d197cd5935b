"""A class that django-proctor 1 stored in sessions; Django needs it to load these sessions.

With PROCTOR_CACHE_METHOD "session" and pickled sessions, version 1 stored objects of this class.
Without this class, Django would treat the whole session as empty: the user would be signed out and
lose their basket. Nothing else uses this module; groups are `proctor.core.GroupAssignment`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["GroupAssignment"]


class GroupAssignment(NamedTuple):
    """An assignment as django-proctor 1 stored it, with the class name that pickles contain."""

    group: str | None
    value: int | None
    payload: Any
