"""`demo_reports`: write the demo's reports again, for users without [analysis]."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from proctor.results.models import Exposure, Outcome, Split
from proctor.results.reports.reporting import report
from testproject.demo.preparing import prepare, store_visits
from testproject.demo.reports import END, TESTS, path_of

__all__ = ["Command"]


class Command(BaseCommand):
    """Compute the reports on fixed days, in a transaction that is rolled back."""

    help = "Write the reports of the demo into testproject/demo/reports. Needs [analysis]."

    def add_arguments(self, parser: Any) -> None:
        """Add the option --check."""
        parser.add_argument(
            "--check",
            action="store_true",
            help="Write nothing; exit with 1 if a report is out of date.",
        )

    def handle(self, *_args: Any, check: bool = False, **_options: Any) -> None:
        """Write or compare each report."""
        prepare()
        texts = _compute()
        old = [test for test in TESTS if _shipped(test) != texts[test]]
        if not check:
            for test in old:
                path_of(test).write_text(texts[test], encoding="utf-8")
            self.stdout.write(f"Written: {', '.join(old) or 'nothing'}")
        elif old:
            self.stderr.write(
                f"Out of date: {', '.join(old)}. Run testproject/manage.py demo_reports."
            )
            raise SystemExit(1)


def _compute() -> dict[str, str]:
    with transaction.atomic():
        for model in (Exposure, Outcome, Split):
            model._default_manager.all().delete()  # noqa: SLF001 - the documented way
        store_visits(END)
        found = {test: report(test, until=END).to_html(fragment=True) for test in TESTS}
        transaction.set_rollback(True)
    return found


def _shipped(test: str) -> str:
    path = path_of(test)
    return path.read_text(encoding="utf-8") if path.exists() else ""
