"""`demo_reports`: regenerate the stored reports that users without the [analysis] extra see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand
from django.db import transaction

from proctor.results.models import Exposure, Outcome, Split
from proctor.results.reports.latest import verdict_values
from proctor.results.reports.reporting import report
from testproject.demo.preparing import prepare, store_visits
from testproject.demo.reports import END, TESTS, VERDICTS, path_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Command"]


class Command(BaseCommand):
    """Compute the reports for fixed days, in a transaction that is rolled back."""

    help = "Write the demo's reports into testproject/demo/reports. Needs the [analysis] extra."

    def add_arguments(self, parser: Any) -> None:
        """Add the --check option."""
        parser.add_argument(
            "--check",
            action="store_true",
            help="Write nothing; exit with 1 if a report is out of date.",
        )

    def handle(self, *_args: Any, check: bool = False, **_options: Any) -> None:
        """Write or compare each report."""
        prepare()
        texts = _compute()
        old = [path for path, text in texts.items() if _shipped(path) != text]
        names = ", ".join(path.name for path in old)
        if not check:
            for path in old:
                path.write_text(texts[path], encoding="utf-8")
            self.stdout.write(f"Written: {names or 'nothing'}")
        elif old:
            self.stderr.write(f"Out of date: {names}. Run testproject/manage.py demo_reports.")
            raise SystemExit(1)


def _compute() -> dict[Path, str]:
    """Return the text of each file."""
    with transaction.atomic():
        for model in (Exposure, Outcome, Split):
            model._default_manager.all().delete()  # noqa: SLF001 - the documented way
        store_visits(END)
        reports = {test: report(test, until=END) for test in TESTS}
        transaction.set_rollback(True)
    verdicts = [{"test": test, **verdict_values(found)} for test, found in reports.items()]
    return {
        VERDICTS: json.dumps(verdicts, indent=2) + "\n",
        **{path_of(test): found.to_html(fragment=True) for test, found in reports.items()},
    }


def _shipped(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
