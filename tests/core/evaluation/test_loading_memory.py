"""The memory that a matrix of long rules takes, relative to the size of its file."""

from __future__ import annotations

import gc
import json
import tracemalloc

import pytest

from proctor.core import Matrix, Proctor
from tests.site_matrices import definition, one_bucket

LIMIT = 20


@pytest.mark.parametrize("types", [None, {"country": "String", "account": "Long"}])
@pytest.mark.parametrize(
    "operand", ["country == 'AB{}'", "account == {}", "fn:startsWith(country, 'x{}')"]
)
def test_chains_take_at_most_twenty_times_their_size(operand, types):
    tests = {}
    for number in range(30):
        parts = [operand.format(number * 1000 + each) for each in range(250)]
        rule = "${" + " || ".join(parts) + "}"
        tests[f"test{number}x"] = definition(one_bucket("on", 1), rule=rule)
    content = json.dumps({"audit": {"version": "1"}, "tests": tests}).encode()
    # What is imported late, and caches of the library, are no part of it.
    Proctor(Matrix.from_json(content), types)
    gc.collect()
    tracemalloc.start()
    try:
        proctor = Proctor(Matrix.from_json(content), types)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert proctor.loaded
    assert peak / len(content) < LIMIT
