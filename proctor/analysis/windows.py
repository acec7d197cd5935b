"""The windows in which outcomes count: when they mature, and the sums of the outcomes in them.

A window is [exposure, exposure + length). It matures when it is over and the time allowed for late
outcomes has passed. If visitors change groups or leave the test, windows that are still open never
mature. A window without a length ends when its visitor changes groups or leaves, or at the end of
the analysis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.analysis.inputs.workspace import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proctor.analysis.inputs.workspace import Workspace
    from proctor.analysis.metric_plan import MetricPlan
    from proctor.analysis.period import Period
    from proctor.analysis.strata import Strata

__all__ = ["Outcomes", "add_windows", "stage_outcomes", "sum_outcomes"]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The numbers of outcomes that count, and of those that do not, for the analyzed metrics."""

    #: Outcomes in the windows of visitors who are counted.
    counted: int
    #: Outcomes before the visitor's first exposure.
    before: int
    #: Outcomes after the end of the window.
    after: int
    #: Outcomes of visitors whom the analysis does not count.
    strangers: int


def add_windows(
    space: Workspace, strata: Strata, period: Period, lengths: Sequence[int | None]
) -> int:
    """Create the table `units` from `placed`; return how many visitors have an open window.

    For each of the *lengths* (microseconds) the table has the columns e (the end of the window), m
    (whether it has matured) and b (the time step in which it matured).
    """
    columns = ["* EXCLUDE (stop)"]
    for index, length in enumerate(lengths):
        if length is None:
            end = f"least({period.until + 1 - period.lateness}, coalesce(stop, {period.until + 1}))"
            matured, when = f"t < {end}", "t"
        else:
            end = f"t + {length}"
            over = f"{end} + {period.lateness} <= {period.until}"
            matured = f"({over} AND ({end} <= stop OR stop IS NULL))"
            when = f"{end} + {period.lateness}"
        bucket = f"({when} - {period.start}) // {period.bucket}"
        columns += [f"{end} AS e{index}", f"{matured} AS m{index}"]
        columns.append(f"CASE WHEN {matured} THEN CAST({bucket} AS INTEGER) END AS b{index}")
    space.run(
        f"CREATE OR REPLACE TABLE units AS SELECT {', '.join(columns)} "
        f"FROM (SELECT *, {_stop(strata)} AS stop FROM placed)"
    )
    space.run("DROP TABLE placed")
    waiting = " OR ".join(f"NOT m{index}" for index in range(len(lengths))) or "false"
    found = space.run(f"SELECT count(DISTINCT visitor) FROM units WHERE {waiting}")
    return int(found[0][0])


def _stop(strata: Strata) -> str:
    """Return SQL for the first time after an exposure at which the visitor may move or leave."""
    cases = [
        f"WHEN s = {index} AND t < {time} THEN {time}"
        for index, times in enumerate(strata.boundaries)
        for time in sorted(times)
    ]
    return f"(CASE {' '.join(cases)} END)" if cases else "NULL::BIGINT"


def stage_outcomes(space: Workspace, columns: Mapping[str, str]) -> None:
    """Create the table `happened`: the outcomes of visitors, without duplicates."""
    listed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
    rows = f"SELECT {listed} FROM outcomes"
    if "id" in columns:
        rows = (
            "SELECT * EXCLUDE (id, copy) FROM (SELECT *, row_number() OVER "
            f"(PARTITION BY visitor, metric, id ORDER BY t, value) AS copy FROM ({rows})) "
            "WHERE id IS NULL OR copy = 1"
        )
    space.run(
        f"CREATE OR REPLACE TABLE happened AS SELECT * FROM ({rows}) WHERE visitor IS NOT NULL"
    )


def sum_outcomes(space: Workspace, plans: Sequence[MetricPlan], period: Period) -> Outcomes:
    """Create the table `sums`. For each unit with outcomes, it has the sums for each metric."""
    names = sorted({name for plan in plans for name in plan.metric.sources})
    chosen = f"metric IN ({', '.join(map(_text, names))})"
    parts = [f"{sql} AS {column}" for plan in plans for column, sql in plan.sums(period)]
    ends = {(name, plan.end) for plan in plans for name in plan.metric.sources}
    any_window = " OR ".join(
        f"(o.metric = {_text(name)} AND o.t < u.{end})" for name, end in sorted(ends)
    )
    in_window = f"o.t <= {period.until} AND ({any_window})"
    current = "o.t >= u.t AND (u.next_at IS NULL OR o.t < u.next_at)"
    if not parts:
        space.run("CREATE OR REPLACE TABLE sums (unit BIGINT)")
        return Outcomes(0, 0, 0, 0)
    space.run(
        f"""
        CREATE OR REPLACE TABLE sums AS
        SELECT u.rowid AS unit, {", ".join(parts)},
            count(*) FILTER ({current} AND ({in_window})) AS counted,
            count(*) FILTER ({current} AND NOT ({in_window})) AS after,
            count(*) FILTER (u.ord = 1 AND o.t < u.t) AS before
        FROM (SELECT * FROM happened WHERE {chosen}) o JOIN units u ON o.visitor = u.visitor
        GROUP BY u.rowid
        """
    )
    row = space.run("SELECT sum(counted), sum(before), sum(after) FROM sums")[0]
    counted, before, after = (int(each or 0) for each in row)
    total = space.run(f"SELECT count(*) FROM happened WHERE {chosen}")[0][0]
    space.run("DROP TABLE happened")
    return Outcomes(counted, before, after, int(total) - counted - before - after)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
