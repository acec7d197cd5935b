"""Allocation ids: numbers only increase, and no letter is used for two allocations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proctor.core.authoring.definitions.reading import definition_of
from proctor.core.authoring.ids.allocation_ids import (
    compare_ids,
    highest_letters,
    letters_number,
    letters_of,
    new_id,
    next_id,
    next_id_among,
    parse_id,
)
from proctor.core.authoring.ids.saved_ids import (
    careful_allocations,
    moved_on,
    outdated_allocations,
    saved_allocations,
    used_ids,
)
from proctor.core.authoring.moves.jumping import jumping_allocations
from proctor.core.authoring.moves.who_moves import moves
from proctor.core.authoring.refusals import Refusal
from proctor.core.authoring.review.reviewing import review
from tests.core.authoring.strategies import edits
from tests.core.authoring.test_moves import definitions
from tests.core.small_matrices import allocation, definition


def read(document):
    return definition_of(document, "t").test


def of(*allocations, **fields):
    return read(definition(allocations=list(allocations), **fields))


def ids(allocations):
    return [each.id for each in allocations]


@given(st.integers(0, 10**7))
def test_letters_are_a_plain_number(index):
    assert letters_number(letters_of(index)) == index
    assert compare_ids(new_id(index), new_id(index + 1)) == -1


def test_z_is_followed_by_ba():
    assert [letters_of(each) for each in (25, 26, 675, 676)] == ["Z", "BA", "ZZ", "BAA"]


@given(edits())
def test_the_number_of_an_id_never_decreases(pair):
    old, new = map(read, pair)
    names = ids(new.allocations)
    for saved, copies in (
        (saved_allocations(old, new, [old]), []),
        # A copied id is replaced.
        (
            careful_allocations(old, new, [old], range(len(new.allocations))),
            [each for each in names if names.count(each) > 1],
        ),
    ):
        for sent, kept in zip(new.allocations, saved, strict=True):
            if sent.id and sent.id not in copies:
                before, after = parse_id(sent.id), parse_id(kept.id)
                assert after.letters == before.letters
                assert after.number >= before.number


@given(edits())
def test_a_new_allocation_gets_letters_that_trunk_never_had(pair):
    old, new = map(read, pair)
    used = {parse_id(each).letters for each in used_ids([old])}
    for sent, kept in zip(new.allocations, saved_allocations(old, new, [old]), strict=True):
        if not sent.id:
            assert parse_id(kept.id).letters not in used


@given(edits(), edits())
def test_an_id_that_moves_on_was_not_there_on_any_branch(pair, elsewhere):
    old, new = map(read, pair)
    history = [old, *map(read, elsewhere)]
    outdated = outdated_allocations(old, new)
    saved = careful_allocations(old, new, history)
    assert not {saved[index].id for index in outdated} & set(used_ids(history))


def test_growing_all_live_groups_alike_keeps_the_id():
    old = of(allocation(inactive=0.8, control=0.1, blue=0.1))
    new = of(allocation(inactive=0.6, control=0.2, blue=0.2))
    assert ids(saved_allocations(old, new, [old])) == ["#A1"]


def test_ours_moves_on_where_people_jump_though_the_shares_stay_even():
    old = of(allocation(inactive=0.8, control=0.1, blue=0.1))
    new = of(allocation(inactive=0.6, control=0.2, blue=0.2))
    assert ids(careful_allocations(old, new, [old], jumping=[0])) == ["#A2"]


def test_an_allocation_that_was_copied_with_its_id_gets_new_letters():
    first = allocation("a", control=1.0)
    old = of(first, allocation(id="#B1", control=1.0))
    new = of(first, allocation(id="#B1", control=1.0), allocation(id="#B1", control=1.0))
    assert ids(careful_allocations(old, new, [old])) == ["#A1", "#B1", "#C1"]
    # Java Proctor keeps it.
    assert ids(saved_allocations(old, new, [old])) == ["#A1", "#B1", "#B1"]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(definitions(), definitions(), st.lists(st.sampled_from(["#A1", "#B1", "#C1", ""])))
def test_a_review_agrees_with_the_ids_that_are_saved(old, new, sent):
    old = numbered(old, ["#A1", "#B1", "#C1"])
    new = numbered(new, [*sent, "", "", ""])
    jumping = jumping_allocations(moves(old, new))
    saved = replace(new, allocations=careful_allocations(old, new, [old], jumping))
    sentences = [text for each in review(old, saved).tests for text in each.sentences]
    assert [text for text in sentences if "should have been incremented" in text] == []


def numbered(test, names):
    pairs = zip(test.allocations, names, strict=False)
    return replace(test, allocations=tuple(replace(each, id=name) for each, name in pairs))


def test_ours_moves_past_the_number_of_another_branch():
    old = of(allocation(control=0.5, blue=0.5))
    new = of(allocation(control=0.4, blue=0.6))
    elsewhere = of(allocation(id="#A7", control=0.5, blue=0.5))
    assert ids(careful_allocations(old, new, [old, elsewhere])) == ["#A8"]


def test_a_test_that_is_created_again_begins_after_its_old_letters():
    gone = of(allocation(id="#C4", control=1.0))
    new = of(allocation(id="#A1", control=1.0))
    assert ids(careful_allocations(None, new, [gone])) == ["#D1"]


def test_two_equal_allocations_move_on_one_at_a_time():
    twice = [allocation(control=0.5, blue=0.5), allocation(control=0.5, blue=0.5)]
    old, new = of(*twice), of(*twice, salt="other")
    assert ids(saved_allocations(old, new, [old])) == ["#A2", "#A1"]


@pytest.mark.parametrize("text", ["A1", "#a1", "#1", "#A", "#A1\n", "##A1", "#A-1", "#A\u0661", ""])
def test_an_id_of_another_form_does_not_move_on(text):
    with pytest.raises(Refusal, match="expected an allocation id"):
        next_id(text)


def test_numbers_of_thousands_of_digits_are_refused():
    assert parse_id("#A" + "9" * 5000) is None
    with pytest.raises(Refusal, match="too large"):
        next_id("#A" + "9" * 5000)


def test_the_largest_number_wraps_around_as_in_the_java():
    assert next_id("#A2147483647") == "#A-2147483648"


def test_ours_does_not_wrap_around():
    # A negative number would come before all others, and could not move on again.
    with pytest.raises(Refusal, match="too large; write a smaller one"):
        next_id_among("#A2147483647", ["#A9"])


def test_an_allocation_without_an_id_can_stay_without():
    old = of(allocation(id="", control=0.5, blue=0.5), allocation(id="x", control=1.0))
    new = of(allocation(id="", control=0.4, blue=0.6), allocation(id="x", control=1.0))
    assert [each.id for each in moved_on(old, new, [])] == ["", "x"]


def test_leading_zeros_vanish():
    assert next_id("#A09") == "#A10"


def test_a_malformed_id_alone_is_refused_only_when_its_letters_count():
    assert highest_letters([]) == -1
    with pytest.raises(Refusal, match="expected an allocation id"):
        highest_letters(["x"])
