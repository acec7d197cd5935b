"""Counts, means and covariances of visitors' sums, by stratum, group and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proctor.analysis.inputs.workspace import Workspace
    from proctor.analysis.metric_plan import MetricPlan

#: The SQL of a sum, the array in which its result is stored, and the indexes in that array.
_Sum: TypeAlias = "tuple[str, tuple[int, ...]]"

__all__ = ["Moments", "Sums", "read_moments"]


@dataclass(frozen=True, slots=True)
class Sums:
    """The number of visitors, the sum of each column, and the sums of products of two columns.

    Columns are centered: a constant close to the column's mean is subtracted, because differences
    between the squares of large numbers would lose precision.
    """

    n: float
    total: Any
    products: Any


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums of one metric. The first axis of the arrays is time, and sums are cumulative."""

    #: The constant subtracted from each column.
    center: Any
    #: For each stratum and group: the number of visitors, the sums and the products. The arrays
    #: have the shapes (T,), (T, k) and (T, k, k), for T time steps and k columns.
    own: dict[tuple[int, int], tuple[Any, Any, Any]]
    #: For two strata and one group in each of them: the number of visitors in both, their sums in
    #: each stratum, and the products of one stratum's columns with the other stratum's columns. The
    #: arrays have the same shapes as in `own`.
    shared: dict[tuple[int, int, int, int], tuple[Any, Any, Any, Any]]

    def at(self, step: int = -1) -> Moments:
        """Return the sums up to the given time step, as arrays without the time axis."""
        return Moments(
            self.center,
            {key: tuple(each[step] for each in sums) for key, sums in self.own.items()},
            {key: tuple(each[step] for each in sums) for key, sums in self.shared.items()},
        )


def read_moments(
    space: Workspace,
    plan: MetricPlan,
    buckets: int,
    *,
    several: bool,
    where: str = "true",
) -> Moments:
    """Return the sums of a metric over matured units.

    *where* is an SQL condition that restricts the units, whose alias is `u`. If *several* is True,
    visitors may have units in more than one stratum.
    """
    columns = plan.columns
    units = f"{plan.matured} AND ({where})"
    means = ", ".join(f"coalesce(avg(coalesce({name}, 0.0)), 0.0)" for name in columns)
    joined = "units u LEFT JOIN sums x ON x.unit = u.rowid"
    center = np.array(space.run(f"SELECT {means} FROM {joined} WHERE {units}")[0], dtype=float)
    values = [
        f"coalesce({name}, 0.0) - {float(middle)!r} AS v{index}"
        for index, (name, middle) in enumerate(zip(columns, center, strict=True))
    ]
    rows = (
        f"SELECT u.visitor, u.s, u.g, u.{plan.bucket} AS b, {', '.join(values)} "
        f"FROM {joined} WHERE {units}"
    )
    size = len(columns)
    own = _grouped(space, rows, "s, g, b", _sums(size), (buckets, size))
    shared: dict[Any, Any] = {}
    if several:
        both = f"({rows} AND (u.ord > 1 OR u.next_at IS NOT NULL))"
        other = ", ".join(f"d.v{index} AS w{index}" for index in range(size))
        pairs = (
            "SELECT c.s, c.g, d.s AS t, d.g AS h, greatest(c.b, d.b) AS b, "
            f"{', '.join(f'c.v{index} AS v{index}' for index in range(size))}, {other} "
            f"FROM {both} c JOIN {both} d ON c.visitor = d.visitor AND c.s < d.s"
        )
        shared = _grouped(space, pairs, "s, g, t, h, b", _cross(size), (buckets, size))
    return Moments(center, own, shared)


def _sums(size: int) -> list[_Sum]:
    """Return SQL for the sums, with keys (0, i), and for the products, with keys (1, i, j)."""
    found: list[_Sum] = [(f"sum(v{i})", (0, i)) for i in range(size)]
    for i in range(size):
        found += [(f"sum(v{i} * v{j})", (1, i, j)) for j in range(i, size)]
    return found


def _cross(size: int) -> list[_Sum]:
    found: list[_Sum] = [(f"sum(v{i})", (0, i)) for i in range(size)]
    found += [(f"sum(w{i})", (1, i)) for i in range(size)]
    found += [(f"sum(v{i} * w{j})", (2, i, j)) for i in range(size) for j in range(size)]
    return found


def _grouped(
    space: Workspace,
    rows: str,
    keys: str,
    sums: Sequence[_Sum],
    shape: tuple[int, int],
) -> dict[Any, Any]:
    """Run the aggregation. Return arrays that are cumulative over time.

    The last of the *keys* is the time; the result maps the other keys to arrays.
    """
    names = keys.split(", ")
    listed = ", ".join(f"{sql} AS a{index}" for index, (sql, _) in enumerate(sums))
    buckets, size = shape
    found = space.arrays(f"SELECT {keys}, count(*) AS n, {listed} FROM ({rows}) GROUP BY ALL")
    parts = 1 + max(place[0] for _, place in sums)
    matrix = parts - 1
    result: dict[Any, Any] = {}
    index = list(zip(*(found[name].tolist() for name in names), strict=True))
    counts = found["n"].tolist()
    values = [found[f"a{number}"].tolist() for number in range(len(sums))]
    for row, (*key, bucket) in enumerate(index):
        arrays = result.setdefault(tuple(key), _zeros(buckets, size, matrix))
        step = min(max(bucket, 0), buckets - 1)
        arrays[0][step] += counts[row]
        for number, (_, (part, *place)) in enumerate(sums):
            arrays[1 + part][(step, *place)] += values[number][row]
            if parts == 2 and part == matrix and place[0] != place[1]:
                arrays[1 + part][(step, *reversed(place))] += values[number][row]
    return {
        key: tuple(np.cumsum(each, axis=0) for each in arrays) for key, arrays in result.items()
    }


def _zeros(buckets: int, size: int, matrix: int) -> tuple[Any, ...]:
    vectors = [np.zeros((buckets, size)) for _ in range(matrix)]
    return (np.zeros(buckets), *vectors, np.zeros((buckets, size, size)))
