"""From tokens to a tree."""

from __future__ import annotations

import pytest

from proctor.core.exceptions import RuleSyntaxError
from proctor.core.rules import nodes
from proctor.core.rules.lexer import MAX_LENGTH
from proctor.core.rules.parser import MAX_DEPTH, parse


def spelled(node):  # noqa: C901 - one case a node
    """The text of a tree with all parentheses."""
    match node:
        case nodes.Literal():
            return repr(node.value)
        case nodes.OverlongInteger():
            return f"overlong {node.text}"
        case nodes.Name():
            return node.name
        case nodes.Negate():
            return f"(- {spelled(node.operand)})"
        case nodes.Not():
            return f"(! {spelled(node.operand)})"
        case nodes.Empty():
            return f"(empty {spelled(node.operand)})"
        case nodes.Binary():
            return f"({spelled(node.left)} {node.operator} {spelled(node.right)})"
        case nodes.And():
            return f"({' && '.join(map(spelled, node.operands))})"
        case nodes.Or():
            return f"({' || '.join(map(spelled, node.operands))})"
        case nodes.Choice():
            return f"({spelled(node.test)} ? {spelled(node.yes)} : {spelled(node.no)})"
        case nodes.FunctionCall():
            return f"{node.prefix}:{node.name}({', '.join(map(spelled, node.arguments))})"
        case nodes.Composite():
            return " ~ ".join(map(spelled, node.parts))
        case nodes.Access():
            return spelled(node.base) + "".join(map(_step, node.suffixes))


def _step(suffix):
    called = "" if suffix.arguments is None else f"({', '.join(map(spelled, suffix.arguments))})"
    return f"[{spelled(suffix.key)}]{called}"


def tree(expression):
    return spelled(parse(f"${{{expression}}}"))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a || b && c", "(a || (b && c))"),
        ("a && b || c", "((a && b) || c)"),
        ("a && b == c", "(a && (b == c))"),
        ("a == b < c", "(a == (b < c))"),
        ("a == b != c", "((a == b) != c)"),
        ("a < b >= c", "((a < b) >= c)"),
        ("a < b + c", "(a < (b + c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a + b * c", "(a + (b * c))"),
        ("a / b % c", "((a / b) % c)"),
        ("(a + b) * c", "((a + b) * c)"),
        ("-a * b", "((- a) * b)"),
        ("!a == b", "((! a) == b)"),
        ("not empty a", "(! (empty a))"),
        ("--a", "(- (- a))"),
        ("-a.b", "(- a['b'])"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("a ? b ? c : d : e", "(a ? (b ? c : d) : e)"),
        ("a || b ? c : d", "((a || b) ? c : d)"),
        ("a ? b:c", "(a ? b : c)"),
        ("a eq b or c ne d", "((a == b) || (c != d))"),
        ("a.b['c'][1].d(2, e)", "a['b']['c'][1]['d'](2, e)"),
        ("'x'.y()", "'x'['y']()"),
        ("fn : trim ( a )", "fn:trim(a)"),
        ("f()", ":f()"),
        ("true", "True"),
        ("null", "None"),
    ],
)
def test_operators_bind_as_in_the_java(expression, expected):
    assert tree(expression) == expected


def test_a_chain_of_one_operator_is_one_flat_node():
    assert tree("a && b && c && d") == "(a && b && c && d)"


def test_parentheses_keep_a_chain_apart():
    assert tree("a && (b && c)") == "(a && (b && c))"


def test_a_parenthesis_is_no_node():
    assert parse("${(x)}") == nodes.Name(3, 4, "x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "''"),
        ("abc", "'abc'"),
        ("${a}", "a"),
        ("#{a}", "a"),
        ("${a}${b}", "a ~ b"),
        ("x ${a} y", "'x ' ~ a ~ ' y'"),
        (r"\${a}", "'${a}'"),
        ("$a", "'$a'"),
        ("${'}'}", "'}'"),
    ],
)
def test_a_text_is_made_of_parts(text, expected):
    assert spelled(parse(text)) == expected


def test_an_integer_of_64_bits_is_a_literal():
    assert tree("9223372036854775807") == "9223372036854775807"


@pytest.mark.parametrize("digits", ["9223372036854775808", "9" * 5000])
def test_a_longer_integer_parses_and_is_marked(digits):
    assert tree(f"00{digits}") == f"overlong {digits}"


