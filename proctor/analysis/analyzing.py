"""Compute a report from exposures and outcomes with `analyze`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from proctor.analysis import exposures as exposing
from proctor.analysis import windows
from proctor.analysis.errors import AnalysisError, needed
from proctor.analysis.inputs.columns import (
    EXPOSURES,
    EXPOSURES_OPTIONAL,
    OUTCOMES,
    OUTCOMES_OPTIONAL,
    exposure_columns,
    has_types,
    outcome_columns,
)
from proctor.analysis.inputs.sources import is_small, open_source
from proctor.analysis.inputs.workspace import MEMORY, workspace
from proctor.analysis.metric_plan import MetricPlan
from proctor.analysis.options import Options, length_of
from proctor.analysis.period import Period
from proctor.analysis.prepared import Prepared
from proctor.analysis.strata import stratify
from proctor.core.matrices.matrix import Matrix, TestDefinition
from proctor.core.messages import did_you_mean, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from proctor.analysis.inputs.sources import Source
    from proctor.analysis.inputs.workspace import Workspace
    from proctor.analysis.report.report import Report
    from proctor.metrics import Metric

__all__ = ["STEPS", "analyze"]

#: Number of progress steps before the first metric.
STEPS = 4


def analyze(
    test: str,
    exposures: Source,
    outcomes: Source | None,
    matrices: Iterable[Matrix | TestDefinition] = (),
    metrics: Sequence[Metric] = (),
    *,
    progress: Callable[[str], object] | None = None,
    memory: str = MEMORY,
    **options: Any,
) -> Report:
    """Return the report of a test.

    *exposures* and *outcomes* are files, a `Query`, or tables. *matrices* are the matrices that
    were in use during the test, or definitions of the test. Without *metrics*, every metric in the
    outcomes is analyzed as a mean. *options* are the fields of `Options`: window, past, lateness
    (timedelta), baseline, default, until, horizon (datetime), timezone, alpha, kind, estimate,
    correction, segments, seed. *progress* is called with the name of each step. *memory* is the
    limit for the memory that DuckDB uses.

    Raises AnalysisError if the input cannot be analyzed, or if the [analysis] extra is not
    installed.
    """
    for name in ("duckdb", "numpy", "scipy", "tea_tasting"):
        needed(name)
    from proctor.analysis.assembling import assemble  # noqa: PLC0415 - needs the extra

    asked = _options(metrics, options)
    definitions = tuple(_definitions(test, matrices))
    tell = progress or (lambda _step: None)
    in_memory = is_small(exposures) and is_small(outcomes)
    with workspace(asked.timezone, memory, in_memory=in_memory) as space:
        columns = _open(space, asked, exposures, outcomes)
        prepared = _prepare(space, asked, columns, tell, test=test, definitions=definitions)
        return assemble(prepared, tell)


def _options(metrics: Sequence[Metric], given: dict[str, Any]) -> Options:
    known = {each.name for each in fields(Options)} - {"metrics"}
    for name in given:
        if name not in known:
            raise TypeError(f"analyze() has no option {name!r}{did_you_mean(name, known)}")
    if "segments" in given:
        given = {**given, "segments": tuple(given["segments"])}
    return Options(metrics=tuple(metrics), **given)


def _definitions(
    test: str, matrices: Iterable[Matrix | TestDefinition]
) -> Iterable[TestDefinition]:
    known: set[str] = set()
    found = False
    for each in matrices:
        if isinstance(each, TestDefinition):
            found = True
            yield each
        elif test in each.tests:
            found = True
            yield each.tests[test]
        else:
            known |= each.tests.keys()
    if known and not found:
        raise AnalysisError(
            f"No matrix has the test {printable(test)!r}{did_you_mean(test, sorted(known))}"
        )


@dataclass(frozen=True, slots=True)
class _Columns:
    """SQL expressions for the columns of the tables `exposures` and `outcomes`, by column name."""

    exposures: Mapping[str, str]
    outcomes: Mapping[str, str]


def _open(
    space: Workspace, options: Options, exposures: Source, outcomes: Source | None
) -> _Columns:
    """Create the tables or views `exposures` and `outcomes`; return SQL for their columns."""
    names = (*EXPOSURES, *EXPOSURES_OPTIONAL, *options.segments)
    about = open_source(space, "exposures", exposures, names)
    other = "the outcomes"
    if outcomes is None:
        space.run(
            'CREATE TABLE outcomes ("at" TIMESTAMPTZ, visitor VARCHAR, metric VARCHAR, '
            "value DOUBLE)"
        )
    else:
        other = open_source(space, "outcomes", outcomes, (*OUTCOMES, *OUTCOMES_OPTIONAL))
    typed = has_types(space, "exposures") and has_types(space, "outcomes")
    return _Columns(
        exposure_columns(space, "exposures", about, typed=typed, segments=options.segments),
        outcome_columns(space, "outcomes", other, typed=typed),
    )


def _prepare(
    space: Workspace,
    options: Options,
    columns: _Columns,
    tell: Callable[[str], object],
    *,
    test: str,
    definitions: Sequence[TestDefinition],
) -> Prepared:
    tell("read exposures")
    exposing.read_exposures(space, columns.exposures, test, options.segments)
    tell("read outcomes")
    windows.stage_outcomes(space, columns.outcomes)
    newest, names = _look_at_outcomes(space)
    until = exposing.newest_exposure(space)
    if options.until is not None:
        until = options.microseconds(options.until)
    elif newest is not None:
        until = max(until, newest)
    labels = exposing.find_labels(space, until)
    start = min((label.first for label in labels), default=until)
    period = Period(start, until, length_of(options.lateness))
    strata = stratify(labels, definitions)
    tell("place visitors")
    groups, visitors = exposing.make_units(space, labels, strata, until, options.segments)
    plans, lengths = _plans(options, names)
    not_matured = windows.add_windows(space, strata, period, lengths)
    tell("sum outcomes")
    counted = windows.sum_outcomes(space, plans, period)
    return Prepared(
        space,
        options,
        test,
        tuple(definitions),
        strata,
        period,
        tuple(groups),
        plans,
        visitors,
        not_matured,
        counted,
        frozenset(names),
    )


def _look_at_outcomes(space: Workspace) -> tuple[int | None, Collection[str]]:
    """Return the time of the newest outcome, and the names of all metrics in the outcomes."""
    rows = space.run("SELECT metric, max(t) FROM happened GROUP BY 1")
    if any(name is None for name, _ in rows):
        raise AnalysisError(
            "Expected the name of a metric in every outcome; at least one outcome has none"
        )
    return max((time for _, time in rows), default=None), [name for name, _ in rows]


def _plans(
    options: Options, names: Collection[str]
) -> tuple[tuple[MetricPlan, ...], list[int | None]]:
    """Return the plan for each metric, and the distinct window lengths."""
    plans = []
    lengths: list[int | None] = []
    for index, metric in enumerate(options.chosen_metrics(names)):
        if options.require_metrics and names:
            for source in metric.sources:
                if source not in names:
                    known = ", ".join(printable(each, 40) for each in sorted(names)[:10])
                    raise AnalysisError(
                        f"The outcomes have no metric {printable(source)!r}"
                        f"{did_you_mean(source, sorted(names)) or f'; they have {known}'}"
                    )
        length = options.window_of(metric)
        if length not in lengths:
            lengths.append(length)
        plans.append(MetricPlan(metric, index, lengths.index(length), options.past_of(metric)))
    return tuple(plans), lengths or [None if options.window is None else length_of(options.window)]
