from __future__ import annotations

import dataclasses
import json
import math
import pickle
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.evaluation.allocation import (
    POSITION_MAX,
    POSITION_MIN,
    RangeTable,
    cutoffs,
    random_range,
    range_index,
    smallest_live,
)
from proctor.core.evaluation.hashing import encode_identifier, hash_position, md5, salted_prefix
from tests.core.vectorfiles import conformance_directory, read_jsonl, read_matrix_text

POSITIONS = st.integers(POSITION_MIN, POSITION_MAX)


@st.composite
def lengths_of_ranges(draw):
    """Lengths that add up to 1 or nearly so, some of them zero, tiny or negative."""
    length = st.one_of(
        st.just(0.0),
        st.sampled_from([-0.2, -1e-9, 1e-10, 2**-32, 1 / 256, 0.25, 1.0]),
        st.floats(-0.5, 1.5),
    )
    lengths = draw(st.lists(length, max_size=8))
    rest = 1 - sum(lengths) + draw(st.sampled_from([0.0, 5e-5, -5e-5]))
    lengths.insert(draw(st.integers(0, len(lengths))), rest)
    return lengths


@st.composite
def ranges_with_outcomes(draw):
    """Lengths, each with an outcome that several ranges may share."""
    lengths = draw(lengths_of_ranges())
    outcomes = [object() for _ in range(draw(st.integers(1, len(lengths))))]
    return lengths, [draw(st.sampled_from(outcomes)) for _ in lengths]


def digest_at(position: int) -> bytes:
    """A digest with this position in its last bytes."""
    return bytes(12) + position.to_bytes(4, "big", signed=True)


def around(cuts):
    """All positions at which the result may change, and their neighbors."""
    places = {POSITION_MIN, -1, 0, POSITION_MAX, *cuts}
    near = {place + step for place in places for step in (-1, 0, 1)}
    return [place for place in near if POSITION_MIN <= place <= POSITION_MAX]


def test_cutoffs_are_the_javas():
    for case in read_jsonl(conformance_directory(), "cutoffs.jsonl"):
        if "error" in case:
            with pytest.raises(ValueError):
                cutoffs(case["lengths"])
        else:
            assert list(cutoffs(case["lengths"])) == case["cutoffs"], case


def test_one_range_has_no_cutoff():
    assert cutoffs([1.0]) == ()


def test_cutoffs_are_cut_toward_zero():
    assert cutoffs([0.5, 0.5]) == (0,)
    assert cutoffs([0.25, 0.75]) == (-1073741824,)


def test_cutoffs_stay_within_32_bits():
    assert cutoffs([1.5, -1.0, 0.5]) == (POSITION_MAX, 0)
    assert cutoffs([-0.5, 1.5]) == (POSITION_MIN,)


def test_a_cutoff_that_is_not_a_number_is_zero():
    assert cutoffs([math.nan, 0.5, 0.5]) == (0, 0)


@pytest.mark.parametrize("lengths", [[], [0.5], [0.5, 0.50011], [math.inf]])
def test_lengths_that_do_not_add_up_are_refused(lengths):
    with pytest.raises(ValueError, match="add up to 1"):
        cutoffs(lengths)


@pytest.mark.parametrize("lengths", [[0.9999], [1.0001]])
def test_the_bounds_of_the_sum_are_allowed(lengths):
    assert cutoffs(lengths) == ()


def test_the_message_about_many_ranges_is_short():
    with pytest.raises(ValueError) as caught:
        cutoffs([0.1] * 1000)
    assert len(str(caught.value)) < 300


def test_a_position_on_a_cutoff_belongs_to_the_lower_range():
    assert range_index(7, (7, 9)) == 0


def test_a_position_behind_a_cutoff_belongs_to_the_next_range():
    assert range_index(8, (7, 9)) == 1


def test_the_last_range_takes_the_rest():
    assert range_index(10, (7, 9)) == 2


def test_a_falling_cutoff_is_never_reached_first():
    assert range_index(8, (9, 7)) == 0


def test_without_cutoffs_there_is_one_range():
    assert range_index(0, ()) == 0


@given(ranges_with_outcomes(), st.lists(POSITIONS, max_size=20))
def test_a_table_answers_as_the_walk_does(ranges, positions):
    lengths, outcomes = ranges
    cuts = cutoffs(lengths)
    table = RangeTable.build(lengths, outcomes)
    for position in [*positions, *around(cuts)]:
        expected = outcomes[range_index(position, cuts)]
        assert table.find(digest_at(position)) is expected
        assert table.exact(digest_at(position)[12:]) is expected


@given(ranges_with_outcomes())
def test_a_cell_is_indexed_only_where_one_outcome_fills_it(ranges):
    table = RangeTable.build(*ranges)
    for cell in range(256):
        ends = {table.exact(bytes([cell, *rest])) for rest in ([0] * 3, [255] * 3)}
        outcome = table.pieces[table.table[cell]]
        assert outcome is None or ends == {outcome}


