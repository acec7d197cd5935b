"""The HTTP status of each error, for pages and for the JSON API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.editor.errors import (
    ApprovalNeeded,
    BadToken,
    Changed,
    Closed,
    Conflict,
    Held,
    NotFound,
    OwnApproval,
    PermissionMissing,
    Refused,
)

if TYPE_CHECKING:
    from proctor.editor.errors import EditorError

__all__ = ["status_of"]

_STATUSES: dict[type[EditorError], int] = {
    BadToken: 401,
    PermissionMissing: 403,
    ApprovalNeeded: 403,
    OwnApproval: 403,
    NotFound: 404,
    Conflict: 409,
    Held: 409,
    Closed: 409,
    Changed: 409,
    Refused: 422,
}


def status_of(error: EditorError, default: int = 400) -> int:
    """Return the status code of the response for *error*, or *default* if its class has none."""
    return next((code for cls, code in _STATUSES.items() if isinstance(error, cls)), default)
