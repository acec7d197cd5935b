"""Batches give Java's results for every conformance assignment that Arrow can represent."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from proctor.bulk.assigner import Assigner, Inputs
from proctor.bulk.output import Output
from proctor.bulk.tables import wanted_tests
from tests.bulk.conformance import FILES, Part, read

COLUMNS = ("group", "value", "payload", "allocation")


def assigned(file, part: Part) -> pa.Table:
    known = [each for each in part.tests or () if each in file.proctor.loaded_names]
    tests = wanted_tests(file.proctor, known if part.tests else None)
    types = {name: each for name, each in file.types.items() if name in part.context}
    inputs = Inputs(part.identifiers, part.context, {}, types, part.random_enabled)
    assigner = Assigner(file.proctor, tests, inputs)
    [batch] = part.table().combine_chunks().to_batches()
    output = Output(assigner, "wide", COLUMNS, dictionary=True)
    [piece] = output.pieces(assigner.assign(batch))
    return pa.Table.from_batches([output.joined(batch, piece, output.schema(batch.schema))])


def groups_of(row: dict, tests: tuple) -> dict:
    found = {}
    for name, value in row.items():
        test, dot, column = name.rpartition(".")
        if dot and test in tests and value is not None:
            found.setdefault(test, {})[column] = value
    return found


def expected(case: dict) -> dict:
    found = {}
    for test, group in case["groups"].items():
        found[test] = {
            "group": group["name"],
            "value": group["value"],
            "allocation": group.get("allocation_id", ""),
        }
        if "payload" in group:
            found[test]["payload"] = next(iter(group["payload"].values()), {})
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_assignment_is_the_javas(name):
    file = read(name)
    assert file is not None
    for part in file.parts:
        rows = assigned(file, part).to_pylist()
        for case, row in zip(part.cases, rows, strict=True):
            mine = groups_of(row, file.proctor.loaded)
            for group in mine.values():
                if "payload" in group:
                    group["payload"] = json.loads(group["payload"])
            assert mine == expected(case), case["id"]


def test_few_assignments_are_left_out():
    files = [read(name) for name in FILES]
    held = sum(len(part.cases) for file in files for part in file.parts)
    assert (held > 2000, sum(file.left_out for file in files) < 900) == (True, True)
