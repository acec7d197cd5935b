"""Any rule, with any context, returns a result or raises RuleError."""

from __future__ import annotations

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proctor.core.exceptions import RuleError, RuleSyntaxError
from proctor.core.rules.lexer import MAX_LENGTH
from proctor.core.rules.parser import parse
from proctor.core.rules.rule import Rule
from tests.core.rules.strategies import NAMES, OPERATORS, contexts, expressions

relaxed = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)

FRAGMENTS = [
    *("${", "#{", "}", "(", ")", "[", "]", ".", ",", "?", ":", "'", '"', "\\", "$", "#", "{"),
    *(" ", "\t", "\n", "\x00", "\u00a0", "\ud800", "\U0001f600", "=", "&", "|", "1", "1.", ".5e"),
    *("true", "null", "empty", "instanceof", "class", "x", "fn:trim(", "proctor:now()", "x.y"),
    *(f" {operator} " for operator in OPERATORS),
]
soups = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)


@given(text=st.one_of(st.text(), soups, soups.map("${{{}}}".format)))
@relaxed
def test_a_text_is_parsed_or_is_a_syntax_error(text):
    with contextlib.suppress(RuleSyntaxError):
        parse(text)
    with contextlib.suppress(RuleSyntaxError):
        Rule(text)


@given(
    unit=st.sampled_from(
        [
            *("(", "!", "-", "x[", "x.y(", "fn:trim(", "1+(", "x?", "x?x:", "x+", "x||", "x&&x||"),
            *("1||1&&1==1<1+1*(", "x.y.", "empty ", "'", "${x}", "${", "\\${", "$", "1", ".", "1e"),
            *("fn:replace(x,x,", "x == x ? (", "é", "'\\\\", "x,"),
        ]
    ),
    length=st.integers(9_900, MAX_LENGTH),
    opening=st.booleans(),
)
@relaxed
def test_a_text_of_full_length_is_parsed_or_is_a_syntax_error(unit, length, opening):
    text = (("${" if opening else "") + unit * length)[: length - 1] + "}"
    with contextlib.suppress(RuleSyntaxError):
        Rule(text)
    with contextlib.suppress(RuleSyntaxError):
        parse(text)


@given(expression=expressions, context=contexts)
@relaxed
def test_an_expression_is_answered_or_raises_a_rule_error(expression, context):
    try:
        rule = Rule(f"${{{expression}}}")
    except RuleSyntaxError:
        return
    with contextlib.suppress(RuleError):
        assert isinstance(rule.evaluate(context), bool)
    with contextlib.suppress(RuleError):
        rule.value(context)
    with contextlib.suppress(RuleError):
        assert isinstance(rule.could_hold({name: context[name] for name in NAMES[:4]}), bool)


@given(expression=expressions, context=contexts)
@relaxed
def test_the_answer_is_the_same_when_asked_again(expression, context):
    def answer():
        try:
            return Rule(f"${{({expression}) && true}}").evaluate(context)
        except RuleError as error:
            return type(error)

    if "now" not in expression:
        assert answer() == answer()


@given(expression=expressions, context=contexts)
@relaxed
def test_a_constant_reads_as_a_variable_of_that_value(expression, context):
    def answer(constants, variables):
        try:
            return Rule(f"${{({expression}) && true}}", constants).evaluate(variables)
        except RuleError as error:
            return type(error)

    if "now" not in expression:
        assert answer(context, {}) == answer({}, context)


def test_the_strategies_reach_answers_and_not_only_errors():
    answered = []

    @given(expression=expressions, context=contexts)
    @settings(relaxed, max_examples=100, database=None, derandomize=True)
    def collect(expression, context):
        with contextlib.suppress(RuleError):
            answered.append(Rule(f"${{{expression}}}").value(context))

    collect()
    assert len(answered) > 10
