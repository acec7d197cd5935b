"""Python expressions for rules: they give the same results as the closures, or none."""

from __future__ import annotations

import ast

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from proctor.core.exceptions import RuleSyntaxError
from proctor.core.java.conversion import to_json
from proctor.core.java.numerals import LONG_MAX, LONG_MIN
from proctor.core.java.values import Integer
from proctor.core.rules.compiler import Scope
from proctor.core.rules.names import NameTable
from proctor.core.rules.rule import Rule, RuleKind
from proctor.core.rules.typed import TypedBuilder, VariableType
from tests.core import randomrules

KINDS = {
    "country": VariableType("string"),
    "lang": VariableType("string"),
    "tiny": VariableType("int", -128, 127),
    "small": VariableType("int", -(2**15), 2**15 - 1),
    "age": VariableType("int", -(2**31), 2**31 - 1),
    "account": VariableType("int"),
    "ratio": VariableType("double"),
    "beta": VariableType("boolean"),
    "loggedIn": VariableType("boolean"),
    "tags": VariableType("list"),
}

#: What the closures see where the expressions see a plain int.
JAVA_CLASSES = {"age": Integer}

CONSTANTS = {name: to_json(value) for name, value in randomrules.CONSTANTS.items()}


def edges(kind: VariableType) -> st.SearchStrategy[object]:
    """Values of a kind, most of them edge cases."""
    if kind.kind == "int":
        near = [end + step for end in (kind.low, 0, kind.high) for step in (-1, 0, 1)]
        near += randomrules.WHOLE
        within = [each for each in near if kind.low <= each <= kind.high]
        return st.sampled_from(within) | st.integers(kind.low, kind.high)
    if kind.kind == "double":
        signed = [sign * each for each in randomrules.FRACTIONS for sign in (1, -1)]
        return st.sampled_from(signed) | st.floats(allow_nan=False, allow_infinity=False)
    texts = st.sampled_from(randomrules.TEXTS) | st.text(max_size=3)
    if kind.kind == "string":
        return texts
    return st.booleans() if kind.kind == "boolean" else st.lists(texts, max_size=3)


VALUES = st.fixed_dictionaries({name: edges(kind) for name, kind in KINDS.items()})


def built(text: str, constants: dict[str, object] = CONSTANTS):
    """A function of the variables for the rule *text*, or None if it is refused."""
    rule = Rule(text, constants)
    assert rule.node is not None
    table = NameTable()
    condition = TypedBuilder(KINDS, constants, table).condition(rule.node)
    if condition is None:
        return None
    tree = ast.fix_missing_locations(ast.Expression(condition))
    code = compile(tree, "<a rule>", "eval")

    def evaluate(values: dict[str, object]) -> object:
        known = {local: values[name] for name, local in table.variables.items()}
        return eval(code, {"__builtins__": {}, **table.values}, known)

    return evaluate


def by_closure(text: str, values: dict[str, object]) -> bool:
    seen = {name: JAVA_CLASSES.get(name, lambda each: each)(each) for name, each in values.items()}
    return Rule(text, CONSTANTS).holds(Scope(seen))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(condition=randomrules.conditions, values=VALUES)
def test_an_expression_says_what_the_closure_says(condition, values):
    text = f"${{{condition}}}"
    try:
        rule = Rule(text, CONSTANTS)
    except RuleSyntaxError:
        assume(False)
    assume(rule.kind is RuleKind.EXPRESSION)
    evaluate = built(text)
    assume(evaluate is not None)
    answer = evaluate(values)
    assert answer is by_closure(text, values)


@pytest.mark.parametrize(
    "condition",
    [
        "country == 'US'",
        "country != lang",
        "age >= 18 && age < 65",
        "beta || !loggedIn",
        "ratio * 2 > 1.5",
        "proctor:contains(COUNTRIES, country)",
        "indeed:contains(NUMBERS, age)",
        "proctor:contains(tags, 'US')",
        "fn:startsWith(fn:toLowerCase(country), 'u')",
        "empty tags",
        "beta ? age > 1 : age > 2",
        "age % 10 == 3",
    ],
)
def test_what_people_write_becomes_an_expression(condition):
    assert built(f"${{{condition}}}") is not None


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("country < 'US'", id="text is ordered by UTF-16 units"),
        pytest.param("country == 5", id="text is converted to a number"),
        pytest.param("age == null", id="null is not a whole number"),
        pytest.param("ratio == 0.0", id="0.0 is above -0.0"),
        pytest.param("account == 1.5", id="a whole number of 64 bits is rounded"),
        pytest.param("age == ratio", id="two variables of unlike kinds"),
        pytest.param("account + 1 > 0", id="the sum may wrap"),
        pytest.param("account * account > 0", id="the product may wrap"),
        pytest.param("age % tiny == 0", id="the divisor may be 0"),
        pytest.param("age / 2 == 1", id="division is of doubles"),
        pytest.param("ratio + ratio == 1", id="the sum of two may be no number"),
        pytest.param("proctor:contains(MIXED, country)", id="members of several kinds"),
        pytest.param("proctor:contains(COUNTRIES, age)", id="a number among text"),
        pytest.param("unknown == 'US'", id="not declared"),
        pytest.param("proctor:contains(NUMBERS, ratio)", id="a fraction among whole numbers"),
        pytest.param("country.length() > 1 && beta", id="a method call"),
        pytest.param("BEYOND == age", id="a constant beyond 64 bits"),
    ],
)
def test_what_python_might_answer_otherwise_is_refused(condition):
    assert built(f"${{{condition}}}") is None


@pytest.mark.parametrize("condition", ["country", "age", "age + 1", "'text'", "tags"])
def test_what_is_no_boolean_is_refused(condition):
    assert TypedBuilder(KINDS, {}, NameTable()).condition(Rule(f"${{{condition}}}").node) is None


def test_a_constant_hides_a_variable():
    assert built("${lang == 'en'}")({"lang": "fr"}) is True


def test_a_constant_of_true_is_no_whole_number():
    assert built("${LIMIT == 1}", {"LIMIT": True}) is None


@pytest.mark.parametrize(
    ("value", "remainder"),
    [(-11, -1), (-10, 0), (-1, -1), (0, 0), (1, 1), (10, 0), (LONG_MIN, -8), (LONG_MAX, 7)],
)
def test_a_remainder_has_the_sign_of_what_is_divided(value, remainder):
    assert built("${account % 10 == R}", {"R": remainder})({"account": value}) is True


@pytest.mark.parametrize("nested", [2, 40, 90])
def test_a_deep_expression_can_be_compiled(nested):
    text = "${" + "!(" * nested + "beta" + ")" * nested + "}"
    assert built(text)({"beta": True}) is (nested % 2 == 0)


def test_the_values_of_a_rule_are_nowhere_in_the_tree():
    rule = Rule("${proctor:contains(COUNTRIES, country) && age > 7}", {"COUNTRIES": ["US"]})
    tree = TypedBuilder(KINDS, rule.constants, NameTable()).condition(rule.node)
    assert not any(isinstance(node, ast.Constant) for node in ast.walk(tree))


def test_an_expression_can_be_read():
    rule = Rule("${proctor:contains(COUNTRIES, country) && age > 7}", {"COUNTRIES": ["US"]})
    tree = TypedBuilder(KINDS, rule.constants, NameTable()).condition(rule.node)
    assert ast.unparse(tree) == "var_country in constant_COUNTRIES and var_age > int_7"
