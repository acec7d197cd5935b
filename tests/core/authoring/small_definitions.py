"""Definitions for tests of authoring, built from bucket values and lengths."""

from __future__ import annotations

from typing import Any

from proctor.core.matrices.matrix import Range, TestDefinition

BUCKETS = [
    {"name": "inactive", "value": -1},
    {"name": "control", "value": 0},
    {"name": "blue", "value": 1},
    {"name": "green", "value": 2},
]


def ranges(*lengths: tuple[int, float]) -> tuple[Range, ...]:
    """Return ranges from bucket values and lengths."""
    return tuple(Range(value, length) for value, length in lengths)


def split(
    *lengths: tuple[int, float],
    rule: str | None = None,
    id: str = "#A1",  # noqa: A002 - the matrix's own word
) -> dict[str, Any]:
    """Return an allocation as JSON, from bucket values and lengths."""
    found = [{"bucketValue": value, "length": length} for value, length in lengths]
    return {"rule": rule, "ranges": found, "id": id}


def make_test(*allocations: dict[str, Any], name: str = "t", **fields: Any) -> TestDefinition:
    """Return a test with these allocations."""
    usual = {"testType": "USER", "salt": f"&{name}", "buckets": BUCKETS}
    return TestDefinition.from_dict(name, {**usual, "allocations": [*allocations], **fields})
