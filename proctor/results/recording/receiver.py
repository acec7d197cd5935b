"""The signal receiver that queues exposures."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from django.core.signals import request_finished

from proctor.core.java.encodable import encodable
from proctor.core.messages import error_place
from proctor.core.sources.source import MatrixSource
from proctor.resolving.once_log import OnceLog
from proctor.resolving.site_setup import SiteSetup, current_setup
from proctor.results.recording.recorder import Recorder, recorder
from proctor.results.recording.rows import NotedExposure, NotedForced, SplitInfo
from proctor.results.recording.splits import split_of_definition, split_of_version
from proctor.results.recording.switch import is_recording
from proctor.results.recording.visitors import identifiers_by_type, of_request
from proctor.signals import exposed
from proctor.visits.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from proctor.core.evaluation.groups import GroupAssignment
    from proctor.results.recording.seen import Seen

__all__ = ["Receiver", "connect"]

logger = logging.getLogger("proctor.results")


def connect() -> None:
    """Start queueing exposures. Can be called more than once."""
    exposed.connect(_receiver.note, dispatch_uid="proctor_results", weak=False)
    request_finished.connect(_end_request, dispatch_uid="proctor_results", weak=False)


def _end_request(**_arguments: Any) -> None:
    recorder.end_request()


class Receiver:
    """Queues each of a visitor's exposures once.

    If this process no longer remembers an exposure, it is queued again.
    """

    def __init__(self, target: Recorder) -> None:
        self._recorder = target
        self._log = OnceLog()
        self._splits = _Splits()

    def note(
        self,
        *,
        request: HttpRequest | None,
        test: str,
        assignment: GroupAssignment,
        forced: bool,
        identifiers: Mapping[str, object] | None = None,
        **_others: Any,
    ) -> None:
        """Queue an exposure. Never raises, and makes no queries."""
        try:
            if is_recording():
                self._note(request, test, assignment, forced=forced, identifiers=identifiers)
        except Exception as error:  # noqa: BLE001 - recording must not break a page
            self._log.log(
                logger,
                logging.ERROR,
                "Exposures to %s are not recorded: %s",
                test,
                error_place(error),
            )

    def _note(
        self,
        request: HttpRequest | None,
        test: str,
        assignment: GroupAssignment,
        *,
        forced: bool,
        identifiers: Mapping[str, object] | None,
    ) -> None:
        visit = None if request is None else Visit.of(request)
        if visit is not None and visit.uses_identity:
            return  # a staff member is viewing the groups of someone else
        if request is not None:
            setup, known = of_request(request)
        else:
            setup = current_setup()
            known = identifiers_by_type(identifiers or {}, setup)
        split = self._splits.find(setup, test, assignment.version)
        visitor = None if split is None else known.get(split.identifier_type)
        group = assignment.group
        seen = self._recorder.seen
        if split is None or not visitor or group is None:
            if forced:
                self._recorder.put(NotedForced(time.time(), test))
            return
        if forced:
            self._recorder.put(_forced(split, visitor, group, seen))
            return
        key = hash((visitor, assignment.allocation_id, group, split.id))
        if key in seen:
            return
        seen.add(key)
        self._recorder.put(
            NotedExposure(time.time(), visitor, group, assignment.allocation_id, split, key)
        )


def _forced(split: SplitInfo, visitor: str, group: str, seen: Seen) -> NotedForced:
    """Return the record of a forced exposure.

    Only the first record for a visitor and test contains the visitor's identifier.
    """
    at, key = time.time(), hash((visitor, split.identifier_type, split.test))
    if key in seen:
        return NotedForced(at, split.test)
    seen.add(key)
    return NotedForced(at, split.test, split.identifier_type, visitor, group, key)


class _Splits:
    """The split of each test in the newest matrix, and in earlier versions of the matrix."""

    #: Maximum number of remembered splits of earlier matrices.
    OLDER = 1000

    def __init__(self) -> None:
        self._token: object = None
        self._now: dict[str, SplitInfo] = {}
        self._older: dict[tuple[str, str], SplitInfo] = {}

    def find(self, setup: SiteSetup, test: str, version: str | None) -> SplitInfo | None:
        """Return the split of a test in the version of its definition that determined the group.

        Return None if that split is unknown. A request that began before a new matrix was loaded
        still uses the previous matrix. If this process has not seen the split of that matrix, the
        exposure is skipped, and recorded with the visitor's next page.
        """
        source = setup.source
        if not isinstance(source, MatrixSource):
            declared = setup.registry.get(test)
            if declared is None or declared.identifier is None:
                return None
            return self._of_version(test, version or "", declared.identifier)
        token = source.latest_version
        if token is not self._token:
            older = {(each.test, each.version): each for each in self._now.values()}
            kept = {} if len(self._older) > self.OLDER else self._older
            self._older = {**kept, **older}
            self._token, self._now = token, {}
        split = self._now.get(test)
        if split is None:
            definition = source.current().proctor.matrix.tests.get(test)
            if definition is None or source.latest_version is not token:
                return None
            split = self._now[test] = split_of_definition(definition)
        if version is None or split.version == version:
            return split
        return self._older.get((test, encodable(version)))

    def _of_version(self, test: str, version: str, identifier_type: str) -> SplitInfo:
        known = self._older.get((test, version))
        if known is None or known.identifier_type != identifier_type:
            if len(self._older) > self.OLDER:
                self._older = {}
            known = split_of_version(test, version, identifier_type)
            self._older[test, version] = known
        return known


_receiver = Receiver(recorder)