@pytest.mark.parametrize("count", [255, 256, 257, 1000])
def test_more_ranges_than_a_byte_counts_are_answered_as_by_the_walk(count):
    lengths = [1 / count] * count
    cuts = cutoffs(lengths)
    table = RangeTable.build(lengths, range(count))
    for position in around(cuts):
        assert table.find(digest_at(position)) == range_index(position, cuts)


def test_256_outcomes_of_one_cell_each_are_all_found():
    # Lengths a little over 1/256 move each cut-off into the next cell and back.
    step = 2**24 / (2**32 - 1)
    lengths = [step] * 255 + [1 - 255 * step]
    table = RangeTable.build(lengths, range(256))
    middles = [table.find(digest_at(POSITION_MIN + cell * 2**24 + 99)) for cell in range(256)]
    assert middles == list(range(256))


def test_a_table_of_one_range_needs_no_bounds():
    table = RangeTable.build([1.0], ["all"])
    assert table.bounds == ()
    assert table.outcomes_by_bound == ("all",)


def test_neighbours_of_one_outcome_are_one_piece():
    table = RangeTable.build([0.25, 0.25, 0.5], ["a", "a", "a"])
    assert table.bounds == ()


def test_almost_every_digest_is_answered_by_one_byte():
    table = RangeTable.build([0.1, 0.2, 0.3, 0.4], "abcd")
    assert sum(table.pieces[number] is None for number in table.table) <= 4


def test_a_typical_table_is_small():
    table = RangeTable.build([0.1, 0.2, 0.3, 0.4], "abcd")
    parts = [table, table.table, table.pieces, table.bounds, table.outcomes_by_bound]
    assert sum(map(sys.getsizeof, [*parts, *table.bounds])) < 1000


def test_outcomes_and_lengths_must_be_as_many():
    with pytest.raises(ValueError, match="expected one outcome for each of the 2 ranges, got 1"):
        RangeTable.build([0.5, 0.5], ["a"])


def test_a_table_cannot_be_changed():
    table = RangeTable.build([1.0], ["all"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        table.bounds = ()


def test_a_table_can_be_pickled():
    table = pickle.loads(pickle.dumps(RangeTable.build([0.5, 0.5], "ab")))
    assert table.find(digest_at(-1)) == "a"


def test_visitors_get_the_javas_buckets():
    directory = conformance_directory()
    definitions = json.loads(read_matrix_text(directory, "matrices/ranges.json"))["tests"]
    tables = {}
    for name, definition in definitions.items():
        names = {bucket["value"]: bucket["name"] for bucket in definition["buckets"]}
        ranges = definition["allocations"][0]["ranges"]
        outcomes = [names[item["bucketValue"]] for item in ranges]
        tables[name] = RangeTable.build([float(item["length"]) for item in ranges], outcomes)
    header, *cases = read_jsonl(directory, "assignments/ranges.jsonl")
    assert header["load"]["dropped_tests"] == {}
    for case in cases:
        identifier = encode_identifier(case["identifiers"]["USER"])
        for name, group in case["groups"].items():
            prefix = salted_prefix(name, definitions[name]["salt"])
            found = tables[name].find(md5(prefix + identifier).digest())
            assert found == group["name"], (case["id"], name)


@given(lengths_of_ranges(), st.binary(max_size=30))
def test_the_digest_and_the_position_lead_to_the_same_range(lengths, identifier):
    cuts = cutoffs(lengths)
    table = RangeTable.build(lengths, range(len(lengths)))
    expected = range_index(hash_position(b"t|s", identifier), cuts)
    assert table.find(md5(b"t|s" + identifier).digest()) == expected


class Drawn(random.Random):
    """A random source that always draws the same number."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def random(self) -> float:
        return self.value


@pytest.mark.parametrize(
    ("drawn", "expected"), [(0.0, 0), (0.2499, 0), (0.25, 1), (0.5, 2), (0.9999, 2)]
)
def test_the_range_drawn_is_the_first_whose_running_sum_is_above_the_draw(drawn, expected):
    assert random_range([0.25, 0.25, 0.5], Drawn(drawn)) == expected


def test_a_range_of_length_zero_is_never_drawn():
    assert random_range([0.0, 1.0], Drawn(0.0)) == 1


def test_the_last_range_drawn_takes_what_is_left():
    assert random_range([0.5, 0.49995, 0.0], Drawn(0.99999)) == 2


def test_any_generator_will_do():
    drawn = {random_range([0.5, 0.5], random.Random(seed)) for seed in range(50)}
    assert drawn == {0, 1}


def test_the_smallest_live_bucket_is_the_smallest_value_with_a_length():
    assert smallest_live([0.5, 0.0, 0.5], [3, -1, 2]) == 2


def test_a_negative_length_is_not_live():
    assert smallest_live([1.5, -0.5], [1, 0]) == 1


def test_without_a_live_range_there_is_no_smallest():
    assert smallest_live([0.0, math.nan], [1, 2]) is None
