"""A rule: the kinds of its text, and the exceptions that it may raise."""

from __future__ import annotations

import logging
import sys
import threading

import pytest

from proctor.core.exceptions import (
    RuleError,
    RuleEvaluationError,
    RuleRuntimeError,
    RuleSyntaxError,
)
from proctor.core.rules.compiler import Scope
from proctor.core.rules.rule import Rule, RuleKind, classify, guarded, is_blank
from tests.core.rules.strategies import Account, Hostile, Lazy, Text, cyclic, nested


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *(
            (None, RuleKind.EMPTY),
            ("", RuleKind.EMPTY),
            (" \t\n", RuleKind.EMPTY),
            ("\u2003", RuleKind.EMPTY),
        ),
        *(("${}", RuleKind.EMPTY), ("${ \n}", RuleKind.EMPTY), ("${\x00}", RuleKind.EMPTY)),
        *(
            ("${true}", RuleKind.TRUE),
            ("${TRUEish}", RuleKind.TRUE),
            ("${ true == x}", RuleKind.TRUE),
        ),
        *(
            ("${false || true}", RuleKind.FALSE),
            ("${falseFlag}", RuleKind.FALSE),
            ("${False(}", RuleKind.FALSE),
        ),
        *(
            ("true", RuleKind.INVALID),
            (" ${x}", RuleKind.INVALID),
            ("${x} ", RuleKind.INVALID),
            ("${", RuleKind.INVALID),
        ),
        *(
            ("#{x}", RuleKind.INVALID),
            ("$", RuleKind.INVALID),
            ("\u00a0", RuleKind.INVALID),
            ("${x", RuleKind.INVALID),
        ),
        *(
            ("${x}", RuleKind.EXPRESSION),
            ("${(true)}", RuleKind.EXPRESSION),
            ("${tru}", RuleKind.EXPRESSION),
        ),
        *(("${\u2003}", RuleKind.EXPRESSION),),
    ],
)
def test_a_text_is_of_a_kind_before_it_is_parsed(text, kind):
    assert classify(text) is kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [("${ TRUE }", RuleKind.TRUE), ("${trueish}", RuleKind.EXPRESSION), ("", RuleKind.EMPTY)],
)
def test_whole_words_are_another_way_to_look(text, kind):
    assert classify(text, whole_words=True) is kind


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        *((None, True), ("", True), ("  ", True), ("${}", True), ("${true && false}", True)),
        *(("${false || true}", False), ("true", False), ("${x == 1}", True), ("${(x)==2}", False)),
    ],
)
def test_a_rule_has_an_answer(text, answer):
    assert Rule(text).evaluate({"x": 1}) is answer


def test_what_a_prefix_decides_is_never_parsed():
    assert Rule("${true (((}").node is None


def test_a_text_of_another_form_is_false_and_logged(caplog):
    with caplog.at_level(logging.ERROR):
        Rule("country == 'US'").evaluate({})
    assert "Invalid rule \"country == 'US'\"" in caplog.text


def test_blank_is_what_java_calls_white_space():
    assert [is_blank(text) for text in (None, " \x1f", "\u00a0", "a")] == [True, True, False, False]


def test_a_rule_knows_its_variables_and_not_its_constants():
    assert Rule("${a && b.c == limit}", {"limit": 1}).names == {"a", "b"}


@pytest.mark.parametrize("text", [None, "${true && x}", "x"])
def test_a_text_that_is_not_parsed_mentions_no_variables(text):
    assert Rule(text).names == frozenset()


def test_a_rule_shows_its_text():
    assert repr(Rule("${x}")) == "Rule('${x}')"


def test_a_rule_takes_no_attributes():
    with pytest.raises(AttributeError):
        Rule("${x}").other = 1


def test_the_value_of_any_text_is_computed():
    assert [
        Rule(text).value({"x": 2}) for text in ("${x}", "${true && x == 3}", "a${x}", None)
    ] == [*(2, False, "a2", "")]


def test_the_value_of_a_broken_text_is_a_syntax_error():
    with pytest.raises(RuleSyntaxError):
        Rule("${true (}").value({})


