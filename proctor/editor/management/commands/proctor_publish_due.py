"""`manage.py proctor_publish_due`: publish the scheduled steps that are due; for use with cron."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from proctor.core.messages import printable
from proctor.editor.schedules.publisher import publish_due

if TYPE_CHECKING:
    from proctor.editor.schedules.publisher import Outcome


class Command(BaseCommand):
    """Publish all due steps in order, then exit."""

    help = (
        "Publishes the scheduled steps that are due, and prints them. Processes that evaluate the "
        "editor's matrix publish due steps themselves if they can write to the database. If none "
        "of them can, run this command from cron. Exit status: 0 on success, even if nothing was "
        "due; 1 if a step is waiting for someone to act; 2 if the database cannot be written to."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish the steps, and print which were published and which are waiting."""
        blocked = 0
        try:
            for outcome in publish_due():
                blocked += outcome.revision is None
                self._show(outcome)
        except (DatabaseError, InterfaceError) as error:
            words = printable(str(error).strip().partition("\n")[0], 300)
            raise CommandError(f"nothing more was published: {words}", returncode=2) from error
        if blocked:
            raise CommandError(
                f"{blocked} due {'step was' if blocked == 1 else 'steps were'} not published; see "
                "the Schedule page",
                returncode=1,
            )

    def _show(self, outcome: Outcome) -> None:
        step = outcome.step
        name = f"{step.test} on {step.branch.name}, step {step.position + 1}, due {step.due}"
        if outcome.revision is None:
            self.stderr.write(self.style.WARNING(f"waits: {name}: {outcome.problem}"))
        else:
            self.stdout.write(f"published: {name}: revision {outcome.revision.id}")
