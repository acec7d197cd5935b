"""Reviews: each change is a sentence with its risk, and without changes the review is empty."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.core.authoring.moves.findings import Risk, percent
from proctor.core.authoring.moves.ramping import ramp
from proctor.core.authoring.moves.stopping import stop
from proctor.core.authoring.review.reviewing import review
from proctor.core.exceptions import MatrixLoadError
from proctor.core.matrices.matrix import Matrix, TestDefinition
from tests.core.authoring.small_definitions import BUCKETS, make_test, split
from tests.core.authoring.test_moves import definitions

TEN = make_test(split((-1, 0.8), (0, 0.1), (1, 0.1)))
NOT_MOVED_ON = (
    "The id of allocation 1 (#A1) should have been incremented, because results from before and "
    "after the change must not be pooled."
)


def reviewed(old, new, **options):
    """The review of the only test that changed."""
    (test,) = review(old, new, **options).tests
    return test


def changed(**fields):
    return TestDefinition.from_dict("t", {**TEN.to_dict(), **fields})


def lengths(*pairs, id="#A1", **fields):  # noqa: A002 - the matrix's own word
    return make_test(split(*pairs, id=id), **fields)


# Who moves


def test_a_ramp_that_looks_balanced_is_a_danger_and_the_ramp_of_the_same_shares_is_none():
    careless = lengths((-1, 0.6), (0, 0.2), (1, 0.2))
    test = reviewed(TEN, careless)
    assert test.risk is Risk.DANGER
    assert test.sentences[0] == (
        "control grows from 10 % to 20 %, blue grows from 10 % to 20 %; "
        "20 % of visitors enter, 10 % jump from control to blue."
    )
    test = reviewed(TEN, ramp(TEN, 0, {0: 0.2, 1: 0.2}))
    assert test.risk is Risk.NONE
    assert test.sentences == [
        (
            "control grows from 10 % to 20 %, blue grows from 10 % to 20 %; "
            "20 % of visitors enter, nobody jumps."
        ),
    ]


def test_one_group_that_grows_is_said_in_a_sentence():
    test = reviewed(TEN, lengths((1, 0.15), (-1, 0.65), (0, 0.1), (1, 0.1), id="#A2"))
    assert (
        "blue grows from 10 % to 25 %; 15 % of visitors enter it, nobody jumps." in test.sentences
    )
    assert "Allocation 1 (#A2) has live groups with unequal shares." in test.sentences
    assert test.risk is Risk.NOTICE


def test_who_leaves_is_a_notice():
    test = reviewed(lengths((0, 0.2), (-1, 0.6), (1, 0.2)), lengths((0, 0.1), (-1, 0.8), (1, 0.1)))
    assert test.risk is Risk.NOTICE
    assert test.sentences == [
        (
            "control shrinks from 20 % to 10 %, blue shrinks from 20 % to 10 %; "
            "20 % of visitors leave, nobody jumps."
        ),
    ]


def test_ranges_in_another_order_move_visitors_too():
    test = reviewed(lengths((0, 0.5), (1, 0.5)), lengths((1, 0.5), (0, 0.5)))
    assert test.sentences[0] == (
        "The shares stay the same; 50 % of visitors jump from control to blue, "
        "50 % jump from blue to control."
    )


def test_rounding_to_ten_digits_is_not_a_danger():
    third = 1 / 3
    test = reviewed(
        lengths((0, third), (1, third), (2, 1 - 2 * third)),
        lengths((0, 0.3333333333), (1, 0.3333333333), (2, 0.3333333334)),
    )
    assert test.risk is Risk.NONE


US = changed(
    rule="${country == 'US'}",
    allocations=[{**TEN.to_dict()["allocations"][0], "id": "#A2"}],
)


def test_a_new_rule_says_which_share_of_those_whom_it_refuses_was_in_the_test():
    test = reviewed(TEN, US)
    assert test.risk is Risk.NOTICE
    assert test.sentences == [
        "The rule changed from none to ${country == 'US'}.",
        (
            "The visitors in the test or in its allocations may change: "
            "20 % of the visitors who are no longer admitted leave, nobody jumps."
        ),
        "The id of allocation 1 changed from #A1 to #A2.",
    ]


def headline(old, new):
    """The sentence about an unknown number of visitors, without its beginning."""
    [found] = [each for each in reviewed(old, new).sentences if each.startswith("The visitors in")]
    return found.partition(": ")[2]


def test_a_rule_that_is_removed_says_which_share_of_the_others_enters():
    assert headline(US, TEN) == "20 % of the newly admitted visitors enter, nobody jumps."


def test_a_changed_rule_says_the_shares_of_those_who_come_and_of_those_who_go():
    german = changed(rule="${country == 'DE'}")
    assert headline(US, german) == (
        "20 % of the newly admitted visitors enter, "
        "20 % of the visitors who are no longer admitted leave, nobody jumps."
    )


def test_visitors_between_whose_allocations_nobody_can_tell_are_at_most_so_many():
    small, great = split((-1, 0.9), (1, 0.1), rule="${a}"), split((-1, 0.6), (1, 0.4), id="#B1")
    new = {**small, "rule": "${b}"}
    assert headline(make_test(small, great), make_test(new, great)) == (
        # A rule that fails admits to no allocation.
        "at most 40 % of the newly admitted visitors enter, "
        "at most 40 % of the visitors who are no longer admitted leave, "
        "at most 30 % of the other visitors enter, at most 30 % of the other visitors leave, "
        "nobody jumps."
    )


def test_a_payload_is_shown_as_a_person_writes_it():
    def colored(**payload):
        return changed(buckets=[*BUCKETS[:2], {**BUCKETS[2], "payload": payload}, *BUCKETS[3:]])

    def said(old, new):
        [found] = [each for each in reviewed(old, new).sentences if "The payload" in each]
        return found.partition(" changed ")[2]

    blue = colored(stringValue="#00f")
    assert said(TEN, blue) == 'from none to "#00f".'
    assert said(blue, colored(map={"a": [1, 2.5], "b": "x"})) == (
        'from "#00f" to {"a": [1, 2.5], "b": "x"}.'
    )
    # The values are equal, but not their types.
    assert said(colored(longValue=1), colored(json=1)) == 'from {"longValue": 1} to {"json": 1}.'
    assert said(colored(stringValue="\u202e\n"), blue) == 'from "\\u202e\\n" to "#00f".'


def test_long_payloads_are_shown_from_where_they_differ():
    one, other = (
        changed(buckets=[{**BUCKETS[0], "payload": {"stringValue": "x" * 500 + end}}, *BUCKETS[1:]])
        for end in ("one", "other")
    )
    [found] = [each for each in reviewed(one, other).sentences if "The payload" in each]
    assert found.endswith('from …xxxxxxxxxxxxxxxxxxxone" to …xxxxxxxxxxxxxxxxxxxother".')


def test_allocations_are_numbered_from_1():
    two = [split((-1, 0.9), (1, 0.1), rule="${a}"), split((-1, 0.9), (1, 0.1), id="#B1")]
    three = [two[0], split((-1, 0.8), (1, 0.2), id="#B2")]
    test = reviewed(make_test(*two), make_test(*three))
    assert test.sentences[0] == (
        "Allocation 2 (#B2): blue grows from 10 % to 20 %; 10 % of visitors enter it, nobody jumps."
    )
    assert test.to_dict()["allocation_ids"] == [{"allocation": 2, "from": "#B1", "to": "#B2"}]


# The table of risks


@pytest.mark.parametrize(
    ("new", "risk", "sentence"),
    [
        (
            changed(salt="x"),
            "danger",
            "The salt changed from &t to x: every visitor is reassigned.",
        ),
        (
            changed(testType="ACCOUNT"),
            "danger",
            "The test type changed from USER to ACCOUNT: every",
        ),
        (changed(buckets=BUCKETS[:3]), "danger", "The bucket green (2) was removed."),
        (lengths((-1, 0.9), (0, 0.1)), "danger", "leaves blue without visitors."),
        (lengths((-1, 1.0)), "danger", "leaves control without visitors."),
        (lengths((-1, 0.7), (1, 0.1)), "danger", "The engine drops the test: range lengths"),
        (
            changed(buckets=[*BUCKETS[:2], {"name": "violet", "value": 1}, BUCKETS[3]]),
            "danger",
            "10 % of visitors stay in a group whose name or payload changed",
        ),
        (
            changed(dependsOn={"testName": "p", "bucketValue": 1}),
            "notice",
            "The dependency changed",
        ),
        (changed(evaluateForIncognitoUsers=True), "notice", "evaluateForIncognitoUsers changed"),
        (changed(description="new"), "none", "The description changed from none to new."),
        (changed(metaTags=["a"]), "none", 'The meta tags changed from [] to ["a"].'),
        (changed(version="9"), "none", "The version changed from none to 9."),
        (changed(silent=True), "none", "silent changed from false to true."),
        (changed(owner="me"), "none", "The field owner was added: me."),
        (changed(constants={"A": 1}), "none", "The constant A was added: 1."),
        (changed(buckets=[*BUCKETS, {"name": "red", "value": 3}]), "none", "red (3) was added."),
        (changed(buckets=[*reversed(BUCKETS)]), "none", "The order of the buckets changed."),
        (
            changed(allocations=[{**TEN.to_dict()["allocations"][0], "name": "all"}]),
            "none",
            "The name of allocation 1 (#A1) changed from none to all.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_change_has_a_risk(new, risk, sentence):
    found = [each for each in reviewed(TEN, new).findings if sentence in each.sentence]
    assert [each.risk.value for each in found] == [risk]


@pytest.mark.parametrize("test_type", ["USER", "RANDOM"])
@pytest.mark.parametrize("field", [{"name": "violet"}, {"payload": {"longValue": 7}}])
def test_a_changed_name_or_payload_is_a_danger_for_every_type(test_type, field):
    before = [{**each, "payload": {"longValue": 1}} for each in BUCKETS]
    after = [*before[:2], {**before[2], **field}, before[3]]
    test = reviewed(*(changed(testType=test_type, buckets=each) for each in (before, after)))
    assert test.risk is Risk.DANGER
    who, they = {
        "USER": ("visitors stay in", "they"),
        "RANDOM": ("visits draw", "these visitors"),
    }[test_type]
    assert test.sentences[0] == (
        f"Allocation 1 (#A1): 10 % of {who} a group whose name or payload changed, "
        f"so {they} see something else."
    )


def test_the_name_of_a_random_group_that_nobody_draws_may_change():
    test_type, green = "RANDOM", {"name": "teal", "value": 2}
    old = changed(testType=test_type)
    assert reviewed(old, changed(testType=test_type, buckets=[*BUCKETS[:3], green])).risk is (
        Risk.NONE
    )


TWO = [split((0, 1.0), rule="${a}"), split((1, 1.0), id="#B1")]


@pytest.mark.parametrize(
    ("new", "emptied"),
    [
        (make_test(TWO[0]), ["blue"]),
        (make_test(TWO[0], {**TWO[1], "rule": "${false}", "id": "#B2"}), ["blue"]),
        (make_test({**TWO[0], "rule": None}, TWO[1]), ["blue"]),
        (make_test(*TWO, rule="${false}"), ["control", "blue"]),
    ],
    ids=["removed", "its rule is false", "never reached", "the rule of the test is false"],
)
def test_a_group_emptied_by_a_rule_or_a_removal_is_a_danger(new, emptied):
    findings = reviewed(make_test(*TWO), new).findings
    for group in emptied:
        assert (Risk.DANGER, f"No visitor can be in {group} any more.") in findings


def test_a_group_that_is_left_in_a_different_allocation_is_not_emptied():
    everywhere = [{**each, "ranges": split((0, 0.5), (1, 0.5))["ranges"]} for each in TWO]
    test = reviewed(make_test(*everywhere), make_test(everywhere[0]))
    assert not [each for each in test.sentences if each.startswith("No visitor")]


def test_the_salt_of_a_test_that_does_not_run_may_change():
    old, new = (lengths((-1, 1.0), salt=salt) for salt in ("&a", "&b"))
    assert reviewed(old, new).findings[0] == (Risk.NONE, "The salt changed from &a to &b.")


def test_another_salt_that_places_visitors_alike_moves_nobody():
    # A null salt is the text "null".
    test = reviewed(*(lengths((0, 0.5), (1, 0.5), salt=salt) for salt in (None, "null")))
    [found] = [each for each in test.findings if "The salt" in each.sentence]
    assert found.risk is Risk.NONE
    assert found.sentence.endswith("but visitors keep their positions.")
    assert [pair.jump for pair in test.moves] == [0.0]


def test_a_test_is_created_and_deleted():
    test = reviewed(None, TEN)
    assert (test.change, test.risk) == ("created", Risk.NONE)
    assert test.sentences == [
        "The test was created.",
        "Allocation 1 (#A1) has 80 % inactive, 10 % control, 10 % blue.",
    ]
    assert reviewed(None, lengths((0, 0.3), (1, 0.3), (-1, 0.4))).risk is Risk.NOTICE
    assert reviewed(TEN, None).change == "deleted"
    assert reviewed(TEN, None).risk is Risk.NOTICE
    assert reviewed(TEN, None, declared=["t"]).risk is Risk.DANGER
    assert reviewed(TEN, None, declared=[]).risk is Risk.NONE
    assert reviewed(lengths((-1, 1.0)), None).risk is Risk.NONE


def test_a_new_order_of_allocations_is_a_notice():
    one, other = split((1, 1.0), rule="${a}"), split((1, 1.0), rule="${b}", id="#B1")
    new = {**one, "id": "#A2"}, {**other, "id": "#B2"}
    test = reviewed(make_test(one, other), make_test(*reversed(new)))
    assert (Risk.NOTICE, "The order of the allocations changed.") in test.findings
    assert test.problems == ()


# Allocation ids


@pytest.mark.parametrize(
    ("old", "new", "complains"),
    [
        # All live groups grow by one factor.
        ([(-1, 0.8), (0, 0.1), (1, 0.1)], [(0, 0.2), (-1, 0.6), (1, 0.2)], True),
        ([(0, 0.1), (-1, 0.8), (1, 0.1)], [(0, 0.2), (-1, 0.6), (1, 0.2)], False),
        ([(0, 0.1), (-1, 0.8), (1, 0.1)], [(0, 0.1), (-1, 0.7), (1, 0.2)], True),
        ([(0, 0.1), (-1, 0.9)], [(0, 0.1), (-1, 0.8), (1, 0.1)], True),
        ([(-1, 1.0)], [(-1, 1.0)], False),
    ],
)
def test_an_id_has_to_move_on_if_the_split_changes_or_visitors_jump(old, new, complains):
    before, after = lengths(*old), lengths(*new, description="so that it is reviewed")
    test = reviewed(before, after)
    assert (NOT_MOVED_ON in test.sentences) == complains
    assert [each.message for each in test.problems] == [NOT_MOVED_ON] * complains
    moved_on = reviewed(before, lengths(*new, id="#A2"))
    assert moved_on.problems == ()


def test_an_id_that_goes_back_did_not_move_on():
    old, new = lengths((0, 1.0), id="#A10"), lengths((1, 1.0), id="#A9")
    assert len(reviewed(old, new).problems) == 1
    assert reviewed(new, lengths((0, 1.0), id="#A10")).problems == ()


def test_an_id_that_goes_back_while_nothing_else_changes_is_a_danger():
    def test_with(number):
        return lengths((-1, 0.8), (0, 0.2), id=f"#A{number}")

    test = reviewed(test_with(10), test_with(9))
    assert test.risk is Risk.DANGER
    assert [problem.allocation for problem in test.problems] == [0]
    assert reviewed(test_with(9), test_with(10)).risk is Risk.NONE


def test_all_ids_from_a_changed_rule_on_have_to_move_on():
    rules = ["${a}", "${b}", None]
    old, new = (
        make_test(
            *(split((1, 1.0), rule=rule, id=f"#{x}1") for rule, x in zip(each, "ABC", strict=True))
        )
        for each in (rules, ["${a}", "${c}", None])
    )
    test = reviewed(old, new)
    assert [problem.allocation for problem in test.problems] == [1, 2]
    assert [each["allocation"] for each in test.to_dict()["problems"]] == [2, 3]


@pytest.mark.parametrize(
    ("before", "after", "outdated"),
    [
        (["#A1", "", "#B1"], ["#A1", "#C1", "#B1"], []),
        (["#A1", "#B1"], ["#A1", "#C1", "#B1"], [2]),
        (["#A1", "#B1"], ["#A1", "#C1", "#B2"], []),
        (["#A1", "#B1"], ["#A1"], []),
        (["#A1"], ["#A1", "#B1"], []),
        (["first"], ["first"], []),
    ],
)
def test_an_inserted_allocation_moves_the_later_ids_on(before, after, outdated):
    old, new = (
        make_test(*(split((1, 1.0), rule="${a}", id=each) for each in ids), description=ids[-1])
        for ids in (before, [*after])
    )
    found = review(old, new).tests
    assert [problem.allocation for test in found for problem in test.problems] == outdated


def of_people_over(age, *, ids=("#A1", "#B1")):
    rules = "${age > MINIMUM}", None
    groups = 0, 1
    parts = [
        split((group, 1.0), rule=rule, id=each)
        for group, rule, each in zip(groups, rules, ids, strict=True)
    ]
    return make_test(*parts, constants={"MINIMUM": age})


def test_the_id_of_an_allocation_to_which_visitors_of_another_one_jump_has_to_move_on():
    # Java Proctor does not look at constants.
    test = reviewed(of_people_over(18), of_people_over(21))
    assert [problem.allocation for problem in test.problems] == [0, 1]
    moved_on = of_people_over(21, ids=("#A2", "#B2"))
    assert reviewed(of_people_over(18), moved_on).problems == ()


def test_the_copy_of_an_id_did_not_move_on():
    old = of_people_over(18, ids=("#A1", ""))
    new = of_people_over(21, ids=("#A1", "#A1"))
    assert [problem.allocation for problem in reviewed(old, new).problems] == [0, 1]


def test_a_restriction_to_countries_does_not_move_ids_on():
    document = {**TEN.to_dict(), "specialConstants": {"__COUNTRIES": ["US"]}}
    assert reviewed({"t": TEN.to_dict()}, {"t": document}).problems == ()


# Trees and matrices


def matrix_of(**tests):
    return Matrix.from_dict({"audit": {}, "tests": {n: t.to_dict() for n, t in tests.items()}})


CHILD = make_test(
    split((1, 1.0)), name="c", salt="c", dependsOn={"testName": "t", "bucketValue": 1}
)


def test_a_test_that_depends_on_a_moving_one_is_reviewed():
    old = matrix_of(t=TEN, c=CHILD)
    new = matrix_of(t=ramp(TEN, 0, {0: 0.2, 1: 0.2}), c=CHILD)
    child, parent = review(old, new).tests
    assert (child.test, child.risk, parent.risk) == ("c", Risk.NOTICE, Risk.NONE)
    assert child.sentences[0] == "This test depends on t, where visitors move between groups."


def test_a_test_that_depends_on_an_emptied_group_is_a_danger():
    grandchild = make_test(
        split((1, 1.0)), name="d", salt="d", dependsOn={"testName": "c", "bucketValue": 1}
    )
    old, new = (matrix_of(t=test, c=CHILD, d=grandchild) for test in (TEN, stop(TEN)))
    child, second, _ = review(old, new).tests
    assert child.findings[0] == (
        Risk.DANGER,
        (
            "This test depends on blue of t, which has no visitors after the change, so this test "
            "loses all its visitors."
        ),
    )
    assert second.sentences[0].startswith("This test depends on blue of c, which has no visitors")


def test_a_random_test_that_depends_on_an_emptied_group_is_reviewed():
    parent, child = changed(testType="RANDOM"), replace(CHILD, test_type="RANDOM")
    old, new = (matrix_of(t=test, c=child) for test in (parent, stop(parent)))
    found, _ = review(old, new).tests
    assert (found.test, found.risk) == ("c", Risk.DANGER)


def test_a_test_whose_parent_is_deleted_is_dropped():
    child, parent = review(matrix_of(t=TEN, c=CHILD), matrix_of(c=CHILD)).tests
    assert (child.change, parent.change) == ("changed", "deleted")
    assert child.risk is Risk.DANGER
    assert child.sentences[0].startswith("The engine drops the test: this test depends on 't'")
    assert [each.severity.value for each in child.problems] == ["dropped"]


def test_a_test_that_is_loaded_again_is_reviewed():
    (child, _) = review(matrix_of(c=CHILD), matrix_of(t=TEN, c=CHILD)).tests
    assert "The engine now loads the test, which it previously dropped." in child.sentences


def test_definitions_in_the_form_of_the_editor_are_converted():
    old = {"t": {**TEN.to_dict(), "rule": "a", "owner": "me"}}
    assert review(old, matrix_of(t=changed(rule="${a}", owner="me"))).tests == ()
    test = reviewed(old, {"t": {**old["t"], "owner": "you"}})
    assert test.sentences == ["The field owner changed from me to you."]
    with pytest.raises(MatrixLoadError, match="specialConstants"):
        review({"t": {"specialConstants": None}}, {})


def test_true_is_not_1():
    def test(value):
        buckets = [{"name": "a", "value": 1, "payload": {"json": {"x": value}}}]
        return make_test(split((1, 1.0)), buckets=buckets)

    assert reviewed(test(1), test(True)).risk is Risk.DANGER


def test_a_rewritten_definition_moves_nobody():
    test = reviewed(lengths((0, 0.5), (0, 0.5)), lengths((0, 1.0)))
    assert test.sentences == ["The definition was rewritten; no visitor changes groups."]
    assert test.risk is Risk.NONE


def test_the_json_has_the_documented_shape():
    document = json.loads(json.dumps(review(TEN, ramp(TEN, 0, {0: 0.2, 1: 0.2})).to_dict()))
    assert document.keys() == {"risk", "tests"}
    (test,) = document["tests"]
    assert test.keys() == {
        "test",
        "change",
        "risk",
        "sentences",
        "allocation_ids",
        "moves",
        "problems",
    }
    (pair,) = test["moves"]
    assert (pair["old_allocation"], pair["allocation"], pair["id"]) == (1, 1, "#A1")
    assert pair.keys() == {
        "old_allocation",
        "allocation",
        "id",
        "audience",
        "table",
        "enter",
        "leave",
        "jump",
        "sees_something_else",
    }
    assert sum(row["share"] for row in pair["table"]) == 1
    assert [(row["from"], row["to"]) for row in pair["table"]] == [
        (-1, -1),
        (-1, 0),
        (-1, 1),
        (0, 0),
        (1, 1),
    ]


@settings(deadline=None)
@given(definitions(), definitions())
def test_any_two_definitions_can_be_reviewed_and_nothing_changed_is_empty(old, new):
    assert review(old, old).tests == ()
    assert review({"t": old}, {"t": old}).to_dict() == {"risk": "none", "tests": []}
    json.dumps(review(old, new).to_dict())
    jumps = any(pair.jump > 1e-9 for each in review(old, new).tests for pair in each.moves)
    assert not jumps or review(old, new).risk is Risk.DANGER


@given(st.floats(0, 1))
def test_shares_are_shown_with_four_digits(share):
    text = percent(share)
    assert text.endswith(" %")
    if not text.startswith("less"):
        assert float(text[:-2]) == pytest.approx(share * 100, abs=6e-5)


def test_a_tiny_share_is_not_0():
    assert (percent(1e-8), percent(0), percent(0.25)) == ("less than 0.0001 %", "0 %", "25 %")
