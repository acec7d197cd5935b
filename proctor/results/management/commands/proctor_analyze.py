"""Print the report on a test, computed from the recorded exposures and outcomes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from proctor.core.messages import nearest, printable
from proctor.results.models import Exposure
from proctor.results.reports.csv_rows import csv_lines
from proctor.results.reports.reporting import NoReport, report, selections

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from proctor.analysis import Report


class Command(BaseCommand):
    """The command `proctor_analyze`."""

    help = (
        "Print the report on a test, as `python -m proctor analyze` does for files. The exit code "
        "is 1 if there is a sample ratio mismatch."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("test", help="The name of the test.")
        parser.add_argument("--format", choices=("table", "json", "html"), default="table")
        parser.add_argument(
            "--baseline", help="The group to compare the others with (default: the control)."
        )
        parser.add_argument("-o", "--output", metavar="FILE", help="Write to a file.")
        parser.add_argument(
            "--rows",
            metavar="DIRECTORY",
            help="Write the rows to exposures.csv and outcomes.csv, instead of printing a report.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compute the report and print it."""
        test = options["test"]
        names = Exposure.objects.order_by().values_list("test", flat=True).distinct()
        if not Exposure.objects.filter(test=test).exists():
            known = list(names)
            hint = nearest(test, known) if known else "nothing is recorded yet"
            raise CommandError(f"No exposure to {printable(test)!r} is recorded: {hint}")
        try:
            if options["rows"] is not None:
                self._write_rows(test, Path(options["rows"]))
                return
            given = {} if options["baseline"] is None else {"baseline": options["baseline"]}
            found = report(test, **given)
        except NoReport as problem:
            raise CommandError(str(problem)) from problem
        text = _text(found, options["format"])
        if options["output"] is None:
            self.stdout.write(text)
        else:
            Path(options["output"]).write_text(text, encoding="utf-8")
        if not found.ok:
            sys.exit(1)

    def _write_rows(self, test: str, directory: Path) -> None:
        rows = selections(test)
        directory.mkdir(parents=True, exist_ok=True)
        parts = (("exposures", [rows.exposures, rows.forced]), ("outcomes", rows.outcomes))
        for name, each in parts:
            with (directory / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                file.writelines(csv_lines(each))
        self.stdout.write(f"Wrote exposures.csv and outcomes.csv to {directory}")


def _text(found: Report, form: str) -> str:
    if form == "json":
        return json.dumps(found.to_dict(), indent=2)
    # Use the same formats for numbers and times as `python -m proctor analyze`.
    write = found.to_html if form == "html" else found.to_text
    return write(translations=translation)
