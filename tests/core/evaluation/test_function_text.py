"""The generated function is readable, and contains nothing from a matrix except harmless names."""

from __future__ import annotations

import ast
import inspect
import keyword
import re
import textwrap
import warnings

import pytest

from proctor.core.evaluation import selection
from proctor.core.evaluation.engine import Proctor
from proctor.core.exceptions import UnknownTest
from tests.core.small_matrices import allocation, definition, everybody, matrix

TYPES = {"country": "String"}

#: The matrix of the example in the docstring.
EXAMPLE = {
    "buttoncolortst": definition(rule="${country == 'US'}"),
    "newfeaturerollout": definition(
        allocations=[
            allocation("${fn:length(country) > 2}", id="", control=1.0),
            allocation(id="", blue=1.0),
        ]
    ),
}

#: Texts that do harm wherever they are executed.
HARM = "__import__('os').system('true')"


def text_of(tests, types=None, *, test=None) -> str:
    return Proctor(matrix(**tests), context_types=types).function_text(test)


def lines(text: str) -> str:
    return textwrap.dedent(text).strip()


def test_the_text_of_a_small_matrix():
    assert text_of(EXAMPLE, TYPES) == lines(
        """
        def select(get, ask, refuse):
            var_country = get(name_country)
            ok_country = type(var_country) is str
            if not ok_country:
                var_country = convert_country(var_country, refuse)
                ok_country = var_country is not None
            chosen = []
            failed = []
            add = chosen.append
            fail = failed.append
            holds = var_country == text_US if ok_country else ask(rule_country_US)
            if holds:
                add(row_buttoncolortst_A1)
            elif holds is None:
                fail(failure_buttoncolortst)
            holds = ask(rule_fn_length_country_2)
            if holds:
                add(row_newfeaturerollout_1)
            elif holds is None:
                fail(failure_newfeaturerollout_1)
            else:
                add(row_newfeaturerollout_2)
            return (chosen, failed)
        """
    )


def test_the_example_in_the_docstring_is_what_is_generated():
    example = textwrap.indent(text_of(EXAMPLE, TYPES), "    ")
    assert example in inspect.cleandoc(selection.__doc__)


def test_the_text_of_one_test():
    assert text_of({"atest": definition(rule="${country == 'US'}")}, TYPES, test="atest") == lines(
        """
        def select(get, ask, refuse):
            var_country = get(name_country)
            ok_country = type(var_country) is str
            if not ok_country:
                var_country = convert_country(var_country, refuse)
                ok_country = var_country is not None
            holds = var_country == text_US if ok_country else ask(rule_country_US)
            if holds:
                return row_atest_A1
            elif holds is None:
                return failure_atest
        """
    )


def test_without_declared_types_a_kind_is_guessed_and_nothing_converted():
    assert text_of({"atest": definition(rule="${country == 'US'}")}, test="atest") == lines(
        """
        def select(get, ask, refuse):
            var_country = get(name_country)
            ok_country = type(var_country) is str
            holds = var_country == text_US if ok_country else ask(rule_country_US)
            if holds:
                return row_atest_A1
            elif holds is None:
                return failure_atest
        """
    )


def test_a_test_for_nobody_has_a_function_too():
    tests = {"atest": everybody("blue", "${false}")}
    assert text_of(tests, test="atest") == "def select(get, ask, refuse):\n    pass"
    assert Proctor(matrix(**tests)).determine_group("atest", identifiers={"USER": "1"}) is None


def test_a_rule_of_several_tests_is_evaluated_once():
    rule = "${country == 'US'}"
    text = text_of({"atest": everybody("blue", rule), "btest": everybody("blue", rule)}, TYPES)
    assert text.count("== text_US") == 1
    assert text.count("if holds_country_US:") == 2


def test_a_test_that_needs_its_own_way_is_a_comment():
    tests = {
        "parent": definition(),
        "child": definition(salt="&2", dependsOn={"testName": "parent", "bucketValue": 1}),
        "draws": definition(testType="RANDOM"),
        "unitless": definition(enableUnitlessAllocations=True),
        "long": definition(
            allocations=[allocation("${country == 'US'}", blue=1.0) for _ in range(30)]
            + [allocation(blue=1.0)]
        ),
    }
    comments = [line for line in text_of(tests).splitlines() if line.startswith("#")]
    assert sorted(comments) == [
        "# child is evaluated step by step: it depends on parent",
        "# draws is evaluated step by step: its type is RANDOM",
        "# long is evaluated step by step: it has more than 20 allocations",
        "# unitless is evaluated step by step: it has unitless allocations",
    ]


