"""The compiler: from a tree to a closure."""

from __future__ import annotations

import pytest

from proctor.core.exceptions import (
    RuleError,
    RuleEvaluationError,
    RuleRuntimeError,
    RuleSyntaxError,
    UndefinedName,
)
from proctor.core.java.values import Integer
from proctor.core.rules.compiler import Scope
from proctor.core.rules.rule import Rule


def value(expression, constants=None, **context):
    return Rule(f"${{{expression}}}", constants).value(context)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        *(("true", True), ("null", None), ("5", 5), ("1.5", 1.5), ("'a'", "a")),
        *(("true && 'TRUE'", True), ("true && ''", False), ("null || 'no'", False)),
        *(("!null", True), ("not 'true'", False), ("empty ''", True), ("empty 0", False)),
        *(("true ? 1 : 1 % 0", 1), ("'' ? 1 % 0 : 2", 2), ("-'5'", -5), ("7 div 2", 3.5)),
        *(("1 == 1.0", True), ("'a' != 'b'", True), ("'10' < '9'", True), ("'10' < 9", False)),
        *(
            ("null == null", True),
            ("null <= null", True),
            ("null < null", False),
            ("null >= 1", False),
        ),
        *(
            ("1 <= null", False),
            ("1 > null", False),
            ("2 >= 2", True),
            ("3 > 2", True),
            ("2 lt 2", False),
        ),
    ],
)
def test_an_operator(expression, expected):
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(false && x)", False),
        ("(true || x)", True),
        ("null < x", False),
        ("null > x", False),
        ("(true ? 1 : x)", 1),
        ("m.none[x]", None),
        ("m.none.size(x)", None),
    ],
)
def test_what_is_decided_is_not_evaluated(expression, expected):
    assert value(expression, m={"a": 1}) == expected


@pytest.mark.parametrize(
    "expression",
    ["x && false", "true && x", "null <= x", "null == x", "x ? 1 : 2", "!x", "empty x"],
)
def test_what_is_evaluated_must_be_there(expression):
    with pytest.raises(UndefinedName, match="the variable 'x' is not in the context"):
        value(expression)


def test_a_missing_variable_is_reported_with_those_that_are_there():
    with pytest.raises(UndefinedName, match="which contains age, country"):
        value("contry == 'US'", country="US", age=1)


def test_at_most_a_dozen_variables_are_listed():
    with pytest.raises(UndefinedName, match="v11, …"):
        value("x", **{f"v{number:02}": 1 for number in range(20)})


def test_an_empty_context_is_reported_as_such():
    with pytest.raises(UndefinedName, match="which contains no variables"):
        value("x")


def test_a_variable_that_is_null_is_there():
    assert value("x == null", x=None) is True


def test_a_constant_hides_a_variable_even_with_null():
    assert value("x == null && y == 1", {"x": None, "y": Integer(1)}, x=5, y=6) is True


def test_the_parts_of_a_text_are_joined():
    assert Rule("a ${x} ${null} ${1.0}!").value({"x": True}) == "a true  1.0!"


@pytest.mark.parametrize("text", ["", "plain"])
def test_a_text_without_expression_is_itself(text):
    assert Rule(text).value({}) == text


def test_an_integer_beyond_64_bits_fails_when_it_is_read():
    with pytest.raises(
        RuleRuntimeError, match="column 12: 9223372036854775808 has more than 64 bits"
    ):
        value("true && (9223372036854775808 == 1)")


def test_an_integer_beyond_64_bits_that_is_not_read_is_no_error():
    assert value("true || 9223372036854775808 == 1") is True


def test_a_chain_ends_at_the_first_null():
    assert value("m.a.b.c.d(1 % 0)", m={"a": {}}) is None


def test_a_null_key_gives_null():
    assert value("m.a == 1 ? m[null].x : 5", m={"a": 1}) is None


def test_a_method_is_called_on_what_the_chain_gave():
    assert value("m.name.toUpperCase().length()", m={"name": "abc"}) == 3


@pytest.mark.parametrize("expression", ["n.a", "n['a'].b", "n.a()", "null.a"])
def test_a_property_of_null_is_an_error_at_first(expression):
    with pytest.raises(UndefinedName, match="the first value is null"):
        value(expression, n=None)


@pytest.mark.parametrize("before", ["m.a", "'x'.length()", "l[0]", "m.missing"])
def test_a_property_of_null_is_null_once_any_was_found(before):
    expression = f"empty {before} || n.a == null"
    assert value(expression, n=None, m={"a": 1}, l=["q2"]) is True


@pytest.mark.parametrize("before", ["fn:length('a') == 1", "x == 1", "1 + 1 == 2"])
def test_functions_and_variables_do_not_count_as_found(before):
    with pytest.raises(UndefinedName):
        value(f"{before} && n.a == null", n=None, x=1)


def test_what_was_found_is_forgotten_by_the_next_evaluation():
    scope = Scope({"m": {"a": True}, "n": None})
    assert Rule("${m.a && true}").holds(scope)
    with pytest.raises(UndefinedName):
        Rule("${n.a == null}").holds(scope)


@pytest.mark.parametrize(
    "expression", ["(true || fn:nope())", "(false && fn:trim())", "x.y(fn:nope())"]
)
def test_a_function_is_looked_up_when_the_rule_is_made(expression):
    with pytest.raises(RuleSyntaxError, match=r"no function|expected 1, got 0"):
        Rule(f"${{{expression}}}")


def test_a_wrong_number_of_arguments_is_reported_with_the_column():
    with pytest.raises(
        RuleSyntaxError, match=r"column 8: wrong .* for fn:trim: expected 1, got 2"
    ) as caught:
        Rule("${x && fn:trim(1, 2)}")
    assert caught.value.column == 8


def test_an_operand_that_is_no_boolean_is_an_error():
    with pytest.raises(RuleEvaluationError, match=r"to java\.lang\.Boolean"):
        value("1 && true")


@pytest.mark.parametrize("left", [1, 1.0, "1", None, True, [1]])
@pytest.mark.parametrize("operator", ["==", "<", "<="])
def test_the_opposite_comparison_gives_the_opposite_or_the_same_error(left, operator):
    opposite = {"==": "!=", "<": ">=", "<=": ">"}[operator]

    def answer(expression):
        try:
            return value(expression, x=left, y=1)
        except RuleError as error:
            return str(error)

    found, other = answer(f"x {operator} y"), answer(f"x {opposite} y")
    assert (found == other) is (isinstance(found, str) or (left is None and operator != "=="))
