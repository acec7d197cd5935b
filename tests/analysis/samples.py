"""Small A/B tests and their data, for the tests of the analysis."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone

import numpy as np
import pyarrow as pa

from tests.core.small_matrices import definition, matrix

START = datetime(2026, 3, 2, tzinfo=timezone.utc)

BUCKETS = [
    {"name": "inactive", "value": -1, "description": ""},
    {"name": "control", "value": 0, "description": ""},
    {"name": "blue", "value": 1, "description": ""},
    {"name": "green", "value": 2, "description": ""},
]

EXPOSURES = ("at", "visitor", "test", "group", "allocation", "version", "forced")
OUTCOMES = ("at", "visitor", "metric", "value")


def at(days=0.0, **parts):
    """Return a time after the start."""
    return START + timedelta(days=days, **parts)


def split(*ranges, version="1", allocation="#A1", salt="t", **fields):
    """Return a matrix with one test `atst`; ranges are pairs of a bucket value and a length."""
    listed = [{"bucketValue": value, "length": length} for value, length in ranges]
    allocations = [{"rule": None, "id": allocation, "name": "", "ranges": listed}]
    return matrix(
        atst=definition(
            **{
                "version": version,
                "salt": salt,
                "testType": "USER",
                "buckets": BUCKETS,
                "allocations": allocations,
                **fields,
            }
        )
    )


HALVES = split((0, 0.5), (1, 0.5))


def exposures(rows):
    """Return a table of exposures, from tuples or from dicts that override the defaults."""
    usual = {"test": "atst", "allocation": "#A1", "version": "1", "forced": False}
    full = [{**usual, **row} for row in rows]
    return pa.table(
        {
            name: pa.array([row[name] for row in full], pa.timestamp("us", "UTC"))
            if name == "at"
            else pa.array([row[name] for row in full])
            for name in dict.fromkeys([*EXPOSURES, *(full[0] if full else ())])
        }
    )


def outcomes(rows):
    """Return a table of outcomes, from tuples of time, visitor, metric and value."""
    types = (pa.timestamp("us", "UTC"), pa.string(), pa.string(), pa.float64())
    return pa.table(
        {
            name: pa.array([row[index] for row in rows], kind)
            for index, (name, kind) in enumerate(zip(OUTCOMES, types, strict=True))
        }
    )


def counted(strata):
    """Return exposures and outcomes from counts.

    *strata* maps version → group → (visitors, visitors with an outcome). Each version has its own
    visitors, one day after those of the previous one. Each outcome `orders` has the value 1.
    """
    seen, happened = [], []
    numbers = itertools.count()
    for day, (version, groups) in enumerate(strata.items()):
        for group, (visitors, successes) in groups.items():
            for index in range(visitors):
                name = f"v{next(numbers)}"
                seen.append(
                    {
                        "at": at(day),
                        "visitor": name,
                        "group": group,
                        "version": version,
                        "allocation": f"#A{version}",
                    }
                )
                if index < successes:
                    happened.append((at(day, hours=1), name, "orders", 1.0))
    return exposures(seen), outcomes(happened)


def with_values(values):
    """Return exposures and outcomes from sums by visitor: group → values of `revenue`."""
    seen, happened = [], []
    for group, numbers in values.items():
        for index, value in enumerate(numbers):
            name = f"{group}{index}"
            seen.append({"at": at(), "visitor": name, "group": group})
            if value:
                happened.append((at(hours=1), name, "revenue", float(value)))
    return exposures(seen), outcomes(happened)


def evenly(rates):
    """Return exposures and outcomes of visitors who come evenly: the number of each group by day.

    From the day on which the rate changes, the version is 2.
    """
    random = np.random.default_rng(1)
    seen, happened = [], []
    for day, number in enumerate(rates):
        later = {} if number == rates[0] else {"version": "2", "allocation": "#A2"}
        for group in ("control", "blue"):
            for index in range(number):
                name, when = f"{group}{day}-{index}", at(day + index / number)
                seen.append({"at": when, "visitor": name, "group": group, **later})
                happened.append((when + timedelta(minutes=1), name, "revenue", random.normal(5)))
    return exposures(seen), outcomes(happened)
