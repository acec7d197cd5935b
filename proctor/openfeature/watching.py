"""Report changes to a matrix as OpenFeature events."""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING

from openfeature.event import ProviderEvent, ProviderEventDetails

from proctor.core import SourceError
from proctor.core.flags.errors import source_failure
from proctor.openfeature.refusals import sdk_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from proctor.core import MatrixSource, Proctor
    from proctor.core.sources.snapshots import Snapshot

__all__ = ["Watch", "changed_flags"]


class _State(enum.Enum):
    #: No event has been emitted yet, or no more events will be emitted.
    IDLE = enum.auto()
    READY = enum.auto()
    #: The first matrix could not be loaded.
    FAILED = enum.auto()
    #: There is a matrix, but a newer one cannot be loaded.
    STALE = enum.auto()


class Watch:
    """Follows the matrix of a source, and emits OpenFeature events.

    No lock is needed here, because a source reports its changes one after the other.
    """

    def __init__(
        self, source: MatrixSource, emit: Callable[[ProviderEvent, ProviderEventDetails], None]
    ) -> None:
        self._source = source
        self._emit = emit
        self._state = _State.IDLE
        self._known: Proctor | None = None
        self._end: Callable[[], None] | None = None

    def begin(self) -> None:
        """Wait until the first matrix is loaded, and follow its changes.

        Raises OpenFeatureError if the matrix cannot be loaded; even then, later changes are
        followed.
        """
        if self._end is None:
            self._end = self._source.subscribe(
                on_change=self._changed, on_failure=self._failed, on_recovery=self._recovered
            )
        try:
            found = self._source.current(math.inf).proctor
        except SourceError as error:
            self._state = _State.FAILED
            if self._known is None:  # the matrix may have been loaded in the meantime
                raise sdk_error(source_failure(error)) from error
        else:
            self._known = self._known or found
        self._state = _State.READY

    def end(self) -> None:
        """Stop following changes, until `begin` is called again."""
        if self._end is not None:
            self._end()
        self._state, self._known, self._end = _State.IDLE, None, None

    def _changed(self, snapshot: Snapshot[Proctor]) -> None:
        before, self._known = self._known, snapshot.proctor
        if self._state is _State.FAILED:
            self._ready(snapshot.matrix_version)
        elif self._state is not _State.IDLE and before is not None:
            flags = changed_flags(before, snapshot.proctor)
            if flags:
                details = _details(snapshot.matrix_version)
                details.flags_changed = flags
                self._emit(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, details)

    def _failed(self, error: Exception) -> None:
        if self._state is _State.READY:
            self._state = _State.STALE
            self._emit(ProviderEvent.PROVIDER_STALE, ProviderEventDetails(message=str(error)))

    def _recovered(self) -> None:
        if self._state is _State.STALE and self._known is not None:
            self._ready(self._known.matrix.audit.version)

    def _ready(self, version: str | None) -> None:
        self._state = _State.READY
        self._emit(ProviderEvent.PROVIDER_READY, _details(version))


def _details(version: str | None) -> ProviderEventDetails:
    return ProviderEventDetails(metadata={} if version is None else {"matrix_version": version})


def changed_flags(before: Proctor, after: Proctor) -> list[str]:
    """Return the names of the tests that may now assign different groups.

    Each of these tests was added, removed or edited, or depends on such a test.
    """
    old = {name: before.definition(name) for name in before.loaded}
    new = {name: after.definition(name) for name in after.loaded}
    changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    found = changed
    while found:
        found = {
            name
            for name, definition in new.items()
            if name not in changed
            and definition.depends_on is not None
            and definition.depends_on.test_name in found
        }
        changed |= found
    return sorted(changed)
