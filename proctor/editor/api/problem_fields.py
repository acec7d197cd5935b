"""Map the code of a problem to the field of the definition that the problem is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proctor.core.problems import Problem

__all__ = ["field_of"]

#: Maps prefixes of problem codes to fields of a definition or of an allocation.
_FIELDS = {
    "test-name": "name",
    "test-type": "testType",
    "unknown-test-type": "testType",
    "salt": "salt",
    "dependency": "dependsOn",
    "depends": "dependsOn",
    "description": "description",
    "allocations": "allocations",
    "no-allocations": "allocations",
    "no-ranges": "ranges",
    "unitless-ranges": "ranges",
    "unknown-bucket": "ranges",
    "range": "ranges",
    "payload": "buckets",
    "bucket": "buckets",
    "page-bucket": "buckets",
    "duplicate-bucket": "buckets",
    "declared-bucket": "buckets",
    "declared-payload": "buckets",
    "empty-rule": "rule",
    "rule": "rule",
    "meta-tag": "metaTags",
    "countries": "specialConstants",
    "priority": "payloadExperimentConfig",
    "namespaces": "payloadExperimentConfig",
    "constant": "constants",
    "id-": "id",
    "reason-required": "reason",
    "too-long-message": "message",
    "too-long-reason": "reason",
    "too-long-comment": "text",
}


def field_of(problem: Problem) -> str | None:
    """Return the field that a problem is about, or None for the whole definition."""
    if problem.rule is not None:
        return "rule"
    found = [prefix for prefix in _FIELDS if problem.code.startswith(prefix)]
    return _FIELDS[max(found, key=len)] if found else None
