"""Ramps: the order of preferences, and whether the written ranges give the requested shares."""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import chain, groupby, pairwise, product
from math import floor

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from proctor.core.authoring.moves import layout
from proctor.core.authoring.moves.line import TICKS
from proctor.core.authoring.moves.placement import POSITIONS, pieces_of, shares
from proctor.core.authoring.moves.ramping import TOLERANCE, ramp
from proctor.core.authoring.moves.refused import ChangeRefused
from proctor.core.authoring.moves.who_moves import moves
from proctor.core.matrices.matrix import TestDefinition
from tests.core.authoring.small_definitions import make_test, split
from tests.core.evaluation.test_allocation import lengths_of_ranges


def lengths_of(test, allocation=0):
    return [(each.bucket_value, each.length) for each in test.allocations[allocation].ranges]


def ramped(lengths, shares, **fields):
    """The new lengths, and the moves of the allocation."""
    old = make_test(split(*lengths), **fields)
    new = ramp(old, 0, shares)
    return lengths_of(new), moves(old, new)[0]


# The order of preferences, by hand


def test_a_ramp_takes_from_inactive_and_moves_nobody_between_groups():
    new, pair = ramped([(-1, 0.8), (0, 0.1), (1, 0.1)], {0: 0.2, 1: 0.2})
    assert new == [(1, 0.1), (-1, 0.6), (0, 0.2), (1, 0.1)]
    assert (pair.jump, pair.leave) == (0, 0)
    assert float(pair.enter) == pytest.approx(0.2, abs=1e-9)


def test_a_classic_ramp_goes_from_10_to_50_to_100_percent():
    test = make_test(split((-1, 1.0)))
    expected = [
        [(0, 0.1), (-1, 0.8), (1, 0.1)],
        [(0, 0.25), (-1, 0.5), (1, 0.25)],
        [(0, 0.5), (1, 0.5)],
    ]
    for share, lengths in zip((0.1, 0.25, 0.5), expected, strict=True):
        new = ramp(test, 0, {0: share, 1: share})
        assert lengths_of(new) == lengths
        assert moves(test, new)[0].jump == 0
        test = new


def test_leaving_is_better_than_jumping():
    new, pair = ramped([(-1, 0.4), (0, 0.5), (1, 0.1)], {0: 0.4, 1: 0.3})
    assert pair.jump == 0
    assert float(pair.leave) == pytest.approx(0.1, abs=1e-9)
    assert float(pair.enter) == pytest.approx(0.2, abs=1e-9)
    assert len(new) == 4


def test_only_what_the_negative_groups_cannot_give_jumps():
    _, pair = ramped([(-1, 0.1), (0, 0.8), (1, 0.1)], {0: 0.5, 1: 0.5})
    assert float(pair.jump) == pytest.approx(0.3, abs=1e-9)
    assert float(pair.enter) == pytest.approx(0.1, abs=1e-9)


def test_a_new_group_starts_far_from_the_others():
    assert ramped([(0, 0.5), (-1, 0.5)], {1: 0.1})[0] == [(0, 0.5), (-1, 0.4), (1, 0.1)]
    assert ramped([(-1, 0.5), (0, 0.5)], {1: 0.1})[0] == [(1, 0.1), (-1, 0.4), (0, 0.5)]
    assert ramped([(-1, 1.0)], {1: 0.1})[0] == [(-1, 0.9), (1, 0.1)]


def test_short_decimals_are_better_than_room_between_groups():
    lengths = [(2, 0.1), (1, 0.1), (-1, 0.1777), (1, 0.2223), (-1, 0.4)]
    new, _ = ramped(lengths, {2: 0.1777})
    assert new == [*lengths[:2], (-1, 0.1), (2, 0.0777), *lengths[3:]]


