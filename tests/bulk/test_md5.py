"""The positions of many rows are the same as those from the engine's hash."""

from __future__ import annotations

import uuid

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.bulk import md5
from proctor.bulk.identifiers import Identifiers
from proctor.bulk.md5 import positions
from proctor.core.evaluation.hashing import hash_position
from tests.core.vectorfiles import conformance_directory, read_jsonl

#: Around the ends of blocks, and identifiers that are hashed one by one.
LENGTHS = (0, 1, 3, 54, 55, 56, 63, 64, 119, 120, 128, 1023, 1024, 1025, 3000)

#: More rows than are hashed in a loop.
ROWS = md5.FEW + 3

identifiers = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.sampled_from(LENGTHS).map(lambda length: "x" * length),
    st.integers().map(str),
)


def expected(prefix: bytes, texts: list[str]) -> list[int]:
    return [hash_position(prefix, each.encode()) for each in texts]


@pytest.mark.parametrize("few", [0, md5.FEW])
@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(identifiers, min_size=1, max_size=30),
    prefix=st.binary(max_size=70),
    part=st.integers(1, 4),
)
def test_positions_are_those_of_the_hash(few, texts, prefix, part):
    found = Identifiers(pa.array(texts, pa.string()))
    rows = np.arange(0, len(texts), part)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(md5, "FEW", few)
        assert positions(prefix, found, None).tolist() == expected(prefix, texts)
        picked = [texts[row] for row in rows]
        assert positions(prefix, found, rows).tolist() == expected(prefix, picked)


@pytest.mark.parametrize("length", LENGTHS)
def test_many_rows_of_one_length(length):
    texts = [f"{row:x}".rjust(length, "-")[:length] for row in range(ROWS)]
    found = Identifiers(pa.array(texts))
    assert positions(b"test|salt", found, None).tolist() == expected(b"test|salt", texts)


def test_the_hashes_of_the_java():
    cases = list(read_jsonl(conformance_directory(), "hashes.jsonl"))
    from proctor.core.evaluation.hashing import encode_identifier, salted_prefix

    for case in cases:
        try:
            column = pa.array([case["identifier"]] * ROWS, pa.string())
        except UnicodeEncodeError:
            # A lone surrogate, which Arrow does not hold and the engine reads as a "?".
            column = pa.array([encode_identifier(case["identifier"]).decode()] * ROWS)
        prefix = salted_prefix(case["test"], case["salt"])
        assert set(positions(prefix, Identifiers(column), None).tolist()) == {case["hash"]}
    assert len(cases) > 200


def test_slices_and_nulls():
    column = pa.array(["a", None, "bc", "", None, "def"] * 100).slice(1, 500)
    texts = [each or "" for each in column.to_pylist()]
    found = Identifiers(column)
    assert found.given.tolist() == [each is not None for each in column.to_pylist()]
    assert positions(b"p", found, None).tolist() == expected(b"p", texts)


UUIDS = [uuid.UUID(int=number * 2**64 + 7) for number in range(5)]


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (pa.array(["a", "é", "😀"], pa.large_string()), ["a", "é", "😀"]),
        (pa.array(["a", "x" * 30], pa.string_view()), ["a", "x" * 30]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array([5, 6, 5]).dictionary_encode(), ["5", "6", "5"]),
        (pa.array([0, -5, 2**63 - 1, -(2**63)]), ["0", "-5", str(2**63 - 1), str(-(2**63))]),
        (pa.array([0, 2**64 - 1], pa.uint64()), ["0", str(2**64 - 1)]),
        (pa.array([0, -128], pa.int8()), ["0", "-128"]),
        (pa.array([each.bytes for each in UUIDS], pa.uuid()), [str(each) for each in UUIDS]),
        (pa.array([each.bytes for each in UUIDS], pa.uuid()).slice(2), [*map(str, UUIDS[2:])]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_identifiers_of_every_type_are_texts(column, texts):
    found = Identifiers(column)
    assert found.column.to_pylist() == texts
    assert positions(b"p", found, None).tolist() == expected(b"p", texts)


def test_a_uuid_may_be_null():
    found = Identifiers(pa.array([UUIDS[0].bytes, None], pa.uuid()))
    assert found.column.to_pylist() == [str(UUIDS[0]), None]
