"""A receiver of the signal that is sent when a visitor is shown a group."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor import GroupAssignment

logger = logging.getLogger(__name__)


def note_exposure(*, test: str, assignment: GroupAssignment, forced: bool, **others: Any) -> None:
    """Log an exposure. A real site would send it to its analysts instead.

    Visitors who force a group are left out, because they would distort the results.
    """
    if not forced:
        logger.info("exposed: %s %s", test, assignment.group)
