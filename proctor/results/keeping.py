"""Delete old rows, or all rows about one visitor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proctor.results.models import Exposure, ForcedVisitor, Outcome, Split, Tally
from proctor.results.recording.rows import forced_id, stored_visitor
from proctor.results.recording.writer import write_alias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from django.db.models import Model, QuerySet

__all__ = ["forget", "prune"]

#: Number of rows per DELETE. The smaller the batches, the shorter the database holds locks.
_BATCH = 500


def prune(before: datetime, progress: Callable[[int], None] | None = None) -> dict[str, int]:
    """Delete the rows older than *before* and return the number of rows deleted from each table.

    A split is kept as long as an exposure refers to it. After each batch, *progress* is called with
    the number of deleted rows.
    """
    using = write_alias()
    done = {}
    for model in (Exposure, Outcome, ForcedVisitor):
        rows = model._default_manager.using(using).filter(at__lt=before)  # noqa: SLF001
        done[model.__name__] = _delete(rows, progress)
    tallies = Tally.objects.using(using).filter(day__lt=before.date())
    done[Tally.__name__] = tallies.delete()[0]
    used = Exposure.objects.using(using).order_by().values("split").distinct()
    # A split that was just recorded may not have an exposure yet.
    unused = Split.objects.using(using).filter(seen__lt=before).exclude(id__in=used)
    done[Split.__name__] = unused.delete()[0]
    return done


def forget(identifier_type: str, visitor: str) -> dict[str, int]:
    """Delete all rows about a visitor and return the number of rows deleted from each table."""
    using = write_alias()
    stored = stored_visitor(identifier_type, visitor)
    done = {}
    for model in (Exposure, Outcome):
        rows = model._default_manager.using(using)  # noqa: SLF001 - the documented way
        own = rows.filter(identifier_type=identifier_type, visitor=stored)
        done[model.__name__] = own.delete()[0]
    forced = ForcedVisitor.objects.using(using)
    tests = forced.order_by().values_list("test", flat=True).distinct()
    ids = [forced_id(identifier_type, stored, test) for test in tests]
    done[ForcedVisitor.__name__] = forced.filter(id__in=ids).delete()[0]
    return done


def _delete(rows: QuerySet[Any], progress: Callable[[int], None] | None) -> int:
    number = 0
    manager = rows.model._default_manager  # noqa: SLF001 - the documented way
    for ids in _batches(rows):
        number += manager.using(rows.db).filter(id__in=ids).delete()[0]
        if progress is not None:
            progress(number)
    return number


def _batches(rows: QuerySet[Model]) -> Iterator[list[object]]:
    while ids := list(rows.order_by().values_list("id", flat=True)[:_BATCH]):
        yield ids
