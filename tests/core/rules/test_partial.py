"""Partial evaluation: could a rule be true if some variables are unknown?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor.core.exceptions import (
    RuleEvaluationError,
    RuleSyntaxError,
    RuleTypeError,
    UndefinedName,
)
from proctor.core.rules.parser import parse
from proctor.core.rules.partial import has_unknowns
from proctor.core.rules.rule import Rule


def could(expression, constants=None, **known):
    return Rule(f"${{{expression}}}", constants).could_hold(known)


@pytest.mark.parametrize(
    "expression",
    [
        "x",
        "x == 1",
        "x && yes",
        "x || no",
        "!x",
        "!(x && no)",
        "yes && x",
        "x + 1 == 2",
        "x.y",
        "f ? x : no",
        "!(x || no) && yes",
        "fn:trim(x) == 'a'",
        "empty x",
        "x && y",
        "no ? x : x",
    ],
)
def test_what_hangs_on_an_unknown_may_be_true(expression):
    assert could(expression, yes=True, no=False, f=False)


@pytest.mark.parametrize(
    "expression",
    ["x && no", "no && x", "!(x || yes)", "x && y && no", "no", "!yes", "(x || y) && no"],
)
def test_what_is_decided_against_cannot_be_true(expression):
    assert not could(expression, yes=True, no=False)


def test_a_constant_is_known():
    assert not could("x && y", {"x": False})


def test_a_variable_that_is_null_is_known():
    assert not could("x && y", x=None)


def test_the_known_head_of_a_chain_stops_where_it_is_decided():
    assert not could("no && (1 % 0 == 1) && x", no=False)


def test_what_is_known_after_an_unknown_is_evaluated_and_may_fail():
    with pytest.raises(RuleEvaluationError, match="division by zero"):
        could("x && (1 % 0 == 1)")


def test_a_rule_without_unknowns_is_evaluated_as_always():
    with pytest.raises(RuleTypeError):
        could("x + 1", x=1)


def test_a_property_that_is_not_there_is_an_error():
    with pytest.raises(UndefinedName):
        could("t.nope && x", t="text")


@pytest.mark.parametrize(("text", "answer"), [("${true}", True), ("${FALSE}", False), (None, True)])
def test_whole_words_are_decided_without_parsing(text, answer):
    assert Rule(text).could_hold({}) is answer


def test_a_text_of_another_form_cannot_hold():
    assert Rule("true").could_hold({}) is False


@pytest.mark.parametrize(("text", "answer"), [("${true && no}", False), ("${falseFlag}", True)])
def test_a_prefix_is_no_whole_word_here(text, answer):
    assert Rule(text).could_hold({"no": False, "falseFlag": True}) is answer


def test_what_a_prefix_hid_is_parsed_here():
    with pytest.raises(RuleSyntaxError):
        Rule("${true (}").could_hold({})


def test_unknowns_are_names_that_are_not_known():
    node = parse("${a && b.c}")
    assert (has_unknowns(node, {"a"}), has_unknowns(node, {"a", "b", "z"})) == (True, False)


formulas = st.recursive(
    st.sampled_from("abcd"),
    lambda inner: st.one_of(
        inner.map("!{}".format),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' && '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' || '.join(parts)})"),
    ),
)


@given(
    formula=formulas,
    visitor=st.fixed_dictionaries({name: st.booleans() for name in "abcd"}),
    known=st.sets(st.sampled_from("abcd")),
)
def test_what_holds_could_hold_with_less_known(formula, visitor, known):
    rule = Rule(f"${{{formula}}}")
    if rule.evaluate(visitor):
        assert rule.could_hold({name: visitor[name] for name in known})
