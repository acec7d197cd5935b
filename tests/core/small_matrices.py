"""Small matrices for tests, with defaults for everything."""

from __future__ import annotations

from typing import Any

from proctor.core.matrices.matrix import Matrix

AUDIT = {"version": "7", "updated": 1161832035241, "updatedBy": "someone"}


def definition(**fields: Any) -> dict[str, Any]:
    """Return a test as JSON: half of the users in `control`, half in `blue`, none in `inactive`."""
    usual = {
        "version": "3",
        "salt": "&salt",
        "testType": "USER",
        "buckets": [
            {"name": "inactive", "value": -1},
            {"name": "control", "value": 0},
            {"name": "blue", "value": 1},
        ],
        "allocations": [allocation(control=0.5, blue=0.5)],
    }
    return {**usual, **fields}


_VALUES = {"inactive": -1, "control": 0, "blue": 1}


def allocation(
    rule: str | None = None,
    *,
    id: str = "#A1",  # noqa: A002 - the matrix's own word
    **lengths: float,
) -> dict[str, Any]:
    """Return an allocation as JSON, from the shares of its buckets."""
    ranges = [{"bucketValue": _VALUES[name], "length": share} for name, share in lengths.items()]
    return {"id": id, "rule": rule, "ranges": ranges}


def everybody(bucket: str, rule: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return a test as JSON that puts everyone for whom *rule* is true into one bucket."""
    return definition(rule=rule, allocations=[allocation(**{bucket: 1.0})], **fields)


def matrix(**tests: dict[str, Any]) -> Matrix:
    """Return a matrix with these tests."""
    return Matrix.from_dict({"audit": AUDIT, "tests": tests})
