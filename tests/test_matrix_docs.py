"""The tables on the page about the matrix agree with the loader."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from proctor.core import Matrix, MatrixLoadError, Proctor
from proctor.core.matrices import matrix as module
from proctor.core.matrices.documents import Fields
from proctor.core.matrices.payloads import PAYLOAD_TYPES, Payload
from proctor.core.matrices.validation import validate
from tests.fences import ROOT, fences

PAGE = ROOT / "docs" / "matrix.md"

CLASSES = {
    "Audit": module.Audit,
    "TestDefinition": module.TestDefinition,
    "Bucket": module.Bucket,
    "Allocation": module.Allocation,
    "Range": module.Range,
    "Dependency": module.Dependency,
    "PayloadExperimentConfig": module.PayloadExperimentConfig,
}


class Row(NamedTuple):
    field: str
    kind: str
    default: str
    meaning: str


def table(name: str) -> list[Row]:
    """The rows of the table after the marker of a class."""
    part = PAGE.read_text(encoding="utf-8").partition(f"<!-- fields: {name} -->")[2]
    lines = part.strip().partition("\n\n")[0].splitlines()[2:]
    return [Row(*(cell.strip() for cell in line.strip("|").split(" | "))) for line in lines]


class Asked(dict[str, Any]):
    """A JSON object that records which fields were read."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(key)
        return super().get(key, default)


def read(name: str, document: dict[str, Any]) -> Any:
    source = Fields(document)
    cls: Any = CLASSES[name]
    return cls.read("t", source) if name == "TestDefinition" else cls.read(source)


#: For each type in the tables, an accepted and a refused value.
SAMPLES: dict[str, tuple[Any, Any]] = {
    "string": ("words", []),
    "integer": (5, "words"),
    "number": (0.5, "words"),
    "boolean": (True, "words"),
    "object": ({}, 5),
    "payload": ({"stringValue": "words"}, {"stringValue": []}),
    "list of strings": (["words"], 5),
    "list of objects": ([{}], 5),
}

ROWS = [(name, row) for name in CLASSES for row in table(name)]


@pytest.mark.parametrize("name", CLASSES)
def test_the_table_has_the_fields_that_the_loader_reads(name: str) -> None:
    asked = Asked()
    read(name, asked)
    assert [row.field.strip("`") for row in table(name)] != []
    assert {row.field.strip("`") for row in table(name)} == asked.names


@pytest.mark.parametrize(("name", "row"), ROWS, ids=lambda each: getattr(each, "field", each))
def test_the_default_is_that_of_the_loader(name: str, row: Row) -> None:
    field, default = row.field.strip("`"), json.loads(row.default.strip("`"))
    empty = read(name, {})
    given = read(name, {field: default})
    if (default, row.kind) == (None, "integer"):
        # An explicit null becomes 0, unlike a missing field.
        assert empty.updated is None
        return
    assert given == empty
    assert {**empty.to_dict(), field: default} == given.to_dict()


@pytest.mark.parametrize(("name", "row"), ROWS, ids=lambda each: getattr(each, "field", each))
def test_the_type_is_that_of_the_loader(name: str, row: Row) -> None:
    field = row.field.strip("`")
    good, bad = SAMPLES[row.kind]
    kept = read(name, {field: good}).to_dict()[field]
    assert len(kept) == 1 if row.kind == "list of objects" else kept == good
    with pytest.raises(MatrixLoadError):
        read(name, {field: bad})


def test_the_document_has_an_audit_and_tests() -> None:
    assert [row.field for row in table("Matrix")] == ["`audit`", "`tests`"]
    assert Matrix.from_dict({"audit": {}}).tests == {}
    with pytest.raises(MatrixLoadError, match="audit: missing"):
        Matrix.from_dict({"tests": {}})


def test_the_payload_keys_are_those_of_the_loader() -> None:
    part = PAGE.read_text(encoding="utf-8").partition("### A payload")[2].partition("###")[0]
    keys = [line.split("`")[1] for line in part.splitlines() if line.startswith("| `")]
    assert tuple(keys) == PAYLOAD_TYPES
    assert Payload.read(Fields({"payload": {"json": None}}), "payload") is not None


def test_the_full_example_is_full_and_loads() -> None:
    [fence] = fences(PAGE, "json")
    matrix = Matrix.from_json(fence.body)
    assert validate(matrix) == []
    assert set(Proctor(matrix).loaded) == set(matrix.tests)
    document = json.loads(fence.body)
    test = document["tests"]["buttontexttst"]
    parts = {
        "Audit": document["audit"],
        "TestDefinition": test,
        "Bucket": test["buckets"][0],
        "Allocation": test["allocations"][0],
        "Range": test["allocations"][0]["ranges"][0],
        "Dependency": test["dependsOn"],
        "PayloadExperimentConfig": test["payloadExperimentConfig"],
    }
    for name, part in parts.items():
        assert part.keys() == {row.field.strip("`") for row in table(name)}, name