def test_the_remainder_goes_to_the_lowest_negative_group():
    buckets = [{"name": str(value), "value": value} for value in (-2, -1, 0, 1)]
    new, _ = ramped([(-1, 0.2), (0, 0.4), (1, 0.4)], {1: 0.1}, buckets=buckets)
    assert sorted(new) == [(-2, 0.3), (-1, 0.2), (0, 0.4), (1, 0.1)]
    new, _ = ramped([(-1, 0.2), (0, 0.4), (1, 0.4)], {-2: 0.1, 1: 0.1}, buckets=buckets)
    # The lowest one is named, so the other gets what remains.
    assert sum(length for value, length in new if value == -1) == pytest.approx(0.4)


def test_a_range_that_stays_keeps_its_fields():
    ranges = [
        {"bucketValue": -1, "length": 0.8, "note": "rest"},
        {"bucketValue": 0, "length": 0.1, "note": "a"},
        {"bucketValue": 0, "length": 0.1, "note": "b"},
    ]
    old = make_test({"ranges": ranges, "x": 1}, owner="me")
    document = ramp(old, 0, {1: 0.3}).to_dict()
    assert document["owner"] == "me"
    assert document["allocations"] == [
        {
            "x": 1,
            "ranges": [
                {"bucketValue": 1, "length": 0.3},
                {"bucketValue": -1, "length": 0.5, "note": "rest"},
                *ranges[1:],
            ],
        }
    ]


def test_a_first_range_of_length_0_has_a_position_and_stays():
    new, pair = ramped([(0, 0.0), (1, 0.0), (-1, 1.0)], {1: 0.5})
    assert new == [(0, 0.0), (-1, 0.5), (1, 0.5)]
    assert pair.jump == pair.leave == 0


def test_a_share_of_less_than_a_position_leaves_no_empty_range():
    old = [(-1, 0.5), (0, 0.2), (-1, 0.3)]
    assert ramped(old, {0: 1e-10})[0] == [(-1, 1.0)]


def test_a_definition_that_has_the_shares_stays_as_it_is():
    old = make_test(split((-1, 0.6), (0, 0.0), (0, 0.2), (0, 0.1), (1, 0.1)))
    assert ramp(old, 0, {0: 0.3, 1: 0.1}) is old
    assert ramp(old, 0, {}) is old


def test_thirds_are_written_with_ten_digits():
    new, _ = ramped([(-1, 1.0)], dict.fromkeys((0, 1, 2), 1 / 3))
    assert sorted(length for _, length in new) == [0.3333333333, 0.3333333333, 0.3333333334]


def test_another_allocation_stays_as_it_is():
    old = make_test(split((-1, 1.0), rule="${a}"), split((-1, 1.0)))
    new = ramp(old, 1, {1: 0.5})
    assert new.allocations[0] is old.allocations[0]
    assert lengths_of(new, 1) == [(-1, 0.5), (1, 0.5)]


# Refusals

HALVES = split((-1, 0.5), (0, 0.5))


@pytest.mark.parametrize(
    ("test", "allocation", "wanted", "message"),
    [
        (make_test(HALVES, testType="RANDOM"), 0, {1: 0.5}, "RANDOM"),
        (make_test(HALVES), 1, {1: 0.5}, "expected an allocation from 1 to 1, got 2"),
        (make_test(HALVES), -1, {1: 0.5}, "expected an allocation from 1 to 1, got 0"),
        (make_test(), 0, {1: 0.5}, "no allocations"),
        (
            make_test(HALVES),
            0,
            {7: 0.5},
            r"expected the value of a group, got 7; the groups are -1 \(",
        ),
        (make_test(HALVES), 0, {1: 1.5}, "expected a share from 0 to 1, got 1.5"),
        (make_test(HALVES), 0, {1: -0.1}, "expected a share from 0 to 1"),
        (make_test(HALVES), 0, {1: float("nan")}, "expected a share from 0 to 1"),
        (make_test(HALVES), 0, {1: float("inf")}, "expected a share from 0 to 1"),
        (make_test(HALVES), 0, {1: "much"}, "expected a share from 0 to 1, got 'much'"),
        (make_test(HALVES), 0, {1: 0.6}, "add up to 110 %, but the maximum is 100 %"),
        (make_test(HALVES), 0, {-1: 0.3, 1: 0.1}, "add up to 90 %, not to 100 %"),
        (make_test(HALVES), 0, {1: 0.50000001}, "add up to 100.000001 %, but the maximum is 100 %"),
        (make_test(HALVES), 0, {1: 0.500000002}, "add up to 100.0000002 %, but the maximum is 100"),
        (make_test(split((0, 0.5))), 0, {1: 0.6}, "allocation 1: the range lengths 0.5 add up"),
        (make_test(HALVES, testType="PAGE"), 0, {1: 0.5}, r"missing: -1 \(inactive\), 0 \(control"),
    ],
)
def test_what_makes_no_sense_is_refused(test, allocation, wanted, message):
    with pytest.raises(ChangeRefused, match=message):
        ramp(test, allocation, wanted)


