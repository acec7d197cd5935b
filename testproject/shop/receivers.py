"""What the shop does when a visitor is shown a group."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proctor import GroupAssignment

logger = logging.getLogger(__name__)


def note_exposure(*, test: str, assignment: GroupAssignment, forced: bool, **others: Any) -> None:
    """Count an exposure: here it is a line of the log, elsewhere an event for the analysts.

    Whoever forced a group is no visitor to draw conclusions from.
    """
    if not forced:
        logger.info("exposed: %s %s", test, assignment.group)
