"""Moves: every table is exact, and no pair that a visitor takes is left out."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.core.authoring.moves.placement import (
    POSITIONS,
    Piece,
    independent,
    overlap,
    pieces_of,
    shares,
)
from proctor.core.authoring.moves.who_moves import moves, moves_between
from proctor.core.evaluation.allocation import POSITION_MIN, cutoffs, range_index
from proctor.core.evaluation.engine import Proctor
from proctor.core.matrices.matrix import TestDefinition
from tests.core.authoring.small_definitions import make_test, ranges, split
from tests.core.evaluation.test_allocation import lengths_of_ranges
from tests.core.small_matrices import matrix

RULES = ["${a == 1}", "${b == 1}", "${a == 1 && b == 1}", "${true}", "${false}", None, "${c}"]


@st.composite
def small_lines(draw, size):
    """A line of *size* positions, cut into pieces."""
    stops = [*sorted(draw(st.sets(st.integers(1, size - 1), max_size=4))), size]
    starts = [0, *stops[:-1]]
    values = [draw(st.integers(-1, 2)) for _ in stops]
    return [Piece(*each, 0) for each in zip(starts, stops, values, strict=True)]


def at(pieces, position):
    return next(each.value for each in pieces if each.start <= position < each.stop)


@given(st.data(), st.integers(2, 40))
def test_a_table_is_what_counting_positions_gives(data, size):
    old, new = data.draw(small_lines(size)), data.draw(small_lines(size))
    counted = Counter((at(old, each), at(new, each)) for each in range(size))
    assert overlap(old, new) == {pair: Fraction(n, size) for pair, n in counted.items()}
    pairs = Counter((at(old, i), at(new, j)) for i in range(size) for j in range(size))
    assert independent(old, new) == {pair: Fraction(n, size**2) for pair, n in pairs.items()}


@given(lengths_of_ranges())
def test_pieces_are_what_the_engine_chooses(lengths):
    buckets = ranges(*enumerate(lengths))
    pieces = pieces_of(buckets)
    assert [piece.start for piece in pieces] == [0, *(piece.stop for piece in pieces[:-1])]
    assert pieces[-1].stop == POSITIONS
    assert sum(shares(pieces).values()) == 1
    cuts = cutoffs(lengths)
    for piece in pieces:
        for position in (piece.start, piece.stop - 1):
            assert range_index(position + POSITION_MIN, cuts) == piece.value == piece.range_index


@st.composite
def definitions(draw):
    """Any test that the engine loads, with up to three allocations."""
    count = draw(st.integers(1, 3))
    rules = [*draw(st.lists(st.sampled_from(RULES[:5]), min_size=count, max_size=count))]
    rules[-1] = draw(st.sampled_from(RULES))
    allocations = []
    for index, rule in enumerate(rules):
        lengths = draw(lengths_of_ranges().filter(lambda lengths: len(lengths) < 6))
        found = [(draw(st.integers(-1, 2)), length) for length in lengths]
        allocations.append(split(*found, rule=rule, id=f"#{'ABC'[index]}{draw(st.integers(1, 2))}"))
    return make_test(
        *allocations,
        rule=draw(st.sampled_from([None, None, "${c}", "${false}"])),
        salt=draw(st.sampled_from(["&a", "&a", "b", None, "null"])),
        constants=draw(st.sampled_from([{}, {}, {"c": True}, {"b": 1}])),
    )


VISITORS = [
    {name: value for name, value in (("a", a), ("b", b), ("c", c)) if value is not None}
    for a in (None, 0, 1)
    for b in (None, 0, 1)
    for c in (None, False, True)
]


@settings(max_examples=60, deadline=None)
@given(definitions(), definitions(), st.integers(0, 2**32))
def test_every_pair_adds_up_to_1_and_every_visitor_is_in_one(old, new, seed):
    found = {(pair.old_allocation, pair.allocation): pair for pair in moves(old, new)}
    for pair in found.values():
        assert sum(row.share for row in pair.table) == 1
        assert all(row.share > 0 for row in pair.table)
    before, after = (Proctor(matrix(t=test.to_dict())) for test in (old, new))
    rng = random.Random(seed)
    for context in VISITORS:
        identifier = str(rng.random())
        source, target = (
            each.determine_groups(identifiers={"USER": identifier}, context=context).get("t")
            for each in (before, after)
        )
        if source is None and target is None:
            continue
        pair = found[_index(source), _index(target)]
        rows = [(row.source, row.target) for row in pair.table]
        assert (_value(source), _value(target)) in rows
        if pair.audience == "same":
            assert pair.old_allocation == pair.allocation


def _index(assignment):
    return None if assignment is None else assignment.allocation_index


def _value(assignment):
    return None if assignment is None else assignment.value


def test_a_sample_of_visitors_moves_as_the_table_says():
    old = make_test(split((-1, 0.5), (0, 0.25), (1, 0.25)), salt="a")
    new = make_test(split((-1, 0.2), (0, 0.5), (1, 0.3)), salt="a")
    (pair,) = moves(old, new)
    before, after = (Proctor(matrix(t=test.to_dict())) for test in (old, new))
    count = 4000
    seen: Counter[tuple[int, int]] = Counter()
    for number in range(count):
        identifiers = {"USER": f"visitor {number}"}
        groups = [each.determine_groups(identifiers=identifiers)["t"] for each in (before, after)]
        seen[groups[0].value, groups[1].value] += 1
    assert seen.keys() == {(row.source, row.target) for row in pair.table}
    for row in pair.table:
        assert seen[row.source, row.target] / count == pytest.approx(float(row.share), abs=0.03)


def test_a_ramp_that_looks_balanced_moves_all_of_control():
    old, new = (
        make_test(split((-1, low), (0, high), (1, high))) for low, high in ((0.8, 0.1), (0.6, 0.2))
    )
    (pair,) = moves(old, new)
    assert float(pair.jump) == pytest.approx(0.1, abs=1e-9)
    assert float(pair.enter) == pytest.approx(0.2, abs=1e-9)
    assert pair.leave == 0
    assert [(row.source, row.target) for row in pair.table] == [(-1, -1), (-1, 0), (0, 1), (1, 1)]
    assert pair.to_dict()["audience"] == "same"


def test_a_new_salt_multiplies_the_shares():
    old, new = (make_test(split((0, 0.5), (1, 0.5)), salt=salt) for salt in ("&a", "&b"))
    (pair,) = moves(old, new)
    assert float(pair.jump) == pytest.approx(0.5, abs=1e-9)
    assert pair.audience == "same"


@pytest.mark.parametrize(
    ("salts", "jump"),
    [((None, "null"), 0), (("&x", "&x"), 0), (("&x", "x"), 0.5), (("", None), 0.5)],
)
def test_placement_is_the_same_if_the_salted_prefix_is(salts, jump):
    old, new = (make_test(split((0, 0.5), (1, 0.5)), salt=salt) for salt in salts)
    assert float(moves(old, new)[0].jump) == pytest.approx(jump, abs=1e-9)


def test_a_created_test_is_entered_and_a_deleted_one_left():
    test = make_test(split((-1, 0.5), (1, 0.5)))
    # The first half of the engine's line has one position more than the second.
    half = Fraction(2**31 - 1, 2**32)
    (created,), (deleted,) = moves(None, test), moves(test, None)
    assert (created.enter, created.leave, created.jump) == (half, 0, 0)
    assert [row.source for row in created.table] == [None, None]
    assert (deleted.enter, deleted.leave, deleted.jump) == (0, half, 0)
    assert (deleted.old_allocation, deleted.allocation) == (0, None)
    assert moves(None, None) == ()


def test_random_tests_have_no_table():
    test = make_test(split((0, 0.5), (1, 0.5)), testType="RANDOM")
    (pair,) = moves(test, test)
    assert (pair.audience, pair.table, pair.to_dict()["jump"]) == ("random", (), None)
    assert moves(test, None)[0].audience == moves(None, test)[0].audience == "random"


def pairs(old, new):
    return {
        (pair.old_allocation, pair.allocation): pair.audience
        for pair in moves(
            make_test(*(split((0, 1.0), rule=rule) for rule in old)),
            make_test(*(split((0, 1.0), rule=rule) for rule in new)),
        )
    }


def test_allocations_before_a_changed_rule_keep_their_audience():
    found = pairs(["${a}", "${b}", None], ["${a}", "${c}", None])
    assert found == {
        (0, 0): "same",
        **dict.fromkeys([(1, 1), (1, 2), (2, 1), (2, 2)], "unknown"),
        # One of the rules may fail.
        **dict.fromkeys([(1, None), (2, None), (None, 1), (None, 2)], "unknown"),
    }


def test_a_new_first_rule_takes_from_all():
    assert pairs([None], ["${true}", None]) == {(0, 0): "same"}
    found = pairs(["${b}", None], ["${a}", "${b}", None])
    assert {(0, 0), (0, 1), (1, 0), (1, 2)} <= found.keys()
    assert {(0, 2), (1, 1)}.isdisjoint(found)


def test_a_changed_order_is_unknown():
    found = pairs(["${a}", "${b}", None], ["${b}", "${a}", None])
    assert {(0, 0), (0, 1), (1, 0), (2, 2)} <= found.keys()
    # Both rules are true for a visitor of the first; the second's visitors fail the first.
    assert (1, 1) not in found
    assert set(found.values()) == {"unknown"}


@pytest.mark.parametrize(
    "change",
    [
        {"dependsOn": {"testName": "p", "bucketValue": 1}},
        {"evaluateForIncognitoUsers": True},
        {"enableUnitlessAllocations": True},
        {"testType": "ACCOUNT"},
    ],
)
def test_what_decides_who_is_in_the_test_makes_the_audience_unknown(change):
    old, new = make_test(split((1, 1.0))), make_test(split((1, 1.0)), **change)
    for before, after in ((old, new), (new, old)):
        found = {(pair.old_allocation, pair.allocation) for pair in moves(before, after)}
        assert found == {(0, 0), (0, None), (None, 0)}
        assert {pair.audience for pair in moves(before, after)} == {"unknown"}


@pytest.mark.parametrize(
    ("old", "new", "other"),
    [(None, "${a}", (0, None)), ("${a}", None, (None, 0)), ("${true}", "${a}", (0, None))],
)
def test_a_rule_where_there_was_none_admits_nobody_else(old, new, other):
    before, after = (make_test(split((1, 1.0)), rule=rule) for rule in (old, new))
    found = {(pair.old_allocation, pair.allocation) for pair in moves(before, after)}
    assert found == {(0, 0), other}


def test_a_rule_that_replaces_none_may_admit_others_if_the_test_depends_on_a_changed_one():
    before, after = (make_test(split((1, 1.0)), rule=rule) for rule in (None, "${a}"))
    found = moves(before, after, audience_unknown=True)
    pairs = {(pair.old_allocation, pair.allocation) for pair in found}
    assert pairs == {(0, 0), (0, None), (None, 0)}


def test_a_constant_matters_if_a_rule_names_it():
    def test(value, rule):
        return make_test(split((1, 1.0)), rule=rule, constants={"LIMIT": value})

    assert moves(test(1, "${n > LIMIT}"), test(2, "${n > LIMIT}"))[0].audience == "unknown"
    assert moves(test(1, "${n > 1}"), test(2, "${n > 1}"))[0].audience == "same"
    assert moves(test(1, None), test(2, None))[0].audience == "same"


def test_a_rule_that_is_never_true_lets_nobody_in():
    old, new = make_test(split((1, 1.0))), make_test(split((1, 1.0)), rule="${false}")
    assert [(pair.old_allocation, pair.allocation) for pair in moves(old, new)] == [(0, None)]
    assert [(pair.old_allocation, pair.allocation) for pair in moves(new, old)] == [(None, 0)]


def test_another_name_or_payload_is_something_else_to_see():
    usual = [{"name": "inactive", "value": -1}, {"name": "active", "value": 1}]
    old, named, paid = (
        make_test(split((-1, 0.75), (1, 0.25)), buckets=[usual[0], {**usual[1], **change}])
        for change in ({}, {"name": "blue"}, {"payload": {"stringValue": "x"}})
    )
    assert moves(old, named)[0].sees_something_else == Fraction(1, 4)
    assert moves(old, paid)[0].sees_something_else == Fraction(1, 4)
    assert moves(old, old)[0].sees_something_else == 0


def test_the_audience_of_dependent_tests_is_unknown_when_their_parent_moves():
    def tests(share):
        return {
            "p": make_test(split((0, 1 - share), (1, share)), name="p"),
            "c": make_test(
                split((1, 1.0)), name="c", dependsOn={"testName": "p", "bucketValue": 1}
            ),
            "d": make_test(
                split((1, 1.0)), name="d", dependsOn={"testName": "c", "bucketValue": 1}
            ),
            "other": make_test(split((1, 1.0)), name="other"),
        }

    found = moves_between(tests(0.25), tests(0.5))
    audiences = {name: {pair.audience for pair in each} for name, each in found.items()}
    assert audiences == {"p": {"same"}, "c": {"unknown"}, "d": {"unknown"}, "other": {"same"}}
    still = moves_between(tests(0.25), tests(0.25))
    assert all(pair.audience == "same" for each in still.values() for pair in each)
    assert not any(pair.moves_anyone for each in still.values() for pair in each)


def test_a_circle_of_dependencies_ends():
    depends = {
        name: make_test(split((1, 1.0)), name=name, dependsOn={"testName": other, "bucketValue": 1})
        for name, other in (("a", "b"), ("b", "a"))
    }
    assert list(moves_between(depends, {})) == ["a", "b"]


def test_lengths_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="add up to"):
        moves(None, make_test(split((1, 0.5))))
    with pytest.raises(ValueError, match="add up to"):
        moves(TestDefinition("t"), make_test({"ranges": []}))