def test_without_a_negative_group_all_shares_are_needed():
    buckets = [{"name": "control", "value": 0}, {"name": "blue", "value": 1}]
    with pytest.raises(ChangeRefused, match=r"give the share of every group; missing: 0"):
        ramped([(0, 0.5), (1, 0.5)], {1: 0.5}, buckets=buckets)
    new, pair = ramped([(0, 0.5), (1, 0.5)], {0: 0.4, 1: 0.6}, buckets=buckets)
    assert new == [(0, 0.4), (1, 0.6)]
    assert float(pair.jump) == pytest.approx(0.1, abs=1e-9)


def test_lengths_whose_sum_is_not_exact_need_no_more_ranges():
    # 0.1 + 0.7 is less than 0.8 in doubles.
    buckets = [{"name": f"b{value}", "value": value} for value in (-1, 0, 1)]
    new, _ = ramped([(1, 0.1), (-1, 0.7), (1, 0.2)], {0: 0.3, 1: 0.2}, buckets=buckets)
    # The cut that is kept stays at its very position, which 0.5 + 0.3 would miss by one.
    assert [value for value, _ in new] == [-1, 0, 1]
    assert [length for _, length in new] == pytest.approx([0.5, 0.3, 0.2], abs=1e-9)


# Against brute force


def best_cost(old, counts, fixed):
    """Return the fewest jumps, then cells that change, then ranges, of all lines of cells."""
    values = sorted(counts)

    @cache
    def best(index, left, previous):
        if index == len(old):
            return (0, 0, 0)
        found = []
        for place, value in enumerate(values):
            is_same = value == old[index]
            if not left[place] or (not is_same and {value, old[index]} & fixed):
                continue
            rest = best(index + 1, (*left[:place], left[place] - 1, *left[place + 1 :]), value)
            if rest is not None:
                jumps = not is_same and value >= 0 and old[index] >= 0
                own = (jumps, not is_same, value != previous)
                found.append(tuple(map(sum, zip(own, rest, strict=True))))
        return min(found, default=None)

    return best(0, tuple(counts[value] for value in values), None)


@st.composite
def grids(draw):
    """A line whose cuts are on a grid, and shares on that grid: cells, counts, fixed, wanted."""
    size = draw(st.sampled_from([6, 7, 8, 9]))
    values = draw(
        st.sampled_from([(-1, 0, 1), (-1, 0, 1, 2), (0, 1), (0, 1, 2), (-2, -1, 0), (-2, -1, 0, 1)])
    )
    old = draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))
    target = Counter(draw(st.lists(st.sampled_from(values), min_size=size, max_size=size)))
    negative = [value for value in values if value < 0]
    named = set(draw(st.sets(st.sampled_from(values), min_size=1))) if negative else {*values}
    remainder = min((value for value in negative if value not in named), default=None)
    fixed = {value for value in values if value not in named and value != remainder}
    wanted = {value: target[value] for value in named}
    rest = size - sum(wanted.values()) - sum(old.count(value) for value in fixed)
    assume(rest == 0 if remainder is None else rest >= 0)
    counts = {**wanted, **{value: old.count(value) for value in fixed}}
    if remainder is not None:
        counts[remainder] = rest
    return tuple(old), counts, frozenset(fixed), wanted


