"""Report forced groups that the matrix does not contain.

This works only if the process itself has the matrix: the groups in a Pipet's matrix are unknown.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from proctor.core.exceptions import SourceError
from proctor.core.inputs.force_groups import ForceGroups
from proctor.core.inputs.unknown_forced import unknown_forced

if TYPE_CHECKING:
    from proctor.core.sources.source import MatrixSource
    from proctor.resolving.once_log import OnceLog

__all__ = ["ForcedGroups"]

logger = logging.getLogger("proctor.force")


class ForcedGroups:
    """Reports forced groups that the matrix of *source* does not contain, each only once."""

    __slots__ = ("_reported", "_source")

    def __init__(self, source: MatrixSource) -> None:
        self._source = source
        self._reported: set[tuple[str, int]] = set()

    def check(self, force: ForceGroups, log: OnceLog) -> None:
        """Log each unknown forced group once, with the closest name.

        Call this after the source has determined the groups.
        """
        # Remember what was checked: the cookie forces the same groups in each request, and finding
        # close names is slow.
        new = {name: value for name, value in force.groups.items() if self._is_new(name, value)}
        if not new or len(self._reported) >= log.LIMIT:
            return
        try:
            matrix = self._source.current().proctor.matrix
        except SourceError:  # the matrix has become unavailable in the meantime
            return
        for name, problem in unknown_forced(ForceGroups(new), matrix):
            self._reported.add((name, new[name]))
            entry = f"{name}{new[name]}"
            log.log(logger, logging.WARNING, "Forced group %s is ignored: %s", entry, problem)

    def _is_new(self, name: str, value: int) -> bool:
        return (name, value) not in self._reported
