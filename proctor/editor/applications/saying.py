"""Find the effects of a change on the applications of a branch, to show them on pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctor.core.authoring.refusals import Refusal
from proctor.editor.branches import check_branch
from proctor.editor.changes.family import Relatives
from proctor.editor.specifications.verdicts import Verdict, verdicts

if TYPE_CHECKING:
    from proctor.core.authoring.definitions.definition import Definition

__all__ = ["Verdict", "what_applications_say"]


def what_applications_say(branch: str, test: str, definition: Definition | None) -> list[Verdict]:
    """Return a verdict for each application of a branch.

    The verdict says how publishing *definition* on the branch would affect the application. A
    *definition* of None stands for deleting the test. Each verdict has an `application`, its
    `state` (`ok`, `breaks`, `older` or `undeclared`) and the `reasons`. If the definition cannot be
    converted to the matrix's format, the list is empty; the definition's problems give the reason.
    Raises NotFound for an unknown branch.
    """
    relatives = Relatives.read(test, check_branch(branch), definition)
    try:
        after = relatives.after(definition)
    except Refusal:
        return []
    return verdicts(relatives.applications.on(branch), relatives.before, after, [test])