@settings(max_examples=300, deadline=None)
@given(grids())
@example(
    (
        (-2, -1, 0, -2, 0, -1, 1),
        {-2: 0, -1: 4, 0: 2, 1: 1},
        frozenset({0, 1}),
        {-1: 4},
    )
)
@example(((-1, 1, 0, 0, -1, -1), {0: 3, 1: 2, -1: 1}, frozenset(), {0: 3, 1: 2}))
@example(((2, 1, 0, 2, 1, 0), {0: 3, 1: 3, 2: 0}, frozenset(), {0: 3, 1: 3, 2: 0}))
@example(
    (
        (-2, -1, -1, -1, 0, 0, 0, -2),
        {-2: 2, -1: 2, 0: 1, 1: 3},
        frozenset(),
        {-2: 2, -1: 2, 0: 1, 1: 3},
    )
)
def test_a_ramp_is_as_good_as_the_best_of_all(case):
    old, counts, fixed, wanted = case
    size = len(old)
    buckets = [{"name": f"b{value}", "value": value} for value in sorted(counts)]
    # As files have them: with ten digits, so that six sixths are not exactly 1.
    lengths = [(value, round(len(list(group)) / size, 10)) for value, group in groupby(old)]
    test = make_test(split(*lengths), buckets=buckets)
    new = ramp(test, 0, {value: Fraction(count, size) for value, count in wanted.items()})

    jumps, moved, ranges = best_cost(old, counts, fixed)
    (pair,) = moves(test, new)
    assert abs(pair.jump - Fraction(jumps, size)) < 3 * TOLERANCE
    assert jumps or pair.jump == 0
    movement = sum(row.share for row in pair.table if row.source != row.target)
    assert abs(movement - Fraction(moved, size)) < 5 * TOLERANCE
    assert len(list(groupby(lengths_of(new), lambda each: each[0]))) <= ranges
    after = shares(pieces_of(new.allocations[0].ranges))
    for value, count in wanted.items():
        assert abs(after.get(value, 0) - Fraction(count, size)) <= TOLERANCE


@st.composite
def ramps(draw):
    """Any allocation that the engine loads, and shares that it can have."""
    lengths = [(draw(st.integers(-2, 3)), each) for each in draw(lengths_of_ranges())]
    buckets = [{"name": f"b{value}", "value": value} for value in range(-2, 4)]
    test = make_test(split(*lengths), buckets=buckets)
    now = shares(pieces_of(test.allocations[0].ranges))
    named = draw(st.sets(st.integers(-1, 3), max_size=5))
    left = 1 - sum((now.get(v, 0) for v in range(-1, 4) if v not in named), Fraction(0))
    wanted = {}
    for value in sorted(named):
        part = draw(st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(1)]))
        wanted[value] = Fraction(round(left * part * 10**4 - Fraction(1, 2)), 10**4)
        wanted[value] = max(wanted[value], Fraction(0))
        left -= wanted[value]
    return test, wanted