def test_threads_share_a_rule():
    rule = Rule("${m.flag && n.x == null}")
    answers = []

    def ask(flag):
        for _ in range(300):
            answers.append((flag, rule.evaluate({"m": {"flag": flag}, "n": None})))

    threads = [threading.Thread(target=ask, args=(flag,)) for flag in (True, False) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {(True, True), (False, False)}


HOSTILE = [
    *("h == 1", "h == 'a'", "h == h2", "'a' == h", "m.h.plan", "h.plan == 1", "h < 'a'", "h + 1"),
    *(
        "l == l2",
        "proctor:contains(l, h2)",
        "fn:trim(h)",
        "l.contains(h2)",
        "h ? 1 : 2",
        "fn:length(h)",
    ),
    *("l == 'a'", "m == 'a'", "h[h]", "l[h]", "'a'[h]", "h.equals(h2)", "m.containsValue(h2)"),
]


@pytest.mark.parametrize("expression", HOSTILE)
def test_what_a_value_raises_is_an_error_of_the_rule(expression):
    context = {"h": Hostile(), "h2": Hostile(), "l": [Hostile()], "l2": [Hostile()]}
    context["m"] = {"h": Hostile()}
    with pytest.raises(RuleError):
        Rule(f"${{!({expression})}}").evaluate(context)


def test_the_cause_is_kept():
    with pytest.raises(RuleEvaluationError, match="ZeroDivisionError: printed") as caught:
        Rule("${h == 'a'}").evaluate({"h": Hostile()})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


class UnprintableError(Exception):
    def __str__(self):
        raise ValueError


def test_an_error_that_cannot_print_itself_is_named():
    def fail(scope):
        raise UnprintableError

    with pytest.raises(RuleEvaluationError, match="raised an error: UnprintableError"):
        guarded(fail, Scope())


def test_an_interrupt_passes():
    def interrupted(scope):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guarded(interrupted, Scope())


@pytest.mark.parametrize(
    "expression",
    [
        "x == y",
        "x == 'a'",
        "x != y",
        "fn:trim(x) == 'a'",
        "proctor:contains(x, y)",
        "x.contains(y)",
        "x.toString() == 'a'",
        "x < y",
        "x < 'a'",
        "x + 1 == 2",
        "m == m2",
        "!x",
    ],
)
@pytest.mark.parametrize("make", [lambda: nested(10_000), cyclic], ids=["deep", "cyclic"])
def test_a_list_deeper_than_the_stack_is_an_error_of_the_rule(expression, make):
    x, y = make(), make()
    with pytest.raises(RuleError):
        Rule(f"${{({expression}) == null}}").evaluate(
            {"x": x, "y": y, "m": {"x": x}, "m2": {"x": y}}
        )


def test_a_list_deeper_than_the_stack_does_no_harm_where_it_is_not_looked_into():
    assert Rule("${!empty x && x.size() == 1 && x != null}").evaluate({"x": nested(10_000)})


def test_the_deepest_rule_leaves_room_on_the_stack():
    text = "${" + "fn:trim(" * 98 + "'a'" + ")" * 98 + " == 'a'}"
    answers = []

    def descend(levels):
        if levels:
            return descend(levels - 1)
        return answers.append(Rule(text).evaluate({}))

    thread = threading.Thread(target=descend, args=(sys.getrecursionlimit() // 5,))
    thread.start()
    thread.join()
    assert answers == [True]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        *(
            ("x == 'lazy'", Lazy()),
            ("fn:toUpperCase(x) == 'LAZY'", Lazy()),
            ("x == 't'", Text("t")),
        ),
        *(
            ("x.startsWith('t')", Text("t")),
            ("x == 'gold'", Text("gold")),
            ("x.plan == 'gold'", Account()),
        ),
        *(("x.seats + 1 == 6", Account()), ("x['plan'].length() == 4", Account())),
    ],
)
def test_an_object_of_the_site_is_of_use(expression, value):
    assert Rule(f"${{!(!({expression}))}}").evaluate({"x": value}) is True


@pytest.mark.parametrize(
    "expression",
    [
        *(
            "x.__class__",
            "x['__class__']",
            "x['__class__']['__mro__']",
            "x['_secret']",
            "''['__class__']",
        ),
        *(
            "''['join']",
            "''.join(x)",
            "'%s'.format(x)",
            "'{0.__class__}'.format(x)",
            "x.run()",
            "x.run",
        ),
        *(
            "x['__init__']['__globals__']",
            "f('x')",
            "f.x",
            "f['__globals__']",
            "fn['trim']",
            "x.getClass()",
        ),
        *(
            "''.getClass()",
            "x['class']",
            "''['class']['forName']",
            "g.gi_frame",
            "c.plan",
            "c.__bases__",
        ),
        *("l.__class__", "l['__class__']", "1['real']", "null['__class__']"),
    ],
)
def test_a_rule_does_not_get_at_python(expression):
    context = {
        "x": Account(),
        "f": len,
        "g": (n for n in [1]),
        "c": Account,
        "m": {"a": 1},
        "l": [],
    }
    with pytest.raises(RuleError):
        Rule(f"${{({expression}) == 1}}").evaluate(context)


@pytest.mark.parametrize(
    ("expression", "context"),
    [
        ("fn:replace(x, 'a', x)", {"x": "a" * 90_000}),
        ("fn:replace(" * 60 + "'aaaaaaaa'" + ", 'a', 'aaaaaaaa')" * 60, {}),
        ("x.replace('', x)", {"x": "a" * 90_000}),
        ("x.repeat(2147483647)", {"x": "ab"}),
        ("x.repeat(60000).repeat(60000)", {"x": "ab"}),
        ("fn:join(fn:split(x, ','), x)", {"x": "a," * 40_000}),
        ("'1e999999999' * x", {"x": 10**30}),
    ],
)
def test_a_rule_cannot_fill_the_memory(expression, context):
    with pytest.raises(RuleError):
        Rule(f"${{({expression}) == 'a'}}").evaluate(context)


def test_every_error_of_a_rule_names_an_exception_of_the_java():
    with pytest.raises(RuleRuntimeError) as caught:
        Rule("${1 % 0 == 1}").evaluate({})
    assert caught.value.java_class == "java.lang.ArithmeticException"
