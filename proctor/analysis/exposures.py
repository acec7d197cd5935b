"""Build units from exposures: one unit for each visitor and stratum, at the first exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctor.analysis.errors import AnalysisError
from proctor.analysis.inputs.workspace import quoted
from proctor.analysis.report.language import Series
from proctor.analysis.report.words import count
from proctor.analysis.strata import Label
from proctor.core.messages import printable
from proctor.core.sentences import Sentence, gettext_noop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proctor.analysis.inputs.workspace import Workspace
    from proctor.analysis.strata import Strata

__all__ = ["Visitors", "find_labels", "make_units", "newest_exposure", "read_exposures"]


#: Maximum numbers of distinct labels and groups. If there are more, the columns were probably mixed
#: up.
MAX_LABELS, MAX_GROUPS = 1_000, 100


@dataclass(frozen=True, slots=True)
class Visitors:
    """Counts of the distinct visitors in a test, grouped by how the analysis treats them."""

    counted: int
    #: Visitors seen in two groups under the same split. They are left out.
    two_groups: int
    #: Visitors seen in different groups under different splits. They are counted.
    carried_over: int
    #: Visitors seen only with forced groups. They are left out.
    forced: int
    #: The number of exposures that do not name a visitor.
    nameless: int


def read_exposures(
    space: Workspace, columns: Mapping[str, str], test: str, segments: Sequence[str]
) -> None:
    """Create the table `seen`: each visitor's first exposure with each label and group.

    The rows of all other tests are merged into one row without a visitor, because the times of
    their exposures are also needed.
    """
    listed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
    firsts = "".join(
        f", arg_min(left({quoted(name)}, 60), t) AS segment{index}"
        for index, name in enumerate(segments)
    )
    own = "test = $1 AND visitor IS NOT NULL"
    keys = ", ".join(
        f"CASE WHEN {own} THEN {quoted(name)} END AS {alias}"
        for name, alias in (
            ("visitor", "visitor"),
            ("allocation", "allocation"),
            ("version", "version"),
            ("group", "grp"),
            ("forced", "forced"),
        )
    )
    space.run(
        f"""
        CREATE OR REPLACE TABLE seen AS
        SELECT {keys}, min(t) AS t, max(t) AS last,
            count(*) FILTER (test = $1 AND visitor IS NULL) AS nameless{firsts}
        FROM (SELECT {listed} FROM exposures)
        GROUP BY ALL
        """,
        [test],
    )
    if not space.run("SELECT count(visitor) FROM seen")[0][0]:
        raise AnalysisError(_nobody(space, test))
    bad = space.run("SELECT visitor FROM seen WHERE visitor IS NOT NULL AND grp IS NULL LIMIT 1")
    if bad:
        raise AnalysisError(
            Sentence(
                gettext_noop(
                    "Expected a group in every exposure; an exposure of {visitor} has none"
                ),
                visitor=repr(printable(bad[0][0], 60)),
            )
        )


def _nobody(space: Workspace, test: str) -> Sentence:
    found = space.run(
        "SELECT DISTINCT CAST(test AS VARCHAR) FROM exposures WHERE test IS NOT NULL LIMIT 10"
    )
    names = sorted(printable(row[0], 40) for row in found)
    shown = repr(printable(test))
    if not names:
        return Sentence(
            gettext_noop("The exposures contain no visitors in the test {test}"), test=shown
        )
    return Sentence(
        gettext_noop(
            "The exposures contain no visitors in the test {test}, only in other tests: {names}"
        ),
        test=shown,
        names=Series(names),
    )


def newest_exposure(space: Workspace) -> int:
    """Return the time of the newest exposure, in microseconds since 1970."""
    return int(space.run("SELECT max(last) FROM seen")[0][0])


def find_labels(space: Workspace, until: int) -> list[Label]:
    """Return the labels of the exposures up to the time *until*, oldest first."""
    rows = space.run(
        """
        SELECT allocation, version, min(t), max(least(last, $1)) FROM seen
        WHERE visitor IS NOT NULL AND t <= $1 AND NOT forced
        GROUP BY ALL ORDER BY 3, 1 NULLS FIRST, 2 NULLS FIRST
        """,
        [until],
    )
    if len(rows) > MAX_LABELS:
        raise AnalysisError(
            Sentence(
                gettext_noop(
                    "Expected at most {limit} different allocations and versions in the "
                    "exposures, got {number}"
                ),
                limit=count(MAX_LABELS),
                number=count(len(rows)),
            )
        )
    return [Label(*row) for row in rows]


def make_units(
    space: Workspace,
    labels: Sequence[Label],
    strata: Strata,
    until: int,
    segments: Sequence[str] = (),
) -> tuple[list[str], Visitors]:
    """Create the table `placed`. Return the names of the groups, and the numbers of visitors.

    The columns are visitor, s and g (the indexes of the stratum and the group), t (the time of the
    first exposure), ord (1 for a visitor's first unit), next_at (the time of the visitor's next
    unit), and one for each segment.
    """
    groups = [
        row[0]
        for row in space.run(
            "SELECT DISTINCT grp FROM seen WHERE visitor IS NOT NULL AND NOT forced "
            "AND t <= $1 ORDER BY 1",
            [until],
        )
    ]
    if len(groups) > MAX_GROUPS:
        raise AnalysisError(
            Sentence(
                gettext_noop("Expected at most {limit} groups in the exposures, got {number}"),
                limit=count(MAX_GROUPS),
                number=count(len(groups)),
            )
        )
    space.run(
        "CREATE OR REPLACE TABLE splits "
        "(allocation VARCHAR, version VARCHAR, grp VARCHAR, s USMALLINT, g USMALLINT)"
    )
    rows = [
        (label.allocation, label.version, group, index, number)
        for label, index in zip(labels, strata.of_label, strict=True)
        for number, group in enumerate(groups)
        if group not in strata.strata[index].negative
    ]
    for row in rows:
        space.run("INSERT INTO splits VALUES (?, ?, ?, ?, ?)", row)
    marks = "".join(
        f", arg_min(segment{index}, t) AS segment{index}" for index in range(len(segments))
    )
    space.run(
        f"""
        CREATE OR REPLACE TABLE firsts AS
        SELECT visitor, s, min(t) AS t, min(g) AS g, max(g) > min(g) AS two{marks}
        FROM seen JOIN splits
            ON seen.grp = splits.grp
            AND seen.allocation IS NOT DISTINCT FROM splits.allocation
            AND seen.version IS NOT DISTINCT FROM splits.version
        WHERE NOT forced AND t <= $1
        GROUP BY visitor, s
        """,
        [until],
    )
    several = len(strata.strata) > 1
    space.run("CREATE OR REPLACE TABLE mixed AS SELECT DISTINCT visitor FROM firsts WHERE two")
    order = (
        "row_number() OVER w AS ord, lead(t) OVER w AS next_at"
        if several
        else "1::BIGINT AS ord, NULL::BIGINT AS next_at"
    )
    window = "WINDOW w AS (PARTITION BY visitor ORDER BY t, s)" if several else ""
    space.run(
        f"""
        CREATE OR REPLACE TABLE placed AS
        SELECT * EXCLUDE (two), {order} FROM firsts
        WHERE visitor NOT IN (SELECT visitor FROM mixed) {window}
        """
    )
    space.run("DROP TABLE firsts")
    return groups, _count(space, until, several=several)


def _count(space: Workspace, until: int, *, several: bool) -> Visitors:
    counted = space.run("SELECT count(*) FROM placed WHERE ord = 1")[0][0]
    two_groups = space.run("SELECT count(*) FROM mixed")[0][0]
    carried_over = 0
    if several:
        carried_over = space.run(
            "SELECT count(*) FROM (SELECT visitor FROM placed GROUP BY visitor "
            "HAVING max(g) > min(g))"
        )[0][0]
    forced = 0
    if space.run("SELECT bool_or(forced) FROM seen")[0][0]:
        forced = space.run(
            "SELECT count(*) FROM (SELECT visitor FROM seen WHERE visitor IS NOT NULL "
            "AND t <= $1 GROUP BY visitor HAVING bool_and(forced))",
            [until],
        )[0][0]
    nameless = space.run("SELECT sum(nameless) FROM seen")[0][0]
    return Visitors(counted, two_groups, carried_over, forced, int(nameless or 0))
