"""The shop's reaction when a visitor is shown a group."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor import GroupAssignment

logger = logging.getLogger(__name__)


def note_exposure(*, test: str, assignment: GroupAssignment, forced: bool, **others: Any) -> None:
    """Record an exposure: in the shop as a log line, on other sites as an event for the analysts.

    Visitors who force a group are left out, because they would distort the results.
    """
    if not forced:
        logger.info("exposed: %s %s", test, assignment.group)
