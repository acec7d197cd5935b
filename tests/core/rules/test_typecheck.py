"""The check that an expression is boolean, which Java runs before any evaluation."""

from __future__ import annotations

import pytest

from proctor.core.exceptions import (
    RuleError,
    RuleEvaluationError,
    RuleRuntimeError,
    RuleTypeError,
    UndefinedName,
    UnknownMethod,
)
from proctor.core.java.values import Float, MaybeBool, StringArray
from proctor.core.rules.rule import Rule
from tests.core.rules.strategies import Account

CONTEXT = {
    "flag": True,
    "off": False,
    "none": None,
    "text": "true",
    "number": 1,
    "map": {"yes": True, "no": False, "text": "true", "none": None, "inner": {"yes": True}},
    "list": [True],
    "array": StringArray(["true"]),
    "account": Account(),
    "fraction": Float(1.5),
    "maybe": MaybeBool.TRUE,
}


def holds(expression):
    return Rule(f"${{{expression}}}").evaluate(CONTEXT)


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        *(("flag", True), ("off", False), ("none", False), ("(flag)", True), ("null", False)),
        *(("1 == 1", True), ("text && 'TRUE'", True), ("!none", True), ("empty none", True)),
        *(
            ("flag ? flag : number", True),
            ("flag ? none : 1", False),
            ("fn:contains('a', 'a')", True),
        ),
        *(("map.yes", True), ("map['no']", False), ("map.inner.yes", True), ("text.blank", False)),
        *(
            ("fraction.naN", False),
            ("text.startsWith('t') && true", True),
            ("!list.isEmpty()", True),
        ),
    ],
)
def test_a_boolean_expression_has_an_answer(expression, answer):
    assert holds(expression) is answer


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        *(
            ("1 + 1", "a number"),
            ("-number", "a negative number"),
            ("'true'", "the constant 'true'"),
        ),
        *(
            ("5", "the constant '5'"),
            ("text", "'true' of type java.lang.String"),
            ("number", "Long"),
        ),
        *(("fn:trim('true')", "a function that returns String"), ("proctor:now()", "returns long")),
        *(
            ("proctor:maybeNot(maybe)", "returns MaybeBool"),
            ("flag ? text : flag", "java.lang.String"),
        ),
        *(
            ("map.text", "java.lang.String"),
            ("map.missing", "is not in the map"),
            ("map.none", "is not in"),
        ),
        *(
            ("list[0]", "element of this list has the type java.lang.Object"),
            ("array[0]", "element of this list has the type java.lang.String"),
        ),
        *(
            ("account.plan", "java.lang.String"),
            ("text.bytes", "of type [B"),
            ("map", "LinkedHashMap"),
        ),
    ],
)
def test_an_expression_of_another_type_is_refused_with_its_type(expression, what):
    with pytest.raises(RuleTypeError) as caught:
        holds(expression)
    assert what in str(caught.value)


@pytest.mark.parametrize("text", ["${flag}${flag}", "${flag}x}"])
def test_a_text_of_several_parts_is_not_boolean(text):
    with pytest.raises(RuleTypeError, match="a string made of several parts"):
        Rule(text).evaluate(CONTEXT)


def test_the_type_is_asked_before_anything_is_computed():
    with pytest.raises(RuleTypeError):
        holds("1 % 0")


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        *(("missing", UndefinedName), ("none.x", UndefinedName), ("map.none.x", UndefinedName)),
        *(
            ("list[5]", UndefinedName),
            ("list.size()", RuleRuntimeError),
            ("map.size()", RuleRuntimeError),
        ),
        *(("text.startsWith('t')", UndefinedName), ("account.missing", UndefinedName)),
        *(("map.text.x", UndefinedName), ("9223372036854775808", RuleRuntimeError)),
        *(
            ("map[none]", UndefinedName),
            ("map[none].x", UndefinedName),
            ("text.nope().x", UnknownMethod),
        ),
        *(("number.x.y", UndefinedName), ("list.get(0).x", UndefinedName)),
    ],
)
def test_a_check_that_cannot_reach_its_end_raises_what_it_met(expression, error):
    with pytest.raises(error):
        holds(expression)


def test_a_method_call_on_a_map_is_a_null_pointer_to_the_java():
    with pytest.raises(RuleRuntimeError, match="a method call cannot be the whole rule") as caught:
        holds("map.isEmpty()")
    assert caught.value.java_class == "java.lang.NullPointerException"


def test_every_message_says_what_to_do():
    with pytest.raises(RuleTypeError, match="compare it with something"):
        holds("number")


@pytest.mark.parametrize("expression", ["map.yes", "text.blank", "account.plan", "list[0]"])
def test_a_check_does_not_depend_on_what_was_evaluated_before(expression):
    def answer():
        try:
            return holds(expression)
        except RuleError as error:
            return type(error)

    assert answer() == answer()


def test_a_wrong_type_is_no_error_of_the_visitor():
    assert not issubclass(RuleTypeError, RuleEvaluationError)