def test_a_test_without_a_function_is_a_comment_alone():
    text = text_of({"atest": definition(testType="RANDOM")}, test="atest")
    assert text == "# atest is evaluated step by step: its type is RANDOM"


def test_a_comment_stays_on_its_line():
    text = text_of({"a\nimport os": definition(testType="RANDOM")}, test="a\nimport os")
    assert text.startswith("# a\\nimport os is")


def test_the_text_of_an_unknown_test_is_refused():
    with pytest.raises(UnknownTest, match=r"atestt.*atest"):
        text_of({"atest": definition()}, test="atestt")


# -- safety -------------------------------------------------------------------------------

HOSTILE_TEXTS = [
    HARM,
    "class",
    "None",
    "__builtins__",
    "é",
    "日本",
    'it\'s "quoted"',
    "a\nimport os",
    "\u202egnp",
    "x" * 10_000,
]


def hostile_matrix():
    """Tests, allocations, constants and literals with dangerous names."""
    tests = {
        text: definition(
            rule="${country == '" + text.replace("\\", "").replace("'", "\\'") + "' && C == 1}",
            constants={"C": 1, text: text},
            allocations=[
                allocation("${country == C2}", id=text, control=0.5, blue=0.5),
                allocation(id=text + "!", control=0.5, blue=0.5),
            ],
        )
        for text in HOSTILE_TEXTS
    }
    for test in tests.values():
        test["constants"]["C2"] = HARM
    return tests


#: What a generated function is made of. Nothing here can import, reach into an object by a
#: name of the matrix, or hold a text.
ALLOWED = (
    *(ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.Expr),
    *(ast.If, ast.IfExp, ast.Pass, ast.Name, ast.Load, ast.Store, ast.Call, ast.Attribute),
    *(ast.List, ast.Tuple, ast.Compare, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Constant),
    *(ast.operator, ast.unaryop, ast.cmpop, ast.boolop),
)
ATTRIBUTES = {"append", "startswith", "endswith", "lower", "upper"}


@pytest.mark.parametrize("types", [TYPES, None], ids=["declared", "guessed"])
def test_a_hostile_matrix_gives_a_harmless_tree(types):
    tree = ast.parse(text_of(hostile_matrix(), types))
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    assert all(isinstance(node, ALLOWED) for node in ast.walk(tree))
    assert {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)} <= {None}
    assert {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)} <= ATTRIBUTES
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,99}", name) for name in names)
    assert not any(map(keyword.iskeyword, names))


def test_a_hostile_matrix_is_evaluated_as_any_other():
    made = Proctor(matrix(**hostile_matrix()), context_types=TYPES)
    groups = made.determine_groups(identifiers={"USER": "1"}, context={"country": "class"})
    assert list(groups) == ["class"]


def test_the_function_reaches_nothing_of_pythons_but_classes():
    made = Proctor(matrix(**hostile_matrix()), context_types=TYPES)
    reached = made._plan.select.__globals__
    assert reached["__builtins__"] == {}
    own = {name for name in reached if "_" not in name}
    assert own <= {"type", "str", "int", "bool", "float", "list"}


def test_two_tests_whose_names_look_alike_keep_their_own_groups():
    tests = {"a-b": everybody("blue"), "a_b": everybody("control"), "a b": everybody("blue")}
    groups = Proctor(matrix(**tests)).determine_groups(identifiers={"USER": "1"})
    assert {name: each.group for name, each in groups.items()} == {
        "a-b": "blue",
        "a_b": "control",
        "a b": "blue",
    }


def test_compiling_the_function_warns_of_nothing():
    rules = ["${1 == 1}", "${'a' == 'b'}", "${true == false}", "${1.5 > 1}"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = Proctor(matrix(**{f"test{n}x": everybody("blue", r) for n, r in enumerate(rules)}))
        for name in made.loaded:
            made.determine_group(name, identifiers={"USER": "1"})


def test_a_comment_names_each_dropped_test_with_the_reason():
    text = text_of({"bad\ntst": definition(rule="${country =="), "goodtst": everybody("blue")})
    comment, function = text.split("\n", 1)
    assert comment.startswith("# bad\\ntst is never evaluated: column 13 of '${country =='")
    assert function.startswith("def select(")


def test_a_matrix_without_tests_says_so():
    assert text_of({}) == "# the matrix has no tests"