@pytest.mark.parametrize(
    ("expression", "column", "message"),
    [
        ("", 3, "expected a value, found '}'"),
        ("a b", 5, "expected '}', found 'b'"),
        ("a +", 6, "expected a value, found '}'"),
        ("(a", 5, "expected ')'"),
        ("a[1", 6, "expected ']'"),
        ("a ? b", 8, "expected ':'"),
        ("f:g(1,)", 9, "expected a value, found ')'"),
        ("a.1", 4, "found '.1'"),
        ("a.'b'", 5, "expected 'name'"),
        ("a.class", 5, r"a reserved word of Java; write ['class']"),
        ("class", 3, "a reserved word of Java cannot be the name of a variable"),
        ("a.not", 5, "expected 'name', found 'not'"),
        ("+a", 3, "expected a value"),
        ("a instanceof b", 5, "expected '}', found 'instanceof'"),
        ("a ? b:c(1)", 13, "expected ':'"),
        ("a = 1", 5, "write == to compare"),
        ("a; b", 4, "';' has no meaning"),
    ],
)
def test_a_syntax_error_says_where_and_what(expression, column, message):
    with pytest.raises(RuleSyntaxError) as caught:
        parse(f"${{{expression}}}")
    assert (caught.value.column, message in str(caught.value)) == (column, True)


def test_a_rule_that_stops_early_is_a_syntax_error():
    with pytest.raises(RuleSyntaxError, match="found the end of the rule"):
        parse("${a")


def test_two_kinds_of_braces_in_one_text_are_refused():
    with pytest.raises(RuleSyntaxError, match="mixed"):
        parse("${a}#{b}")


@pytest.mark.parametrize("word", ["goto", "int", "enum", "assert"])
def test_a_reserved_word_may_be_a_key_in_brackets(word):
    assert tree(f"a['{word}']") == f"a['{word}']"


def test_a_thousand_alternatives_are_no_depth():
    node = parse("${" + " || ".join(["a"] * 1000) + "}")
    assert len(node.children()) == 1000


def test_a_thousand_steps_are_no_depth():
    assert len(parse("${a" + ".b" * 1000 + "}").suffixes) == 1000


def test_a_rule_of_full_length_is_parsed():
    assert parse("${'" + "a" * (MAX_LENGTH - 5) + "'}").value[:3] == "aaa"


def test_a_longer_rule_is_refused_with_its_length():
    with pytest.raises(RuleSyntaxError, match=f"has {MAX_LENGTH + 1} .* at most {MAX_LENGTH}"):
        parse("${'" + "a" * (MAX_LENGTH - 4) + "'}")


NESTED = {
    "parentheses": lambda levels: "(" * (levels - 1) + "a" + ")" * (levels - 1),
    "negations": lambda levels: "!" * (levels - 1) + "a",
    "choices": lambda levels: "a ? a : " * (levels - 1) + "a",
    "calls": lambda levels: "fn:trim(" * (levels - 1) + "a" + ")" * (levels - 1),
    "keys": lambda levels: "a[" * (levels - 1) + "a" + "]" * (levels - 1),
    "sums": lambda levels: " + ".join(["a"] * levels),
}


@pytest.mark.parametrize("kind", NESTED)
def test_a_hundred_levels_are_parsed(kind):
    assert parse("${" + NESTED[kind](MAX_DEPTH) + "}")


@pytest.mark.parametrize("kind", NESTED)
def test_one_level_more_is_refused(kind):
    with pytest.raises(
        RuleSyntaxError, match=r"nested more than 100 levels deep; split it up(?!, found)"
    ):
        parse("${" + NESTED[kind](MAX_DEPTH + 1) + "}")


def test_operators_of_rising_strength_cannot_exhaust_the_stack():
    with pytest.raises(RuleSyntaxError, match="nested more than"):
        parse("${" + "1 || 1 && 1 == 1 < 1 + 1 * (" * 99 + "1" + ")" * 99 + "}")


def test_nodes_know_their_place_in_the_text():
    text = "${a == fn:trim(b.c)}"
    assert [text[each.start : each.end] for each in nodes.walk(parse(text))] == [
        "a == fn:trim(b.c)",
        "a",
        "fn:trim(b.c)",
        "b.c",
        "b",
        "c",
    ]
