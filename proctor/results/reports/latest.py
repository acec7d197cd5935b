"""Store the verdicts of the newest reports, so that pages can list them quickly."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import DatabaseError, router, transaction
from django.utils import timezone

from proctor.core.messages import error_text, printable
from proctor.results.models import LatestVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proctor.analysis import Report

__all__ = ["latest_verdicts", "remember", "verdict_values"]

logger = logging.getLogger("proctor.results")


def latest_verdicts() -> Mapping[str, LatestVerdict]:
    """Return the newest verdict of each test that has had a report."""
    return {each.test: each for each in LatestVerdict.objects.all()}


def verdict_values(report: Report) -> dict[str, str | bool]:
    """Return values for the fields of `LatestVerdict`, based on a report."""
    return {
        "kind": report.verdict.kind,
        "group": report.verdict.group or "",
        "warned": any(each.level == "warning" for each in report.trust),
    }


def remember(report: Report) -> None:
    """Store the verdict of a report. A failure is only logged; the report is still usable."""
    values = {**verdict_values(report), "at": timezone.now()}
    try:
        with transaction.atomic(using=router.db_for_write(LatestVerdict)):
            LatestVerdict.objects.update_or_create(test=report.test, defaults=values)
    except DatabaseError as error:
        logger.info(
            "Could not store the verdict of %s for the list of tests: %s",
            printable(report.test),
            error_text(error, 300),
        )
