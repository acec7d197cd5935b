"""The split of a test: the parts of the definition that determine groups."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from proctor.core.java.encodable import encodable
from proctor.results.recording.rows import SplitInfo, digest

if TYPE_CHECKING:
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["split_of_definition", "split_of_version"]

#: The fields of a matrix entry that determine groups. Descriptions, payloads and the version do not
#: determine groups.
_DECIDING = (
    "salt",
    "testType",
    "rule",
    "constants",
    "dependsOn",
    "enableUnitlessAllocations",
    "containsUnitlessAllocation",
)


def split_of_definition(definition: TestDefinition) -> SplitInfo:
    """Return the split of a test from its definition in a matrix."""
    entry = definition.to_dict()
    deciding = {name: entry[name] for name in _DECIDING if entry.get(name) is not None}
    deciding["buckets"] = [{"name": each.name, "value": each.value} for each in definition.buckets]
    deciding["allocations"] = [
        {name: each[name] for name in ("id", "rule", "ranges") if each.get(name) is not None}
        for each in entry["allocations"]
    ]
    text = json.dumps(deciding, sort_keys=True)
    return SplitInfo(
        digest("definition", definition.name, text),
        definition.name,
        encodable(definition.version or ""),
        definition.test_type or "",
        text,
    )


def split_of_version(test: str, version: str, identifier_type: str) -> SplitInfo:
    """Return the split of a test whose definition the source does not provide."""
    return SplitInfo(digest("version", test, version), test, version, identifier_type, "")