@settings(max_examples=200, deadline=None)
@given(ramps())
@example(
    (
        make_test(
            split((0, 0.500000001), (-1, -1e-9), (-1, 0.5)),
            buckets=[{"name": f"b{value}", "value": value} for value in range(-2, 4)],
        ),
        {-1: Fraction(1, 2), 0: Fraction(0), 3: Fraction(1, 2)},
    )
)
def test_what_is_written_gives_the_shares(case):
    test, wanted = case
    new = ramp(test, 0, wanted)
    if new is test:
        return
    document = json.loads(json.dumps(new.to_dict()))
    for each in document["allocations"][0]["ranges"]:
        assert each["length"] == round(each["length"], 10)
    read = TestDefinition.from_dict("t", document)
    before = shares(pieces_of(test.allocations[0].ranges))
    after = shares(pieces_of(read.allocations[0].ranges))
    for value, share in wanted.items():
        assert abs(after.get(value, 0) - share) <= TOLERANCE
    (pair,) = moves(test, read)
    changed = {(row.source, row.target) for row in pair.table if row.source != row.target}
    assert {value for row in changed for value in row} <= {*wanted, -2}
    growth = sum(max(0, after.get(v, 0) - before.get(v, 0)) for v in wanted if v >= 0)
    give = sum(before.get(v, 0) for v in {-2, *wanted} if v < 0)
    assert abs(pair.jump - max(0, growth - give)) <= 2 * TOLERANCE
    old_runs = len(list(groupby(pieces_of(test.allocations[0].ranges), lambda p: p.value)))
    new_runs = len(list(groupby(lengths_of(read), lambda each: each[0])))
    assert new_runs <= old_runs + len({value for row in changed for value in row})


def test_a_tiny_range_that_takes_back_positions_does_not_change_the_shares():
    # The second cut is 4 positions before the first one, so the third range has less than half.
    lengths = (0.500000001, -1e-9, 0.5)
    buckets = [{"name": f"b{value}", "value": value} for value in range(-2, 4)]
    wanted = {-1: Fraction(1, 2), 0: 0, 1: 0, 2: 0, 3: Fraction(1, 2)}
    for groups in product(range(-2, 4), repeat=3):
        new, _ = ramped(zip(groups, lengths, strict=True), wanted, buckets=buckets)
        after = shares(pieces_of(make_test(split(*new)).allocations[0].ranges))
        assert after.keys() == {-1, 3}, groups
        assert all(abs(share - Fraction(1, 2)) <= TOLERANCE for share in after.values()), groups


@pytest.mark.parametrize("count", [25, 250])
def test_ranges_that_end_between_positions_do_not_change_the_shares(count):
    # Written with ten digits, each range of control is about a tick longer than its positions.
    ticks = Fraction(TICKS, POSITIONS - 1)
    step = POSITIONS // 2 // count
    starts = [floor((index * step - 1) * ticks) + 1 for index in range(1, count)]
    stops = [floor((index * step + step // 2) * ticks) for index in range(1, count)]
    cuts = [0, *chain.from_iterable(zip(starts, stops, strict=True)), TICKS]
    lengths = [round((stop - start) / TICKS, 10) for start, stop in pairwise(cuts)]
    old = make_test(split(*zip([-1, 0] * count, lengths, strict=False)))
    before = shares(pieces_of(old.allocations[0].ranges))
    new = ramp(old, 0, {1: 1 - before[0]})
    after = shares(pieces_of(new.allocations[0].ranges))
    assert after.keys() == {0, 1}
    assert after[0] == before[0]


def test_a_line_too_long_to_search_is_laid_out_in_order(monkeypatch):
    monkeypatch.setattr(layout, "MAX_STEPS", 0)
    new, pair = ramped([(-1, 0.8), (0, 0.1), (1, 0.1)], {0: 0.2, 1: 0.2})
    assert [value for value, _ in new] == [-1, 0, 1, 0, 1]
    assert [length for _, length in new] == pytest.approx([0.6, 0.1, 0.1, 0.1, 0.1], abs=1e-9)
    assert pair.jump == pair.leave == 0


def test_a_line_of_a_thousand_ranges_takes_no_time():
    lengths = [(value, 1 / 1024) for value in (-1, 0, 1, 2) for _ in range(256)]
    new, pair = ramped(lengths, {0: 0.3, 1: 0.3})
    assert pair.jump == pair.leave == 0
    mixed = [((-1, 0, 1, 2)[index % 4], 1 / 1024) for index in range(1024)]
    new, pair = ramped(mixed, {0: 0.3, 1: 0.3, 2: 0.2})
    assert pair.jump == 0
    assert len(new) <= 1024 + 4
