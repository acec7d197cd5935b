"""The only module that decides which reads are exposures, and what an exposure contains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.signals import exposed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from proctor.core.evaluation.groups import GroupAssignment

__all__ = ["counts", "expose"]


def counts(assignment: GroupAssignment) -> bool:
    """Return True if the source assigned the group, and the group's value is at least 0."""
    value: Any = assignment.value
    return value is not None and value >= 0 and not assignment.reason.is_default


def expose(
    sender: type,
    request: HttpRequest | None,
    test: str,
    read: GroupAssignment,
    identifiers: Mapping[str, object] | None = None,
) -> None:
    """Send the `exposed` signal for a group that was read.

    The assignment that is sent has the group's name from the matrix, not the declared name, because
    analysts work with the matrix.
    """
    exposed.notify(
        sender,
        request=request,
        test=test,
        assignment=read.as_in_matrix(),
        forced=read.forced,
        identifiers=identifiers,
    )
