"""Explanations of rules: the part that decided, and the values that it saw."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctor.core.exceptions import RuleError
from proctor.core.rules.compiler import Scope
from proctor.core.rules.rule import Rule
from proctor.core.rules.rule_explanation import explain_rule
from tests.core.vectorfiles import conformance_directory, read_jsonl
from tests.core.vectorvalues import make_variable


def explained(text, context=None, constants=None, variable_errors=None):
    rule, scope = Rule(text, constants), Scope(context or {})
    try:
        answer = rule.holds(scope)
    except RuleError as error:
        answer = error
    return explain_rule(rule, answer, scope, variable_errors or {})


FALSE = [
    ("${a && b && c}", {"a": True, "b": False, "c": False}, "b"),
    ("${a == 1 && b == 2}", {"a": 1, "b": 3}, "b == 2"),
    ("${a && (b || c) && d}", {"a": True, "b": True, "c": False, "d": False}, "d"),
    ("${a && (b || c)}", {"a": True, "b": False, "c": False}, "b || c"),
    ("${(a && b) && c}", {"a": True, "b": False, "c": True}, "b"),
    ("${!(a || b)}", {"a": False, "b": True}, "b"),
    ("${!a}", {"a": True}, "a"),
    ("${a ? b : c}", {"a": True, "b": False, "c": True}, "b"),
    ("${a == 'US' ? true : false}", {"a": "DE"}, "a == 'US'"),
    ("${a ? false : true}", {"a": True}, "a"),
    ("${fn:contains(a, 'x')}", {"a": "y"}, "fn:contains(a, 'x')"),
    ("${m.a && m.b}", {"m": {"a": True, "b": False}}, "m.b"),
    ("${empty a && b}", {"a": [1], "b": True}, "empty a"),
    ("${a}", {"a": None}, "a"),
    ("${a.b.c == 1 && a.nope.d == 1 && z}", {"a": {"b": {"c": 1}}}, "a.nope.d == 1"),
]

TRUE = [
    ("${a || b || c}", {"a": False, "b": True, "c": True}, "b"),
    ("${a && b}", {"a": True, "b": True}, "a && b"),
    ("${!(a && b)}", {"a": True, "b": False}, "b"),
    ("${a || b && c}", {"a": False, "b": True, "c": True}, "b && c"),
]

FAILED = [
    ("${a && nope && c}", {"a": True}, "nope"),
    ("${a && nope == 1}", {"a": True}, "nope"),
    ("${a == 1 || b < 3}", {"a": 2, "b": "x"}, "b < 3"),
    ("${a == 1 || b && true}", {"a": 2, "b": 5}, "b"),
    ("${!a}", {"a": 5}, "a"),
    ("${fn:length(a) == 1}", {"a": 5}, "fn:length(a)"),
    ("${fn:length(nope) == 1}", {}, "nope"),
    ("${a ? nope : true}", {"a": True}, "nope"),
    ("${nope ? a : true}", {"a": True}, "nope"),
    ("${a ? 1 : true}", {"a": True}, "a ? 1 : true"),
    ("${a + 1}", {"a": 1}, "a + 1"),
    ("${nope + 1}", {}, "nope + 1"),
    ("${a.b == 1 && true}", {"a": 5}, "a.b"),
    ("${a.b[nope] == 1}", {"a": {"b": {}}}, "nope"),
    ("${a[nope] == 1}", {"a": None}, "a[nope]"),
    ("${a.none(nope) == 1}", {"a": "x"}, "nope"),
    ("${a % 0 == 1}", {"a": 1}, "a % 0"),
]


@pytest.mark.parametrize(("text", "context", "operand"), FALSE)
def test_a_false_rule_names_the_innermost_part_that_is_false(text, context, operand):
    found = explained(text, context)
    assert (found.result, found.operand.text) == (False, operand)


@pytest.mark.parametrize(("text", "context", "operand"), TRUE)
def test_a_true_rule_names_the_part_that_made_it_true(text, context, operand):
    found = explained(text, context)
    assert (found.result, found.operand.text) == (True, operand)


@pytest.mark.parametrize(("text", "context", "operand"), FAILED)
def test_a_rule_that_fails_names_the_part_that_raised(text, context, operand):
    found = explained(text, context)
    assert (found.result, found.operand.text) == (None, operand)


def test_a_null_at_the_head_reads_as_null_after_a_property_was_found():
    # The same access fails as the first part of a rule.
    found = explained("${m.a == 1 && n.x == 1}", {"m": {"a": 1}, "n": None})
    assert (found.result, found.operand.text) == (False, "n.x == 1")


def test_the_column_is_that_of_the_operand_in_the_text():
    assert explained("${a && b}", {"a": True, "b": False}).operand.column == 8


def test_all_variables_are_shown_in_the_order_of_the_text():
    found = explained("${b == 'x' && a && b}", {"a": True, "b": "y"})
    assert [str(each) for each in found.variables] == ["b = 'y' (String)", "a = true (Boolean)"]


def test_only_the_operands_variables_are_in_the_line_that_says_why():
    assert explained("${a && b}", {"a": True, "b": False}).why == (
        "b at column 8; b = false (Boolean)"
    )


def test_a_constant_hides_the_variable_of_its_name():
    (variable,) = explained("${a}", {"a": True}, constants={"a": False}).variables
    assert (variable.value, variable.constant) == ("false", True)


def test_a_missing_variable_has_no_value():
    (variable,) = explained("${a}").variables
    assert (variable.value, str(variable)) == (None, "a is not in the context")


def test_a_variable_that_could_not_be_converted_says_so():
    (variable,) = explained("${a}", variable_errors={"a": "'x' is no\nnumber"}).variables
    assert str(variable) == "a could not be converted: 'x' is no\\nnumber"


def test_a_long_value_is_cut():
    (variable,) = explained("${a == 1}", {"a": "x" * 10_000}).variables
    assert len(variable.value) <= 80


@pytest.mark.parametrize("text", ["\x1b[31m", "a\nb", "\u202eabc", "\ud800", "\x00", "\x9b1m"])
def test_control_characters_of_a_value_are_escaped(text):
    found = explained("${a == 'y' && a == ''}", {"a": text})
    assert found.why.isprintable()


def test_a_value_that_cannot_be_printed_is_no_error():
    class Hostile:
        def __str__(self):
            raise RuntimeError("no")

        __repr__ = __str__

    (variable,) = explained("${empty a}", {"a": Hostile()}).variables
    assert variable.value.endswith("Hostile that cannot be printed>")


@pytest.mark.parametrize(
    ("text", "result", "why"),
    [
        (None, True, "no rule"),
        ("${}", True, "no rule"),
        ("${true && nope}", True, "begins with true, so the rest is ignored"),
        ("${falsehood}", False, "begins with false, so the rest is ignored"),
        ("a == 1", False, "does not begin with ${ and end with }"),
    ],
)
def test_a_text_that_is_never_evaluated_says_why(text, result, why):
    found = explained(text)
    assert (found.result, found.why, found.operand) == (result, why, None)


def test_a_very_long_access_is_shown_whole():
    found = explained("${" + ".".join(["a"] * 60) + " == 1}", {"a": "x"})
    assert found.operand.text.count("a") == 60


def test_every_rule_of_the_vectors_can_be_explained(caplog):
    caplog.set_level(logging.CRITICAL)
    for case in read_jsonl(conformance_directory(), "rules.jsonl"):
        context = {name: make_variable(each) for name, each in case["context"].items()}
        try:
            found = explained(case["expr"], context)
        except RuleError:
            continue  # the text is no rule
        assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
        assert found.why.isprintable()


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "true", "x"]))
NAMES = st.sampled_from(["a", "b", "c", "d"])
EXPRESSIONS = st.recursive(
    NAMES | st.builds("{} == {}".format, NAMES, st.integers(0, 2)),
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(EXPRESSIONS, st.dictionaries(NAMES, VALUES))
def test_the_operand_fails_alone_where_the_rule_fails_and_only_there(text, context):
    found = explained(f"${{({text}) && true}}", context)
    alone = explained(f"${{({found.operand.text}) && true}}", context)
    assert (alone.result is None) == (found.result is None)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_of_a_chain_of_flags_the_first_that_decides_is_named(flags):
    context = {f"v{index}": flag for index, flag in enumerate(flags)}
    for operator, decides in ((" && ", False), (" || ", True)):
        text = f"{operator.join(context)}{operator}{str(not decides).lower()}"
        # A chain that nothing decides is named as a whole.
        first = next((name for name, flag in context.items() if flag is decides), text)
        assert explained(f"${{{text}}}", context).operand.text == first
