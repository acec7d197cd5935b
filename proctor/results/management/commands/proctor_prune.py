"""Delete exposures and outcomes that are older than a given number of days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from proctor.results.keeping import prune

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    """The command `proctor_prune`."""

    help = "Delete exposures and outcomes that are older than a given number of days."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--days", type=int, required=True, help="Number of days to keep, 1 or more."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Delete the rows, and print the number of deleted rows."""
        days = options["days"]
        if days < 1:
            raise CommandError(f"Expected --days to be 1 or more, got {days}")
        try:
            before = timezone.now() - timedelta(days=days)
        except OverflowError:
            raise CommandError(f"Expected a smaller number for --days, got {days}") from None
        shows = options["verbosity"] > 1
        done = prune(before, self._show if shows else None)
        self.stdout.write(
            f"Deleted {done['Exposure']} exposures and {done['Outcome']} outcomes from before "
            f"{before:%Y-%m-%d %H:%M}"
        )

    def _show(self, number: int) -> None:
        self.stdout.write(f"{number} rows deleted")
