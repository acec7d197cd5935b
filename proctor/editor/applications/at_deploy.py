"""Registration by `manage.py proctor_register` on the editor's own site."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from proctor.editor.access.permissions import command
from proctor.editor.applications.listing import standing_on_branch
from proctor.editor.applications.registering import register
from proctor.editor.specifications.known import known_application

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["register_here"]


def register_here(name: str, environment: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Register an application in this database, and return its problems on its branch.

    *document* has the fields of the API's PUT request. The result has the fields `missing` and
    `problems` of the API's response. Raises EditorError and database errors.
    """
    done = register(
        command(),
        name,
        environment,
        json.dumps(document["specification"]),
        version=document.get("version", ""),
        whole_matrix=document.get("whole_matrix", False),
    )
    standing = standing_on_branch(known_application(done.application))
    found = [*done.problems, *standing.faults.values()]
    return {
        "missing": [*standing.missing],
        "problems": [{"test": each.test, "message": each.message} for each in found],
    }
