"""The line in PROCTOR_TESTS that declares a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proctor.core.matrices.matrix import TestDefinition

__all__ = ["declaration_of"]

#: Payload type → the Python type that declares it. Other payload types are declared by name, such
#: as "json".
_TYPES = {
    "stringValue": "str",
    "longValue": "int",
    "doubleValue": "float",
    "stringArray": "list[str]",
    "longArray": "list[int]",
    "doubleArray": "list[float]",
    "map": "dict",
}


def declaration_of(name: str, test: TestDefinition) -> str:
    """Return Python code that declares the test with all its groups.

    The default is the group with the lowest value, because a visitor without a group should see
    what visitors saw before the test. If the lowest value is above 0, there is no default.
    """
    groups = sorted((each.value, each.name or "") for each in test.buckets)
    lines = [f"    {_text(name)},"]
    if groups:
        pairs = ", ".join(f"{_text(group)}: {value}" for value, group in groups)
        lines.append(f"    groups={{{pairs}}},")
        if groups[0][0] <= 0:
            lines.append(f"    default={_text(groups[0][1])},")
    payloads = (each.payload for each in test.buckets if each.payload is not None)
    kind = next((each.type for each in payloads if each.type is not None), None)
    if kind is not None:
        lines.append(f"    payload={_TYPES.get(kind) or _text(kind)},")
    return "\n".join(["ProctorTest(", *lines, "),"])


def _text(value: str) -> str:
    """Return a Python string literal in double quotes."""
    return json.dumps(value, ensure_ascii=False)
