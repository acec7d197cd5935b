"""Prepare the demo's database: tests with a history, two weeks of results, and a schedule."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from proctor.core.matrices.matrix import Matrix
from proctor.editor.access.permissions import command
from proctor.editor.branches import branch_names
from proctor.editor.models import Proposal, Revision
from proctor.editor.publishing.heads import head_of
from proctor.editor.publishing.publishing import Signature
from proctor.editor.schedules.planning import Wanted
from proctor.editor.schedules.services import schedule
from proctor.editor.transfer.importing import import_source, read_source
from proctor.results.models import Exposure, Outcome, Split
from testproject.demo.reports import store_verdicts
from testproject.demo.visits import simulate
from testproject.shop import first_start

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["FIRST_WEEK", "RAMPING", "prepare", "store_visits"]

#: The file with the tests as they were before their last change.
FIRST_WEEK = Path(__file__).with_name("first_week.json")
#: The test that has a schedule.
RAMPING = "newfeaturerollout"
#: Rows per statement. SQLite accepts about 32,000 values in one statement.
_BATCH = 2000


def prepare() -> None:
    """Create the data that is missing from the database. Can be called more than once."""
    call_command("migrate", verbosity=0)
    if not Revision.objects.exists():
        source = read_source(FIRST_WEEK)
        for branch in branch_names():
            import_source(source, branch, Signature("shop", "10 % get the new search"))
        source = read_source(settings.SHOP_MATRIX)
        for branch in branch_names():
            import_source(source, branch, Signature("shop", "25 % get the new search; new tests"))
    first_start.prepare()
    if not Proposal.objects.exists():
        _schedule_half()
    if not Exposure.objects.exists():
        today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
        store_visits(today)
        store_verdicts(today)


def _schedule_half() -> None:
    """Schedule the new search for half of the visitors, starting tomorrow."""
    tomorrow = (timezone.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    last = branch_names()[-1]
    step = Wanted(tomorrow, shares={0: 0.5, 1: 0.5}, message="50 % get the new search")
    base = head_of(RAMPING, last).id
    schedule(command("shop"), RAMPING, last, [step], base=base, message="10, 25, then 50 %")


def store_visits(end: datetime) -> None:
    """Store the results of the two weeks before *end*, either all of them or none."""
    now = json.loads(settings.SHOP_MATRIX.read_text(encoding="utf-8"))
    before = json.loads(FIRST_WEEK.read_text(encoding="utf-8"))
    before["tests"] = {**now["tests"], **before["tests"]}
    found = simulate(Matrix.from_dict(before), Matrix.from_dict(now), end)
    splits = [
        Split(
            id=each.id, test=each.test, version=each.version, definition=each.definition, seen=seen
        )
        for each, seen in found.splits.items()
    ]
    with transaction.atomic():
        Split.objects.bulk_create(splits, ignore_conflicts=True)
        Exposure.objects.bulk_create(found.exposures, _BATCH, ignore_conflicts=True)
        Outcome.objects.bulk_create(found.outcomes, _BATCH, ignore_conflicts=True)
