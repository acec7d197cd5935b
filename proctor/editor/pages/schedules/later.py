"""Schedule an edit for later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.forms import DateTimeField

from proctor.editor.branches import first_branch
from proctor.editor.errors import refused
from proctor.editor.schedules.planning import Wanted
from proctor.editor.schedules.services import schedule

if TYPE_CHECKING:
    from proctor.editor.access.permissions import Actor
    from proctor.editor.schedules.services import Scheduled

__all__ = ["schedule_edit"]


def schedule_edit(
    actor: Actor, test: str, text: str, when: str, *, base: str | None, message: str
) -> Scheduled:
    """Schedule the Edit page's definition for a time that the user typed.

    *when* is in the current time zone. Raises Refused if *when* is not a valid time, and the same
    errors as `schedule`.
    """
    try:
        due = DateTimeField().clean(when)
    except ValidationError as error:
        raise refused(test, "schedule-time", " ".join(error.messages)) from error
    wanted = [Wanted(due, text=text)]
    return schedule(actor, test, first_branch(), wanted, base=base or "", message=message)
