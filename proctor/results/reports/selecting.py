"""Queries that select the rows of a report. Pages can also display the SQL of these queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, F, Value
from django.utils.module_loading import import_string

from proctor.core.exceptions import ConfigurationError
from proctor.results.models import Exposure, ForcedVisitor, Outcome
from proctor.results.recording.rows import stored_visitor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.db.models import QuerySet

    from proctor.metrics import Metric

__all__ = [
    "EXPOSURE_COLUMNS",
    "OUTCOME_COLUMNS",
    "Selection",
    "exposures_of",
    "forced_of",
    "outcomes_for",
]

#: If a test has only one identifier type and one split, only these columns vary.
_LEAN_EXPOSURES = ("at", "visitor", "group", "allocation", "version")
_LEAN_OUTCOMES = ("at", "visitor", "metric", "value")
EXPOSURE_COLUMNS = (
    "at",
    "visitor",
    "identifier_type",
    "test",
    "group",
    "allocation",
    "version",
    "forced",
)
OUTCOME_COLUMNS = ("at", "visitor", "identifier_type", "metric", "value")


@dataclass(frozen=True, slots=True)
class Selection:
    """A query for rows, with names for its columns."""

    name: str
    columns: tuple[str, ...]
    #: A QuerySet of tuples, in the order of the columns.
    query: QuerySet[Any, Any]
    #: The test type of the visitors' identifiers, if the rows come from the source of a metric.
    identifier_type: str | None = None

    @property
    def using(self) -> str:
        """The alias of the database."""
        return str(self.query.db)

    @property
    def sql(self) -> tuple[str, tuple[Any, ...]]:
        """The SQL of the query, and its parameters."""
        sql, parameters = self.query.query.sql_with_params()
        return sql, tuple(parameters)

    @property
    def is_plain(self) -> bool:
        """True if the rows are exactly those of the query, with no conversion of identifiers."""
        return self.identifier_type is None

    def rows(self, chunk: int) -> Iterator[tuple[Any, ...]]:
        """Iterate over the rows, a *chunk* of them at a time."""
        found = self.query.iterator(chunk_size=chunk)
        if self.identifier_type is None:
            yield from found
            return
        for at, visitor, identifier_type, metric, value in found:
            # The site's own tables contain plain identifiers; convert them to the stored form.
            stored = stored_visitor(identifier_type, str(visitor))
            row = at, stored, identifier_type, metric, float(value)
            yield row if "identifier_type" in self.columns else (at, stored, metric, float(value))


def exposures_of(test: str, *, lean: bool = False) -> Selection:
    """Return the exposures of a test. *lean* leaves out columns that have only one value."""
    columns = _LEAN_EXPOSURES if lean else EXPOSURE_COLUMNS
    query = Exposure.objects.filter(test=test).order_by()
    constants = {} if lean else {"forced": Value("false", CharField())}
    return Selection("exposures", columns, query.annotate(**constants).values_list(*columns))


def forced_of(test: str, *, lean: bool = False) -> Selection:
    """Return forced exposures of visitors who have no other exposures, one for each visitor.

    The visitors are identified by digests.
    """
    columns = _LEAN_EXPOSURES if lean else EXPOSURE_COLUMNS
    query = ForcedVisitor.objects.filter(test=test).order_by()
    named = query.annotate(
        visitor=F("id"),
        allocation=Value("", CharField()),
        version=Value("", CharField()),
        forced=Value("true", CharField()),
    )
    return Selection("forced", columns, named.values_list(*columns))


def outcomes_for(
    identifier_types: Sequence[str], metrics: Iterable[Metric], *, lean: bool = False
) -> list[Selection]:
    """Return the outcomes of *metrics*, or all outcomes if *metrics* is empty.

    Raises ConfigurationError if a metric's source cannot be used.
    """
    metrics = tuple(metrics)
    columns = _LEAN_OUTCOMES if lean else OUTCOME_COLUMNS
    rows = Outcome.objects.filter(identifier_type__in=identifier_types).order_by()
    sourced = [each for each in metrics if each.source is not None]
    if metrics:
        names = {name for each in metrics for name in each.sources}
        rows = rows.filter(metric__in=sorted(names - {each.name for each in sourced}))
    own = Selection("outcomes", columns, rows.values_list(*columns))
    return [
        own,
        *(_of_source(each, kind, columns) for each in sourced for kind in identifier_types[:1]),
    ]


def _of_source(metric: Metric, identifier_type: str, columns: tuple[str, ...]) -> Selection:
    path = str(metric.source)
    try:
        query = import_string(path)()
        named = query.order_by().annotate(
            proctor_type=Value(identifier_type, CharField()),
            proctor_metric=Value(metric.name, CharField()),
        )
        rows = named.values_list("at", "visitor", "proctor_type", "proctor_metric", "value")
    except Exception as error:
        raise ConfigurationError(
            f"The source of the metric {metric.name!r}, {path!r}, did not return a QuerySet of "
            f"visitor, at and value: {type(error).__name__}: {error}"
        ) from error
    return Selection(metric.name, columns, rows, identifier_type)
