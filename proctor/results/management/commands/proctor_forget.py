"""Delete all exposures and outcomes of a visitor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from proctor.core.exceptions import ProctorError
from proctor.core.messages import printable
from proctor.results.keeping import forget
from proctor.results.recording.visitors import identifiers_by_type

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    """The command `proctor_forget`."""

    help = "Delete all exposures and outcomes of a visitor."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--id",
            dest="ids",
            action="append",
            required=True,
            metavar="TYPE=ID",
            help="A test type or source key, followed by the visitor's identifier for it, for "
            "example USER=pa5xq0lz4n80. May be repeated.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Delete the rows, and print the number of deleted rows."""
        known: dict[str, str] = {}
        for each in options["ids"]:
            key, separator, value = each.partition("=")
            try:
                found = identifiers_by_type({key: value}) if separator and value else {}
            except ProctorError as error:
                raise CommandError(str(error)) from error
            if not found:
                raise CommandError(
                    f"Expected TYPE=ID with a test type or a key of PROCTOR_IDENTIFIERS, got "
                    f"{printable(each)!r}"
                )
            known.update(found)
        for identifier_type, visitor in known.items():
            done = forget(identifier_type, visitor)
            self.stdout.write(
                f"{identifier_type}: deleted {done['Exposure']} exposures and "
                f"{done['Outcome']} outcomes"
            )
