"""Describe why a visitor has a group that was not assigned by an allocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from proctor.core.evaluation.groups import Reason

if TYPE_CHECKING:
    from proctor.core.evaluation.groups import GroupAssignment

__all__ = ["REASONS", "reason_of"]

REASONS = {
    Reason.STALE: _("the last known group, because the source is not answering"),
    Reason.NO_GROUP: _("default: not eligible, no identifier, or no such test"),
    Reason.UNEXPECTED_GROUP: _("default: the group is not declared"),
    Reason.NOT_READY: _("default: the matrix has not been loaded yet"),
    Reason.SOURCE_FAILED: _("default: the source is not answering"),
    Reason.REJECTED: _("default: the Pipet rejected the request"),
    Reason.NO_SOURCE: _("default: no matrix is configured"),
    Reason.HOOK_FAILED: _("default: a hook of the middleware raised an exception"),
    Reason.NO_REQUEST: _("default: there is no visitor"),
}


def reason_of(assignment: GroupAssignment) -> str:
    """Return the reason for an assignment, in words."""
    if assignment.reason in REASONS:
        return str(REASONS[assignment.reason])
    if assignment.allocation_id:
        return f"{assignment.reason.value}, {assignment.allocation_id}"
    return assignment.reason.value
