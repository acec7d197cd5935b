"""Stand in for the site's own source until it can be created."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from proctor.core.exceptions import SourceError
from proctor.core.messages import error_place

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core.evaluation.groups import Groups
    from proctor.core.sources.source import GroupsRequest, Source

__all__ = ["LateSource"]


class LateSource:
    """A placeholder for a source that could not be created; it tries again from time to time."""

    #: Seconds between two attempts.
    PAUSE = 10.0

    def __init__(
        self,
        cls: Callable[[], Source],
        error: Exception,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cls = cls
        self._clock = clock
        self._error = error
        self._made: Source | None = None
        self._due = clock() + self.PAUSE

    @property
    def waits(self) -> bool:
        """True until the source has been created, because creating it may be slow.

        After that, the source's own `waits`.
        """
        return self._made is None or getattr(self._made, "waits", True)

    def determine_groups(self, request: GroupsRequest) -> Groups:
        """Return the source's answer. Raises SourceError until the source is created."""
        if self._made is None and self._clock() >= self._due:
            self._due = self._clock() + self.PAUSE
            try:
                self._made = self._cls()
            except Exception as error:  # noqa: BLE001 - the site's code; never break a page for it
                self._error = error
        if self._made is None:
            raise SourceError(f"the source cannot be created: {error_place(self._error)}")
        return self._made.determine_groups(request)

    def close(self) -> None:
        """Close the source, if it was created."""
        if self._made is not None:
            self._made.close()
