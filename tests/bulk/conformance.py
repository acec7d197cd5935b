"""The conformance assignments as tables, if Arrow can represent their values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from proctor.core.evaluation.engine import Proctor
from proctor.core.java.context_types import pipet_type
from proctor.core.matrices.matrix import Matrix
from tests.core.vectorfiles import conformance_directory, read_jsonl, read_matrix_text
from tests.core.vectorvalues import declared_types

DIRECTORY = conformance_directory()
FILES = sorted(
    f"assignments/{each.name.removesuffix('.gz')}"
    for each in DIRECTORY.glob("assignments/*.jsonl*")
)


@dataclass
class Part:
    """Cases of one file that fit into the same table."""

    types: dict[str, pa.DataType]
    tests: tuple[str, ...] | None
    random_enabled: bool
    cases: list[dict[str, Any]] = field(default_factory=list)

    @property
    def identifiers(self) -> dict[str, str]:
        kinds = {kind for case in self.cases for kind in case["identifiers"]}
        return {kind: f"id {kind}" for kind in sorted(kinds)}

    @property
    def context(self) -> dict[str, str]:
        return {name: f"var {name}" for name in sorted(self.types)}

    def table(self) -> pa.Table:
        columns = {
            column: pa.array([case["identifiers"].get(kind) for case in self.cases], pa.string())
            for kind, column in self.identifiers.items()
        }
        for name, column in self.context.items():
            values = [case["context"].get(name) for case in self.cases]
            columns[column] = pa.array(values, self.types[name])
        return pa.table(columns)


@dataclass
class File:
    """One file: its matrix, its parts, and the number of cases that are left out."""

    proctor: Proctor
    #: The values that the caller of an engine without declared types converts.
    types: dict[str, Any]
    parts: list[Part]
    left_out: int


def arrow_types(context: dict[str, Any]) -> dict[str, pa.DataType] | None:
    """Return the exact types of the values, or None if Arrow cannot represent one of them."""
    found = {}
    for name, value in context.items():
        if value is None:
            # In Arrow a null is a missing value, unlike an explicit null in a context.
            return None
        try:
            array = pa.array([value])
            if repr(array.to_pylist()) != repr([value]):
                return None
        except (pa.ArrowException, OverflowError, UnicodeEncodeError):
            return None
        found[name] = array.type
    return found


def part_for(parts: list[Part], case: dict[str, Any]) -> Part | None:
    """Return the part for a case, created if necessary, or None if Arrow cannot represent it."""
    types = arrow_types(case["context"])
    if types is None or case.get("force_groups") or "exception" in case:
        return None
    try:
        for identifier in case["identifiers"].values():
            pa.scalar(identifier, pa.string())
    except UnicodeEncodeError:
        return None
    tests = tuple(case.get("test_filter") or ()) or None
    drawn = case.get("random_enabled", False)
    for part in parts:
        fits = all(part.types.get(name, kind) == kind for name, kind in types.items())
        if fits and (part.tests, part.random_enabled) == (tests, drawn):
            part.types.update(types)
            return part
    parts.append(Part(types, tests, drawn))
    return parts[-1]


def read(name: str) -> File | None:
    """Return the assignments in one file, or None if the matrix does not load."""
    lines = read_jsonl(DIRECTORY, name)
    first = next(lines)
    header = first["header"]
    if "load_exception" in first["load"]:
        return None
    types = declared_types(header)
    undeclared = header.get("provided_context_style") == "none"
    validator = header.get("identifier_validator", "none")
    proctor = Proctor(
        Matrix.from_json(read_matrix_text(DIRECTORY, header["matrix"])),
        context_types=None if undeclared else types,
        identifier_validator=None if validator == "none" else validator,
    )
    parts: list[Part] = []
    left_out = 0
    variables = set()
    for case in lines:
        part = part_for(parts, case)
        variables.update(case["context"])
        if part is None:
            left_out += 1
        else:
            part.cases.append(case)
    json = pipet_type("json")
    converted = {each: types.get(each, json) for each in variables} if undeclared else {}
    return File(proctor, converted, parts, left_out)
