"""Small matrices, and settings that use them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def one_bucket(name: str, value: int, **payload: Any) -> dict[str, Any]:
    """Return a bucket, with a payload if one is given."""
    return {"name": name, "value": value, **({"payload": payload} if payload else {})}


def definition(*buckets: dict[str, Any], rule: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a test that puts everyone into its first bucket."""
    return {
        "version": "1",
        "salt": "&salt",
        "testType": "USER",
        "rule": rule,
        "buckets": list(buckets),
        "allocations": [
            {
                "id": "#A1",
                "rule": None,
                "ranges": [
                    {"bucketValue": each["value"], "length": 0.0 if index else 1.0}
                    for index, each in enumerate(buckets)
                ],
            }
        ],
        **more,
    }


def write_matrix(directory: Path, **tests: dict[str, Any]) -> Path:
    """Write a file with a matrix of these tests and return its path."""
    path = directory / "matrix.json"
    path.write_text(json.dumps({"audit": {"version": "1"}, "tests": tests}))
    return path
